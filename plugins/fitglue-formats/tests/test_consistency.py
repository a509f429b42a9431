"""The check that the times, totals, laps and samples of a recording agree, and the corrections of
their order and their clock.
"""

from __future__ import annotations

import math

import pytest

from fitglue_formats.clock_by_durations import ClockSet, clock_set
from fitglue_formats.consistency import LapTotals, Recording, check
from fitglue_formats.strays import in_order

#: A recording of ten minutes in which everything agrees.
GOOD = {
    "start": 0.0,
    "end": 600.0,
    "elapsed_s": 600.0,
    "moving_s": 580.0,
    "first": 0.0,
    "last": 599.0,
    "distance_m": 2000.0,
    "sampled_m": 1998.0,
    "laps": (LapTotals(0, 300, 290, 1000), LapTotals(300, 300, 290, 1000)),
}


def doubts(**values: object) -> list[str]:
    return list(check(Recording(**(GOOD | values))).doubts)


def test_a_recording_that_agrees_has_no_findings():
    """If all figures agree, nothing is corrected and nothing is in doubt."""
    findings = check(Recording(**GOOD))
    assert (findings.corrected, findings.doubts) == ({}, {})


def test_unknown_figures_are_not_in_doubt():
    """A recording that states only its start has no findings."""
    assert check(Recording(start=0)).doubts == {}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"elapsed_s": 1200.0, "end": 1200.0}, "consistent samples"),
        ({"end": 300.0}, "consistent start and end"),
        ({"end": 900_000.0}, "consistent start and end"),
        ({"laps": (LapTotals(0, 2000, None, 2000),)}, "consistent laps"),
        ({"laps": (LapTotals(0, 600, None, 9000),)}, "consistent distances of laps"),
        ({"laps": (LapTotals(-900, 600, None, 2000),)}, "consistent starts of laps"),
        ({"sampled_m": 500.0}, "consistent distance"),
    ],
)
def test_each_figure_that_contradicts_the_others_is_in_doubt(values, expected):
    """A figure that contradicts the others is kept, and the contradiction is reported."""
    assert expected in doubts(**values)


@pytest.mark.parametrize(
    "values",
    [
        {"end": 2400.0},  # saved half an hour later
        {"end": 0.0},  # an app that writes the start as the end
        {"laps": (LapTotals(0, 580, 580, 2000),)},  # laps without the pauses
        {"laps": ()},
        {"sampled_m": None, "first": None, "last": None},
    ],
)
def test_ordinary_differences_are_not_in_doubt(values):
    """What devices do in ordinary recordings is not reported."""
    assert doubts(**values) == []


def test_a_moving_time_that_is_too_long_is_corrected_from_the_samples():
    """If the samples confirm the elapsed time, a longer time without pauses is cut to it, with a
    note that has the stated value.
    """
    corrected = check(Recording(**(GOOD | {"moving_s": 1090.0}))).corrected["moving_s"]
    assert (corrected.value, "1090 s" in corrected.note) == (600, True)


def test_a_moving_time_that_nothing_decides_is_kept_and_reported():
    """Without samples, it is unknown which of the two durations is wrong."""
    findings = check(Recording(start=0, elapsed_s=600, moving_s=1090))
    assert (findings.corrected, list(findings.doubts)) == ({}, ["consistent durations"])


def test_samples_are_sorted_and_outliers_left_out():
    """Neither the first nor the latest time is trusted: samples that lie far from all others are
    left out.
    """
    assert in_order(range(50, 0, -1)).rows.tolist() == list(range(49, -1, -1))
    assert in_order([9e8, *range(50)]).rows.tolist() == list(range(1, 51))
    rows, dropped = in_order([*range(200), 9e8, -5e8, math.nan])
    assert (rows.tolist(), dropped) == (list(range(200)), 3)


def test_two_halves_that_lie_apart_are_both_kept():
    """Many samples that lie apart are not outliers."""
    assert in_order([*range(50), *range(900_000, 900_050)]).dropped == 0
    assert in_order([]).dropped == 0


@pytest.mark.parametrize("forward_s", [1_728_000, 3600, -3600, -900_000])
def test_a_clock_that_was_set_is_recognized_by_the_elapsed_time(forward_s):
    """One jump that makes the samples cover another time than the recording took is a clock that
    was set, forward or backward.
    """
    times = [*range(100), *range(100 + forward_s, 600 + forward_s)]
    assert clock_set(times, 600) == ClockSet(99, forward_s)


def test_a_pause_is_not_a_clock_that_was_set():
    """A jump that the elapsed time contains is a pause."""
    times = [*range(100), *range(7300, 7800)]
    assert clock_set(times, 7800, 600) is None


def test_a_long_jump_without_a_pause_is_recognized_by_the_time_of_the_timer():
    """If the elapsed time was computed from the wrong start, the time of the timer decides; but not
    if the timer was stopped there.
    """
    times = [*range(100), *range(900_100, 900_600)]
    assert clock_set(times, 900_600, 600) == ClockSet(99, 900_000)
    assert clock_set(times, 900_600, 600, paused=True) is None


@pytest.mark.parametrize("times", [[], [5], [5, 6], [1, 2, 3, 4], [1, 2, 9e8, 3, 4, 5]])
def test_recordings_without_one_jump_have_no_clock_that_was_set(times):
    """Too few samples, no jump, or a single outlier do not mean that a clock was set."""
    assert clock_set(times, 5) is None
