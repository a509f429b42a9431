"""The training impulse, for men and women, of samples and of averages."""

from __future__ import annotations

import pytest

from fitglue_boosters.heart_rate import (
    Heart,
    impulse,
    impulse_of_average,
    in_hours_at_threshold,
)

MAN = Heart(50, 190, "male")
WOMAN = Heart(50, 190, "female")
RUNNER = Heart(57, 179, "male")


@pytest.mark.parametrize(
    ("heart", "expected"),
    [(MAN, 32.87), (WOMAN, 38.28)],
    ids=["male", "female"],
)
def test_the_impulse_of_the_example(samples, heart, expected):
    """30 minutes at 130 bpm give 32.87 with the factors of men and 38.28 with those of women."""
    assert impulse(samples([130] * 1800), heart) == pytest.approx(expected, abs=0.01)


def test_the_impulse_of_an_average_of_the_example():
    """36.3 minutes at an average of 128 bpm are 41.33 for this man."""
    assert impulse_of_average(36.3 * 60, 128, RUNNER) == pytest.approx(41.33, abs=0.01)


def test_hours_at_threshold_of_the_example():
    """A TRIMP of 68.45 is half of an hour at a threshold of 153 bpm."""
    assert in_hours_at_threshold(68.45, 153, RUNNER) == pytest.approx(50.0, abs=0.01)


def test_a_threshold_at_rest_is_no_scale():
    """If the threshold is the resting heart rate, an hour there is 0 and scales nothing."""
    assert in_hours_at_threshold(68.45, 57, RUNNER) is None


def test_samples_and_average_of_a_steady_workout_agree(samples):
    """For a constant heart rate, the impulse of the samples is that of the average."""
    expected = impulse_of_average(1800, 150, WOMAN)
    assert impulse(samples([150] * 1800), WOMAN) == pytest.approx(expected)


def test_the_average_underestimates_an_uneven_workout(samples):
    """Intervals at 110 and 170 bpm load more than their average of 140 bpm."""
    by_samples = impulse(samples([110] * 900 + [170] * 900), MAN)
    assert by_samples > impulse_of_average(1800, 140, MAN) * 1.05


@pytest.mark.parametrize("bpm", [40, 50])
def test_a_heart_rate_at_or_below_rest_counts_as_nothing(samples, bpm):
    """A heart rate below rest has no negative load."""
    assert impulse(samples([bpm] * 600), MAN) == 0


def test_a_heart_rate_above_the_maximum_counts_as_the_maximum(samples):
    """A spike of a sensor does not count more than the maximum."""
    assert impulse(samples([230] * 600), MAN) == pytest.approx(impulse(samples([190] * 600), MAN))


def test_pauses_and_missing_seconds_count_as_nothing(samples):
    """Ten recorded minutes are ten minutes, whatever is between them."""
    steady = impulse(samples([150] * 600), MAN)
    paused = samples([150] * 600, [*range(300), *range(5000, 5300)])
    gaps = samples([150, None] * 600)
    assert impulse(paused, MAN) == pytest.approx(steady)
    assert impulse(gaps, MAN) == pytest.approx(steady)


def test_between_two_samples_the_mean_counts(samples):
    """A heart rate that rises evenly counts the same with a sample per second or per 10 s."""
    rising = [100 + second / 60 for second in range(3601)]
    every_second = impulse(samples(rising), MAN)
    rarely = impulse(samples(rising[::10], range(0, 3601, 10)), MAN)
    assert rarely == pytest.approx(every_second, rel=0.01)
