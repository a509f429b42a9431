"""Makes records of saved payloads without a connection, for ``fitglue dev normalize intervals
FILE…``.
"""

from __future__ import annotations

from typing import Any

import msgspec

from fitglue_intervals.api import read_row
from fitglue_intervals.dedupe import ENTRY
from fitglue_intervals.reading import BROKEN_GZIP, gunzip, read_json
from fitglue_intervals.recognise import other_than_activity
from fitglue_intervals.rows import split_rows
from fitglue_registry.errors import Place, RecordRefused, UserMistake
from fitglue_registry.plugin_api import Body, Record

_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
#: How a document begins that is no JSON.
_MAGICS = {
    b"PK\x03\x04": "a zip archive",
    b"<": "XML or a web page",
    b"{": "JSON that is cut or broken",
    b"[": "JSON that is cut or broken",
}


def records(
    content: bytes,
    name: str,
    streams: bytes | None = None,
) -> list[Record]:
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
        what = other_than_activity(document) or "a document without an activity"
        raise _not_an_activity(name, what)
    if streams is not None and len(rows) != 1:
        raise UserMistake(
            "FG-streams-for-many",
            f"{name} holds {len(rows)} activities, so it is open whose streams these are",
            fix="give the streams with a file that holds their one activity",
        )
    return [_record(row, streams) for row in rows]


def _activities(content: bytes, document: Any) -> list[bytes]:
    """The exact bytes of each activity in a document."""
    if isinstance(document, dict):
        events = document.get("events")
        if isinstance(events, list):
            return _of_events(events)
        sides = (document.get("before"), document.get("after"))
        if all(isinstance(side, dict) for side in sides):
            return [msgspec.json.encode(side) for side in sides]
    if other_than_activity(document):
        return []
    return split_rows(content) if isinstance(document, list) else [content]


def _of_events(events: list[Any]) -> list[bytes]:
    """The activities that the events of a webhook carry; that of a deletion has neither date nor
    name.
    """
    activities = []
    for event in events:
        if not isinstance(event, dict) or event.get("type") == "ACTIVITY_DELETED":
            continue
        if isinstance(event.get("activity"), dict):
            activities.append(msgspec.json.encode(event["activity"]))
    return activities


def _record(row: bytes, streams: bytes | None) -> Record:
    known = read_row(row)
    external_id = None if known is None else known.external_id
    parts = {"summary": Body(row)}
    if streams is not None:
        parts["streams"] = Body(streams)
    return Record(external_id or "unknown", ENTRY, parts)


def _unpacked(content: bytes, name: str) -> bytes:
    if not content.startswith(_GZIP):
        return content
    try:
        return gunzip(content)
    except BROKEN_GZIP as error:
        raise _not_an_activity(name, "a broken gzip") from error


def _no_json(content: bytes) -> str:
    """What a file that is no JSON looks like."""
    if content[8:12] == b".FIT":
        return "a FIT file, which the files source reads"
    text = content.removeprefix(_BOM).lstrip()
    if not text:
        return "empty"
    for magic, what in _MAGICS.items():
        if text.startswith(magic):
            return what
    if text.splitlines()[0].count(b",") >= 2:
        return "CSV; of it the activities cannot be made, save the JSON answer instead"
    return "no JSON"


def _not_an_activity(name: str, what: str) -> RecordRefused:
    return RecordRefused(
        "FG-not-an-activity",
        f"{name} holds no activity of Intervals.icu: it is {what}",
        at=Place(file=name),
        fix="give an activity, a list of activities, or a webhook body that carries one",
    )
