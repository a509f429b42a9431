"""Source activities on their way into the store: document, columns and streams, encoded outside any
transaction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.model import decode, encode
from fitglue_registry.model.moments import utc_text
from fitglue_registry.store.stream_blobs import encode_blob
from fitglue_registry.store.tables import ACTIVITY_COLUMNS

if TYPE_CHECKING:
    from fitglue_registry.model import SourceActivity

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


@dataclass(frozen=True, slots=True)
class EncodedActivity:
    """A source activity on its way into the store, encoded outside any transaction."""

    activity: SourceActivity  # without streams
    document: str
    columns: dict[str, Any]
    blob: bytes | None
    types: tuple[str, ...]
    samples: int


def encode_activity(activity: SourceActivity) -> EncodedActivity:
    """Encode a source activity; raises ``ValueError`` for text that cannot be encoded."""
    streams = activity.streams
    bare = msgspec.structs.replace(activity, streams=()) if streams else activity
    document = encode(bare).decode()
    if "\\u0000" in document:  # PostgreSQL keeps no NUL in a text; nobody meant to write one
        document = _NUL.sub("\\1\N{REPLACEMENT CHARACTER}", document)
        bare = decode(document)

    columns = column_values(bare)
    if not streams:
        return EncodedActivity(
            bare,
            document,
            columns,
            blob=None,
            types=(),
            samples=0,
        )
    return EncodedActivity(
        bare,
        document,
        columns,
        blob=encode_blob(streams),
        types=tuple(stream.type for stream in streams),
        samples=len(streams[0].values),
    )


def column_values(activity: SourceActivity) -> dict[str, Any]:
    """The columns that lists and views read; a start that is known only in one of UTC and local
    time fills in for the list.
    """
    columns = {name: getattr(activity, name) for name in ACTIVITY_COLUMNS}
    start_local = activity.start_local or _local_start(activity)
    columns["start_local"] = start_local.isoformat() if start_local else None
    columns["start_utc"] = _utc_text(activity.start_utc) if activity.start_utc else None
    return columns


def _local_start(activity: SourceActivity) -> datetime | None:
    start_utc = activity.start_utc
    if start_utc is None:
        return None
    offset = timedelta(seconds=activity.utc_offset_s or 0)
    try:
        return (start_utc.astimezone(UTC) + offset).replace(tzinfo=None)
    except OverflowError:  # the first or last day of the calendar
        return start_utc.replace(tzinfo=None)


def _utc_text(moment: datetime) -> str:
    try:
        return utc_text(moment.astimezone(UTC))
    except OverflowError:
        return moment.isoformat()
