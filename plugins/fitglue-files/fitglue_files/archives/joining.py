"""Joining of a row of an archive with the file that belongs to it, into the workouts of one
record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fitglue_files.normalizing import file_of, of_record
from fitglue_formats import activities
from fitglue_formats.rows import combine
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import Completeness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Record


def workouts_of(
    row: SourceActivity,
    record: Record,
) -> list[SourceActivity]:
    """Return the workouts of a record: those of its file joined with its row, or the row if there
    is no readable file.
    """
    if "file" not in record.parts:
        return [of_record(row, record)]
    try:
        legs = activities(file_of(record))
    # The row is a workout even without its file; its completeness states the reason.
    except RecordRefused as error:
        why = {"file": f"{error.code}: {error.what}"}
        completeness = Completeness(("summary",), why)
        row_only = msgspec.structs.replace(row, completeness=completeness)
        return [of_record(row_only, record)]
    return workouts_with(row, legs, record)


def workouts_with(
    row: SourceActivity,
    legs: Sequence[SourceActivity],
    record: Record,
) -> list[SourceActivity]:
    """Return the workouts of a record whose file was decoded already."""
    return [of_record(activity, record) for activity in combine(row, legs)]
