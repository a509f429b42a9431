"""The payload of an activity, put together from its summary and its detail, and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_intervals.checks import check, refuse
from fitglue_intervals.reading import UNREADABLE, read_json, unpack
from fitglue_intervals.recognise import other_than_activity
from fitglue_intervals.stubs import stub_of

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Record

_PARTS = ("summary", "detail")
#: Of these the detail is the only source.
_OF_THE_DETAIL = ("icu_intervals", "icu_groups")


def payload_of(record: Record) -> dict[str, Any]:
    """Summary and detail as one checked payload; raises ``RecordRefused``.

    A list row carries the whole activity, the detail adds the intervals. Of the two the one that
    was received later wins, also with a null that it states (the athlete took a description back);
    a key that it lacks comes from the other. Where nobody knows, the summary is held to be later:
    it is read on every sync, the detail once.
    """
    payloads = {part: _object(record, part) for part in _PARTS if part in record.parts}
    if not payloads:
        raise refuse(
            f"of activity {record.external_id} there is neither a summary nor a detail", field="$"
        )
    whole = {part: payload for part, payload in payloads.items() if stub_of(payload) is None}
    payload = _joined(whole or payloads, record)
    check("activity", payload, f"activity {record.external_id}")
    return payload


def _joined(payloads: dict[str, dict[str, Any]], record: Record) -> dict[str, Any]:
    summary = payloads.get("summary", {})
    detail = payloads.get("detail", {})
    payload = summary | detail if _detail_is_newer(record) else detail | summary
    for key in _OF_THE_DETAIL:
        if detail.get(key) is not None:
            payload[key] = detail[key]
    return payload


def _detail_is_newer(record: Record) -> bool:
    summary = record.received.get("summary")
    detail = record.received.get("detail")
    return summary is not None and detail is not None and detail > summary


def _object(record: Record, part: str) -> dict[str, Any]:
    subject = f"the {part} of {record.external_id}"
    try:
        document = read_json(unpack(record.parts[part]))
    except UNREADABLE as error:
        raise refuse(f"{subject} is no JSON: {error}", field="$") from error
    other = other_than_activity(document)
    if other is None and isinstance(document, dict):
        return document
    what = (other or "a list").removesuffix(", not an activity")
    raise refuse(
        f"{subject} is {what}, not an activity",
        field="$",
        code="FG-not-an-activity",
        fix="give an activity of Intervals.icu, or a list of them",
    )
