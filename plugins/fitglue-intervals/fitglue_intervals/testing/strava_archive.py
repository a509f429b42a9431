"""The workouts of an account as Strava's archive has them."""

from __future__ import annotations

import csv
import gzip
import io
import re
from typing import TYPE_CHECKING, Any

from fitglue_intervals.testing.files import plain_file_of
from fitglue_intervals.testing.zips import write_zip

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    from fitglue_intervals.testing.plan import Plan

#: The columns of ``activities.csv``; several stand twice, first as shown and then as measured.
_COLUMNS = (
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
_PROFILE = (
    b"Athlete ID,Email Address,First Name,Last Name\n"
    b"4711,ada@example.org,Ada,Stand-in\n"
)  # fmt: skip
_MEASURED = _COLUMNS.index("Elapsed Time", _COLUMNS.index("Filename"))


def strava_archive(
    path: Path, workouts: Iterable[Plan], *, typed_in: Iterable[Mapping[str, Any]] = ()
) -> None:
    """Write Strava's archive of these workouts, each with its file where it has one; ``typed_in``
    are rows of their own.

    Such a row has ``id``, ``title``, ``type``, ``date`` (UTC) and ``elapsed_s``. Title, moving time
    and distance are Strava's own.
    """
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(_COLUMNS)
    files = {}
    for plan in workouts:
        content = plain_file_of(plan)
        name = ""
        if content:
            name = f"activities/{_id(plan) + 1_000_003}.{_suffix(content)}.gz"
            files[name] = gzip.compress(content, 1, mtime=0)
        writer.writerow(_row(plan, name))
    for row in typed_in:
        writer.writerow(_typed_in_row(row))
    members = {
        "profile.csv": _PROFILE,
        "activities.csv": table.getvalue().encode(),
        "media/3f2a.jpg": b"\xff\xd8\xff",
    }
    write_zip(path, members | files)


def _row(plan: Plan, file: str) -> list[object]:
    shape = plan.shape
    metres = round(shape.distance_m * 0.997, 1)
    moving_s = round(shape.recording_s * 0.985)
    shown = {
        "Activity ID": _id(plan),
        "Activity Date": _date(plan.start_utc),
        "Activity Name": _title(plan),
        "Activity Type": _type(plan),
        "Elapsed Time": shape.elapsed_s,
        "Distance": f"{metres / 1000:.2f}",
        "Max Heart Rate": shape.hr_max or "",
        "Commute": "false",
        "Filename": file,
    }
    measured = {
        "Elapsed Time": float(shape.elapsed_s),
        "Moving Time": float(moving_s),
        "Distance": metres,
        "Average Speed": round(metres / moving_s, 3),
        "Elevation Gain": shape.gain_m,
        "Average Cadence": shape.cadence or "",
        "Max Heart Rate": shape.hr_max or "",
        "Average Heart Rate": shape.hr or "",
        "Average Watts": shape.watts or "",
    }
    return _cells(shown, measured)


def _typed_in_row(row: Mapping[str, Any]) -> list[object]:
    shown = {
        "Activity ID": row["id"],
        "Activity Date": _date(row["date"]),
        "Activity Name": row["title"],
        "Activity Type": row["type"],
        "Elapsed Time": row["elapsed_s"],
        "Distance": "0",
    }
    measured = {
        "Elapsed Time": row["elapsed_s"],
        "Moving Time": row["elapsed_s"],
        "Distance": "0",
    }
    return _cells(shown, measured)


def _cells(shown: Mapping[str, object], measured: Mapping[str, object]) -> list[object]:
    """A line of the table; where a column stands twice, the second one is as measured."""
    cells = [shown.get(name, "") for name in _COLUMNS[:_MEASURED]]
    cells += [measured.get(name, "") for name in _COLUMNS[_MEASURED:]]
    return cells


def _id(plan: Plan) -> int:
    """A stub's id is Strava's own; those of the others only Strava knows."""
    if plan.stub:
        return int(plan.id)
    return 16_000_000_000 + int(re.sub(r"\D", "", plan.id)) % 1_000_000_000


def _title(plan: Plan) -> str:
    part = "Evening"
    if plan.start.hour < 12:
        part = "Morning"
    elif plan.start.hour < 17:
        part = "Afternoon"
    return f"{part} {_type(plan)}"


def _type(plan: Plan) -> str:
    kind = plan.shape.sport.type
    if kind == "VirtualRun":
        return "Run"
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind)


def _date(moment: datetime) -> str:
    return f"{moment:%b} {moment.day}, {moment:%Y}, {moment.hour % 12 or 12}:{moment:%M:%S %p}"


def _suffix(content: bytes) -> str:
    return "gpx" if content.startswith(b"<?xml") else "fit"
