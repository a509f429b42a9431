"""Tests of runs of pipelines: what is new or changed is sent once, and failures are repeated."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fitglue_registry.errors import AthleteNeeded, Retryable
from fitglue_registry.pipeline.events import ActivityDecided, DeliveryChanged
from fitglue_registry.pipeline.offering import Read
from fitglue_registry.pipeline.sending import Sender
from fitglue_registry.plugin_api import (
    Accepted,
    CannotTell,
    NotThere,
    Rejected,
    Uncertain,
)
from fitglue_registry.store.deliveries import list_deliveries
from tests.services.pipelines.boxes import Box, Shelf, piped_host
from tests.services.pipelines.conftest import ALL


def sync_and_run(host):
    """Sync everything and run all pipelines, and return the events of the pipelines."""
    list(host.sync())
    return list(host.pipelines.run())


def states(host):
    """Return the state of each delivery, oldest first."""
    with host.workspace.database.read() as db:
        rows = list_deliveries(db, "me")
    return [row.state.value for row in sorted(rows, key=lambda row: row.id)]


def titles(box):
    """Return what the box has got of each workout, in order."""
    return sorted(map(tuple, box.kept.values()))


def steps(events):
    """Return what the last decision said, by step."""
    decided = [event for event in events if isinstance(event, ActivityDecided)]
    return {step["step"]: (step["outcome"], step["what"]) for step in decided[-1].steps}


# -- what is sent ----------------------------------------------------------------------------------


def test_a_new_workout_is_sent_once(host, shelf, box):
    """Further syncs and runs send nothing more."""
    shelf.add("a")
    sync_and_run(host)
    sync_and_run(host)
    assert titles(box) == [("a",)]
    assert states(host) == ["sent"]


def test_history_is_not_sent(tmp_path, shelf, box):
    """What was in the store before the pipeline was made is sent only if it is asked for."""
    shelf.add("old")
    with piped_host(tmp_path, [shelf], [box]) as host:
        list(host.sync())
        host.pipelines.apply(ALL)
        shelf.add("new", start="2026-11-21T08:00:00")
        sync_and_run(host)
        assert titles(box) == [("new",)]
        assert host.pipelines.offer_history("all") == 2
        list(host.pipelines.run())
        assert titles(box) == [("new",), ("old",)]


def test_an_account_that_is_connected_later_brings_history(tmp_path, shelf, box):
    """Workouts from before the pipeline are not sent only because they are new here."""
    late = Shelf(name="late")
    late.add("old", start="2024-05-01T07:00:00")
    late.add("today", start="2026-11-21T09:00:00")
    with piped_host(tmp_path, [shelf, late], [box]) as host:
        host.pipelines.apply(ALL)
        events = sync_and_run(host)
    assert titles(box) == [("today",)]
    assert events[-1].history == 1


def test_an_old_workout_that_is_renamed_is_not_sent(tmp_path, shelf, box):
    """A change of history stays history."""
    shelf.add("old")
    with piped_host(tmp_path, [shelf], [box]) as host:
        list(host.sync())
        host.pipelines.apply(ALL)
        shelf.add("old", title="renamed")
        sync_and_run(host)
    assert box.calls == []


def test_a_change_of_what_the_destination_takes_is_sent(host, shelf, box):
    """A new title is an update of what is there; the external id stays the same."""
    shelf.add("a")
    sync_and_run(host)
    shelf.add("a", title="b")
    sync_and_run(host)
    assert titles(box) == [("a", "b")]
    assert box.deliveries[-1].changed == {"title"}
    assert box.deliveries[-1].receipt.remote_id is not None


def test_a_change_of_anything_else_is_not_sent(host, shelf, box):
    """The box takes no ratings, so a rating changes nothing there."""
    shelf.add("a")
    sync_and_run(host)
    shelf.add("a", rpe=7.0)
    events = sync_and_run(host)
    assert titles(box) == [("a",)]
    assert steps(events)["box"] == ("unchanged", "nothing has changed of what it takes")


def test_a_workout_that_the_filter_passes_over_is_not_sent(host, shelf, box):
    """The reason is said."""
    host.pipelines.apply(ALL | {"filter": {"sport": "Ride"}})
    shelf.add("a")
    events = sync_and_run(host)
    assert box.kept == {}
    assert steps(events)["filter"][0] == "passed over"


def test_copies_from_two_sources_are_sent_as_one(tmp_path, box):
    """What is one activity here is one workout there."""
    first, second = Shelf(name="first"), Shelf(name="second")
    first.add("a", claims=["garmin:1"])
    second.add("b", claims=["garmin:1"])
    with piped_host(tmp_path, [first, second], [box]) as host:
        host.pipelines.apply(ALL)
        sync_and_run(host)
        assert len(box.kept) == 1


def test_a_workout_waits_for_its_copies(host, shelf, box):
    """With a wait of its own, a pipeline sends a new workout only after that time."""
    host.pipelines.apply(ALL | {"wait": "30m"})
    shelf.add("a")
    sync_and_run(host)
    assert box.kept == {}
    host.workspace.clock.sleep(1801)
    sync_and_run(host)
    assert titles(box) == [("a",)]


def test_a_workout_that_must_not_leave_this_machine_stays(tmp_path, shelf, box):
    """The terms of its only source do not allow that it is sent on."""
    shelf.add("a")
    with piped_host(tmp_path, [shelf], [box], leaves_machine=False) as host:
        host.pipelines.apply(ALL)
        events = sync_and_run(host)
    assert box.kept == {}
    outcome, what = steps(events)["box"]
    assert outcome == "skipped"
    assert "do not allow that it leaves this machine" in what


def test_nothing_is_sent_while_a_pipeline_is_paused(host, shelf, box):
    """What arrives meanwhile waits, and is sent after the pause."""
    host.pipelines.pause("all")
    shelf.add("a")
    sync_and_run(host)
    assert box.calls == []
    host.pipelines.resume("all")
    list(host.pipelines.run())
    assert titles(box) == [("a",)]


def test_a_deleted_workout_stays_there(host, shelf, box):
    """What is deleted here is deleted there only if the pipeline says so."""
    shelf.add("a")
    sync_and_run(host)
    host.connections.remove("shelf")
    list(host.pipelines.run())
    assert titles(box) == [("a",)]


def test_a_deleted_workout_is_deleted_there_if_the_pipeline_says_so(host, shelf, box):
    """With ``delete_there``, it is removed."""
    host.pipelines.apply(ALL | {"delete_there": True})
    shelf.add("a")
    sync_and_run(host)
    host.connections.remove("shelf")
    list(host.pipelines.run())
    assert box.kept == {}
    assert box.calls[-1] == ("deliver", "delete")


# -- what fails ------------------------------------------------------------------------------------


def unavailable(box, delivery):
    """Fail as a destination does that is down."""
    raise Retryable("FG-source-down", "the box is down")


def test_a_destination_that_is_down_loses_nothing(host, shelf, box):
    """It is tried again after a while, and then everything arrives."""
    shelf.add("a")
    shelf.add("b", start="2026-11-21T08:00:00")
    box.on_deliver = unavailable
    sync_and_run(host)
    assert box.calls == [("deliver", "create")]
    assert states(host) == ["planned", "planned"]
    box.on_deliver = None
    host.workspace.clock.sleep(timedelta(days=7).total_seconds())
    list(host.pipelines.run())
    assert titles(box) == [("a",), ("b",)]


def test_one_destination_does_not_block_another(tmp_path, shelf):
    """What fails at one destination arrives at the other."""
    broken, working = Box("broken", on_deliver=unavailable), Box("working")
    shelf.add("a")
    with piped_host(tmp_path, [shelf], [broken, working]) as host:
        steps = [{"to": name, "name": name} for name in ("broken", "working")]
        host.pipelines.apply({"schema": 1, "name": "all", "destinations": steps})
        sync_and_run(host)
    assert titles(working) == [("a",)]


def test_a_key_that_is_rejected_is_said_and_nothing_is_lost(host, shelf, box):
    """The event has the error, and the delivery is tried again later."""

    def rejected(box, delivery):
        raise AthleteNeeded("FG-key-rejected", "the box rejects the key")

    shelf.add("a")
    box.on_deliver = rejected
    events = sync_and_run(host)
    [changed] = [event for event in events if isinstance(event, DeliveryChanged)]
    assert (changed.state, changed.error.code) == ("planned", "FG-key-rejected")


def test_a_refusal_says_why_and_is_not_repeated(host, shelf, box):
    """The same workout is not offered to the destination again; a changed one is."""
    shelf.add("a")
    box.on_deliver = lambda box, delivery: Rejected("FG-too-short", "it is too short")
    sync_and_run(host)
    shelf.add("a", rpe=3.0)
    sync_and_run(host)
    assert box.calls == [("deliver", "create")]
    assert states(host) == ["refused"]
    shelf.add("a", title="b")
    sync_and_run(host)
    assert box.calls == [("deliver", "create")] * 2


def test_a_refused_workout_is_sent_again_on_demand(host, shelf, box):
    """A replay with ``again`` tries it once more."""
    shelf.add("a")
    box.on_deliver = lambda box, delivery: Rejected("FG-too-short", "it is too short")
    sync_and_run(host)
    box.on_deliver = None
    host.pipelines.replay("all", "1", again=True)
    list(host.pipelines.run())
    assert titles(box) == [("a",)]


# -- what is uncertain -----------------------------------------------------------------------------


@pytest.mark.parametrize("arrives", [True, False], ids=["arrived", "did not arrive"])
def test_what_may_have_arrived_is_looked_up(host, shelf, box, arrives):
    """After a lost answer, the destination is asked before anything is sent again."""

    def lost(box, delivery):
        if arrives:
            box.put(delivery)
        return Uncertain("the connection was cut")

    shelf.add("a")
    box.on_deliver = lost
    sync_and_run(host)
    assert states(host) == ["uncertain"]
    box.on_deliver = None
    for _ in range(3):
        host.workspace.clock.sleep(3600)
        list(host.pipelines.run())
    assert titles(box) == [("a",)]
    assert states(host) == ["sent"]


def test_a_plugin_that_fails_after_it_sent_sends_nothing_twice(host, shelf, box):
    """An exception says nothing about whether the request was carried out."""

    def crash(box, delivery):
        box.put(delivery)
        raise KeyError("id")

    shelf.add("a")
    box.on_deliver = crash
    sync_and_run(host)
    box.on_deliver = None
    host.workspace.clock.sleep(3600)
    list(host.pipelines.run())
    assert titles(box) == [("a",)]
    assert states(host) == ["sent"]


@pytest.mark.parametrize("method", ["_answered", "_arrived"])
def test_what_a_killed_run_was_sending_is_looked_up(host, shelf, box, monkeypatch, method):
    """The next run finds it, and asks before it sends."""

    def killed(*arguments):
        raise KeyboardInterrupt

    shelf.add("a")
    list(host.sync())
    with monkeypatch.context() as patched:
        patched.setattr(Sender, method, killed)
        with pytest.raises(KeyboardInterrupt):
            list(host.pipelines.run())
    list(host.pipelines.run())
    assert box.calls == [("deliver", "create"), ("find", "create")]
    assert titles(box) == [("a",)]
    assert states(host) == ["sent"]


def test_without_a_look_up_a_person_decides(tmp_path, shelf):
    """A destination that cannot tell gets nothing a second time."""
    box = Box(finds=False, on_deliver=lambda box, delivery: Uncertain("cut off"))
    shelf.add("a")
    with piped_host(tmp_path, [shelf], [box]) as host:
        host.pipelines.apply(ALL)
        sync_and_run(host)
        host.workspace.clock.sleep(100_000)
        list(host.pipelines.run())
        assert states(host) == ["uncertain"]
    assert box.calls == [("deliver", "create")]


def test_a_destination_that_cannot_tell_parks_the_delivery(host, shelf, box):
    """The athlete is told what to decide."""
    shelf.add("a")
    box.on_deliver = lambda box, delivery: Uncertain("cut off")
    box.on_find = lambda box, delivery: CannotTell("the box forgets")
    sync_and_run(host)
    host.workspace.clock.sleep(3600)
    events = list(host.pipelines.run())
    [changed] = [event for event in events if isinstance(event, DeliveryChanged)]
    assert changed.state == "uncertain"
    assert "fitglue deliveries resolve" in changed.what


def test_what_was_accepted_is_asked_for_until_it_is_there(host, shelf, box):
    """Accepted is not sent: the destination is asked, and the answer counts."""
    shelf.add("a")
    box.on_deliver = lambda box, delivery: Accepted(ask_after_s=60)
    box.on_find = lambda box, delivery: Accepted(ask_after_s=60)
    sync_and_run(host)
    host.workspace.clock.sleep(61)
    list(host.pipelines.run())
    assert states(host) == ["accepted"]
    box.on_find = lambda box, delivery: box.put(delivery)
    host.workspace.clock.sleep(61)
    list(host.pipelines.run())
    assert states(host) == ["sent"]


def test_a_change_during_an_uncertain_delivery_is_sent_after_it(host, shelf, box):
    """The title that was written in between arrives as an update."""

    def lost(box, delivery):
        box.put(delivery)
        return Uncertain("cut off")

    shelf.add("a")
    box.on_deliver = lost
    sync_and_run(host)
    box.on_deliver = None
    shelf.add("a", title="b")
    sync_and_run(host)
    for _ in range(2):
        host.workspace.clock.sleep(3600)
        list(host.pipelines.run())
    assert titles(box)[0][-1] == "b"


def test_what_is_certainly_not_there_is_sent_again(host, shelf, box):
    """After ten tries it is given up, and said so."""
    shelf.add("a")
    box.on_deliver = lambda box, delivery: Uncertain("cut off")
    box.on_find = lambda box, delivery: NotThere()
    sync_and_run(host)
    for _ in range(30):
        host.workspace.clock.sleep(6 * 3600)
        list(host.pipelines.run())
    assert states(host) == ["failed"]
    assert box.calls.count(("deliver", "create")) == 10


def test_a_workout_that_is_merged_during_a_run_is_not_refused(host, shelf, box, monkeypatch):
    """Its delivery waits until the next run has moved it to the survivor."""
    shelf.add("a")
    shelf.add("b", start="2026-11-21T08:00:00")
    box.on_deliver = unavailable
    sync_and_run(host)
    box.on_deliver = None
    host.workspace.clock.sleep(3600)
    host.decisions.same(["1", "2"])
    with monkeypatch.context() as patched:
        patched.setattr(
            "fitglue_registry.services.pipelines.running.read_changes",
            lambda *arguments: Read(),
        )
        list(host.pipelines.run())
    assert "refused" not in states(host)
    host.workspace.clock.sleep(24 * 3600)
    list(host.pipelines.run())
    assert len(box.kept) == 1
    assert states(host) == ["sent"]


def test_a_run_of_a_paused_pipeline_sends_nothing_and_says_nothing_else(host, shelf, box):
    """What was offered waits for the end of the pause."""
    shelf.add("a")
    list(host.sync())
    host.pipelines.pause("all")
    assert list(host.pipelines.run("all")) == []
    assert box.calls == []
