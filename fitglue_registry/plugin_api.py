"""The values and protocols that are passed through the hooks: what a plugin is given, and what it
returns.

The values are plain and can be stored; a ``Connection``, with its session and its clock, cannot.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from fitglue_registry.model import SourceActivity


# -- what a plugin is given ------------------------------------------------------------------------


class Answer(Protocol):
    """One HTTP answer whose status was expected."""

    status: int
    url: str  # without secrets
    headers: Mapping[str, str]
    body: bytes  # decoded
    wire: bytes  # as received
    # How ``wire`` is to be read; anything else was decoded into it.
    wire_encoding: Literal["identity", "gzip"]

    def json(self) -> Any:
        """The body as plain values; raises ``ConnectionStopped`` FG-answer-not-json where it is a
        page, cut, or empty.
        """


class Http(Protocol):
    """An authenticated session made from the entry's ``http`` block."""

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        accept: Sequence[int] = (),
    ) -> Answer:
        """GET ``path`` below the base URL; ``path`` is plain text, the transport quotes it.

        Statuses 2xx and those in ``accept`` come back; 429, 5xx, cut bodies and broken connections
        are retried first. Raises ``AthleteNeeded`` for 401 (FG-key-rejected) and 403
        (FG-not-permitted), ``Retryable`` for limits and outages (FG-rate-limited, FG-source-down,
        FG-no-network, FG-timeout), ``ConnectionStopped`` for any other answer.
        """


class Clock(Protocol):
    """The time, so that tests can hold it."""

    def now(self) -> datetime:
        """Now, in UTC."""


class Connection(Protocol):
    """An athlete's own account at an integration, as a plugin sees it: never with its secrets."""

    id: str
    entry: str  # id of the source's entry
    account: Account | None  # None until ``fitglue_connect`` has said whose it is
    # What the entry calls settings, and credentials that are not secret.
    settings: Mapping[str, str]
    http: Http  # raises PluginFailed FG-no-http where the entry has no http block
    clock: Clock
    log: logging.Logger
    # A folder of the plugin's own for what may be lost at any time; it may not be there yet.
    cache: Path | None

    def alive(self) -> None:
        """Say that you are at work: after two minutes without an answer, a request or this, the
        host takes you for blocked.
        """


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of the athlete's local days to list, both ends included; ``None`` is open."""

    oldest: date | None = None
    newest: date | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """The exact bytes of one part, as kept; ``read()`` undoes the wire's encoding."""

    content: bytes
    encoding: Literal["identity", "gzip"] = "identity"
    # Where they are at hand, for ``read()``.
    decoded: bytes | None = field(default=None, repr=False, compare=False)

    def read(self) -> bytes:
        """The decoded bytes; raises ``OSError`` or ``EOFError`` where a gzip body is broken."""
        if self.encoding == "identity":
            return self.content
        if self.decoded is not None:
            return self.decoded
        return gzip.decompress(self.content)


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that was kept of one external id: the input of ``fitglue_normalize``."""

    external_id: str
    entry: str
    parts: Mapping[str, Body]
    account: Account | None = None
    # Part → when it was received, UTC.
    received: Mapping[str, datetime] = field(default_factory=dict)
    unavailable: Mapping[str, str] = field(default_factory=dict)  # part → why it is not there

    def read(self, part: str) -> bytes | None:
        """The decoded bytes of a part, or ``None`` where it is not there."""
        body = self.parts.get(part)
        return None if body is None else body.read()


@dataclass(frozen=True, slots=True)
class Side:
    """One of two source activities that are compared."""

    connection: str
    entry: str
    external_id: str
    activity: SourceActivity  # without its streams


@dataclass(frozen=True, slots=True)
class Pair:
    """Two source activities of one athlete that may be one workout."""

    first: Side
    second: Side


# -- what a plugin returns ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Account:
    """Whose account a connection is; ``id`` is the account's own, not the credential's."""

    id: str
    name: str | None = None
    timezone: str | None = None  # IANA name
    # What will and will not arrive, a sentence each, for the athlete to read.
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Split:
    """Instead of listings: this window is too much for one transaction; call again for each of
    these, newest first.
    """

    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """One row of a listing."""

    external_id: str
    summary: bytes  # the exact bytes of this row in the decoded answer
    # Naive; the host compares it with the window to notice what has vanished.
    start_local: datetime | None = None
    # None: the host hashes the summary without nulls and without the entry's volatile keys.
    revision: str | None = None
    # When it arrived at the source, UTC: a hop of the delay that ``why`` prints.
    at_source: datetime | None = None
    unavailable: Unavailable | None = None  # a stub: listed, never delivered


@dataclass(frozen=True, slots=True)
class Part:
    """One part of one record, verbatim."""

    external_id: str
    part: str
    content: bytes
    encoding: Literal["identity", "gzip"] = "identity"
    # Of gzip, where it was undone already: saves doing it again.
    decoded: bytes | None = field(default=None, repr=False, compare=False)


class UnavailableState(StrEnum):
    """What the host does about something that does not come.

    ``gone``: the record no longer exists. ``none``: it exists and has no such part. ``stub``: the
    source will never deliver this record. ``later``: ask again in a later sync.
    """

    GONE = "gone"
    NONE = "none"
    STUB = "stub"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A part, or a whole record, that will not come, and why.

    ``state`` is an ``UnavailableState``, or its plain text.
    """

    external_id: str
    part: str
    state: UnavailableState | Literal["gone", "none", "stub", "later"]
    code: str  # FG-…
    reason: str
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a source knows of a pair that a score cannot."""

    verdict: Literal["same", "different"]
    reason: str


@dataclass(frozen=True, slots=True)
class Recognized:
    """What a plugin found at the paths that it was shown: which source reads it, and what to
    connect with.
    """

    entry: str  # id of the source's entry
    paths: tuple[str, ...]  # those of the given paths that this covers
    name: str  # a short name for people: "Strava archive"
    settings: Mapping[str, str]  # what to connect with, by the names of the integration's settings
    # What is there, a sentence each: the athlete reads it before anything is written.
    found: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()  # what is left out and why, a sentence each
