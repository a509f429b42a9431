"""Source activities on their way into the store: document, figures and streams, encoded outside any
transaction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from fitglue_registry import model
from fitglue_registry.model.moments import utc_text
from fitglue_registry.store.stream_codec import encode_streams
from fitglue_registry.store.tables import FIGURES

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


@dataclass(frozen=True, slots=True)
class EncodedActivity:
    """A source activity on its way into the store, encoded outside any transaction."""

    activity: model.SourceActivity  # without streams
    document: str
    figures: dict[str, Any]
    blob: bytes | None
    types: tuple[str, ...]
    samples: int


def encode_activity(activity: model.SourceActivity) -> EncodedActivity:
    """Encode a source activity; raises ``ValueError`` for text that cannot be encoded."""
    found = activity.streams
    bare = msgspec.structs.replace(activity, streams=()) if found else activity
    document = model.encode(bare).decode()
    if "\\u0000" in document:  # PostgreSQL keeps no NUL in a text; nobody meant to write one
        document = _NUL.sub("\\1\N{REPLACEMENT CHARACTER}", document)
        bare = model.decode(document)
    return EncodedActivity(
        bare,
        document,
        figures_of(bare),
        encode_streams(found) if found else None,
        tuple(stream.type for stream in found),
        len(found[0].values) if found else 0,
    )


def figures_of(activity: model.SourceActivity) -> dict[str, Any]:
    """The figures that lists and views read; a start that is known only in one of UTC and local
    time fills in for the list.
    """
    values = {name: getattr(activity, name) for name in FIGURES}
    local = activity.start_local
    if local is None and activity.start_utc is not None:
        try:
            local = (
                activity.start_utc.astimezone(UTC) + timedelta(seconds=activity.utc_offset_s or 0)
            ).replace(tzinfo=None)
        except OverflowError:  # the first or last day of the calendar
            local = activity.start_utc.replace(tzinfo=None)
    values["start_local"] = local.isoformat() if local else None
    values["start_utc"] = _utc_text(activity.start_utc) if activity.start_utc else None
    return values


def _utc_text(moment: datetime) -> str:
    try:
        return utc_text(moment.astimezone(UTC))
    except OverflowError:
        return moment.isoformat()
