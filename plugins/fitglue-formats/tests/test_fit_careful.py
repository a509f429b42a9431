"""FIT files whose start, durations, distances or sets contradict each other."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fitglue_formats import activities
from fitglue_formats.testing import T0

#: ``T0`` as a time.
START = datetime(2026, 4, 13, 7, 33, 20, tzinfo=UTC)


def recording(fit, session: dict | None = None, records: dict | None = None):
    """Return the writer of a minute, with some fields of the session and the samples replaced."""
    file = fit().file_id()
    for second in range(61):
        file.record(second, (records or {}).get(second))
    return file.lap(0, 60).session(0, 60, session).activity(60)


def only(content: bytes):
    """Return the only workout of a file."""
    [workout] = activities(content)
    return workout


def stream(workout, kind: str) -> list:
    """Return the samples of a stream."""
    return next(list(item.values) for item in workout.streams if item.type == kind)


@pytest.mark.parametrize("start", [0, 12_345, T0 - 3 * 86_400, T0 + 100, T0 + 86_400])
def test_a_start_that_contradicts_end_and_samples_is_not_used(fit, start):
    """The samples decide if the stated start fits neither the end nor the duration."""
    workout = only(recording(fit, {2: ("u4", start)}).content())
    assert (workout.start_utc, stream(workout, "time")[0]) == (START, 0)
    assert "the file states" in workout.provenance["start_utc"].note


def test_an_unset_start_follows_from_the_end(fit):
    """Without samples, a session whose start was not set began before its end by its duration."""
    session = {2: ("u4", 12_345), 253: ("u4", T0 + 60)}
    workout = only(fit().file_id().session(0, 60, session).content())
    assert (workout.start_utc, workout.elapsed_s) == (START, 60)


def test_a_workout_that_was_saved_later_keeps_its_start(fit):
    """An end some minutes after the duration means that the athlete saved the workout late."""
    workout = only(recording(fit, {253: ("u4", T0 + 660)}).content())
    assert (workout.start_utc, "start_utc" in workout.provenance) == (START, False)


def test_the_samples_decide_which_of_two_durations_is_wrong(fit):
    """An elapsed time of 50 s, a timer of 60 s and samples of 60 s are a workout of 60 s."""
    workout = only(recording(fit, {7: ("u4", 50_000), 8: ("u4", 60_000)}).content())
    assert (workout.elapsed_s, workout.moving_s) == (60, 60)
    assert "states 50 s" in workout.provenance["elapsed_s"].note


def test_a_total_contains_the_distance_before_it_began_anew(fit):
    """A device that restarts counts its distance from 0, and the total contains both parts."""
    records = {second: {5: ("u4", (second - 30) * 300)} for second in range(30, 61)}
    workout = only(recording(fit, {9: ("u4", 0xFFFFFFFF)}, records).content())
    assert (workout.distance_m, stream(workout, "distance")[-1]) == (177, 90)
    assert "begins anew" in workout.completeness.missing["steady distance"]


def test_sets_without_a_start_belong_to_one_leg(fit):
    """A set without a start is in the leg of the set before it, and not in every leg."""
    file = fit().file_id().session(0, 30).session(30, 30, sport=10).record(1).record(40)
    file.write(225, {6: ("u4", T0 + 35), 3: ("u2", 10), 5: ("u1", 1)})
    file.write(225, {3: ("u2", 12), 5: ("u1", 1)})
    ride, strength = activities(file.content())
    assert ([item.reps for item in ride.sets], [item.reps for item in strength.sets]) == (
        [],
        [10, 12],
    )


def test_an_exertion_of_0_is_no_rating(fit):
    """The scale of exertion begins at 1, so 0 means that the athlete did not rate the workout."""
    rated = only(recording(fit, {193: ("u1", 70)}).content())
    unrated = only(recording(fit, {193: ("u1", 0)}).content())
    assert (rated.rpe, unrated.rpe) == (7, None)
