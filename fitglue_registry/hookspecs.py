"""The hooks and the values that cross them: the one page that a plugin author reads.

A plugin is a module (or an object) with functions marked ``@hookimpl``. Its distribution names it
in the entry-point group ``fitglue.plugins`` under the distribution's own name, and its registry
folder in ``fitglue.registry``::

    [project.entry-points."fitglue.plugins"]
    fitglue-example = "fitglue_example.plugin"
    [project.entry-points."fitglue.registry"]
    fitglue-example = "fitglue_example:registry"

Rules for every hook:

* Ask only for the arguments you need, by name; never with a default, never keyword-only.
* Times are UTC and aware unless a name says ``local``; durations are seconds; everything is SI as
  in ``model/activity.py``.
* Network goes through ``connection.http`` alone: it authenticates, waits for the budget, retries,
  and never follows to a host that the entry does not allow. It raises a ``FitglueError`` that
  already says what happened: let it pass.
* A generator may be stopped after any item, and is asked again later: keep no state between calls
  that matters.
* Whatever else you raise is reported under your plugin's name; the other plugins work on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

import pluggy

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from fitglue_registry.model import SourceActivity

#: The version of this page. A plugin exports the one it was written for as ``FITGLUE_HOOK_API``,
#: compared before it is registered.
HOOK_API = 1

#: Entry-point groups: plugins, folders of entries, and wrappers around hooks (tracing, caching),
#: which are plugins of their own.
PLUGIN_GROUP, REGISTRY_GROUP, WRAPPER_GROUP = (
    "fitglue.plugins",
    "fitglue.registry",
    "fitglue.wrappers",
)

PROJECT = "fitglue"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


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
        self, path: str, params: Mapping[str, str] | None = None, *, accept: Sequence[int] = ()
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
        import gzip

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


# -- what a plugin gives back ----------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A part, or a whole record, that will not come, and why.

    ``state`` says what to do: ``gone`` (the record no longer exists), ``none`` (it exists and has
    no such part), ``stub`` (the source will never deliver this record), ``later`` (ask again in a
    later sync).
    """

    external_id: str
    part: str
    state: Literal["gone", "none", "stub", "later"]
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


# -- the hooks -------------------------------------------------------------------------------------


class Hooks:
    """The specification; called by name, so it can gain an argument without breaking a plugin."""

    @hookspec(firstresult=True)
    def fitglue_connect(self, connection: Connection) -> Account:  # type: ignore[empty-body]
        """Prove the credentials with the gentlest request, and say whose account it is.

        Called by ``connect``, before anything is stored, and by ``doctor``. Raise ``AthleteNeeded``
        with a code, a reason and a fix where the athlete must do something. ``None`` is an error of
        the plugin.

        Example: ``return Account(id="i1", name="Ada", notes=("3 of 40 rows come from Strava and
        will not arrive.",))``
        """

    @hookspec(firstresult=True)
    def fitglue_list(self, connection: Connection, window: Window) -> Iterator[Listing | Split]:  # type: ignore[empty-body]
        """Yield what the account holds in ``window``, newest first; called for each window of a
        run.

        The first call of a first sync has an open window: answer it whole, or yield one ``Split``
        and nothing else. A row that makes no sense is yielded all the same (the host keeps it and
        puts it in quarantine); one bad row never ends a list. A source that cannot list by days may
        ignore the window, if its entry says ``deletions: false``. The same external id twice in one
        window is the plugin's error, except where the source repeats it: then yield it once.

        Example: ``yield Listing("i7", b'{"id": "i7", …}', start_local=datetime(2026, 5, 1, 7,
        30))``
        """

    @hookspec(firstresult=True)
    def fitglue_fetch(  # type: ignore[empty-body]
        self, connection: Connection, part: str, ids: Sequence[str]
    ) -> Iterator[Part | Unavailable]:
        """Yield ``part`` of each of ``ids``, in any order; called with as many ids at a time as the
        entry's ``bulk`` says.

        Every id is answered exactly once: with a ``Part``, or with an ``Unavailable`` that says
        why. Of the part that ``confirms``, an ``Unavailable`` with state ``gone`` makes a
        tombstone: be sure (ask for the id singly) before you say it. Raise only for what concerns
        the connection: the ids that were not answered yet stay wanted.

        Example: ``yield Part("i7", "streams", answer.wire, "gzip", answer.body)``, or ``yield
        Unavailable("i8", "streams", "none", "FG-no-streams", "entered by hand, nothing was
        recorded")``
        """

    @hookspec(firstresult=True)
    def fitglue_normalize(self, record: Record) -> list[SourceActivity]:  # type: ignore[empty-body]
        """Turn the parts that are there into source activities with claims: one, or one a leg.

        Pure: no network, no clock, no file. Called when a part has arrived, on the thread that
        fetched it and never twice at once; of a part that the entry calls ``heavy``, and by
        ``rebuild`` for old records with new code, in several processes. A summary alone must do;
        ``completeness`` says what was read. Raise ``RecordRefused`` with code, what, ``at.field``
        and fix for a record that makes no sense: it goes to quarantine and is tried again with the
        next version. The host checks every value against the published schema before it stores it.

        Example: ``return [SourceActivity(title="Lunch run", sport="Run", start_utc=…,
        distance_m=8012.5, claims=("example:i7",))]``
        """

    @hookspec
    def fitglue_dedupe(self, pairs: Sequence[Pair]) -> Sequence[Opinion | None]:  # type: ignore[empty-body]
        """For each pair: same, different, or ``None`` where you know nothing special, in the order
        of ``pairs``.

        Every plugin that has it is asked, one by one, about every candidate pair of an athlete,
        also pairs of other sources. Equal claims already say *same*; say only what a source knows
        beyond them. Called inside the transaction that stores: be quick, and touch neither network
        nor files.

        Example: ``return [Opinion("same", "a stub and its native copy") if is_copy(pair) else None
        for pair in pairs]``
        """

    @hookspec
    def fitglue_recognize(self, paths: Sequence[str]) -> Sequence[Recognized]:  # type: ignore[empty-body]
        """Say which of these files and folders a source of yours can read, and what to connect it
        with; nothing where it knows none.

        Called by ``import`` before anything is connected or stored; every plugin that has it, and
        says so in an entry, is asked, one by one. The paths are absolute and are there. Only read,
        and only what tells you what it is: names, first bytes, the index of an archive. The
        settings go to ``fitglue_connect``; of the same account later, with a newer archive, they
        take the place of those that are there, so let the account's id not depend on the file's
        name where the content says whose it is.

        Example: ``return [Recognized("logbook", (path,), "Training log", {"file": path}, ("214
        lines since 2019.",))]``
        """


#: Hooks that reach the implementation of one entry's plugin; the others are asked of every plugin.
ADDRESSED = ("fitglue_connect", "fitglue_list", "fitglue_fetch", "fitglue_normalize")
HOOK_NAMES = (*ADDRESSED, "fitglue_dedupe", "fitglue_recognize")
