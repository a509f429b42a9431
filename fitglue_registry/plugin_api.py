"""The values and protocols that pass through the hooks: a plugin's arguments and return values.

The values are plain and can be stored. Only a ``Connection`` cannot, because it has an open HTTP
session and a clock. Helpers for reading the lists of a service are imported from here as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypedDict, Unpack

from fitglue_registry.lists import ByCursor as ByCursor
from fitglue_registry.lists import ByLink as ByLink
from fitglue_registry.lists import ByOffset as ByOffset
from fitglue_registry.lists import ByPage as ByPage
from fitglue_registry.lists import paged as paged
from fitglue_registry.lists import rows as rows
from fitglue_registry.model.claims import delivery_serial
from fitglue_registry.payloads import LARGEST_PART, unpack_gzip

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from fitglue_registry.model import SourceActivity


# -- arguments of the hooks ------------------------------------------------------------------------


class Answer(Protocol):
    """An HTTP response whose status was expected."""

    status: int  # status code: 2xx, or one that the caller accepts
    url: str  # final URL after redirects, without secrets
    headers: Mapping[str, str]  # response headers, looked up in any case
    body: bytes  # decoded body
    wire: bytes  # body as received, to be kept as ``Part.content``
    # Encoding of ``wire``. A body that was received in any other encoding is stored there decoded.
    wire_encoding: Literal["identity", "gzip"]

    def json(self) -> Any:
        """Return the body as plain Python values.

        Raises:
            ConnectionStopped: FG-answer-not-json if the body is a web page, truncated or empty.
        """

    def quote(self) -> str:
        """Return the message of an error response on one line, for the text of an error.

        It is shortened and has no secrets; it is empty if the response has no message. Use it
        instead of quoting ``body``: on a server with several athletes, only the log may quote a
        response, and this returns a text that says so.
        """


@dataclass(frozen=True, slots=True)
class File:
    """A file to send in a form. It is read while it is sent, and never into memory as a whole."""

    content: bytes | Path  # bytes, or the path of a file with them
    name: str  # name of the file for the service, such as ``ride.fit``
    content_type: str = "application/octet-stream"  # media type of the content


class Sending(TypedDict, total=False):
    """The keywords of a request that may change something at the service; all are optional.

    A request has ``json``, a form, or ``body``, and not several of them.
    """

    json: Any  # value to send as JSON
    form: Mapping[str, str | Sequence[str]]  # fields of a form, as text
    files: Mapping[str, File | Sequence[File]]  # files of the form, which is then sent as multipart
    body: bytes | Path  # bytes to send as they are, or the path of a file with them
    headers: Mapping[str, str]  # headers of this request, in addition to those of the entry
    accept: Sequence[int]  # statuses to return in addition to 2xx
    # Whether sending the request twice has the same effect as sending it once. If it is not given,
    # this holds for PUT, for DELETE, and for a request with ``idempotency_key``.
    idempotent: bool
    # Sent as the header ``Idempotency-Key``. The service recognizes a request that it has carried
    # out already, so the key of a delivery must be the same in each attempt.
    idempotency_key: str


class Http(Protocol):
    """An authenticated HTTP session, configured by the ``http`` block of the entry.

    A path is below the base URL, and is plain text: the transport percent-encodes it. A text that
    begins with ``https://`` is a complete address, such as the link to the next page or a signed
    address of a download. It is used as it is. Its host must be that of the base URL or one of
    ``http.hosts``, which also says whether the host gets the credential.

    The statuses 429 and 5xx, truncated bodies and broken connections are retried with back-off
    before an error is raised. A request that is not idempotent is sent again only if it certainly
    was not carried out: if no connection could be made, or if the status is 401 or 429. Where it
    may have been carried out, FG-outcome-unknown is raised.
    """

    def get(
        self,
        path: str,
        params: Mapping[str, str | Sequence[str]] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Sequence[int] = (),
    ) -> Answer:
        """Send a GET request and return its response.

        Args:
            path: Path below the base URL, or a complete address.
            params: Query parameters, as plain text; a sequence repeats its parameter.
            headers: Headers of this request, in addition to those of the entry. The transport owns
                ``Authorization`` and those that depend on the connection.
            accept: Statuses to return in addition to 2xx, such as ``(404,)``. A redirect whose
                status is listed is not followed.

        Returns:
            The response, whose status is 2xx or one of ``accept``.

        Raises:
            AthleteNeeded: The status is 401 (FG-key-rejected) or 403 (FG-not-permitted).
            Retryable: A rate limit or an outage that outlasts the retries (FG-rate-limited,
                FG-source-down, FG-no-network, FG-timeout, FG-answer-broken).
            ConnectionStopped: Any other status, an address whose host is not allowed, or a response
                that must not be used, such as a redirect to another host or a body over the entry's
                limit.
            PluginFailed: The path (FG-path-refused) or a header (FG-header-refused) is not allowed.
        """

    def post(
        self,
        path: str,
        params: Mapping[str, str | Sequence[str]] | None = None,
        **sending: Unpack[Sending],
    ) -> Answer:
        """Send a POST request and return its response.

        The service may answer with a redirect. After a 303, the response is that of a GET request
        to the new address; after a 307 or 308, the same request is sent there. A 301 or 302 is
        refused, because clients disagree about what it means for a request that is not GET; list it
        in ``accept`` to get it.

        Args:
            path: Path below the base URL, or a complete address.
            params: Query parameters, as for ``get``.
            **sending: The content of the request, its headers, and how it may be repeated.

        Returns:
            The response, whose status is 2xx or one of ``accept``.

        Raises:
            Retryable: As for ``get``; also FG-outcome-unknown if the request may have been carried
                out: find out whether it was, before you send it again.
            AthleteNeeded: As for ``get``.
            ConnectionStopped: As for ``get``.
            PluginFailed: As for ``get``.
        """

    def put(
        self,
        path: str,
        params: Mapping[str, str | Sequence[str]] | None = None,
        **sending: Unpack[Sending],
    ) -> Answer:
        """Send a PUT request and return its response; see ``post``."""

    def patch(
        self,
        path: str,
        params: Mapping[str, str | Sequence[str]] | None = None,
        **sending: Unpack[Sending],
    ) -> Answer:
        """Send a PATCH request and return its response; see ``post``."""

    def delete(
        self,
        path: str,
        params: Mapping[str, str | Sequence[str]] | None = None,
        **sending: Unpack[Sending],
    ) -> Answer:
        """Send a DELETE request and return its response; see ``post``.

        If the response to the first attempt was lost, the second finds nothing. Its status 404 or
        410 is not an error then. Accept both if it is none either that nothing was there before.
        """


class Clock(Protocol):
    """The current time; tests replace it with a clock that they control."""

    def now(self) -> datetime:
        """Return the current time in UTC, as an aware datetime."""


class Connection(Protocol):
    """An athlete's account at an integration as a plugin sees it, without its secrets."""

    id: str  # name of the connection
    entry: str  # id of the source's entry
    account: Account | None  # None until ``fitglue_connect`` has returned it
    # Values of the entry's ``settings``, and of its credentials that are not secret.
    settings: Mapping[str, str]
    http: Http  # raises PluginFailed FG-no-http if the entry has no ``http`` block
    clock: Clock  # to be used instead of ``datetime.now``
    log: logging.Logger  # the logger that all plugins share
    # Folder for data of the plugin that may be lost at any time; None: work without a cache. Create
    # files in it with mode 0600: one that others can write to is removed before the next run.
    cache: Path | None

    def alive(self) -> None:
        """Report that the plugin is still working.

        Call this during long computations: after two minutes without a request, a yielded item or
        this call, the host considers the plugin blocked and abandons it.
        """


