"""Holds what a plugin gives back to the page of hooks: exact types, ids that are text, and sizes
that fit into memory.

Types are exact, for a subclass brings code of its own along and ``isinstance`` believes what a
value says of its class. All of it runs on the plugin's lane, so that nothing foreign is looked at
anywhere else.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from fitglue_registry.plugin_api import (
    Account,
    Listing,
    Opinion,
    Part,
    Recognized,
    Split,
    Unavailable,
    Window,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: An external id is part of an index, which PostgreSQL bounds to a third of a page.
LONGEST_ID = 500
_LONGEST_TEXT = 4000
_LARGEST_SUMMARY = 4_000_000
_LARGEST_PART = 256_000_000
#: All rows of one window are held at once; one that has more is to be split.
LARGEST_WINDOW = 512_000_000
_MOST_WINDOWS = 5000
_MOST_NOTES = 100
_MOST_RECOGNIZED = 1000
_STATES = frozenset({"gone", "none", "stub", "later"})
_CODE = re.compile(r"FG-[a-z0-9]+(-[a-z0-9]+)*\Z")
_ENCODINGS = frozenset({"identity", "gzip"})


def complaint(value: Any, kinds: tuple[type, ...]) -> str | None:
    """What is wrong with an answer that has to be of one of these types, as the end of a sentence;
    ``None`` where all is well.
    """
    kind = type(value)
    if kind not in kinds:
        return f"with {kind.__name__}, expected {' or '.join(one.__name__ for one in kinds)}"
    check = _CHECKS.get(kind)
    return check(value) if check is not None else None


def weight(value: Any) -> int:
    """The bytes that an item holds, as far as it is heavy at all."""
    if type(value) is Part:
        return len(value.content)
    return len(value.summary) if type(value) is Listing else 0


def opinions_complaint(answer: Any, pairs: int) -> str | None:
    """What is wrong with the answer of ``fitglue_dedupe``: an opinion or ``None`` for each pair."""
    if type(answer) not in (list, tuple) or len(answer) != pairs:
        return "without an opinion or None for each pair"
    return next(filter(None, map(_opinion, answer)), None)


def _opinion(said: Any) -> str | None:
    if said is None:
        return None
    if not _is_exactly(said, Opinion):
        return f"with {type(said).__name__}, expected Opinion or None"
    if (
        type(said.verdict) is not str
        or said.verdict not in ("same", "different")
        or not is_text(said.reason)
    ):
        return "with an opinion that is neither same nor different, or whose reason is no text"
    return None


def recognized_complaint(answer: Any, paths: Sequence[str]) -> str | None:
    """What is wrong with the answer of ``fitglue_recognize``: a list of what was found at these
    paths and no others.
    """
    if type(answer) not in (list, tuple) or len(answer) > _MOST_RECOGNIZED:
        return f"without a list of at most {_MOST_RECOGNIZED} things that it recognised"
    shown = frozenset(paths)
    return next(filter(None, (_recognized(said, shown) for said in answer)), None)


def _recognized(said: Any, paths: frozenset[str]) -> str | None:
    if not _is_exactly(said, Recognized):
        return f"with {type(said).__name__}, expected Recognized"
    if not all(is_text(value, LONGEST_ID) and value for value in (said.entry, said.name)):
        return (
            f"with something recognised whose entry or name is no text of 1 to {LONGEST_ID} "
            "characters"
        )
    if (
        type(said.paths) is not tuple
        or not said.paths
        or not all(type(path) is str and path in paths for path in said.paths)
    ):
        return f"for {_shown(said.entry)} with paths that are no tuple of those that it was shown"
    if type(said.settings) is not dict or not all(
        type(part) is str for pair in said.settings.items() for part in pair
    ):
        return f"for {_shown(said.entry)} with settings that are no dict of texts"
    for told in (said.found, said.left_out):
        if type(told) is not tuple or len(told) > _MOST_NOTES or not all(map(is_text, told)):
            return (
                f"for {_shown(said.entry)} with what it found or left out as no tuple of at most "
                f"{_MOST_NOTES} texts"
            )
    return None


def _is_exactly(value: Any, kind: type) -> bool:
    return type(value) is kind


def _id(value: Any) -> str | None:
    """An external id is what a record is known by for ever: text that every database gives back as
    it is.
    """
    if type(value) is not str:
        return f"with an external id that is {_a(value)}, expected str"
    if not value or len(value) > LONGEST_ID or not value.isprintable():
        return (
            f"with the external id {_shown(value)}, which is no printable text of 1 to "
            f"{LONGEST_ID} characters"
        )
    return None


def is_text(value: Any, most: int = _LONGEST_TEXT) -> bool:
    """Whether this is text that every database takes: Unicode without NUL, of bounded length."""
    if type(value) is not str or len(value) > most or "\0" in value:
        return False
    return value.isascii() or not _SURROGATE.search(value)


_SURROGATE = re.compile("[\ud800-\udfff]")


def _listing(row: Any) -> str | None:
    wrong = _id(row.external_id)
    if wrong:
        return wrong
    if type(row.summary) is not bytes or len(row.summary) > _LARGEST_SUMMARY:
        return _of(
            row,
            f"with a summary that is {_a(row.summary)}, expected bytes, {_LARGEST_SUMMARY:,} "
            "at most",
        )
    if row.start_local is not None and (
        type(row.start_local) is not datetime or row.start_local.tzinfo is not None
    ):
        return _of(row, "with a start_local that is no datetime without a zone")
    if row.revision is not None and (not is_text(row.revision, LONGEST_ID) or not row.revision):
        return _of(
            row,
            f"with a revision that is {_a(row.revision)}, expected text of 1 to {LONGEST_ID} "
            "characters",
        )
    if row.at_source is not None and (
        type(row.at_source) is not datetime or row.at_source.utcoffset() is None
    ):
        return _of(row, "with an at_source that is no datetime with a zone")
    if row.unavailable is None:
        return None
    if type(row.unavailable) is not Unavailable:
        return _of(row, f"with unavailable as {_a(row.unavailable)}, expected Unavailable")
    return _unavailable(row.unavailable)


def _part(part: Any) -> str | None:
    wrong = _id(part.external_id)
    if wrong:
        return wrong
    if (
        type(part.part) is not str
        or type(part.encoding) is not str
        or part.encoding not in _ENCODINGS
    ):
        return _of(part, "with a part or an encoding that does not exist")
    if type(part.content) is not bytes or len(part.content) > _LARGEST_PART:
        return _of(
            part,
            f"with a content that is {_a(part.content)}, expected bytes, {_LARGEST_PART:,} at most",
        )
    if part.decoded is not None and type(part.decoded) is not bytes:
        return _of(part, f"with decoded bytes that are {_a(part.decoded)}, expected bytes")
    # A gzip body says at its end how much it holds, and a few kB can hold gigabytes.
    if part.encoding == "gzip" and int.from_bytes(part.content[-4:], "little") > _LARGEST_PART:
        return _of(part, f"with a gzip body of more than {_LARGEST_PART:,} bytes")
    return None


def _unavailable(said: Any) -> str | None:
    wrong = _id(said.external_id)
    if wrong:
        return wrong
    if type(said.part) is not str or type(said.state) is not str or said.state not in _STATES:
        return _of(said, "that it is unavailable in a state that does not exist")
    if not is_text(said.code) or not _CODE.match(said.code):
        return _of(said, "that it is unavailable, with a code that is not FG- and a kebab name")
    if not is_text(said.reason) or not said.reason or not (said.fix is None or is_text(said.fix)):
        return _of(said, "that it is unavailable, without a reason that is text")
    return None


def _split(said: Any) -> str | None:
    if type(said.windows) not in (tuple, list) or not 1 <= len(said.windows) <= _MOST_WINDOWS:
        return f"with a Split that is no tuple of 1 to {_MOST_WINDOWS:,} windows"
    return (
        None
        if all(map(_is_window, said.windows))
        else "with a Split into something else than windows of days, the oldest day first"
    )


def _is_window(window: Any) -> bool:
    if type(window) is not Window or any(
        day is not None and type(day) is not date for day in (window.oldest, window.newest)
    ):
        return False
    return window.oldest is None or window.newest is None or window.oldest <= window.newest


def _account(account: Any) -> str | None:
    wrong = _id(account.id)
    if wrong:
        return wrong.replace("external id", "id", 1)
    if not all(
        value is None or is_text(value, LONGEST_ID) for value in (account.name, account.timezone)
    ):
        return (
            f"with an account whose name or timezone is no text of at most {LONGEST_ID} characters"
        )
    notes = account.notes
    if type(notes) not in (tuple, list) or len(notes) > _MOST_NOTES or not all(map(is_text, notes)):
        return f"with an account whose notes are no tuple of at most {_MOST_NOTES} texts"
    return None


_CHECKS: dict[type, Callable[[Any], str | None]] = {
    Listing: _listing,
    Part: _part,
    Unavailable: _unavailable,
    Split: _split,
    Account: _account,
}


def _a(value: Any) -> str:
    size = f" of {len(value):,}" if type(value) in (str, bytes) else ""
    return f"{type(value).__name__}{size}"


def _of(value: Any, what: str) -> str:
    return f"for {_shown(value.external_id)} {what}"


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
