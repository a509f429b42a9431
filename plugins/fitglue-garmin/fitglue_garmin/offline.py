"""Saved payloads, read without a connection: a page of the list, or the detail of an activity."""

from __future__ import annotations

from fitglue_garmin.payload import refuse
from fitglue_garmin.reading import read_object
from fitglue_garmin.rows import name_of, read_row
from fitglue_registry.payloads import BeyondLimits, iter_rows
from fitglue_registry.plugin_api import Body, Record

ENTRY = "garmin"


def records(
    content: bytes,
    name: str,
    streams: bytes | None = None,
) -> list[Record]:
    """Return the records of a saved payload.

    Args:
        content: A list of rows, one row, or one detail.
        name: The name of the file, for errors.
        streams: Not used: the API has no samples.

    Raises:
        RecordRefused: If the content is neither a list nor an activity.
    """
    del streams
    try:
        payloads = [content]
        if content.lstrip().startswith(b"["):
            payloads = list(iter_rows(content))
        return [_record(payload) for payload in payloads]
    except (ValueError, BeyondLimits) as error:
        raise refuse(
            f"{name} is not an activity of Garmin Connect: {error}",
            field="$",
            code="FG-not-an-activity",
            fix="give a page of the list of activities, or the detail of one",
        ) from error


def _record(payload: bytes) -> Record:
    """Return the record of a row or of a detail.

    Raises:
        ValueError: If it is not a JSON object.
    """
    part = "summary"
    if "summaryDTO" in read_object(payload):
        part = "detail"
    external_id = read_row(payload).external_id or name_of(payload)
    return Record(
        external_id,
        ENTRY,
        {part: Body(payload)},
    )
