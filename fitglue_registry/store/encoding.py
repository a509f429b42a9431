"""Encodes source activities for the store, before the transaction that stores them begins.

There is one writer at a time, so nothing is computed while the database is locked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.model import decode, encode
from fitglue_registry.model.moments import utc_text
from fitglue_registry.store.document_columns import ACTIVITY_COLUMNS
from fitglue_registry.store.stream_blobs import encode_blob

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.model import SourceActivity

#: The length of 2026-05-01.
_DAY = 10
# An escaped NUL in a JSON text: an odd number of backslashes before "u0000". After an even number,
# the text is a literal backslash followed by "u0000", which is harmless.
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


@dataclass(frozen=True, slots=True)
class EncodedActivity:
    """A source activity as the tables store it."""

    activity: SourceActivity  # without streams
    document: str  # JSON of ``activity``
    columns: dict[str, Any]  # see ``column_values``
    blob: bytes | None  # the encoded streams, None if it has no streams
    types: tuple[str, ...]  # the channels of the streams
    samples: int  # how many samples each channel has


def encode_activity(activity: SourceActivity) -> EncodedActivity:
    """Encode a source activity; raise ``ValueError`` for text that cannot be encoded."""
    streams = activity.streams
    bare = msgspec.structs.replace(activity, streams=()) if streams else activity
    document = encode(bare).decode()
    # PostgreSQL can store no NUL, not even an escaped one in a document that a view casts to jsonb.
    if "\\u0000" in document:
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
    """Return the values of ``DOCUMENT_COLUMNS``, which lists, views and the matcher read.

    If the UTC start and its offset are known, ``start_local`` is computed from them. It is null if
    the zone is unknown; ``day`` is then the day of UTC.
    """
    columns = {name: getattr(activity, name) for name in ACTIVITY_COLUMNS}
    start_local = activity.start_local or _local_start(activity)
    columns["start_local"] = start_local.isoformat() if start_local else None
    columns["start_utc"] = _utc_text(activity.start_utc) if activity.start_utc else None
    start = columns["start_local"] or columns["start_utc"]
    columns["day"] = start[:_DAY] if start else None
    return columns


def clock_start(columns: Mapping[str, Any]) -> str | None:
    """Return the local start of these columns, or the UTC start if no local time is known.

    The text has no zone. Candidates are searched by it: a start whose zone is unknown must be found
    from both clocks.
    """
    return columns["start_local"] or _without_zone(columns["start_utc"])


def sort_start(columns: Mapping[str, Any]) -> str | None:
    """Return the UTC start of these columns, or the local start if no UTC start is known.

    The text has no zone, so that all these texts sort together.
    """
    return _without_zone(columns["start_utc"]) or columns["start_local"]


def _without_zone(text: str | None) -> str | None:
    if text is None:
        return None
    return datetime.fromisoformat(text).replace(tzinfo=None).isoformat()


def _local_start(activity: SourceActivity) -> datetime | None:
    start_utc = activity.start_utc
    if start_utc is None or activity.utc_offset_s is None:
        return None
    offset = timedelta(seconds=activity.utc_offset_s)
    try:
        return (start_utc.astimezone(UTC) + offset).replace(tzinfo=None)
    except OverflowError:  # the first or last day of the calendar
        return start_utc.replace(tzinfo=None)


def _utc_text(moment: datetime) -> str:
    """Return the moment as text in UTC.

    On the first or last day of the calendar, UTC may be out of range; the offset then stays.
    """
    try:
        return utc_text(moment.astimezone(UTC))
    except OverflowError:
        return moment.isoformat()
