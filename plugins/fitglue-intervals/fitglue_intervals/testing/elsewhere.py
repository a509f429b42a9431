"""The workouts of an account as an athlete has them elsewhere too: in the archives of Strava and
Garmin, made to their layouts.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zipfile
from datetime import UTC
from typing import TYPE_CHECKING, Any

from fitglue_intervals.testing.files import plain_file_of, serial_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    from fitglue_intervals.testing.plan import Plan

_STRAVA_COLUMNS = (
    "Activity ID",
    "Activity Date",
    "Activity Name",
    "Activity Type",
    "Activity Description",
    "Elapsed Time",
    "Distance",
    "Max Heart Rate",
    "Relative Effort",
    "Commute",
    "Activity Private Note",
    "Activity Gear",
    "Filename",
    "Athlete Weight",
    "Bike Weight",
    "Elapsed Time",
    "Moving Time",
    "Distance",
    "Max Speed",
    "Average Speed",
    "Elevation Gain",
    "Elevation Loss",
    "Elevation Low",
    "Elevation High",
    "Max Grade",
    "Average Grade",
    "Average Positive Grade",
    "Average Negative Grade",
    "Max Cadence",
    "Average Cadence",
    "Max Heart Rate",
    "Average Heart Rate",
    "Max Watts",
    "Average Watts",
    "Calories",
)
_TYPED_IN = ("id", "date", "title", "type", "elapsed_s")
_GARMIN_TYPES = {
    "ride": "road_biking",
    "commute": "cycling",
    "gravel": "gravel_cycling",
    "virtual": "virtual_ride",
    "run": "running",
    "treadmill": "treadmill_running",
    "trail": "trail_running",
    "swim": "lap_swimming",
    "strength": "strength_training",
    "hike": "hiking",
    "manual": "yoga",
}
_FITNESS, _UPLOADS = "DI_CONNECT/DI-Connect-Fitness", "DI_CONNECT/DI-Connect-Uploaded-Files"
#: A date in it would make another archive each time.
_STAMP = (2026, 11, 20, 8, 0, 0)


def strava_archive(
    path: Path, workouts: Iterable[Plan], *, typed_in: Iterable[Mapping[str, Any]] = ()
) -> None:
    """Write Strava's archive of these workouts, each with its file where it has one; ``typed_in``
    are rows of their own.

    Such a row has ``id``, ``title``, ``type``, ``date`` (UTC) and ``elapsed_s``. Title, moving time
    and distance are Strava's own.
    """
    plans = list(workouts)
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(_STRAVA_COLUMNS)
    files = {}
    for plan in plans:
        content = plain_file_of(plan)
        name = f"activities/{_strava_id(plan) + 1_000_003}.{_suffix(content)}.gz" if content else ""
        if content:
            files[name] = gzip.compress(content, 1, mtime=0)
        writer.writerow(_strava_row(plan, name))
    for row in typed_in:
        external_id, date, title, kind, elapsed_s = (row[name] for name in _TYPED_IN)
        writer.writerow(
            [
                external_id,
                _strava_date(date),
                title,
                kind,
                "",
                elapsed_s,
                "0",
                *[""] * 8,
                elapsed_s,
                elapsed_s,
                "0",
            ]
        )
    _zip(
        path,
        {
            "profile.csv": (
                b"Athlete ID,Email Address,First Name,Last "
                b"Name\n4711,ada@example.org,Ada,Stand-in\n"
            ),
            "activities.csv": table.getvalue().encode(),
            "media/3f2a.jpg": b"\xff\xd8\xff",
            **files,
        },
    )


def garmin_archive(path: Path, workouts: Iterable[tuple[int, Plan]]) -> None:
    """Write Garmin's archive of these workouts, each with its number at Garmin, and the files in a
    zip within.
    """
    pairs = list(workouts)
    summaries = [_garmin_summary(number, plan) for number, plan in pairs]
    contents = ((number, plain_file_of(plan)) for number, plan in pairs)
    inner = io.BytesIO()
    _zip(
        inner,
        {
            f"ada@example.org_{number + 7_000_001}.fit": content
            for number, content in contents
            if content
        },
    )
    _zip(
        path,
        {
            f"{_FITNESS}/ada@example.org_0_summarizedActivities.json": json.dumps(
                [{"summarizedActivitiesExport": summaries}]
            ).encode(),
            f"{_UPLOADS}/UploadedFiles_0-_Part1.zip": inner.getvalue(),
            "DI_CONNECT/DI-Connect-User/user_profile.json": b"{}",
        },
    )


def _strava_row(plan: Plan, file: str) -> list[object]:
    shape = plan.shape
    metres = round(shape.distance_m * 0.997, 1)
    moving_s = round(shape.recording_s * 0.985)
    return [
        _strava_id(plan), _strava_date(plan.start_utc), _strava_title(plan), _strava_type(plan), "", shape.elapsed_s,
        f"{metres / 1000:.2f}", shape.hr_max or "", "", "false", "", "", file, "", "", float(shape.elapsed_s), float(moving_s), metres, "",
        round(metres / moving_s, 3), shape.gain_m, "", "", "", "", "", "", "", "", shape.cadence or "", shape.hr_max or "", shape.hr or "",
        "", shape.watts or "", "",
    ]  # fmt: skip


def _strava_id(plan: Plan) -> int:
    """A stub's id is Strava's own; of the others nobody but Strava knows it."""
    return (
        int(plan.id)
        if plan.stub
        else 16_000_000_000 + int(re.sub(r"\D", "", plan.id)) % 1_000_000_000
    )


def _strava_title(plan: Plan) -> str:
    hour = plan.start.hour
    part = "Morning" if hour < 12 else "Afternoon" if hour < 17 else "Evening"
    return f"{part} {_strava_type(plan)}"


def _strava_type(plan: Plan) -> str:
    kind = plan.shape.sport.type
    return "Run" if kind == "VirtualRun" else re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind)


def _strava_date(moment: datetime) -> str:
    return f"{moment:%b} {moment.day}, {moment:%Y}, {moment.hour % 12 or 12}:{moment:%M:%S %p}"


def _garmin_summary(number: int, plan: Plan) -> dict[str, Any]:
    shape, begin = plan.shape, _ms(plan.start_utc)
    kind = _GARMIN_TYPES[shape.sport.key]
    said: dict[str, Any] = {
        "activityId": number, "name": ("Vienna "
            f"{kind.replace('_', ' ').title()}"), "activityType": kind, "userProfileId": 4711,
        "beginTimestamp": begin, "startTimeGmt": float(begin), "startTimeLocal": float(_ms(plan.start)),
        "duration": shape.recording_s * 1000.0, "elapsedDuration": shape.elapsed_s * 1000.0, "distance": shape.distance_m * 100,
        "elevationGain": shape.gain_m * 100, "avgHr": float(shape.hr), "maxHr": float(shape.hr_max), "avgPower": float(shape.watts),
        "deviceId": serial_of(plan), "manufacturer": "GARMIN", "locationName": "Vienna",
    }  # fmt: skip
    return {key: value for key, value in said.items() if value}


def _ms(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp() * 1000)


def _suffix(content: bytes) -> str:
    return "gpx" if content.startswith(b"<?xml") else "fit"


def _zip(path: Path | io.BytesIO, members: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _STAMP), content)
