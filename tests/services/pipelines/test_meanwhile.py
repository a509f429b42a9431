"""Tests of what happens to workouts and pipelines while deliveries are under way."""

from __future__ import annotations

from contextlib import suppress

import pytest
import sqlalchemy as sa

from fitglue_registry.errors import Retryable, StoreFailed
from fitglue_registry.pipeline.events import ActivityDecided, DeliveryChanged, PipelineHeld
from fitglue_registry.pipeline.sending import Sender
from fitglue_registry.plugin_api import Accepted, NotThere, Rejected, Uncertain
from fitglue_registry.services.pipelines.subjects import SubjectLoader
from fitglue_registry.store.deliveries import list_deliveries
from fitglue_registry.store.pipeline_tables import pipeline_versions
from fitglue_registry.sync.options import Options
from tests.services.pipelines.boxes import Box, piped_host
from tests.services.pipelines.conftest import ALL
from tests.services.pipelines.test_running import (
    states,
    steps,
    sync_and_run,
    titles,
    unavailable,
)

DELETES = ALL | {"delete_there": True}


def full_sync_and_run(host):
    """Sync everything that the sources have, and run the pipelines."""
    list(host.sync(options=Options(full=True)))
    return list(host.pipelines.run())


def run_later(host, hours=7):
    """Run the pipelines some hours later."""
    host.workspace.clock.sleep(hours * 3600)
    return list(host.pipelines.run())


def killed_run(host, monkeypatch, method="_answered"):
    """Run the pipelines, killed while an answer is stored."""

    def killed(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Sender, method, killed)
        with suppress(KeyboardInterrupt):
            list(host.pipelines.run())


# -- a workout that disappears, and comes back -----------------------------------------------------


def test_a_workout_that_disappears_before_it_is_sent_is_not_sent(host, shelf, box):
    """It waited for a destination that was down, and is withheld when that is there again."""
    shelf.add("a")
    box.on_deliver = unavailable
    sync_and_run(host)
    del shelf.rows["a"]
    box.on_deliver = None
    full_sync_and_run(host)
    run_later(host)
    assert (box.kept, states(host)) == ({}, ["refused"])


def test_a_workout_that_comes_back_is_sent_after_all(host, shelf, box):
    """That it was withheld is no refusal of its destination."""
    shelf.add("a")
    box.on_deliver = unavailable
    sync_and_run(host)
    row = shelf.rows.pop("a")
    box.on_deliver = None
    full_sync_and_run(host)
    run_later(host)
    shelf.rows["a"] = row
    full_sync_and_run(host)
    assert (titles(box), states(host)) == ([("a",)], ["sent"])


def test_a_removal_that_waits_is_dropped_when_the_workout_comes_back(host, shelf, box):
    """The destination was down when it should be removed there, so it is there still."""
    host.pipelines.apply(DELETES)
    shelf.add("a")
    sync_and_run(host)
    row = shelf.rows.pop("a")
    box.on_deliver = unavailable
    full_sync_and_run(host)
    shelf.rows["a"] = row
    box.on_deliver = None
    full_sync_and_run(host)
    for _ in range(2):
        run_later(host)
    assert (len(box.kept), states(host)) == (1, ["sent"])


@pytest.mark.parametrize("removed", [True, False], ids=["removed", "not removed"])
def test_a_removal_with_a_lost_answer_is_looked_up_when_the_workout_comes_back(
    host, shelf, box, removed
):
    """It is created once more only if it was removed."""

    def lost(box, delivery):
        if removed:
            box.put(delivery)
        raise Retryable("FG-outcome-unknown", "the answer was lost")

    host.pipelines.apply(DELETES)
    shelf.add("a")
    sync_and_run(host)
    row = shelf.rows.pop("a")
    box.on_deliver = lost
    full_sync_and_run(host)
    box.on_deliver = None
    shelf.rows["a"] = row
    full_sync_and_run(host)
    for _ in range(3):
        run_later(host)
    assert (len(box.kept), states(host)) == (1, ["sent"])
    assert box.calls.count(("deliver", "create")) == 1 + removed


