"""The workouts of an account as an archive from Strava.

The layout is that of real archives: a table ``activities.csv``, and the original files beside it,
compressed with gzip.
"""

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

#: The columns of ``activities.csv``. Several names occur twice: first the value that Strava's pages
#: show, such as kilometers, and then the measured value in meters and seconds.
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
#: Where the measured values begin: at the second "Elapsed Time".
_MEASURED = _COLUMNS.index("Elapsed Time", _COLUMNS.index("Filename"))


def strava_archive(
    path: Path, workouts: Iterable[Plan], *, typed_in: Iterable[Mapping[str, Any]] = ()
) -> None:
    """Write an archive of Strava with these workouts.

    Title, moving time and distance differ a little from those of Intervals.icu, because Strava
    computes its own.

    Args:
        path: The zip file to write.
        workouts: The workouts, each with its file unless it was typed in.
        typed_in: More rows without files, with ``id``, ``title``, ``type``, ``date`` (UTC) and
            ``elapsed_s``.
    """
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(_COLUMNS)
    files = {}
    for plan in workouts:
        content = plain_file_of(plan)
        name = ""
        if content:
            # A file is named by the number of its upload, which is not the id of the activity.
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
    """Return the line of a workout; ``file`` is the name of its file in the archive."""
    shape = plan.shape
    meters = round(shape.distance_m * 0.997, 1)
    moving_s = round(shape.recording_s * 0.985)
    shown = {
        "Activity ID": _id(plan),
        "Activity Date": _date(plan.start_utc),
        "Activity Name": _title(plan),
        "Activity Type": _type(plan),
        "Elapsed Time": shape.elapsed_s,
        "Distance": f"{meters / 1000:.2f}",
        "Max Heart Rate": shape.hr_max or "",
        "Commute": "false",
        "Filename": file,
    }
    measured = {
        "Elapsed Time": float(shape.elapsed_s),
        "Moving Time": float(moving_s),
        "Distance": meters,
        "Average Speed": round(meters / moving_s, 3),
        "Elevation Gain": shape.gain_m,
        "Average Cadence": shape.cadence or "",
        "Max Heart Rate": shape.hr_max or "",
        "Average Heart Rate": shape.hr or "",
        "Average Watts": shape.watts or "",
    }
    return _cells(shown, measured)


def _typed_in_row(row: Mapping[str, Any]) -> list[object]:
    """Return the line of a workout without a file."""
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
    """Return a line of the table; of a name that occurs twice, the second value is measured."""
    cells = [shown.get(name, "") for name in _COLUMNS[:_MEASURED]]
    cells += [measured.get(name, "") for name in _COLUMNS[_MEASURED:]]
    return cells


def _id(plan: Plan) -> int:
    """Return the id of a workout at Strava: that of its stub, or an id unknown to Intervals.icu."""
    if plan.stub:
        return int(plan.id)
    return 16_000_000_000 + int(re.sub(r"\D", "", plan.id)) % 1_000_000_000


def _title(plan: Plan) -> str:
    """Return the title that Strava gives by default, such as "Evening Run"."""
    part = "Evening"
    if plan.start.hour < 12:
        part = "Morning"
    elif plan.start.hour < 17:
        part = "Afternoon"
    return f"{part} {_type(plan)}"


def _type(plan: Plan) -> str:
    """Return the type in words (``Trail Run``); Strava has no virtual run here."""
    kind = plan.shape.sport.type
    if kind == "VirtualRun":
        return "Run"
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind)


def _date(moment: datetime) -> str:
    """Return a UTC time in the notation of an English archive (``Nov 9, 2026, 5:03:00 PM``)."""
    return f"{moment:%b} {moment.day}, {moment:%Y}, {moment.hour % 12 or 12}:{moment:%M:%S %p}"


def _suffix(content: bytes) -> str:
    return "gpx" if content.startswith(b"<?xml") else "fit"
