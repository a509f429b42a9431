"""Our figures beside those that Intervals.icu states for the same real workouts.

Intervals.icu shows whole numbers, so a load that agrees differs by up to 0.5, and by as much again
because the normalized power in its formula was rounded, too.
"""

from __future__ import annotations

import pytest

from fitglue_boosters.heart_rate import Heart, impulse_of_average
from fitglue_boosters.power import intensity_factor, normalized_power, stress_score
from fitglue_boosters.samples import samples_of
from fitglue_registry.model import Column, Stream

pytestmark = pytest.mark.shared

#: Both numbers are rounded: the load to 1, and the normalized power to 1 W, which is at most 1 % of
#: a load of 100 at 200 W.
ROUNDING = 0.6
#: Workouts of which the most part was a pause: Intervals.icu counts more than the moving time.
MOSTLY_PAUSED = {"i70776926", "i92412153"}


@pytest.fixture(scope="module")
def rows(payloads):
    """Return the activities of a real account that have a load by power."""
    activities = payloads("activities-list-real-account-with-duplicates.json")
    return [row for row in activities if row.get("power_load") is not None]


def test_loads_by_power_are_those_of_intervals(rows):
    """Of 284 loads by power, 282 follow from normalized power, threshold and moving time."""
    different = set()
    for row in rows:
        ours = stress_score(row["moving_time"], row["icu_weighted_avg_watts"], row["icu_ftp"])
        if abs(ours - row["power_load"]) > ROUNDING:
            different.add(row["id"])
    assert len(rows) == 284
    assert different == MOSTLY_PAUSED


def test_intensities_are_those_of_intervals(rows):
    """The intensity is the normalized power divided by the threshold, in all 284 rows."""
    for row in rows:
        ours = 100 * intensity_factor(row["icu_weighted_avg_watts"], row["icu_ftp"])
        assert ours == pytest.approx(row["icu_intensity"], abs=0.001), row["id"]


@pytest.mark.parametrize(
    ("file", "stated", "tolerance"),
    [
        # The complete recording: the stated value is rounded to 1 W.
        ("streams-virtualrun-treadmill-custom.json", 6, 0.5),
        # Its first and last five minutes were cut off, and the stated value is of all of it.
        ("streams-run-gps-custom.json", 248, 248 * 0.02),
    ],
    ids=["treadmill", "run"],
)
def test_normalized_power_of_samples_is_that_of_intervals(payloads, file, stated, tolerance):
    """The normalized power of real samples is the stated one."""
    streams = []
    for stream in payloads(file):
        if stream["type"] in ("time", "watts"):
            streams.append(Stream(stream["type"], Column.of(stream["data"])))
    samples = samples_of(streams, "watts")
    assert samples is not None
    assert normalized_power(samples) == pytest.approx(stated, abs=tolerance)


@pytest.mark.parametrize(
    "file",
    ["activity-run-garmin-gps-weather.json", "activity-workout-garmin-hr-only.json"],
)
def test_the_impulse_of_an_average_is_that_of_intervals(payloads, file):
    """Intervals.icu's ``trimp`` is the impulse of the average with the factors of men."""
    row = payloads(file)
    heart = Heart(row["icu_resting_hr"], row["athlete_max_hr"], "male")
    ours = impulse_of_average(row["moving_time"], row["average_heartrate"], heart)
    assert ours == pytest.approx(row["trimp"], abs=0.00001)