def test_a_workout_that_disappears_while_nobody_knows_is_still_looked_up(host, shelf, box):
    """It arrived, so it is known that it is there, and where."""

    def lost(box, delivery):
        box.put(delivery)
        return Uncertain("cut off")

    shelf.add("a")
    box.on_deliver = lost
    sync_and_run(host)
    del shelf.rows["a"]
    full_sync_and_run(host)
    run_later(host)
    assert states(host) == ["sent"]


# -- a service that is slow ------------------------------------------------------------------------


def test_what_a_slow_service_has_not_stored_yet_is_not_sent_again(host, shelf, box, monkeypatch):
    """Right after a kill, "not there" may mean "not yet", so it is looked up once more."""
    shelf.add("a")
    list(host.sync())
    box.on_deliver = lambda box, delivery: Uncertain("it takes a while")
    killed_run(host, monkeypatch)
    box.on_deliver = None
    list(host.pipelines.run())
    assert box.calls == [("deliver", "create"), ("find", "create")]
    box.put(box.deliveries[0])
    for _ in range(3):
        run_later(host)
    assert (titles(box), states(host)) == ([("a",)], ["sent"])
    assert box.calls.count(("deliver", "create")) == 1


def test_what_never_arrived_is_sent_after_a_minute(host, shelf, box, monkeypatch):
    """The second look-up says the same, so nothing can be on its way any more."""
    shelf.add("a")
    list(host.sync())
    box.on_deliver = lambda box, delivery: Uncertain("it is lost")
    killed_run(host, monkeypatch)
    box.on_deliver = None
    for _ in range(3):
        list(host.pipelines.run())
        host.workspace.clock.sleep(61)
    list(host.pipelines.run())
    assert (titles(box), states(host)) == ([("a",)], ["sent"])


def test_a_destination_that_never_answers_is_asked_once_in_a_run(host, shelf, box):
    """The other deliveries wait for the next run, so that a run does not last for hours."""

    def cut(box, delivery):
        raise Retryable("FG-outcome-unknown", "no answer came")

    for number in range(4):
        shelf.add(f"w{number}", start=f"2026-11-21T{number + 1:02}:00:00")
    box.on_deliver = cut
    sync_and_run(host)
    assert box.calls == [("deliver", "create")]
    box.on_deliver = None
    run_later(host)
    run_later(host)
    assert len(titles(box)) == 4


# -- a pipeline that changes -----------------------------------------------------------------------


def test_nothing_is_sent_by_a_version_that_was_replaced(host, shelf, box):
    """A run that is under way must not send what the new version keeps private."""
    shelf.add("a")
    shelf.add("b", start="2026-11-21T07:00:00")
    list(host.sync())
    for event in host.pipelines.run():
        if isinstance(event, DeliveryChanged):
            host.pipelines.apply(ALL | {"filter": {"title": "b"}})
    assert len(box.kept) == 1
    list(host.pipelines.run())
    assert len(box.kept) == 2


def test_nothing_is_sent_after_a_pause_in_the_middle_of_a_run(host, shelf, box):
    """The run goes on, and sends nothing more."""
    shelf.add("a")
    shelf.add("b", start="2026-11-21T07:00:00")
    list(host.sync())
    for event in host.pipelines.run():
        if isinstance(event, DeliveryChanged):
            host.pipelines.pause("all")
    assert len(box.kept) == 1


def test_a_damaged_document_stops_only_its_own_pipeline(host, shelf, box):
    """It is named, it keeps what it was offered, and the others go on."""
    host.pipelines.apply(ALL | {"name": "second", "filter": {"title": "a"}})
    with host.workspace.database.write() as db:
        damaged = sa.update(pipeline_versions).values(document='{"schema": 1, "na')
        db.execute(damaged.where(pipeline_versions.c.document.contains("second")))
    shelf.add("a")
    list(host.sync())
    held = [event for event in host.pipelines.run() if isinstance(event, PipelineHeld)]
    assert [(event.pipeline, event.error.code) for event in held] == [
        ("second", "FG-store-damaged")
    ]
    assert titles(box) == [("a",)]
    host.pipelines.apply(ALL | {"name": "second"})
    list(host.pipelines.run())
    assert titles(box) == [("a",), ("a",)]


