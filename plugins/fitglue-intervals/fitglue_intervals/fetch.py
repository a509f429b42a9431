"""Fetching of parts by id: details in bulk, streams and files one at a time.

Each id is answered exactly once, with the part or with the reason why it is not available.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fitglue_intervals.api import (
    activities_path,
    activity_path,
    read_row,
    requested_athlete,
    unexpected_file,
    unexpected_response,
)
from fitglue_intervals.reading import BOM
from fitglue_intervals.stubs import STRAVA
from fitglue_registry.payloads import BeyondLimits, check_row, iter_rows
from fitglue_registry.plugin_api import Part, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_intervals.api import Row
    from fitglue_registry.model import Stub
    from fitglue_registry.plugin_api import Answer, Connection

WITH_INTERVALS = {"intervals": "true"}
#: Statuses with which the server or a proxy may refuse a request of many ids, for example because
#: its URL is too long. Each id is then requested on its own.
BULK_REFUSALS = (400, 404, 405, 413, 414, 422)
NOT_FOUND = 404
#: Seen: the status of each read of a Strava activity. It is final and must not be retried.
UNPROCESSABLE = 422

_NO_STREAMS = re.compile(rb"\[\s*\]")
_OPENING = re.compile(rb"\[\s*\{")
_CLOSING = re.compile(rb"\}\s*\]\Z")
_LONGEST_END = 64  # bytes in which the closing brackets must be
#: A word in the message of a response with status 422 for an activity from Strava.
_FOR_STRAVA = re.compile(rb"(?i)strava")
#: Bytes that no text contains, and that each binary format has among its first ones.
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")
#: The number of bytes that show the format of a file.
_HEAD = 4096


def fetch(
    connection: Connection,
    part: str,
    ids: Sequence[str],
) -> Iterator[Part | Unavailable]:
    """Yield the part of each activity, or the reason why it is not available.

    Args:
        connection: The connection to the account.
        part: ``detail``, ``streams`` or ``file``.
        ids: External ids.

    Raises:
        ConnectionStopped: If a response has an unexpected shape.
    """
    known = []
    for external_id in ids:
        # The listing named a row without an id after its hash; the API does not know such a name.
        if external_id.startswith("row-"):
            reason = "its row in the list has no id"
            yield Unavailable(
                external_id,
                part,
                "none",
                "FG-row-without-id",
                reason,
            )
        else:
            known.append(external_id)
    if part == "detail":
        yield from _details(connection, known)
        return
    for external_id in known:
        if part == "streams":
            yield _streams(connection, external_id)
        elif part == "file":
            yield _file(connection, external_id)
        else:
            reason = f"Intervals.icu has no part called {part}"
            yield Unavailable(
                external_id,
                part,
                "none",
                "FG-part-unknown",
                reason,
            )


def _details(connection: Connection, ids: Sequence[str]) -> Iterator[Part | Unavailable]:
    """Yield the details, in bulk where the API delivers them, and the others one at a time."""
    missing = dict.fromkeys(ids)
    if len(missing) > 1:
        for item in _bulk(connection, list(missing)):
            # An id that was not asked for, or a second row of one id, must not reach the host.
            if item.external_id in missing:
                del missing[item.external_id]
                yield item
    # Documented: a bulk response silently leaves out ids that do not exist. Only the response to a
    # single id proves that an activity is gone.
    for external_id in missing:
        yield _detail(connection, external_id)


def _bulk(connection: Connection, ids: Sequence[str]) -> Iterator[Part | Unavailable]:
    """Yield what one request of many ids delivers; nothing if it is refused."""
    answer = connection.http.get(
        activities_path(requested_athlete(connection), ids), WITH_INTERVALS, accept=BULK_REFUSALS
    )
    if answer.status in BULK_REFUSALS:
        connection.log.info(
            "request of %d details was refused with status %d, requesting each on its own",
            len(ids),
            answer.status,
        )
        return
    try:
        rows = iter_rows(answer.body)
    except BeyondLimits as limit:
        connection.log.warning(
            "the response to a request of %d details is refused, because %s; requesting each on "
            "its own",
            len(ids),
            limit,
        )
        return
    except ValueError:
        # A web page or an incomplete response is not JSON, so `json` stops the connection. After
        # any other JSON, each id is requested on its own.
        answer.json()
        return
    for content in rows:
        row = read_row(content)
        if row is not None and row.external_id is not None:
            yield _detail_of(row.external_id, row, content)


def _detail(connection: Connection, external_id: str) -> Part | Unavailable:
    """Return the detail of one activity, or the reason why it is not available."""
    answer = connection.http.get(
        activity_path(external_id), WITH_INTERVALS, accept=(NOT_FOUND, UNPROCESSABLE)
    )
    if answer.status == NOT_FOUND:
        return Unavailable(
            external_id,
            "detail",
            "gone",
            "FG-not-at-source",
            "Intervals.icu no longer has this activity",
        )
    if answer.status == UNPROCESSABLE:
        return _unreadable(external_id, "detail", answer)
    row = read_row(answer.body)
    # The detail of another activity, or an error with status 200, must not be stored: the host
    # would take the part for fetched and never request it again.
    if row is None or row.external_id != external_id:
        raise unexpected_response(answer, f"the activity {external_id}", answer.json())
    return _detail_of(external_id, row, answer.body)


def _detail_of(
    external_id: str,
    row: Row,
    content: bytes,
) -> Part | Unavailable:
    """Return a detail; both a stub and an error 422 were seen as the response for Strava's."""
    try:
        check_row(content)
    except BeyondLimits as limit:
        return Unavailable(
            external_id,
            "detail",
            "none",
            "FG-detail-too-large",
            f"its detail is larger than that of any real workout: {limit}",
        )
    stub = row.stub
    if stub is not None:
        return _stub(external_id, "detail", stub)
    return Part(external_id, "detail", content)


