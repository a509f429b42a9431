"""Records from saved payloads without a connection, for the command ``fitglue dev normalize
intervals FILE…``.
"""

from __future__ import annotations

from typing import Any

import msgspec

from fitglue_intervals.api import read_row
from fitglue_intervals.dedupe import ENTRY
from fitglue_intervals.non_activities import non_activity_kind
from fitglue_intervals.reading import BROKEN_GZIP, gunzip, read_json
from fitglue_registry.errors import Place, RecordRefused, UserMistake
from fitglue_registry.payloads import GZIP, LARGEST_BODY, ZIP_FILE, BeyondLimits, split_rows
from fitglue_registry.plugin_api import Body, Record

_BOM = b"\xef\xbb\xbf"
#: How content begins that is not JSON → what it is.
_MAGICS = {
    ZIP_FILE: "a zip archive",
    b"<": "XML or a web page",
    b"{": "incomplete or broken JSON",
    b"[": "incomplete or broken JSON",
}


def records(
    content: bytes,
    name: str,
    streams: bytes | None = None,
) -> list[Record]:
    """Return the records of a saved payload.

    The payload is a list of activities, one activity, an object with the activities ``before`` and
    ``after``, or a webhook body with activities.

    Args:
        content: The content of the file, which may be a gzip.
        name: The name of the file, for errors.
        streams: The streams of the file's only activity.

    Raises:
        RecordRefused: FG-not-an-activity, with what the file has instead.
        UserMistake: FG-streams-for-many, if the file has more than one activity and streams are
            given.
    """
    content = _unpacked(content, name)
    try:
        document = read_json(content, largest=LARGEST_BODY)
    except BeyondLimits as limit:
        raise _not_an_activity(name, f"larger than any real response: {limit}") from limit
    except ValueError as error:
        raise _not_an_activity(name, _describe_non_json(content)) from error
    rows = _activities(content, document)
    if not rows:
        kind = non_activity_kind(document) or "a document without an activity"
        raise _not_an_activity(name, kind)
    if streams is not None and len(rows) != 1:
        raise UserMistake(
            "FG-streams-for-many",
            f"{name} contains {len(rows)} activities, and these streams belong to only one",
            fix="give the streams together with a file that contains only their activity",
        )
    return [_record(row, streams) for row in rows]


def _activities(content: bytes, document: Any) -> list[bytes]:
    """Return the bytes of each activity in a document, as exactly as the document allows."""
    if isinstance(document, dict):
        events = document.get("events")
        if isinstance(events, list):
            return _of_events(events)
        sides = (document.get("before"), document.get("after"))
        if all(isinstance(side, dict) for side in sides):
            # Inside another document, an activity is encoded again: its exact bytes are not known.
            return [msgspec.json.encode(side) for side in sides]
    if non_activity_kind(document):
        return []
    return split_rows(content) if isinstance(document, list) else [content]


def _of_events(events: list[Any]) -> list[bytes]:
    """Return the activities in the events of a webhook.

    Seen: the event of a deletion has an activity of 11 keys without start and name, so it is left
    out.
    """
    activities = []
    for event in events:
        if not isinstance(event, dict) or event.get("type") == "ACTIVITY_DELETED":
            continue
        if isinstance(event.get("activity"), dict):
            activities.append(msgspec.json.encode(event["activity"]))
    return activities


def _record(content: bytes, streams: bytes | None) -> Record:
    """Return the record of one activity, whose summary is the saved content."""
    row = read_row(content)
    external_id = None if row is None else row.external_id
    parts = {"summary": Body(content)}
    if streams is not None:
        parts["streams"] = Body(streams)
    return Record(external_id or "unknown", ENTRY, parts)


def _unpacked(content: bytes, name: str) -> bytes:
    """Return the content without gzip; raise ``RecordRefused`` if the gzip is broken."""
    if not content.startswith(GZIP):
        return content
    try:
        return gunzip(content)
    except BROKEN_GZIP as error:
        raise _not_an_activity(name, "a broken gzip") from error


def _describe_non_json(content: bytes) -> str:
    """Return what a file seems to be that is not JSON, as the end of "it is …"."""
    # The header of a FIT file has its signature at byte 8.
    if content[8:12] == b".FIT":
        return "a FIT file, which the source `files` reads"
    text = content.removeprefix(_BOM).lstrip()
    if not text:
        return "empty"
    for magic, kind in _MAGICS.items():
        if text.startswith(magic):
            return kind
    if text.splitlines()[0].count(b",") >= 2:
        return "CSV, from which activities cannot be made; save the JSON response instead"
    return "not JSON"


def _not_an_activity(name: str, kind: str) -> RecordRefused:
    return RecordRefused(
        "FG-not-an-activity",
        f"{name} contains no activity of Intervals.icu: it is {kind}",
        at=Place(file=name),
        fix="give an activity, a list of activities, or a webhook body that contains one",
    )