@dataclass(frozen=True, slots=True)
class Window:
    """A range of the athlete's local days to list."""

    oldest: date | None = None  # first day, included; None: no limit
    newest: date | None = None  # last day, included; None: no limit
    # In UTC: list only the records that have changed since then, whatever their day. It is set only
    # if the entry says ``sync: {by_change: true}``.
    changed_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """The exact bytes of one stored part."""

    content: bytes  # bytes as received and stored
    encoding: Literal["identity", "gzip"] = "identity"  # encoding of ``content``
    # Decoded bytes, if they are already in memory; ``read`` then returns them at once.
    decoded: bytes | None = field(default=None, repr=False, compare=False)

    def read(self) -> bytes:
        """Return the decoded bytes.

        Raises:
            BeyondLimits: The gzip data unpacks to more than 256 MB.
            DamagedPayload: The gzip data is damaged, or ends too early.
        """
        if self.encoding == "identity":
            return self.content
        if self.decoded is not None:
            return self.decoded
        return unpack_gzip(self.content, LARGEST_PART)


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that is stored for one external id; the input of ``fitglue_normalize``."""

    external_id: str  # id of the record at the source
    entry: str  # id of the source's entry
    parts: Mapping[str, Body]  # part name → stored bytes
    account: Account | None = None  # account of the connection
    # Part name → when it was received, in UTC.
    received: Mapping[str, datetime] = field(default_factory=dict)
    unavailable: Mapping[str, str] = field(default_factory=dict)  # part name → why it is missing

    def read(self, part: str) -> bytes | None:
        """Return the decoded bytes of a part, or ``None`` if the record has no such part.

        Args:
            part: Name of the part, such as ``summary``.

        Raises:
            BeyondLimits: The gzip data of the part unpacks to more than 256 MB.
            DamagedPayload: The gzip data of the part is damaged, or ends too early.
        """
        body = self.parts.get(part)
        return None if body is None else body.read()


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two source activities of a pair."""

    connection: str  # name of the connection that it comes from
    entry: str  # id of the source's entry
    external_id: str  # id of the record at the source
    activity: SourceActivity  # normalized values, without streams


