"""Normalized power, intensity and TSS, on recordings with every kind of time axis."""

from __future__ import annotations

import pytest

from fitglue_boosters.power import intensity_factor, normalized_power, stress_score


def test_normalized_power_of_the_example(samples):
    """One minute at 200 W and one at 300 W is 261.0 W normalized, as the docstring computes."""
    assert normalized_power(samples([200] * 60 + [300] * 60)) == pytest.approx(261.03, abs=0.01)


def test_intensity_of_the_example():
    """200 W at a threshold of 250 W is an intensity of 0.8."""
    assert intensity_factor(200, 250) == 0.8


def test_stress_score_of_the_example():
    """1.5 h at 200 W with a threshold of 250 W is 96."""
    assert stress_score(5400, 200, 250) == pytest.approx(96.0)


def test_an_hour_at_threshold_is_100():
    """An hour at threshold power is 100, whatever the threshold is."""
    assert stress_score(3600, 173, 173) == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("values", "times"),
    [
        ([210] * 300, range(300)),
        ([210] * 150, range(0, 300, 2)),
        ([210] * 100, [second * 3 + second % 2 for second in range(100)]),
        ([210] * 2000, [second / 10 for second in range(2000)]),
        ([210] * 300, [*range(150), *range(2000, 2150)]),
        ([210, None] * 150, range(300)),
    ],
    ids=["1 Hz", "0.5 Hz", "smart recording", "10 Hz", "with a pause", "every other one missing"],
)
def test_constant_power_is_its_normalized_power(samples, values, times):
    """The normalized power of a constant power is that power on every time axis."""
    assert normalized_power(samples(values, times)) == pytest.approx(210.0)


def test_coasting_counts(samples):
    """Zero watts are a value: half of the time without pedaling lowers the normalized power."""
    coasting = normalized_power(samples([200] * 60 + [0] * 60))
    assert coasting == pytest.approx((200**4 * 0.4293) ** 0.25, rel=0.02)
    assert coasting < 170


def test_missing_seconds_do_not_count(samples):
    """Samples without a value are no coasting: they are left out."""
    assert normalized_power(samples([200] * 60 + [None] * 60)) == pytest.approx(200.0)


def test_samples_that_were_written_less_often_weigh_more(samples):
    """A sample that holds for 5 s counts five times as much as one that holds for 1 s."""
    every_second = samples([100] * 60 + [300] * 60)
    rarely_first = samples([100] * 12 + [300] * 60, [*range(0, 60, 5), *range(60, 120)])
    assert normalized_power(rarely_first) == pytest.approx(normalized_power(every_second))


@pytest.mark.parametrize(
    ("values", "times"),
    [([250] * 29, range(29)), ([250] * 60, range(0, 3600, 60))],
    ids=["29 seconds", "one sample per minute"],
)
def test_too_few_samples_have_no_normalized_power(samples, values, times):
    """Fewer than 30 s, or steps of more than 30 s, have no rolling mean of 30 s."""
    assert normalized_power(samples(values, times)) is None


def test_a_pause_has_no_duration(samples):
    """A step of an hour in a recording of seconds is a pause and not an hour at the last value."""
    assert samples([200] * 20, [*range(10), *range(3600, 3610)]).recorded_s == 20


def test_a_recording_of_long_steps_has_no_pauses(samples):
    """If every step takes 15 s, no step of 15 s is a pause."""
    assert samples([200] * 20, range(0, 300, 15)).recorded_s == 300


def test_a_clock_that_goes_back_adds_no_time(samples):
    """A step back in time, which a clock that is set can make, counts as nothing."""
    assert samples([200] * 20, [*range(10), *range(5, 15)]).recorded_s == 19
