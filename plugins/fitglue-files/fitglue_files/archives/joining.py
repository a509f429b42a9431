"""Makes one record's workout of two halves: what a row of an archive says, and what the file of it
holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_files.loose import file_of, of_record
from fitglue_formats import activities
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import Completeness, SourceActivity

if TYPE_CHECKING:
    from collections.abc import Sequence

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
#: Where the file has several workouts, the row is the one that begins then and lasts so long.
_SAME_START_S, _SAME_LENGTH = 120.0, 0.1
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
)


def workouts_of(row: SourceActivity, record: Record) -> list[SourceActivity]:
    """What a record of an archive says: its row and, where the file is there and can be read, all
    that this holds as well.
    """
    if "file" not in record.parts:
        return [of_record(row, record)]
    try:
        found = activities(file_of(record))
    # The row is a workout without its file, too: why that was no use stands with it.
    except RecordRefused as error:
        without = msgspec.structs.replace(
            row, completeness=Completeness(("summary",), {"file": f"{error.code}: {error.what}"})
        )
        return [of_record(without, record)]
    return [of_record(activity, record) for activity in combine(row, found)]


def combine(row: SourceActivity, found: Sequence[SourceActivity]) -> list[SourceActivity]:
    """The workout of a row with its file: figures of the file before those of the row, words of the
    row before those of the file.

    A row for one leg of a file takes that leg; a row for all of them gives its words to each and
    its claims to the first.
    """
    leg = found[0] if len(found) == 1 else _leg(row, found)
    if leg is not None:
        return [_joined(row, leg, leg_no=0)]
    words = SourceActivity(
        claims=row.claims,
        **{name: getattr(row, name) for name in ("title", "description", "notes", "tags", "gear")},
    )
    return [
        _joined(
            words if leg is found[0] else msgspec.structs.replace(words, claims=()),
            leg,
            leg_no=leg.leg_no,
        )
        for leg in found
    ]


def _leg(row: SourceActivity, found: Sequence[SourceActivity]) -> SourceActivity | None:
    """The leg that begins next to the row, if it begins about then and lasts about as long."""
    start = row.start_utc
    if start is None:
        return None
    timed = [
        (abs((leg.start_utc - start).total_seconds()), leg)
        for leg in found
        if leg.start_utc is not None
    ]
    apart, leg = min(timed, key=lambda one: one[0], default=(_SAME_START_S + 1, found[0]))
    if apart > _SAME_START_S:
        return None
    same_length = (
        not row.elapsed_s
        or not leg.elapsed_s
        or abs(row.elapsed_s - leg.elapsed_s) <= _SAME_LENGTH * leg.elapsed_s
    )
    return leg if same_length else None


def _joined(row: SourceActivity, leg: SourceActivity, *, leg_no: int) -> SourceActivity:
    values: dict[str, Any] = {"leg_no": leg_no}
    for field in SourceActivity.__struct_fields__:
        if field in _NEVER_FROM_ROW or field in ("sport", "sport_raw"):
            continue
        of_row, of_leg = getattr(row, field), getattr(leg, field)
        if of_row not in (None, (), {}) and (field in _OF_PEOPLE or of_leg in (None, (), {})):
            values[field] = of_row
    if row.sport not in (None, "Other"):
        values |= {"sport": row.sport, "sport_raw": row.sport_raw}
    values["claims"] = tuple(dict.fromkeys(row.claims + leg.claims))
    values["extensions"] = {**leg.extensions, **row.extensions}
    values["metrics"] = {**row.metrics, **leg.metrics}
    values["provenance"] = {
        field: said for field, said in leg.provenance.items() if field not in values
    } | {field: said for field, said in row.provenance.items() if field in values}
    values["completeness"] = Completeness(
        ("summary", "file"), {**row.completeness.missing, **leg.completeness.missing}
    )
    return msgspec.structs.replace(leg, **values)