@dataclass(frozen=True, slots=True)
class Pair:
    """A candidate pair: two source activities of one athlete that may be the same workout."""

    first: Side  # in no particular order
    second: Side


# -- return values of the hooks --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Account:
    """The account that a connection's credentials belong to."""

    # Id of the account itself, not of the credential: it must stay the same when a key is replaced.
    id: str
    name: str | None = None  # name of the account's owner, for people
    timezone: str | None = None  # IANA name, such as ``Europe/Berlin``
    # Sentences for the athlete about what will and will not arrive.
    notes: tuple[str, ...] = ()
    # Ids that the plugin may have returned before it could learn ``id``. A connection with one of
    # them is that of this account, and keeps its id.
    earlier_ids: tuple[str, ...] = ()
    # Sentences about the first sync, such as how long it takes. They are shown until it has ended,
    # and not when a key is renewed later.
    first_notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Split:
    """A request to list several smaller windows instead of one that is too large.

    The host holds a complete window in memory and stores it in one transaction. It refuses windows
    of more than 100,000 records or 512 MB of rows. It calls ``fitglue_list`` again for each window
    of a split, and a window may be split three times at most.
    """

    windows: tuple[Window, ...]  # newest first; together they cover the original window


@dataclass(frozen=True, slots=True)
class Location:
    """A place at which a source of files has found something to read.

    ``fitglue_list`` of such a source yields it, and ``fitglue_read`` gets it back, in another
    process and perhaps in a later sync.
    """

    key: str  # names the place, unique within its connection: text of at most 500 characters
    # Changes when the content at the place may have changed, such as a time and a size. A place
    # with the same mark is not read again.
    mark: str
    hint: bytes = b""  # what the plugin needs to read the place, in any form
    size: int = 0  # about how many bytes will be read
    # Id of the record at this place, if it is known without reading. The place is not read if
    # another one has already delivered this record in the same sync.
    external_id: str | None = None
    # Ids that other places of the same listing have delivered. The host sets it when it has the
    # place read again, because two places delivered different content under one id.
    taken: frozenset[str] = frozenset()
    # Whether decoding the content broke a worker process. The host sets it when it has the place
    # read again: yield the listing and the bytes, and do not decode them.
    undecodable: bool = False
    # Names the file on the disk that contains the place, such as a zip, if it contains others too.
    # The host reads the places in it that take long after all others, and they have a limited CPU
    # time together.
    inside: str = ""
    # Where people find it: the path below what the athlete named, and the name in each archive.
    path: str | None = None
    # How many bytes the place takes in the file on the disk that contains it; None: ``size``. A
    # place with many bytes may take longer than one with few.
    packed_size: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """One record in the list of an account."""

    external_id: str  # id of the record at the source; it never changes
    summary: bytes  # exact bytes of this row in the decoded response
    # Naive local start. A later window that covers its day must list the record again, or the
    # record counts as vanished. None: the host takes the start that normalize finds.
    start_local: datetime | None = None
    # Changes when the record changes. None: the host hashes the summary without nulls and without
    # the entry's volatile keys.
    revision: str | None = None
    # When the record arrived at the source, in UTC; ``why`` prints it as one hop of the delay. For
    # an entry with ``sync.snapshots``, the date of the state that the row shows.
    at_source: datetime | None = None
    # Set, with the part ``summary``, for a row that is no whole record. Its state is ``stub`` if
    # the source never delivers it, ``later`` if it does not deliver it yet, and ``gone`` if the
    # row says that the record was deleted.
    unavailable: Unavailable | None = None
    # Name of a part → why this record has no such part, in one sentence for the athlete. The host
    # does not ask for it, until a later row no longer says so.
    without: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Part:
    """One fetched part of one record, verbatim."""

    external_id: str  # id that was asked for
    part: str  # name of the part
    content: bytes  # exact bytes, usually ``Answer.wire``
    encoding: Literal["identity", "gzip"] = "identity"  # encoding of ``content``
    # Decoded content, if it is at hand (``Answer.body``), so that the host need not decompress it.
    decoded: bytes | None = field(default=None, repr=False, compare=False)
    # When the record arrived at the source, in UTC, if only this part says so; the same as
    # ``Listing.at_source``.
    at_source: datetime | None = None


