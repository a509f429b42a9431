"""Misbehaviour on command: what a fault makes of an answer, how it is delivered, and which requests
it meets.
"""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass, replace
from enum import Enum
from fnmatch import fnmatchcase
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from fitglue_intervals.testing.answers import Answer
from fitglue_intervals.testing.values import compact

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Mapping


class Delivery(Enum):
    """How the bytes of an answer go out."""

    WHOLE = "whole"
    CUT = "cut"
    DRIP = "drip"
    HOLD = "hold"
    RESET_FIRST = "reset_first"
    RESET_AFTER_HEADERS = "reset_after_headers"
    FLOOD = "flood"
    NO_TLS = "no_tls"


_HTML = (
    b"<!DOCTYPE html><html><head><title>intervals.icu</title></head><body><h1>{}</h1></body></html>"
)
_TEXTS = {
    401: "Auth failed",
    403: "Access denied",
    422: "Cannot read Strava activities via the API",
    429: "Too Many Requests",
}


def _unchanged(answer: Answer) -> Answer:
    return answer


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to misbehave; made by the functions below, whose names are also the kinds that the
    control endpoint takes.
    """

    kind: str
    change: Callable[[Answer], Answer] = _unchanged
    delivery: Delivery = Delivery.WHOLE
    keep: float = 0.5
    seconds: float | None = None
    size: int = 0
    with_headers: bool = False

    @classmethod
    def status(
        cls, status: int, *, body: str | None = None, retry_after: int | str | None = None
    ) -> Fault:
        """Another status: 502 as a proxy's HTML, others as ``{status, error}``; ``retry_after`` is
        seconds or an HTTP date.
        """
        headers = () if retry_after is None else (("Retry-After", str(retry_after)),)
        plain = compact({"status": status, "error": _TEXTS.get(status, "Something went wrong")})
        answer = Answer(status, plain, headers=headers)
        if body is not None:
            answer = replace(answer, body=body.encode())
        elif status == 502:
            answer = replace(
                answer, body=_HTML.replace(b"{}", b"502 Bad Gateway"), content_type="text/html"
            )
        return cls("status", lambda _: answer)

    @classmethod
    def html_page(cls, *, status: int = 200) -> Fault:
        """A web page where JSON was asked for, as a captive portal or a changed address answers."""
        return cls(
            "html_page",
            lambda _: Answer(status, _HTML.replace(b"{}", b"Welcome"), "text/html;charset=UTF-8"),
        )

    @classmethod
    def redirect(cls, to: str = "http://198.51.100.7/login", *, status: int = 302) -> Fault:
        """A redirect to another host, one of those reserved for documentation unless told."""
        return cls("redirect", lambda _: Answer(status, b"", headers=(("Location", to),)))

    @classmethod
    def empty_body(cls) -> Fault:
        """The status and headers of the answer with no body at all."""
        return cls("empty_body", lambda answer: replace(answer, body=b"", packed=None))

    @classmethod
    def truncated(cls, *, keep: float = 0.5) -> Fault:
        """A body that stops early although its length is announced rightly, uncompressed."""

        def change(answer: Answer) -> Answer:
            whole = _plain(answer)
            return replace(answer, body=whole[: int(len(whole) * keep)], packed=None)

        return cls("truncated", change)

    @classmethod
    def cut(cls, *, keep: float = 0.5) -> Fault:
        """A connection that ends in the middle of the body: more was announced than comes."""
        return cls("cut", delivery=Delivery.CUT, keep=keep)

    @classmethod
    def broken_gzip(cls) -> Fault:
        """A body announced as gzip that cannot be unpacked to its end."""
        return cls("broken_gzip", _broken_gzip)

    @classmethod
    def reset(cls, *, after_headers: bool = False) -> Fault:
        """A connection reset by the peer, before the headers or after them."""
        return cls(
            "reset",
            delivery=Delivery.RESET_AFTER_HEADERS if after_headers else Delivery.RESET_FIRST,
        )

    @classmethod
    def drip(cls, *, interval_s: float = 1.0, with_headers: bool = False) -> Fault:
        """A body that comes byte by byte, or the whole answer."""
        return cls("drip", delivery=Delivery.DRIP, seconds=interval_s, with_headers=with_headers)

    @classmethod
    def hold(cls, *, seconds: float | None = None) -> Fault:
        """No answer: the connection stays open until the server closes, or for some seconds and
        then ends without a word.
        """
        return cls("hold", delivery=Delivery.HOLD, seconds=seconds)

    @classmethod
    def content_type(cls, value: str = "text/plain") -> Fault:
        """The right body under a wrong type."""
        return cls("content_type", lambda answer: replace(answer, content_type=value))

    @classmethod
    def shape(cls, value: Any = None) -> Fault:
        """Good JSON of another shape than was asked for: an object where a list belongs, unless
        told.
        """
        other = {"activities": []} if value is None else value
        return cls("shape", lambda _: Answer(200, compact(other)))

    @classmethod
    def error_object(cls, *, status: int = 422, text: str = "Something went wrong") -> Fault:
        """An error's body under status 200."""
        return cls(
            "error_object", lambda _: Answer(200, compact({"status": status, "error": text}))
        )

    @classmethod
    def leave_out(cls, ids: Iterable[str]) -> Fault:
        """A list without some ids, of which nothing is said."""
        gone = frozenset(ids)
        return cls(
            "leave_out", _on_rows(lambda rows: [row for row in rows if row.get("id") not in gone])
        )

    @classmethod
    def duplicate_rows(cls, *, times: int = 1) -> Fault:
        """A list that has each row more than once."""
        return cls(
            "duplicate_rows", _on_rows(lambda rows: [row for row in rows for _ in range(times + 1)])
        )

    @classmethod
    def raw_body(
        cls, body: bytes | str, *, status: int = 200, content_type: str = "application/json"
    ) -> Fault:
        """Any bytes at all."""
        sent = body.encode() if isinstance(body, str) else body
        return cls("raw_body", lambda _: Answer(status, sent, content_type))

    @classmethod
    def nested(cls, *, depth: int = 100_000) -> Fault:
        """Good JSON that is a list in a list in a list, so many times."""
        return cls.raw_body(b"[" * depth + b"]" * depth)

    @classmethod
    def flood(cls, *, size: int = 500_000_000, announced: bool = True) -> Fault:
        """A list of rows without end, ``size`` bytes long, which are made while they are sent; the
        length may be kept secret.
        """
        return cls(
            "flood",
            lambda answer: replace(answer, status=200, body=b"", packed=None),
            Delivery.FLOOD,
            size=size,
            with_headers=announced,
        )

    @classmethod
    def bomb(cls, *, size: int = 500_000_000) -> Fault:
        """A small gzip that unpacks to ``size`` bytes."""
        return cls(
            "bomb",
            lambda answer: Answer(
                200, _bomb(size), headers=(*answer.headers, ("Content-Encoding", "gzip"))
            ),
        )

    @classmethod
    def no_tls(cls) -> Fault:
        """Plain bytes on a connection that was encrypted until now, as something in between may
        send them.
        """
        return cls("no_tls", delivery=Delivery.NO_TLS)

    @classmethod
    def values(cls, values: Mapping[str, str], *, rows: int | None = None) -> Fault:
        """Other values in the (first ``rows``) objects of an answer, by path (``data.0``), each
        written as in JSON, ``NaN`` and all.
        """
        return cls("values", _with_values(dict(values), rows))

    @classmethod
    def named(cls, kind: str, arguments: dict[str, Any]) -> Fault:
        """The fault of a kind; raises ``ValueError`` for one that there is not."""
        if kind not in KINDS:
            raise ValueError(f"no such kind of fault: {kind!r}; one of {', '.join(KINDS)}")
        made: Fault = getattr(cls, kind)(**arguments)
        return made


