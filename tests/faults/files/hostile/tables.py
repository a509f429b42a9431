"""Archives with rows that no service would write."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.faults.files.hostile.attack import Attack, file
from tests.faults.files.hostile.zips import stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: The title of the good row.
GOOD = "good row"
_DIGITS = "7" * 5_000
_LONG_ID = "9" * 501
_LONG_TEXT = "x" * (2 << 20)
_CELL = "x" * 1_000_000
#: How many rows of each kind the full size has.
_ROWS = 10
_SUMMARIES = "DI_CONNECT/DI-Connect-Fitness/{user}_0_summarizedActivities.json"
_START = int(datetime(2026, 6, 10, 6, tzinfo=UTC).timestamp() * 1000)
#: The values of bad rows that differ from the good one. They are on another day, because workouts
#: with the same start are one activity.
_DAY_MS = 86_400_000
_BAD_STRAVA = {"Activity Name": "bad row", "Activity Date": "Jun 11, 2026, 6:00:00 AM"}
_BAD_TRAINING_PEAKS = {"Title": "bad row", "WorkoutDay": "2026-06-11"}
_BAD_GARMIN = {
    "name": "bad row",
    "beginTimestamp": _START + _DAY_MS,
    "startTimeGmt": float(_START + _DAY_MS),
    "startTimeLocal": float(_START + _DAY_MS),
}


def _csv(rows: Iterable[Mapping[str, str]]) -> bytes:
    """Return a table with the columns of its first row."""
    rows = list(rows)
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]))
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode()


def strava(*bad: Mapping[str, str], share: float) -> bytes:
    """Return a Strava archive with a good row, and bad ones in front of it."""
    good = {
        "Activity ID": "1",
        "Activity Date": "Jun 10, 2026, 6:00:00 AM",
        "Activity Name": GOOD,
        "Activity Type": "Ride",
        "Activity Description": "",
        "Elapsed Time": "3600",
        "Distance": "20.0",
        "Max Heart Rate": "150",
        "Relative Effort": "",
        "Commute": "false",
        "Activity Private Note": "",
        "Activity Gear": "",
        "Filename": "",
    }
    rows = []
    for number in range(max(int(_ROWS * share), 1)):
        for position, values in enumerate(bad):
            rows.append(good | _BAD_STRAVA | {"Activity ID": f"{number + 2}{position}"} | values)
    return stored({"activities.csv": _csv([*rows, good])})


def _training_peaks(*bad: Mapping[str, str], share: float) -> bytes:
    """Return an export of TrainingPeaks with a good row, and bad ones in front of it."""
    good = {
        "Title": GOOD,
        "WorkoutType": "Bike",
        "WorkoutDescription": "",
        "PlannedDuration": "",
        "PlannedDistanceInMeters": "",
        "WorkoutDay": "2026-06-10",
        "CoachComments": "",
        "DistanceInMeters": "20000",
        "TimeTotalInHours": "1",
    }
    rows = [good | _BAD_TRAINING_PEAKS | values for values in bad]
    rows *= max(int(_ROWS * share), 1)
    return stored({"workouts.csv": _csv([*rows, good])})


def garmin(
    *bad: Mapping[str, Any],
    share: float,
    user: str = "ada",
) -> bytes:
    """Return a Garmin archive with a good summary, and bad ones in front of it.

    Args:
        *bad: The values of each bad summary that differ from the good one.
        share: The share of the full size.
        user: The name of the owner, by which the table is named.
    """
    good = {
        "activityId": 1,
        "name": GOOD,
        "activityType": "running",
        "beginTimestamp": _START,
        "startTimeGmt": float(_START),
        "startTimeLocal": float(_START),
        "duration": 3_600_000.0,
        "distance": 1_000_000.0,
    }
    summaries = []
    for number in range(max(int(_ROWS * share), 1)):
        for position, values in enumerate(bad):
            external_id = int(f"{number + 2}{position}")
            summaries.append(good | _BAD_GARMIN | {"activityId": external_id} | values)
    content = json.dumps([{"summarizedActivitiesExport": [*summaries, good]}])
    # Python writes no integer of so many digits.
    content = content.replace('"DIGITS"', _DIGITS).replace('"LONG_ID"', _LONG_ID)
    return stored({_SUMMARIES.format(user=user): content.encode(), "DI_CONNECT/x.json": b"{}"})


def _bad_strava_rows(share: float) -> bytes:
    return strava(
        {"Activity Date": _DIGITS},
        {"Activity ID": _LONG_ID},
        {"Activity Description": _LONG_TEXT},
        {"Elapsed Time": _DIGITS, "Distance": _DIGITS},
        share=share,
    )


def _bad_garmin_rows(share: float) -> bytes:
    return garmin(
        {"beginTimestamp": "DIGITS", "startTimeGmt": "DIGITS"},
        {"activityId": "LONG_ID"},
        {"name": _LONG_TEXT},
        {"duration": "DIGITS", "distance": "DIGITS"},
        share=share,
    )


def _bad_training_peaks_rows(share: float) -> bytes:
    return _training_peaks(
        {"WorkoutDay": _DIGITS},
        {"Title": _LONG_TEXT},
        {"TimeTotalInHours": _DIGITS, "DistanceInMeters": _DIGITS},
        share=share,
    )


BAD_ROWS = [
    Attack("bad rows in a Strava archive", file("x.zip", _bad_strava_rows), arrives=GOOD),
    Attack("bad rows in a Garmin archive", file("x.zip", _bad_garmin_rows), arrives=GOOD),
    Attack(
        "bad rows in an export of TrainingPeaks",
        file("x.zip", _bad_training_peaks_rows),
        arrives=GOOD,
    ),
]


def _strava_cells(share: float) -> bytes:
    return strava(
        {"Activity Date": _CELL},
        {"Elapsed Time": _CELL},
        {"Filename": _CELL},
        {"Activity Type": _CELL},
        share=share,
    )


def _garmin_cells(share: float) -> bytes:
    return garmin(
        {"startTimeGmt": _CELL, "beginTimestamp": _CELL},
        {"duration": _CELL},
        {"activityType": _CELL},
        share=share,
    )


def _training_peaks_cells(share: float) -> bytes:
    return _training_peaks(
        {"WorkoutDay": _CELL},
        {"TimeTotalInHours": _CELL},
        {"WorkoutType": _CELL},
        share=share,
    )


LONG_CELLS = [
    Attack("cells of 1 MB in a Strava archive", file("x.zip", _strava_cells), arrives=GOOD),
    Attack("cells of 1 MB in a Garmin archive", file("x.zip", _garmin_cells), arrives=GOOD),
    Attack(
        "cells of 1 MB in an export of TrainingPeaks",
        file("x.zip", _training_peaks_cells),
        arrives=GOOD,
    ),
]
