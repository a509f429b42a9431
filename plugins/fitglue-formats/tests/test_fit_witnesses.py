"""What samples, laps, timer and end of a FIT confirm together, against what its session states."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fitglue_formats import activities
from fitglue_formats.fit.clock import EPOCH
from fitglue_formats.testing import T0, FitFile

DAY = 86_400
START = EPOCH + timedelta(seconds=T0)
INVALID = 0xFFFFFFFF


def ride(session: dict | None = None) -> FitFile:
    """Return a ride of ten minutes with everything that a device writes."""
    made = FitFile().file_id().timer(0, start=True)
    for second in range(601):
        made.record(second)
    made.timer(600, start=False).lap(0, 600)
    return made.session(0, 600, session).activity(600)


def test_a_start_and_an_elapsed_time_that_are_wrong_together_are_corrected():
    """A session that starts 20 days early and lasts 20 days begins with its samples, if the laps
    and the timer confirm ten minutes.
    """
    early = {2: ("u4", T0 - 20 * DAY), 7: ("u4", (600 + 20 * DAY) * 1000)}
    content = ride(early).content()
    [activity] = activities(content)
    assert (activity.start_utc, activity.elapsed_s, activity.moving_s) == (START, 600, 600)
    assert "its samples and its first lap" in activity.provenance["start_utc"].note
    assert "states 1728600 s" in activity.provenance["elapsed_s"].note


@pytest.mark.parametrize("offset_s", [7200, -18_000])
def test_a_session_in_local_time_begins_with_its_samples(offset_s):
    """If laps, timer and activity are in UTC like the samples, start and end in local time are
    corrected.
    """
    local = {2: ("u4", T0 + offset_s), 253: ("u4", T0 + 600 + offset_s)}
    content = ride(local).content()
    [activity] = activities(content)
    assert (activity.start_utc, activity.elapsed_s) == (START, 600)
    assert "contradicts its samples" in activity.provenance["start_utc"].note


def test_samples_that_begin_late_do_not_move_a_start_that_the_lap_confirms():
    """A receiver that finds its position after five minutes does not make a later start."""
    made = FitFile().file_id().timer(0, start=True)
    for second in range(300, 901):
        made.record(second)
    content = made.lap(0, 900).session(0, 900, {8: ("u4", 600_000)}).activity(900).content()
    [activity] = activities(content)
    assert (activity.start_utc, activity.elapsed_s) == (START, 900)


@pytest.mark.parametrize("total", [0, INVALID])
def test_the_durations_of_laps_complete_a_session_without_totals(total):
    """A session whose totals are 0 or absent has the timer of its laps, and an average speed."""
    [activity] = activities(ride({7: ("u4", total), 8: ("u4", total)}).content())
    assert (activity.elapsed_s, activity.moving_s) == (600, 600)
    assert activity.average_speed_mps == 3
    assert activity.provenance["moving_s"].note == "from the laps"


def test_the_timer_of_the_laps_completes_a_file_without_a_session():
    """The time without pauses of a file without a session is that of its laps."""
    made = FitFile().file_id()
    for second in range(601):
        made.record(second)
    made.lap(0, 300, {8: ("u4", 280_000)}).lap(300, 300)
    [activity] = activities(made.content())
    assert (activity.elapsed_s, activity.moving_s) == (600, 580)
    assert activity.average_speed_mps == pytest.approx(1800 / 580)


def test_the_laps_of_a_file_that_was_cut_off_are_no_total():
    """If the last lap is missing, the others do not state how long the timer ran."""
    made = FitFile().file_id()
    for second in range(601):
        made.record(second)
    [activity] = activities(made.lap(0, 300).content())
    assert (activity.elapsed_s, activity.moving_s) == (600, None)


@pytest.mark.parametrize("at", [0, 300, 600])
def test_a_position_far_from_the_track_is_reported(at):
    """The stream is what the device wrote, the doubt is stated, and the zone is that of the
    track.
    """
    made = FitFile().file_id()
    for second in range(601):
        made.record(second, {0: ("i4", round(10 * 2**31 / 180))} if second == at else None)
    [activity] = activities(made.session(0, 600).content())
    assert activity.completeness.missing["steady positions"].startswith("1 of 601 are far")
    assert activity.timezone == "Europe/Vienna"


@pytest.mark.parametrize("count", [10, 601])
def test_positions_that_a_receiver_writes_without_a_fix_are_counted(count):
    """Latitude and longitude 0 are no position, and it is said how many there are."""
    nowhere = {0: ("i4", 0), 1: ("i4", 0)}
    made = FitFile().file_id()
    for second in range(601):
        made.record(second, nowhere if second < count else None)
    [activity] = activities(made.session(0, 600).content())
    assert activity.completeness.missing["position of each sample"].startswith(f"{count} of 601")


def test_the_few_samples_after_a_jump_are_moved_if_no_message_states_an_end():
    """Without an end, the clock of nearly all samples is right."""
    made = FitFile().file_id()
    for second in range(601):
        made.record(second, {253: ("u4", T0 + second + (600 if second > 590 else 0))})
    [activity] = activities(made.session(0, 600, {253: ("u4", INVALID)}).content())
    assert (activity.start_utc, activity.elapsed_s) == (START, 600)
    assert "its last 10 samples" in activity.completeness.missing["steady clock"]


def moved_on(forward_s: int, *, stopped: bool = False) -> FitFile:
    """Return a ride in motion whose clock was set, and whose elapsed time contains the jump."""
    made = FitFile().file_id()
    for second in range(601):
        made.record(second, {253: ("u4", T0 + second - (forward_s if second < 100 else 0))})
    if stopped:
        made.timer(99 - forward_s, start=False).timer(100, start=True)
    more = {2: ("u4", T0 - forward_s), 7: ("u4", (600 + forward_s) * 1000)}
    return made.session(0, 600, more).activity(600)


def test_an_elapsed_time_that_contains_the_jump_of_a_clock_is_corrected():
    """Samples that move on while the clock jumps, and a timer that did not stop, show that the
    clock was set, although the device computed the elapsed time from the wrong start.
    """
    [activity] = activities(moved_on(7200).content())
    assert (activity.start_utc, activity.elapsed_s, activity.moving_s) == (START, 600, 600)
    assert "set its clock forward by 2 hours" in activity.provenance["start_utc"].note


def test_a_timer_that_was_stopped_makes_the_same_jump_a_pause():
    """Two hours in which the timer was stopped belong to the elapsed time."""
    [activity] = activities(moved_on(7200, stopped=True).content())
    assert activity.elapsed_s == 7800
    assert activity.start_utc == START - timedelta(hours=2)