KINDS = (
    "status", "html_page", "redirect", "empty_body", "truncated", "cut", "broken_gzip", "reset", "drip", "hold", "content_type",
    "shape", "error_object", "leave_out", "duplicate_rows", "raw_body", "nested", "flood", "bomb", "no_tls", "values",
)  # fmt: skip


class Rule:
    """A fault for the requests whose path a glob or a pattern meets: the first ``after`` are
    spared, then ``times`` are hit.
    """

    def __init__(
        self, path: str | re.Pattern[str], fault: Fault, times: int | None, after: int
    ) -> None:
        self.path, self.fault, self.times, self.after = path, fault, times, after
        self.fired = 0

    def meets(self, path: str, target: str) -> bool:
        """Whether it is about this request: a glob is held against the path, a pattern against path
        and query.
        """
        return (
            fnmatchcase(path, self.path)
            if isinstance(self.path, str)
            else bool(self.path.search(target))
        )

    @property
    def spent(self) -> bool:
        """Whether it has been used as often as it may."""
        return self.times is not None and self.fired >= self.times


class Rules:
    """The faults that are set; the first one that meets a request and is not spent hits it."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = Lock()

    def add(self, rule: Rule) -> None:
        """Set one more."""
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        """Behave again."""
        with self._lock:
            self._rules.clear()

    def take(self, path: str, target: str) -> Fault | None:
        """The fault for a request, counted."""
        with self._lock:
            for rule in self._rules:
                if rule.spent or not rule.meets(path, target):
                    continue
                if rule.after > 0:
                    rule.after -= 1
                    continue
                rule.fired += 1
                return rule.fault
        return None


def _plain(answer: Answer) -> bytes:
    return gzip.decompress(answer.packed or b"") if answer.body is None else answer.body


def _document(answer: Answer) -> Any:
    """The JSON of an answer; None for a file, say."""
    try:
        return json.loads(_plain(answer))
    except ValueError:
        return None


def _broken_gzip(answer: Answer) -> Answer:
    packed = bytearray(gzip.compress(_plain(answer) or b"{}", mtime=0))
    middle = len(packed) // 2
    packed[middle:] = bytes(byte ^ 0x5A for byte in packed[middle:])
    return replace(
        answer,
        body=bytes(packed),
        packed=None,
        headers=(*answer.headers, ("Content-Encoding", "gzip")),
    )


def _on_rows(change: Callable[[list[Any]], list[Any]]) -> Callable[[Answer], Answer]:
    def changed(answer: Answer) -> Answer:
        rows = _document(answer)
        return (
            replace(answer, body=compact(change(rows)), packed=None)
            if isinstance(rows, list)
            else answer
        )

    return changed


@lru_cache(maxsize=2)
def _bomb(size: int) -> bytes:
    """So many blanks in a list that ends too early, packed without ever being in memory at once."""
    packer = zlib.compressobj(1, wbits=31)
    block = b" " * (1 << 20)
    packed = [packer.compress(b"[")] + [packer.compress(block) for _ in range(size >> 20)]
    return b"".join([*packed, packer.flush()])


def _with_values(values: dict[str, str], most: int | None) -> Callable[[Answer], Answer]:
    def changed(answer: Answer) -> Answer:
        document = _document(answer)
        if document is None:
            return answer
        for found in document[:most] if isinstance(document, list) else [document]:
            for at, path in enumerate(values):
                _put(found, path.split("."), _MARK.format(at))
        body = compact(document)
        for at, written in enumerate(values.values()):
            body = body.replace(
                compact(_MARK.format(at)), written.encode("utf-8", "surrogateescape")
            )
        return replace(answer, body=body, packed=None)

    return changed


_MARK = "\ufdd0{}\ufdd1"


def _put(document: Any, path: list[str], value: str) -> None:
    """Put a value where a path leads; a list that is too short, and what is no object, stay as they
    are.
    """
    for step in path[:-1]:
        document = document.get(step) if isinstance(document, dict) else None
    if isinstance(document, dict):
        document[path[-1]] = value
    elif isinstance(document, list) and path[-1].isdecimal() and int(path[-1]) < len(document):
        document[int(path[-1])] = value
