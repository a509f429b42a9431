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
from fitglue_intervals.reading import BOM, clean_text, read_json, split_rows
from fitglue_intervals.stubs import STRAVA
from fitglue_registry.plugin_api import Part, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.model import Stub
    from fitglue_registry.plugin_api import Answer, Connection

WITH_INTERVALS = {"intervals": "true"}
#: What a server or a proxy may answer to many ids at once; the ids are then asked for singly.
BULK_REFUSALS = (400, 404, 405, 413, 414, 422)
GONE, UNREADABLE = 404, 422

_NO_STREAMS = re.compile(rb"\[\s*\]")
_OPENING, _CLOSING = re.compile(rb"\[\s*\{"), re.compile(rb"\}\s*\]\Z")
#: Nothing, a page, or JSON; FIT, GPX, TCX, and any of them in gzip or zip begin otherwise.
_NO_FILE = re.compile(rb"(?i)\s*(?:\Z|<!doctype html|<html|[{\[]|null\s*\Z)")


def fetch(connection: Connection, part: str, ids: Sequence[str]) -> Iterator[Part | Unavailable]:
    """``part`` of each of ``ids``, each answered once."""
    known = [external_id for external_id in ids if not external_id.startswith("row-")]
    for external_id in ids:
        if external_id.startswith("row-"):
            yield Unavailable(
                external_id,
                part,
                "none",
                "FG-row-without-id",
                "its row in the list had no id to ask for",
            )
    if part == "detail":
        yield from _details(connection, known)
        return
    one = {"streams": _streams, "file": _file}.get(part)
    for external_id in known:
        yield (
            one(connection, external_id)
            if one
            else Unavailable(
                external_id,
                part,
                "none",
                "FG-part-unknown",
                f"Intervals.icu has no part called {part}",
            )
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
            yield (
                _stub(row.external_id, "detail", row.stub)
                if row.stub
                else Part(row.external_id, "detail", content)
            )


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
    return (
        _stub(external_id, "detail", row.stub)
        if row.stub
        else Part(external_id, "detail", answer.body)
    )


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
    text = answer.body.removeprefix(BOM).strip()
    # A look at both ends and at one key: to read half a megabyte here and again when it is
    # normalized would cost a millisecond each.
    if not (
        _NO_STREAMS.fullmatch(text)
        or (_OPENING.match(text) and _CLOSING.search(text, len(text) - 64) and b'"type"' in text)
    ):
        raise unexpected(answer, "a list of streams", answer.json())
    # One answer is one record here, so what the wire brought is kept as it came: compressing it
    # again would cost 23 ms.
    if answer.wire_encoding == "gzip":
        return Part(external_id, "streams", answer.wire, "gzip", answer.body)
    return Part(external_id, "streams", answer.body)


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


def _unreadable(external_id: str, part: str, answer: Answer) -> Unavailable:
    """422 is final; nearly always it is Strava's, and the body says so."""
    try:
        document = read_json(answer.body)
    except ValueError:
        document = None
    said = document.get("error") if isinstance(document, dict) else None
    reason = clean_text(said) if isinstance(said, str) else "no reason was given"
    if "strava" in reason.casefold():
        return _stub(external_id, part, STRAVA)
    return Unavailable(
        external_id,
        part,
        "none",
        "FG-refused-by-source",
        f"Intervals.icu will not deliver it: {reason}",
    )


def _stub(external_id: str, part: str, stub: Stub) -> Unavailable:
    return Unavailable(external_id, part, "stub", stub.code, stub.reason, stub.fix)