def _streams(connection: Connection, external_id: str) -> Part | Unavailable:
    """Return the streams of one activity, or the reason why they are not available."""
    answer = connection.http.get(
        activity_path(external_id, "streams.json"), accept=(NOT_FOUND, UNPROCESSABLE)
    )
    if answer.status == NOT_FOUND:
        # Not "gone": only the response to the detail says whether the activity itself exists.
        return Unavailable(
            external_id,
            "streams",
            "none",
            "FG-no-streams",
            "Intervals.icu has no streams for this activity",
        )
    if answer.status == UNPROCESSABLE:
        return _unreadable(external_id, "streams", answer)
    if not _are_streams(answer.body.removeprefix(BOM).strip()):
        raise unexpected_response(answer, "a list of streams", answer.json())
    # The response is one record, so its gzip bytes are stored as they were received: compressing
    # them again would take 23 ms.
    if answer.wire_encoding == "gzip":
        return Part(external_id, "streams", answer.wire, "gzip", answer.body)
    return Part(external_id, "streams", answer.body)


def _are_streams(text: bytes) -> bool:
    """Return whether a text looks like a list of streams, judged by both ends and one key.

    A recording of an hour is half a megabyte of JSON. Normalizing will read it all, so reading it
    here, too, would cost a millisecond more for each activity.
    """
    if _NO_STREAMS.fullmatch(text):
        return True
    if not _OPENING.match(text) or not _CLOSING.search(text, len(text) - _LONGEST_END):
        return False
    return b'"type"' in text


def _file(connection: Connection, external_id: str) -> Part | Unavailable:
    """Return the original upload of one activity, or the reason why it is not available."""
    answer = connection.http.get(
        activity_path(external_id, "file"), accept=(NOT_FOUND, UNPROCESSABLE)
    )
    if answer.status == NOT_FOUND:
        return Unavailable(
            external_id,
            "file",
            "none",
            "FG-no-file",
            "the activity has no original file: it was entered by hand, or made from a plan",
        )
    if answer.status == UNPROCESSABLE:
        return _unreadable(external_id, "file", answer)
    if not _may_be_file(answer.body[:_HEAD]):
        raise unexpected_file(answer)
    return Part(external_id, "file", answer.body)


def _may_be_file(head: bytes) -> bool:
    """Return whether a body that begins with some bytes may be what a device wrote.

    A web page, JSON or any other text would be kept as the file for ever. A binary file that is
    damaged is the original nevertheless.
    """
    # Imported late: most syncs fetch no files.
    from fitglue_formats import kind_of

    return kind_of(head) is not None or _BINARY.search(head) is not None


def _unreadable(
    external_id: str,
    part: str,
    answer: Answer,
) -> Unavailable:
    """Return the reason for a response with status 422, which is final.

    Seen: the body for a Strava activity is ``Cannot read Strava activities via the API``.
    """
    if _FOR_STRAVA.search(answer.body):
        return _stub(external_id, part, STRAVA)
    return Unavailable(
        external_id,
        part,
        "none",
        "FG-refused-by-source",
        f"Intervals.icu does not deliver it: {answer.quote() or 'no reason was given'}",
    )


def _stub(external_id: str, part: str, stub: Stub) -> Unavailable:
    return Unavailable(
        external_id,
        part,
        "stub",
        stub.code,
        stub.reason,
        stub.fix,
    )
