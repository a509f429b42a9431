"""Makes records of saved payloads without a connection, for ``fitglue dev normalize intervals
FILE…``.
"""

from __future__ import annotations

from typing import Any

import msgspec

from fitglue_intervals.api import read_row
from fitglue_intervals.dedupe import ENTRY
from fitglue_intervals.reading import BROKEN_GZIP, gunzip, read_json, split_rows
from fitglue_intervals.recognise import other_than_activity
from fitglue_registry.errors import Place, RecordRefused, UserMistake
from fitglue_registry.plugin_api import Body, Record

_MAGICS = ((b"PK\x03\x04", "a zip archive"), (b"<", "XML or a web page"))


def records(content: bytes, name: str, streams: bytes | None = None) -> list[Record]:
    """The records of a saved payload: a list, one activity, a before/after pair, or a webhook body
    with activities inside.

    Raises ``RecordRefused`` FG-not-an-activity, naming what the file holds instead, and
    ``UserMistake`` FG-streams-for-many where streams are given beside more than one activity.
    """
    content = _unpacked(content, name)
    try:
        document = read_json(content)
    except ValueError as error:
        raise _not_an_activity(name, _no_json(content)) from error
    rows = _activities(content, document)
    if not rows:
        raise _not_an_activity(
            name, other_than_activity(document) or "a document without an activity"
        )
    if streams is not None and len(rows) != 1:
        raise UserMistake(
            "FG-streams-for-many",
            f"{name} holds {len(rows)} activities, so it is open whose streams these are",
            fix="give the streams with a file that holds their one activity",
        )
    return [_record(row, streams) for row in rows]


def _activities(content: bytes, document: Any) -> list[bytes]:
    """The exact bytes of each activity in a document."""
    if isinstance(document, list):
        return [] if other_than_activity(document) else split_rows(content)
    if not isinstance(document, dict):
        return []
    if isinstance(document.get("events"), list):
        return [
            msgspec.json.encode(event["activity"])
            for event in document["events"]
            if _tells_an_activity(event)
        ]
    if isinstance(document.get("before"), dict) and isinstance(document.get("after"), dict):
        return [msgspec.json.encode(document[side]) for side in ("before", "after")]
    return [] if other_than_activity(document) else [content]


def _tells_an_activity(event: Any) -> bool:
    """Whether a webhook event carries the activity itself; that of a deletion has neither date nor
    name.
    """
    activity = event.get("activity") if isinstance(event, dict) else None
    return isinstance(activity, dict) and event.get("type") != "ACTIVITY_DELETED"


def _record(row: bytes, streams: bytes | None) -> Record:
    known = read_row(row)
    external_id = known.external_id if known is not None else None
    parts = {"summary": Body(row)} | ({"streams": Body(streams)} if streams is not None else {})
    return Record(external_id or "unknown", ENTRY, parts)


def _unpacked(content: bytes, name: str) -> bytes:
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        return gunzip(content)
    except BROKEN_GZIP as error:
        raise _not_an_activity(name, "a broken gzip") from error


def _no_json(content: bytes) -> str:
    """What a file that is no JSON looks like."""
    if content[8:12] == b".FIT":
        return "a FIT file, which the files source reads"
    text = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    for magic, what in _MAGICS:
        if text.startswith(magic):
            return what
    if text.startswith((b"{", b"[")):
        return "JSON that is cut or broken"
    first = text.splitlines()[0] if text else b""
    if not text:
        return "empty"
    return (
        "CSV; of it the activities cannot be made, save the JSON answer instead"
        if first.count(b",") >= 2
        else "no JSON"
    )


def _not_an_activity(name: str, what: str) -> RecordRefused:
    return RecordRefused(
        "FG-not-an-activity",
        f"{name} holds no activity of Intervals.icu: it is {what}",
        at=Place(file=name),
        fix="give an activity, a list of activities, or a webhook body that carries one",
    )
