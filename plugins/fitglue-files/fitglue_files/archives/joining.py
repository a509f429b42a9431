"""Makes one record's workout of two halves: what a row of an archive says, and what the file of it
holds.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_files.normalizing import file_of, of_record
from fitglue_formats import activities
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import Completeness, Provenance, SourceActivity

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from fitglue_registry.plugin_api import Record

#: What people say and a device does not know: the row has it as it was edited last.
_OF_PEOPLE = (
    "title",
    "description",
    "notes",
    "tags",
    "gear",
    "commute",
    "race",
    "rpe",
    "feel",
    "sub_type",
    "trainer",
)
#: What a row for several workouts says of each of them.
_OF_ALL = ("title", "description", "notes", "tags", "gear")
#: Where the file has several workouts, the row is the one that begins then and lasts so long.
_SAME_START_S = 120.0
_SAME_LENGTH = 0.1
#: What is put together below, or is the file's alone.
_NEVER_FROM_ROW = (
    "start_utc",
    "start_local",
    "timezone",
    "utc_offset_s",
    "start_precision",
    "claims",
    "completeness",
    "provenance",
    "leg_no",
    "model",
    "streams",
    "extensions",
    "metrics",
    "sport",
    "sport_raw",
)
_NOTHING: tuple[object, ...] = (None, (), {})


def workouts_of(
    row: SourceActivity,
    record: Record,
) -> list[SourceActivity]:
    """What a record of an archive says: its row and, where the file is there and can be read, all
    that this holds as well.
    """
    if "file" not in record.parts:
        return [of_record(row, record)]
    try:
        legs = activities(file_of(record))
    # The row is a workout without its file, too: why that was no use is said with it.
    except RecordRefused as error:
        why = {"file": f"{error.code}: {error.what}"}
        completeness = Completeness(("summary",), why)
        alone = msgspec.structs.replace(row, completeness=completeness)
        return [of_record(alone, record)]
    return [of_record(activity, record) for activity in combine(row, legs)]


def combine(
    row: SourceActivity,
    legs: Sequence[SourceActivity],
) -> list[SourceActivity]:
    """The workout of a row with its file: figures of the file before those of the row, words of the
    row before those of the file.

    A row for one leg of a file takes that leg; a row for all of them gives its words to each and
    its claims to the first.
    """
    leg = legs[0] if len(legs) == 1 else _leg(row, legs)
    if leg is not None:
        return [_joined(row, leg, leg_no=0)]
    words = SourceActivity(**{name: getattr(row, name) for name in _OF_ALL})
    with_claims = msgspec.structs.replace(words, claims=row.claims)
    first, *others = legs
    joined = [_joined(with_claims, first, leg_no=first.leg_no)]
    for other in others:
        joined.append(_joined(words, other, leg_no=other.leg_no))
    return joined


def _leg(
    row: SourceActivity,
    legs: Sequence[SourceActivity],
) -> SourceActivity | None:
    """The leg that begins next to the row, if it begins about then and lasts about as long."""
    nearest = min(legs, key=lambda leg: _apart_s(row, leg))
    if _apart_s(row, nearest) > _SAME_START_S or not _is_as_long(row, nearest):
        return None
    return nearest


def _apart_s(row: SourceActivity, leg: SourceActivity) -> float:
    """How far apart two starts are; infinitely far where one of them is not known."""
    if row.start_utc is None or leg.start_utc is None:
        return math.inf
    apart = leg.start_utc - row.start_utc
    return abs(apart.total_seconds())


def _is_as_long(row: SourceActivity, leg: SourceActivity) -> bool:
    """Whether a leg lasts about as long as a row, as far as both say."""
    if not row.elapsed_s or not leg.elapsed_s:
        return True
    apart_s = abs(row.elapsed_s - leg.elapsed_s)
    return apart_s <= _SAME_LENGTH * leg.elapsed_s


def _joined(
    row: SourceActivity,
    leg: SourceActivity,
    *,
    leg_no: int,
) -> SourceActivity:
    """One leg of the file with what the row says of it."""
    values = _from_row(row, leg)
    values["leg_no"] = leg_no
    values["claims"] = tuple(dict.fromkeys(row.claims + leg.claims))
    values["extensions"] = {**leg.extensions, **row.extensions}
    values["metrics"] = {**row.metrics, **leg.metrics}
    values["provenance"] = _provenance(row, leg, values)
    missing = {**row.completeness.missing, **leg.completeness.missing}
    values["completeness"] = Completeness(("summary", "file"), missing)
    return msgspec.structs.replace(leg, **values)


def _provenance(
    row: SourceActivity,
    leg: SourceActivity,
    from_row: Collection[str],
) -> dict[str, Provenance]:
    """Where the values come from: of some fields from the row, of all others from the leg."""
    provenance = {}
    for field, origin in leg.provenance.items():
        if field not in from_row:
            provenance[field] = origin
    for field, origin in row.provenance.items():
        if field in from_row:
            provenance[field] = origin
    return provenance


def _from_row(
    row: SourceActivity,
    leg: SourceActivity,
) -> dict[str, Any]:
    """The fields of a leg that the row has instead: words of people, and what the leg lacks."""
    values: dict[str, Any] = {}
    for field in SourceActivity.__struct_fields__:
        if field in _NEVER_FROM_ROW or getattr(row, field) in _NOTHING:
            continue
        if field in _OF_PEOPLE or getattr(leg, field) in _NOTHING:
            values[field] = getattr(row, field)
    if row.sport not in (None, "Other"):
        values["sport"] = row.sport
        values["sport_raw"] = row.sport_raw
    return values
