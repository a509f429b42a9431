"""Names the documents of the API that are no activity, so that a refusal says what it was given
instead.
"""

from __future__ import annotations

import re
from typing import Any

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_WELLNESS = ("restingHR", "sleepSecs", "sportInfo", "ctlLoad", "rampRate", "hrv", "readiness")


def other_than_activity(document: Any) -> str | None:
    """What a document is, as the end of "this is …", or ``None`` where it may be an activity."""
    if isinstance(document, list):
        return _list(document)
    if not isinstance(document, dict):
        return "a single JSON value"
    for look in (_error, _notice, _wellness, _below_an_activity):
        found = look(document)
        if found:
            return found
    return None


def _list(items: list[Any]) -> str | None:
    if not items:
        return "an empty list (no activities, or the streams of an activity without samples)"
    kinds = [item for item in items if isinstance(item, dict)]
    if kinds and all("type" in item and "data" in item and "id" not in item for item in kinds):
        return "the streams of an activity, without the activity"
    named = [other_than_activity(item) for item in kinds]
    return f"a list whose first item is {named[0]}" if named and all(named) else None


def _error(document: dict[str, Any]) -> str | None:
    if "status" in document and "error" in document and "id" not in document:
        said = document["error"] if isinstance(document["error"], str) else "no text"
        return f"an error answer of Intervals.icu: {document['status']} {said[:120]}"
    return None


def _notice(document: dict[str, Any]) -> str | None:
    events = document.get("events")
    if not isinstance(events, list):
        return None
    kinds = sorted({str(event.get("type")) for event in events if isinstance(event, dict)})
    return (
        f"a webhook notice ({', '.join(kinds) or 'without events'}) that carries no activity to "
        "normalize"
    )


def _wellness(document: dict[str, Any]) -> str | None:
    day = document.get("id")
    if isinstance(day, str) and _DAY.fullmatch(day) and any(key in document for key in _WELLNESS):
        return f"the wellness record of {day}"
    return None


def _below_an_activity(document: dict[str, Any]) -> str | None:
    if "icu_intervals" in document and not any(
        key in document for key in ("start_date", "start_date_local", "type", "name")
    ):
        return f"the intervals of activity {document.get('id')}, without the activity"
    if isinstance(document.get("athlete"), dict) or "sportSettings" in document:
        return "an athlete, not an activity"
    return None
