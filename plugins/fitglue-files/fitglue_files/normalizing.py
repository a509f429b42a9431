"""Conversion of the record of one file into workouts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_files.describing import restored_refusal
from fitglue_files.unpacking import unpack
from fitglue_formats import activities, activities_of_glance, refusal
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import Completeness

if TYPE_CHECKING:
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Record


def normalize(record: Record) -> list[SourceActivity]:
    """Return the workouts of a file, or of its glance if the file has not been fetched yet.

    Raises:
        RecordRefused: If the file contains no usable workout.
    """
    summary = summary_of(record)
    try:
        if "file" in record.parts:
            workouts = activities(file_of(record), summary.get("name"))
        else:
            workouts = _of_summary(record, summary)
    except RecordRefused as error:
        # The external id is a hash, and people know their files by name.
        what = f"{summary.get('name') or 'a file'}: {error.what}"
        raise RecordRefused(
            error.code,
            what,
            at=error.at,
            why=error.why,
            fix=error.fix,
        ) from error
    return [of_record(activity, record) for activity in workouts]


def _of_summary(
    record: Record,
    summary: dict[str, Any],
) -> list[SourceActivity]:
    """Return the workouts that a glance at the file found."""
    if "problem" in summary:
        raise restored_refusal(summary["problem"])
    if not summary.get("workouts"):
        raise refusal("FG-not-a-workout", "it contains no workout")
    return activities_of_glance(summary["workouts"], record.external_id)


def summary_of(record: Record) -> dict[str, Any]:
    """Return the summary of a record, as the listing wrote it."""
    summary: dict[str, Any] = json.loads(record.read("summary") or b"{}")
    return summary


def file_of(record: Record) -> bytes:
    """Return the file of a record, unpacked; raise ``RecordRefused`` if it cannot be unpacked."""
    try:
        return unpack(record.read("file") or b"", "the file")
    except (OSError, EOFError) as error:
        raise refusal(
            "FG-file-broken",
            f"it cannot be unpacked: {error}",
        ) from error


def of_record(
    activity: SourceActivity,
    record: Record,
) -> SourceActivity:
    """Return the activity with the completeness of its record: the parts that exist and those that
    do not.
    """
    missing = dict(record.unavailable)
    missing |= activity.completeness.missing
    completeness = Completeness(tuple(record.parts), missing)
    return msgspec.structs.replace(activity, completeness=completeness)
