"""Fetches parts by id: details many at a time, streams and files one by one, and a reason for each
id that stays away.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fitglue_intervals.api import (
    activities_path,
    activity_path,
    athlete_of,
    read_row,
    unexpected,
    unexpected_file,
)
from fitglue_intervals.reading import BOM, clean_text, read_json
from fitglue_intervals.rows import split_rows
from fitglue_intervals.stubs import STRAVA
from fitglue_registry.plugin_api import Part, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_intervals.api import Row
    from fitglue_registry.model import Stub
    from fitglue_registry.plugin_api import Answer, Connection

WITH_INTERVALS = {"intervals": "true"}
#: What a server or a proxy may answer to many ids at once; the ids are then asked for singly.
BULK_REFUSALS = (400, 404, 405, 413, 414, 422)
GONE = 404
UNREADABLE = 422

_NO_STREAMS = re.compile(rb"\[\s*\]")
_OPENING = re.compile(rb"\[\s*\{")
_CLOSING = re.compile(rb"\}\s*\]\Z")
_LONGEST_END = 64  # bytes
#: Nothing, a page, or JSON; FIT, GPX, TCX, and any of them in gzip or zip begin otherwise.
_NO_FILE = re.compile(rb"(?i)\s*(?:\Z|<!doctype html|<html|[{\[]|null\s*\Z)")


def fetch(
    connection: Connection,
    part: str,
    ids: Sequence[str],
) -> Iterator[Part | Unavailable]:
    """``part`` of each of ``ids``, each answered once."""
    known = []
    for external_id in ids:
        if external_id.startswith("row-"):
            reason = "its row in the list had no id to ask for"
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
    missing = dict.fromkeys(ids)
    if len(missing) > 1:
        for item in _bulk(connection, list(missing)):
            if item.external_id in missing:
                del missing[item.external_id]
                yield item
    # The bulk answer leaves ids out without a word: only a single answer may say that an activity
    # is gone.
    for external_id in missing:
        yield _detail(connection, external_id)


def _bulk(connection: Connection, ids: Sequence[str]) -> Iterator[Part | Unavailable]:
    answer = connection.http.get(
        activities_path(athlete_of(connection), ids), WITH_INTERVALS, accept=BULK_REFUSALS
    )
    if answer.status in BULK_REFUSALS:
        connection.log.info(
            "%d details at once were refused with %d, asking one by one", len(ids), answer.status
        )
        return
    try:
        rows = split_rows(answer.body)
    except ValueError:
        # A page or a cut answer stops the connection; any other JSON is asked for singly.
        answer.json()
        return
    for content in rows:
        row = read_row(content)
        if row is not None and row.external_id is not None:
            yield _detail_of(row.external_id, row, content)


def _detail(connection: Connection, external_id: str) -> Part | Unavailable:
    answer = connection.http.get(
        activity_path(external_id), WITH_INTERVALS, accept=(GONE, UNREADABLE)
    )
    if answer.status == GONE:
        return Unavailable(
            external_id,
            "detail",
            "gone",
            "FG-not-at-source",
            "Intervals.icu no longer has this activity",
        )
    if answer.status == UNREADABLE:
        return _unreadable(external_id, "detail", answer)
    row = read_row(answer.body)
    # Kept only if it is this activity: an error under status 200, or a redirect to something else,
    # would never be asked for again.
    if row is None or row.external_id != external_id:
        raise unexpected(answer, f"the activity {external_id}", answer.json())
    return _detail_of(external_id, row, answer.body)


def _detail_of(
    external_id: str,
    row: Row,
    content: bytes,
) -> Part | Unavailable:
    stub = row.stub
    if stub is not None:
        return _stub(external_id, "detail", stub)
    return Part(external_id, "detail", content)


def _streams(connection: Connection, external_id: str) -> Part | Unavailable:
    answer = connection.http.get(
        activity_path(external_id, "streams.json"), accept=(GONE, UNREADABLE)
    )
    if answer.status == GONE:
        # Not "gone": whether the activity itself still exists is for its detail to say.
        return Unavailable(
            external_id,
            "streams",
            "none",
            "FG-no-streams",
            "Intervals.icu has no streams of this activity",
        )
    if answer.status == UNREADABLE:
        return _unreadable(external_id, "streams", answer)
    if not _are_streams(answer.body.removeprefix(BOM).strip()):
        raise unexpected(answer, "a list of streams", answer.json())
    # One answer is one record here, so what the wire brought is kept as it came: compressing it
    # again would cost 23 ms.
    if answer.wire_encoding == "gzip":
        return Part(external_id, "streams", answer.wire, "gzip", answer.body)
    return Part(external_id, "streams", answer.body)


def _are_streams(text: bytes) -> bool:
    """Whether an answer is a list of streams, by both ends and one key: to read half a megabyte
    here and again when it is normalized would cost a millisecond each.
    """
    if _NO_STREAMS.fullmatch(text):
        return True
    if not _OPENING.match(text) or not _CLOSING.search(text, len(text) - _LONGEST_END):
        return False
    return b'"type"' in text


def _file(connection: Connection, external_id: str) -> Part | Unavailable:
    answer = connection.http.get(activity_path(external_id, "file"), accept=(GONE, UNREADABLE))
    if answer.status == GONE:
        return Unavailable(
            external_id,
            "file",
            "none",
            "FG-no-file",
            "there is no original file: entered by hand, or made from a plan",
        )
    if answer.status == UNREADABLE:
        return _unreadable(external_id, "file", answer)
    if _NO_FILE.match(answer.body):
        raise unexpected_file(answer)
    return Part(external_id, "file", answer.body)


def _unreadable(
    external_id: str,
    part: str,
    answer: Answer,
) -> Unavailable:
    """422 is final; nearly always it is Strava's, and the body says so."""
    reason = _reason(answer.body)
    if "strava" in reason.casefold():
        return _stub(external_id, part, STRAVA)
    return Unavailable(
        external_id,
        part,
        "none",
        "FG-refused-by-source",
        f"Intervals.icu will not deliver it: {reason}",
    )


def _reason(body: bytes) -> str:
    """What the body of an error says."""
    text = None
    try:
        document = read_json(body)
    except ValueError:
        document = None
    if isinstance(document, dict):
        text = document.get("error")
    return clean_text(text) if isinstance(text, str) else "no reason was given"


def _stub(external_id: str, part: str, stub: Stub) -> Unavailable:
    return Unavailable(
        external_id,
        part,
        "stub",
        stub.code,
        stub.reason,
        stub.fix,
    )
