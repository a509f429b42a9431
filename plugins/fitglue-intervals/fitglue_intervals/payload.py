"""The payload of an activity, joined from its summary and its detail, and validated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_intervals.checks import check, refuse
from fitglue_intervals.non_activities import non_activity_kind
from fitglue_intervals.reading import UNREADABLE, read_json, unpack
from fitglue_intervals.stubs import stub_of

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Record

_PARTS = ("summary", "detail")
#: Documented: only the detail has these keys, and a row of the list may state them as null.
_OF_THE_DETAIL = ("icu_intervals", "icu_groups")


def payload_of(record: Record) -> dict[str, Any]:
    """Return summary and detail as one validated payload.

    A row of the list is the complete activity, and the detail adds the intervals. The part that was
    received later wins, even with a null, because the athlete may have removed a description. A key
    that it does not have comes from the other part. If the times are unknown, the summary is taken
    for the later part: each sync reads it, while the detail is usually fetched once.

    Raises:
        RecordRefused: If neither part is there, or the payload is invalid.
    """
    payloads = {part: _object(record, part) for part in _PARTS if part in record.parts}
    if not payloads:
        raise refuse(f"activity {record.external_id} has neither a summary nor a detail", field="$")
    # A stub must not hide the other part: between the requests of the two parts, an activity may
    # have become a stub, or a stub an activity.
    complete = {part: payload for part, payload in payloads.items() if stub_of(payload) is None}
    payload = _joined(complete or payloads, record)
    check("activity", payload, f"activity {record.external_id}")
    return payload


def _joined(payloads: dict[str, dict[str, Any]], record: Record) -> dict[str, Any]:
    """Return both payloads as one."""
    summary = payloads.get("summary", {})
    detail = payloads.get("detail", {})
    payload = summary | detail if _detail_is_newer(record) else detail | summary
    for key in _OF_THE_DETAIL:
        if detail.get(key) is not None:
            payload[key] = detail[key]
    return payload


def _detail_is_newer(record: Record) -> bool:
    """Return whether both parts have a time and the detail was received later."""
    summary = record.received.get("summary")
    detail = record.received.get("detail")
    return summary is not None and detail is not None and detail > summary


def _object(record: Record, part: str) -> dict[str, Any]:
    """Return one part as an object; raise ``RecordRefused`` if it is not an activity."""
    subject = f"the {part} of {record.external_id}"
    try:
        document = read_json(unpack(record.parts[part]))
    except UNREADABLE as error:
        raise refuse(f"{subject} is not JSON: {error}", field="$") from error
    other = non_activity_kind(document)
    if other is None and isinstance(document, dict):
        return document
    kind = (other or "a list").removesuffix(", not an activity")
    raise refuse(
        f"{subject} is {kind}, not an activity",
        field="$",
        code="FG-not-an-activity",
        fix="give an activity of Intervals.icu, or a list of them",
    )