class UnavailableState(StrEnum):
    """The reason for a missing part, which decides what the host does next."""

    GONE = "gone"  # the record no longer exists: delete it if the list has lost it, too
    NONE = "none"  # the record exists but has no such part: do not ask again
    STUB = "stub"  # the source never delivers this record: keep it as a stub
    LATER = "later"  # the part may arrive later: ask again in the next sync


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The statement that a part, or a complete record, will not arrive."""

    external_id: str  # id of the record at the source
    part: str  # name of the part
    state: UnavailableState | Literal["gone", "none", "stub", "later"]  # what the host does next
    code: str  # ``FG-`` and a kebab-case name
    reason: str  # why, in one sentence for the athlete
    fix: str | None = None  # what the athlete can do about it


@dataclass(frozen=True, slots=True)
class Opinion:
    """A plugin's statement about a pair, based on knowledge that the scorer does not have."""

    verdict: Literal["same", "different"]  # whether both are one workout
    reason: str  # why, for the athlete, who sees it in ``fitglue why``


@dataclass(frozen=True, slots=True)
class Recognized:
    """Files or folders that one source of a plugin can read, and how to connect them."""

    entry: str  # id of the source's entry that reads them
    paths: tuple[str, ...]  # which of the given paths this covers
    name: str  # short name for people, such as "Strava archive"
    settings: Mapping[str, str]  # values to connect with, by the names of the entry's settings
    # Sentences about the content; the athlete reads them before anything is stored.
    found: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()  # sentences about what will not be read, and why


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that a source would read, but that it must not or cannot open, and why."""

    path: str  # which of the given paths it is
    code: str  # ``FG-`` and a kebab-case name
    reason: str  # why, in one sentence for the athlete
    fix: str | None = None  # what the athlete can do about it


# -- boosters --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BoosterContext:
    """What a booster may know beside the activity itself."""

    day: date | None  # local day of the activity; None: its start is not known
    # The athlete's settings that hold on this day, such as ``ftp``; absent: the athlete has none.
    athlete: Mapping[str, str] = field(default_factory=dict)
    # Id of an earlier booster of the pipeline → the values that it computed.
    computed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Enrichment:
    """The result of a booster for one activity."""

    # Field of the activity, or ``metrics.NAME`` → its value, in the units of ``model/activity.py``.
    # It is stored beside the activity, and is used where no source states a value of its own.
    values: Mapping[str, Any] = field(default_factory=dict)
    how: Literal["computed", "estimated"] = "computed"  # estimated: a needed value was assumed
    method: str | None = None  # how it was computed, such as ``power`` or ``heart rate``
    # Sentences for the athlete: what is missing for a better result, and the command that sets it.
    notes: tuple[str, ...] = ()
    # The following change only what is sent on; None: unchanged.
    title: str | None = None
    description: str | None = None
    sport: str | None = None
    tags: tuple[str, ...] | None = None
    # Why the activity is not sent on by this pipeline, in one sentence; None: it is.
    stop: str | None = None


# -- deliveries ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OriginalFile:
    """The file that a device recorded, byte for byte; the best one of all sources."""

    content: bytes = field(repr=False)
    name: str  # safe file name with its suffix, such as ``2026-05-01-ride.fit``
    format: Literal["fit", "gpx", "tcx"]  # format of the content
    sha256: str  # of the content, in hexadecimal


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a destination returned for a delivery; it is stored, and shown to the athlete."""

    remote_id: str | None = None  # id of the activity at the destination
    url: str | None = None  # address at which the athlete finds it, without secrets
    data: Mapping[str, str] = field(default_factory=dict)  # what the plugin needs later


