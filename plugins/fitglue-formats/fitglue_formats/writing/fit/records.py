"""The samples of a leg as messages ``record`` and ``hrv``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from fitglue_formats.writing.fit.sdk import (
    DEVELOPER_DATA_ID,
    FIELD_DESCRIPTION,
    HRV,
    RECORD,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_formats.writing.fit.channels import Columns, DeveloperField
    from fitglue_formats.writing.fit.leg import Leg
    from fitglue_formats.writing.fit.sdk import Message

#: Identifies FitGlue as the developer of its fields: a random UUID that never changes.
_APPLICATION = list(bytes.fromhex("6f2d3b0c9a5e4d1f8b7a2c4e6d8f0a13"))
#: FIT protocol, base types: float64, with the bit for types of several bytes.
_FLOAT64 = 0x89
#: FIT profile: a message ``hrv`` has five intervals. The raw number 65535 fills the rest.
_INTERVALS = 5
_NO_INTERVAL_S = 65.535


class Timed(NamedTuple):
    """A message with its time and its order among the messages of one second."""

    at: int
    rank: int
    number: int
    message: Message


#: Messages of one second: the timer starts before the sample, and stops after it.
BEFORE_SAMPLE = 0
SAMPLE = 1
AFTER_SAMPLE = 2


def records_of(
    leg: Leg,
    columns: Columns,
    first_field: int,
) -> Iterator[Timed]:
    """Yield the samples of a leg, each followed by its intervals between heart beats.

    Args:
        leg: The leg.
        columns: Its samples.
        first_field: The number of the first developer field of this leg in the file.
    """
    moments = [leg.start + int(second) for second in leg.samples.time.tolist()]
    names = ("timestamp", *columns.native)
    rows = zip(moments, *columns.native.values(), strict=True)
    beats = leg.samples.lists.get("hrv")
    for index, row in enumerate(rows):
        message: Message = dict(zip(names, row, strict=True))
        own = _developer_values(columns.developer, index, first_field)
        if own:
            message["developer_fields"] = own
        yield Timed(
            row[0],
            SAMPLE,
            RECORD,
            message,
        )
        if beats is not None and beats[index]:
            yield from _beats(row[0], beats[index] or ())


def _developer_values(
    fields: Sequence[DeveloperField],
    index: int,
    first_field: int,
) -> dict[int, Any]:
    values = {}
    for field in fields:
        value = field.values[index]
        if value is not None:
            values[first_field + field.number] = value
    return values


def _beats(
    at: int,
    intervals_ms: Sequence[float],
) -> Iterator[Timed]:
    """Yield the intervals of one sample, five in each message."""
    seconds = []
    for interval_ms in intervals_ms:
        interval_s = round(interval_ms) / 1000
        if 0 < interval_s < _NO_INTERVAL_S:
            seconds.append(interval_s)
    for first in range(0, len(seconds), _INTERVALS):
        chosen = seconds[first : first + _INTERVALS]
        filled = chosen + [_NO_INTERVAL_S] * (_INTERVALS - len(chosen))
        yield Timed(
            at,
            SAMPLE,
            HRV,
            {"time": filled},
        )


def description_of(
    field: DeveloperField,
    number: int,
) -> Message:
    """Return the message that describes a developer field.

    Args:
        field: The field.
        number: Its number in the file.
    """
    message: Message = {
        "developer_data_index": 0,
        "field_definition_number": number,
        "fit_base_type_id": _FLOAT64,
        "field_name": field.name,
    }
    if field.unit:
        message["units"] = field.unit
    return message


def developer_id() -> Message:
    """Return the message that names the developer of the fields."""
    return {
        "developer_data_index": 0,
        "application_id": _APPLICATION,
    }


DESCRIBES = (DEVELOPER_DATA_ID, FIELD_DESCRIPTION)
"""The numbers of the two messages above, in their order in a file."""