def test_a_destination_that_is_gone_does_not_hold_the_others(tmp_path, shelf):
    """What one destination lacks is sent as soon as it can be found again."""
    first, second = Box("first"), Box("second")
    shelf.add("a")
    both = [{"to": name, "name": name} for name in ("first", "second")]
    with piped_host(tmp_path, [shelf], [first, second]) as host:
        host.pipelines.apply(ALL | {"destinations": both})
        list(host.sync())
    entry = tmp_path / "registry" / "destinations" / "second.yaml"
    content = entry.read_text()
    entry.unlink()
    with piped_host(tmp_path, [shelf], [first]) as host:
        [held] = [event for event in host.pipelines.run() if isinstance(event, PipelineHeld)]
        assert held.error.code == "FG-destination-unknown"
        list(host.pipelines.run())
        assert titles(first) == [("a",)]
    entry.write_text(content)
    with piped_host(tmp_path, [shelf], [first, second]) as host:
        list(host.pipelines.run())
    assert (titles(first), titles(second)) == ([("a",)], [("a",)])


# -- a clock that jumps ----------------------------------------------------------------------------


def test_a_clock_that_was_wrong_delays_nothing_for_years(host, shelf, box):
    """What was to be tried in the wrong year is tried at once in the right one."""
    clock = host.workspace.clock
    right = clock.moment
    shelf.add("a")
    box.on_deliver = unavailable
    clock.moment = right.replace(year=2036)
    sync_and_run(host)
    clock.moment = right
    box.on_deliver = None
    list(host.pipelines.run())
    assert titles(box) == [("a",)]


def test_a_clock_that_was_wrong_lets_no_workout_wait_for_years(host, shelf, box):
    """The same holds for the wait for copies."""
    clock = host.workspace.clock
    right = clock.moment
    host.pipelines.apply(ALL | {"wait": "30m"})
    shelf.add("a")
    clock.moment = right.replace(year=2036)
    sync_and_run(host)
    clock.moment = right
    list(host.pipelines.run())
    assert titles(box) == [("a",)]


# -- several records of one workout ----------------------------------------------------------------


def two_workouts(host, shelf):
    """Sync two workouts, which have the numbers 1 and 2, without running the pipelines."""
    shelf.add("a")
    shelf.add("b", start="2026-11-21T07:00:00")
    list(host.sync())


def test_of_two_workouts_that_turn_out_to_be_one_what_arrived_counts(host, shelf, box):
    """The older one was refused, the younger one is there, and nothing is sent again."""

    def choosy(box, delivery):
        return Rejected("FG-too-old", "too old") if delivery.activity.title == "a" else None

    box.on_deliver = choosy
    two_workouts(host, shelf)
    list(host.pipelines.run())
    box.on_deliver = None
    host.decisions.same(["1", "2"])
    list(host.pipelines.run())
    shelf.add("a", distance_m=7000.0)
    sync_and_run(host)
    run_later(host)
    assert box.calls.count(("deliver", "create")) == 2
    assert len(box.kept) == 1


@pytest.mark.parametrize("arrived", ["a", "b", "ab", ""])
def test_two_uncertain_deliveries_of_one_workout_lead_to_no_further_copy(host, shelf, box, arrived):
    """Both are looked up before anything is sent again."""

    def lost(box, delivery):
        if delivery.activity.title in arrived:
            box.put(delivery)
        return Uncertain("cut off")

    box.on_deliver = lost
    two_workouts(host, shelf)
    list(host.pipelines.run())
    host.decisions.same(["1", "2"])
    box.on_deliver = None
    for _ in range(5):
        run_later(host)
    assert len(box.kept) == max(len(arrived), 1)