@dataclass(frozen=True, slots=True)
class Delivery:
    """One activity on its way to one destination."""

    # Unique and permanent: the same in every attempt. A destination that keeps ids of others gets
    # it, and recognizes by it what it already has.
    external_id: str
    # create: it is not there. update: ``changed`` replaces what is there. fill: ``changed`` is
    # written only where the destination has nothing. delete: it is removed there.
    action: Literal["create", "update", "fill", "delete"]
    number: int  # short number of the activity, for people
    # As boosters and privacy rules left it. It has streams for the action ``create``, and for
    # ``update`` if the entry says ``delivery.whole``: a file is always written anew.
    activity: SourceActivity
    file: OriginalFile | None = None  # None: no source has one, or a privacy rule forbids it
    changed: frozenset[str] = frozenset()  # fields to update or to fill; empty for other actions
    receipt: Receipt | None = None  # what the last delivery returned; None for the first one
    # Values of the entry's ``settings`` that the pipeline states for this destination.
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def serial(self) -> int:
        """The serial number that a file states which is made for this delivery.

        A copy of the file is recognized by it, even if a service writes the recording to another
        file.
        """
        return delivery_serial(self.external_id)


@dataclass(frozen=True, slots=True)
class Sent:
    """The statement that a delivery is at its destination."""

    receipt: Receipt = Receipt()
    existed: bool = False  # whether the destination had it already, from us or from elsewhere
    # Claims by which it can be recognized when a source lists it, such as ``intervals:i7``.
    identities: tuple[str, ...] = ()
    # Fields of the activity that the destination did not take, each with the reason.
    left_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The statement that a destination has taken a delivery, and decides about it later."""

    receipt: Receipt = Receipt()
    ask_after_s: float = 60.0  # seconds until the host asks ``fitglue_find_delivery``


@dataclass(frozen=True, slots=True)
class Rejected:
    """The statement that a destination will never accept this delivery as it is."""

    code: str  # ``FG-`` and a kebab-case name
    reason: str  # why, in one sentence for the athlete
    fix: str | None = None  # what the athlete can do about it


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The statement that a delivery may be at its destination, or may not."""

    reason: str  # why, in one sentence for the athlete


@dataclass(frozen=True, slots=True)
class NotThere:
    """The statement that a delivery certainly is not at its destination."""


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The statement that nobody but the athlete can find out whether a delivery arrived."""

    reason: str  # why, in one sentence for the athlete
