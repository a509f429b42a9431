"""The workouts of an account as an archive from Garmin.

The names of files and keys, and the units, are those that public readers of real archives expect.
"""

from __future__ import annotations

import io
import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

from fitglue_intervals.testing.files import plain_file_of, serial_of
from fitglue_intervals.testing.zips import write_zip

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from fitglue_intervals.testing.plan import Plan

#: Sport of the simulated athlete → Garmin's word for it.
TYPES = {
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
_SUMMARIES = "DI_CONNECT/DI-Connect-Fitness/ada@example.org_0_summarizedActivities.json"
_UPLOADS = "DI_CONNECT/DI-Connect-Uploaded-Files/UploadedFiles_0-_Part1.zip"


def garmin_archive(path: Path, workouts: Iterable[tuple[int, Plan]]) -> None:
    """Write an archive of Garmin with these workouts.

    Args:
        path: The zip file to write. The workouts' own files are in another zip inside it.
        workouts: The activity id at Garmin of each workout, and the workout.
    """
    summaries = []
    files = {}
    for number, plan in workouts:
        summaries.append(_summary(number, plan))
        content = plain_file_of(plan)
        if content:
            # The number in the name is that of the upload, which is not the id of the activity.
            files[f"ada@example.org_{number + 7_000_001}.fit"] = content
    uploads = io.BytesIO()
    write_zip(uploads, files)
    members = {
        _SUMMARIES: json.dumps([{"summarizedActivitiesExport": summaries}]).encode(),
        _UPLOADS: uploads.getvalue(),
        "DI_CONNECT/DI-Connect-User/user_profile.json": b"{}",
    }
    write_zip(path, members)


def _summary(number: int, plan: Plan) -> dict[str, Any]:
    """Return Garmin's summary of a workout, in Garmin's units: milliseconds and centimeters."""
    shape = plan.shape
    begin_ms = _milliseconds(plan.start_utc)
    kind = TYPES[shape.sport.key]
    summary: dict[str, Any] = {
        "activityId": number,
        "name": f"Vienna {kind.replace('_', ' ').title()}",
        "activityType": kind,
        "userProfileId": 4711,
        "beginTimestamp": begin_ms,
        "startTimeGmt": float(begin_ms),
        "startTimeLocal": float(_milliseconds(plan.start)),
        "duration": shape.recording_s * 1000.0,
        "elapsedDuration": shape.elapsed_s * 1000.0,
        "distance": shape.distance_m * 100,
        "elevationGain": shape.gain_m * 100,
        "avgHr": float(shape.hr),
        "maxHr": float(shape.hr_max),
        "avgPower": float(shape.watts),
        "deviceId": serial_of(plan),
        "manufacturer": "GARMIN",
        "locationName": "Vienna",
    }
    return {key: value for key, value in summary.items() if value}


def _milliseconds(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp() * 1000)
