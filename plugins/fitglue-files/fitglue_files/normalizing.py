"""Makes workouts of the record of one file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_files.describing import problem_of
from fitglue_files.unpacking import unpack
from fitglue_formats import activities, activities_of_glance, refusal
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import Completeness

if TYPE_CHECKING:
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Record


def normalize(record: Record) -> list[SourceActivity]:
    """The workouts of a file; before it has been fetched, what a first look at it said."""
    summary = summary_of(record)
    try:
        if "file" in record.parts:
            workouts = activities(file_of(record), summary.get("name"))
        else:
            workouts = _of_summary(record, summary)
    except RecordRefused as error:
        # The external id is a hash; people know their files by name.
        named = f"{summary.get('name') or 'a file'}: {error.what}"
        raise RecordRefused(
            error.code,
            named,
            at=error.at,
            why=error.why,
            fix=error.fix,
        ) from error
    return [of_record(activity, record) for activity in workouts]


def _of_summary(
    record: Record,
    summary: dict[str, Any],
) -> list[SourceActivity]:
    """The workouts that a first look at the file saw."""
    if "problem" in summary:
        raise problem_of(summary["problem"])
    if not summary.get("workouts"):
        raise refusal("FG-not-a-workout", "no workout was seen in it")
    return activities_of_glance(summary["workouts"], record.external_id)


def summary_of(record: Record) -> dict[str, Any]:
    """What the listing said of a record."""
    summary: dict[str, Any] = json.loads(record.read("summary") or b"{}")
    return summary


def file_of(record: Record) -> bytes:
    """The file of a record, unpacked; raises ``RecordRefused``."""
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
    """The same, with what of the record it was made of."""
    missing = dict(record.unavailable)
    missing |= activity.completeness.missing
    completeness = Completeness(tuple(record.parts), missing)
    return msgspec.structs.replace(activity, completeness=completeness)