def test_what_is_found_not_there_follows_the_copy_that_is(host, shelf, box):
    """The delivery that did not arrive is not sent once its workout is there under another id."""

    def lost(box, delivery):
        if delivery.activity.title == "b":
            box.put(delivery)
        return Uncertain("cut off")

    box.on_deliver = lost
    two_workouts(host, shelf)
    list(host.pipelines.run())
    host.decisions.same(["1", "2"])
    box.on_find = lambda box, delivery: None
    for _ in range(5):
        run_later(host)
    with host.workspace.database.read() as db:
        rows = list_deliveries(db, "me")
    first = [row for row in rows if row.follows_id is None]
    assert [row.state for row in first] == ["sent"]


def test_after_a_split_the_workout_that_was_never_sent_is_sent(host, shelf, box):
    """Its delivery was dropped by the merge, although nothing else about it has changed."""
    box.on_deliver = lambda box, delivery: unavailable(box, delivery)
    shelf.add("a")
    sync_and_run(host)
    box.on_deliver = None
    shelf.add("b")
    list(host.sync())
    run_later(host, hours=0)
    host.decisions.same(["1", "2"])
    list(host.pipelines.run())
    host.decisions.split("1")
    run_later(host)
    run_later(host)
    assert titles(box) == [("a",), ("b",)]


# -- what is wrong with one workout ----------------------------------------------------------------


def test_a_damaged_workout_stops_no_other_one(host, shelf, box, monkeypatch):
    """It is named, and it waits."""
    load = SubjectLoader.load
    two_workouts(host, shelf)
    broken = host.activities.get("1").id

    def damaged(loader, activity_id):
        if activity_id == broken:
            raise StoreFailed("FG-raw-damaged", "the payload is damaged")
        return load(loader, activity_id)

    with monkeypatch.context() as patched:
        patched.setattr(SubjectLoader, "load", damaged)
        events = list(host.pipelines.run())
    decided = [event for event in events if isinstance(event, ActivityDecided)]
    assert ("waits", "the payload is damaged") in [
        (event.steps[0]["outcome"], event.steps[0]["what"]) for event in decided
    ]
    assert len(box.kept) == 1
    list(host.pipelines.run())
    assert titles(box) == [("a",), ("b",)]


def test_a_change_that_is_down_for_days_is_not_given_up_at_once(tmp_path, shelf, box):
    """The days of a destination count from the change, and not from the first delivery."""
    terms = "leaves_machine: true\n  retry_days: 3"
    shelf.add("a")
    with piped_host(tmp_path, [shelf], [box], terms=terms) as host:
        host.pipelines.apply(ALL)
        sync_and_run(host)
        host.workspace.clock.sleep(30 * 86_400)
        shelf.add("a", title="b")
        box.on_deliver = unavailable
        sync_and_run(host)
        assert states(host) == ["planned"]
        box.on_deliver = None
        run_later(host)
    assert titles(box) == [("a", "b")]


def test_a_replay_that_was_asked_for_is_not_forgotten(host, shelf, box):
    """A later change, and a run over history, leave it waiting as it is."""
    shelf.add("a")
    sync_and_run(host)
    host.pipelines.replay("all", "1", again=True)
    host.pipelines.offer_history("all")
    events = list(host.pipelines.run())
    assert steps(events)["box"][0] == "planned"


def test_what_is_not_there_after_all_is_not_removed_twice(host, shelf, box):
    """A removal that was accepted is complete when the destination no longer has the workout."""
    host.pipelines.apply(DELETES)
    shelf.add("a")
    sync_and_run(host)
    box.on_deliver = lambda box, delivery: box.put(delivery) or Accepted()
    del shelf.rows["a"]
    full_sync_and_run(host)
    box.on_find = lambda box, delivery: NotThere()
    run_later(host)
    assert states(host) == ["sent"]
    assert box.calls.count(("deliver", "delete")) == 1


def test_a_workout_that_was_never_offered_alone_is_sent_after_a_split(host, shelf, box):
    """It was merged into another one while it waited for its copies."""
    host.pipelines.apply(ALL | {"wait": "30m"})
    two_workouts(host, shelf)
    list(host.pipelines.run())
    host.decisions.same(["1", "2"])
    list(host.pipelines.run())
    host.decisions.split("1")
    list(host.pipelines.run())
    run_later(host)
    assert len(titles(box)) == 2
