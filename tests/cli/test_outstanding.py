"""`show` and `why` of a workout whose parts have not all arrived."""

from __future__ import annotations

import sqlalchemy as sa

from fitglue_registry import Host, Policy
from fitglue_registry.services.events import PartsPlanned
from fitglue_registry.store.tables import parts
from fitglue_registry.testing import Fault

STREAMS = "*/activity/{}/streams*"


def words(result):
    return " ".join(result.out.split())


def test_during_a_first_sync_a_workout_says_what_is_still_to_come(connect, fitglue, tmp_path):
    """While the parts are fetched, the workouts that are listed say which of theirs are missing,
    and that a sync is running.
    """
    connect()
    with Host(tmp_path / "home", policy=Policy.personal()) as host:
        sync = host.sync()
        next(event for event in sync if isinstance(event, PartsPlanned))
        shown, why = fitglue("show", "last"), fitglue("why", "last")
        sync.close()
    running = "a sync is running, which fetches what is missing"
    assert f"the samples over time are still to be fetched; {running}" in words(shown)
    assert f"streams still to come {running}" in words(why)


def test_after_a_sync_was_stopped_the_command_that_goes_on_is_named(connect, fitglue, tmp_path):
    """If no sync is running, the command that fetches the rest is named."""
    connect()
    with Host(tmp_path / "home", policy=Policy.personal()) as host:
        sync = host.sync()
        next(event for event in sync if isinstance(event, PartsPlanned))
        sync.close()
    step = "to go on: fitglue sync intervals"
    assert f"still to be fetched; {step}" in words(fitglue("show", "last"))
    assert f"streams still to come {step}" in words(fitglue("why", "last"))
    assert fitglue("sync").code == 0
    assert "to be fetched" not in fitglue("show", "last").out
    assert "to come" not in fitglue("why", "last").out


def test_a_part_that_could_not_be_fetched_says_why(connect, fitglue, intervals):
    """After a failed request, the reason and the next step are shown, and in JSON as well."""
    connect()
    broken = next(name for name in intervals.account.ids() if intervals.account.streams(name))
    intervals.fault(STREAMS.format(broken), Fault.status(500), times=None)
    assert fitglue("sync").code == 5
    [part] = fitglue("show", broken, "--json").document["outstanding"]
    assert (part["part"], part["is_given_up"]) == ("streams", False)
    shown = words(fitglue("show", broken))
    assert f"the samples over time could not be fetched yet: {part['reason']}" in shown
    assert "; to go on: fitglue sync intervals" in shown


def test_a_part_that_was_given_up_says_how_to_try_again(connect, fitglue, tmp_path):
    """After several failed attempts, only a full walk tries again, and the workout says so."""
    connect()
    fitglue("sync")
    with (
        Host(tmp_path / "home", policy=Policy.personal()) as host,
        host.workspace.database.write() as db,
    ):
        failed = sa.update(parts).where(parts.c.part == "streams")
        reason = {"state": "failed", "tries": 5, "code": "FG-x", "reason": "it is down"}
        db.execute(failed.values(reason))
    shown = words(fitglue("show", "last"))
    assert "were given up after 5 attempts: it is down [FG-x]" in shown
    assert "to try again: fitglue sync intervals --full" in shown
    why = words(fitglue("why", "last"))
    assert "FG-x: it is down; to try again: fitglue sync intervals --full" in why


def test_a_part_that_the_athlete_does_not_want_is_not_to_come(connect, fitglue, tmp_path):
    """What a setting leaves out is not announced."""
    connect("--set", "files=no")
    fitglue("sync")
    assert fitglue("show", "last", "--json").document["outstanding"] == []
    assert "file" not in fitglue("why", "last").out
