"""Recognition of the API's documents that are not activities, so that an error can name them."""

from __future__ import annotations

import re
from typing import Any

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
#: Some keys of a wellness record. Its id is a date, so it could be mistaken for an activity.
_WELLNESS = {
    "restingHR",
    "sleepSecs",
    "sportInfo",
    "ctlLoad",
    "rampRate",
    "hrv",
    "readiness",
}
_ACTIVITY_KEYS = {
    "start_date",
    "start_date_local",
    "type",
    "name",
}
_LONGEST_TEXT = 120


def non_activity_kind(document: Any) -> str | None:
    """Return what a document is, as the end of "it is …", or ``None`` if it may be an activity."""
    if isinstance(document, list):
        return _list(document)
    if not isinstance(document, dict):
        return "a single JSON value"
    for recognize in (_error, _notice, _wellness, _below_an_activity):
        kind = recognize(document)
        if kind:
            return kind
    return None


def _list(items: list[Any]) -> str | None:
    """Return what a list is if it has no activity, or None if it may have one."""
    if not items:
        return "an empty list (no activities, or the streams of an activity without samples)"
    objects = [item for item in items if isinstance(item, dict)]
    if not objects:
        return None
    if all(map(_is_stream, objects)):
        return "the streams of an activity, without the activity"
    # A list with at least one activity is read, and its other items are refused one at a time.
    kinds = [non_activity_kind(item) for item in objects]
    if not all(kinds):
        return None
    return f"a list whose first item is {kinds[0]}"


def _is_stream(item: dict[str, Any]) -> bool:
    # An activity has a type, too, but it always has an id.
    return "type" in item and "data" in item and "id" not in item


def _error(document: dict[str, Any]) -> str | None:
    """Return the text for an error body, ``{"status": …, "error": …}``, or None."""
    if "status" not in document or "error" not in document or "id" in document:
        return None
    text = document["error"]
    if not isinstance(text, str):
        text = "no text"
    return f"an error response of Intervals.icu: {document['status']} {text[:_LONGEST_TEXT]}"


def _notice(document: dict[str, Any]) -> str | None:
    """Return the text for a webhook body that has no activity, or None."""
    events = document.get("events")
    if not isinstance(events, list):
        return None
    types = {str(event.get("type")) for event in events if isinstance(event, dict)}
    listed = ", ".join(sorted(types)) or "without events"
    return f"a webhook notice ({listed}) that contains no activity to normalize"


def _wellness(document: dict[str, Any]) -> str | None:
    """Return the text for a wellness record, or None."""
    day = document.get("id")
    if not isinstance(day, str) or not _DAY.fullmatch(day) or _WELLNESS.isdisjoint(document):
        return None
    return f"the wellness record of {day}"


def _below_an_activity(document: dict[str, Any]) -> str | None:
    """Return the text for the intervals of an activity or for an athlete, or None."""
    if "icu_intervals" in document and _ACTIVITY_KEYS.isdisjoint(document):
        return f"the intervals of activity {document.get('id')}, without the activity"
    if isinstance(document.get("athlete"), dict) or "sportSettings" in document:
        return "an athlete, not an activity"
    return None
