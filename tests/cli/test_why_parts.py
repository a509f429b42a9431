"""`why` says of each part whether it was received, and no more than is true."""

from __future__ import annotations

import itertools

import pytest

from fitglue_registry.cli.commands.why import _STATES, _WIDTHS, _part, _readings
from fitglue_registry.model.stored import PartName, PartState

RECEIVED = "2026-11-30T12:00:00+00:00"


def part_of(state, **differs):
    """Return a part as the store describes it."""
    values = {"part": "streams", "bytes": None, "received_at": None, "code": None, "reason": None}
    return {**values, "state": state, **differs}


@pytest.mark.parametrize(("name", "state"), list(itertools.product(PartName, _STATES)))
def test_every_state_of_every_part_fits_into_its_column(name, state):
    """No state is cut off."""
    label, _, _ = _part(part_of(state, part=name.value))
    assert len(label) <= _WIDTHS[0]


def test_a_part_that_does_not_exist_has_neither_a_size_nor_a_time():
    """If the list says that a part does not exist any more, what was received of it earlier is
    called that.
    """
    label, received, detail = _part(
        part_of(PartState.NONE, bytes=57, received_at=RECEIVED, reason="entered by hand")
    )
    assert (label, received) == ("streams does not exist", "")
    assert detail.startswith("entered by hand; until then it had 57 B, received 2026-11-30 ")


def test_a_part_that_was_received_has_its_size_and_time():
    """What was received is stated, and why it is missing otherwise."""
    label, received, detail = _part(part_of(PartState.HAVE, bytes=57, received_at=RECEIVED))
    assert (label, received[:10], detail) == ("streams received", "2026-11-30", "57 B")
    missing = part_of(PartState.NONE, code="FG-no-streams", reason="entered by hand")
    assert _part(missing) == ("streams does not exist", "", "FG-no-streams: entered by hand")


def test_a_part_that_is_still_to_come_says_what_fetches_it():
    """A part that was never asked for is no failure, and the next sync is named."""
    wanted = part_of(PartState.WANTED, next_step="to go on: fitglue sync garmin")
    assert _part(wanted) == ("streams still to come", "", "to go on: fitglue sync garmin")


def test_a_part_that_failed_says_why_and_what_to_do():
    """A failed attempt has its reason, and what to do about it."""
    step = "to go on: fitglue sync garmin"
    failed = part_of(PartState.WANTED, code="FG-http-status", reason="it is down", next_step=step)
    assert _part(failed)[2] == f"FG-http-status: it is down; {step}"
    given_up = part_of(PartState.FAILED, reason="it is down", next_step="try --full")
    assert _part(given_up) == ("streams given up", "", "it is down; try --full")


def test_a_part_that_is_fetched_again_says_that_what_is_stored_may_be_old():
    """After an edit at the source, the part that is stored is not called missing."""
    again = part_of(PartState.WANTED, bytes=57, received_at=RECEIVED, next_step="sync")
    label, _, detail = _part(again)
    assert (label, detail) == ("streams to be repeated", "57 B, which may be out of date; sync")


@pytest.mark.parametrize("name", PartName)
def test_the_words_for_what_is_to_come_fit_into_their_column(name):
    """No state is cut off."""
    for size in (None, 57):
        part = part_of(PartState.WANTED, part=name.value, bytes=size, next_step="sync")
        assert len(_part(part)[0]) <= _WIDTHS[0]


def leg_of(**differs):
    """Return a source activity as the store describes it."""
    read = {"plugin": "fitglue-garmin", "plugin_version": "1.0", "stub": False}
    return {**read, "normalized_at": RECEIVED, **differs}


def test_legs_that_were_read_together_are_one_line():
    """A multisport event has one line for its reading, which counts the legs."""
    [(_, _, by)] = _readings({"source_activities": [leg_of(), leg_of(), leg_of()]})
    assert by == "by fitglue-garmin 1.0, as 3 legs"


def test_a_workout_without_legs_counts_none():
    """A record with one source activity has no number of legs, and another version its own line."""
    [(_, _, by)] = _readings({"source_activities": [leg_of()]})
    assert by == "by fitglue-garmin 1.0"
    two = [leg_of(), leg_of(plugin_version="2.0")]
    assert len(list(_readings({"source_activities": two}))) == 2
