"""The enums of the values that the store writes into its columns.

Each member is a text or a number and compares equal to it, so a row that was read from the database
needs no conversion. Never change a value, because it is in the databases of users.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class ConnectionState(StrEnum):
    """The state of a connection (``fg_connections.state``)."""

    OK = "ok"  # the last sync or connect accepted its credentials
    CREDENTIALS_REJECTED = "credentials-rejected"


class RecordState(StrEnum):
    """What is known about a record at its source (``fg_records.state``)."""

    LISTED = "listed"
    UNLISTED = "unlisted"  # no list has it, but a request for its id confirmed that it exists
    STUB = "stub"  # listed, but the source does not deliver it
    MISSING = "missing"  # no longer listed; a request for its id will confirm it
    HELD = "held"  # no longer listed, like many others; only the athlete can confirm its deletion
    GONE = "gone"  # the source confirmed that it no longer exists


#: The states of a record whose parts can be fetched.
FETCHABLE = (RecordState.LISTED, RecordState.UNLISTED)


class PartName(StrEnum):
    """The parts that a record can have (``fg_parts.part``, ``fg_raw.part``)."""

    SUMMARY = "summary"
    DETAIL = "detail"
    STREAMS = "streams"
    FILE = "file"


class PartState(StrEnum):
    """The progress of fetching a part of a record (``fg_parts.state``)."""

    WANTED = "wanted"  # to be fetched
    HAVE = "have"  # stored
    NONE = "none"  # the source has no such part
    FAILED = "failed"  # not tried again before the next full walk


class Wire(StrEnum):
    """The encoding of the bytes of a raw part (``fg_raw.wire``)."""

    IDENTITY = "identity"  # the bytes are the content itself
    GZIP = "gzip"


class Packing(StrEnum):
    """How the bytes of a raw part are stored (``fg_raw.packing``)."""

    VERBATIM = "verbatim"  # as received, for example in gzip
    ZSTD = "zstd"  # compressed with zstd and a dictionary
    BLOB = "blob"  # in the blob store; the row has only its address


class Verdict(StrEnum):
    """An opinion about a pair of source activities, or an athlete's decision about activities.

    Opinions are in ``fg_opinions.verdict`` and decisions, which are never ``ask``, in
    ``fg_verdicts.verdict``.
    """

    SAME = "same"
    DIFFERENT = "different"
    ASK = "ask"  # the evidence is not sufficient; the athlete must decide


class OpinionSource(StrEnum):
    """Where an opinion comes from (``fg_opinions.said_by``), or else the name of a plugin."""

    PERSON = "person"
    # The athlete decided about other source activities that assert the same identities.
    PERSON_OF_A_COPY = "person, of a copy"
    SCORE = "score"  # the scorer compared the two
    CLAIM = "claim"  # the two assert the same identity


class FieldOrigin(IntEnum):
    """The origin of a field's value (``fg_activities.origins``), if it is not a source activity.

    A value that comes from a source activity has that source activity's id there instead.
    """

    # Source activities have ids above 0.
    ATHLETE = 0
    COMPUTED = -1  # from other values of the activity
    HOME_ZONE = -2


#: Key in ``fg_activities.origins`` for all fields that have no key of their own.
OTHER_FIELDS = ""


class QuarantineStage(StrEnum):
    """The stage of a sync that refused a record (``fg_quarantine.stage``)."""

    NORMALIZE = "normalize"


class RunKind(StrEnum):
    """What a run does (``fg_runs.kind``)."""

    SYNC = "sync"
    REBUILD = "rebuild"  # normalizes what is stored once more
    RETRY = "retry"  # tries the records in quarantine again


class RunOutcome(StrEnum):
    """How a run ended (``fg_runs.outcome``); the outcome of a killed run stays null."""

    COMPLETE = "complete"  # it did everything that was due
    STOPPED = "stopped"  # interrupted before its end; the next run continues
    FAILED = "failed"  # an error ended it


class RunDecision(StrEnum):
    """What a run decided about a record (``fg_decisions.decision``).

    The column also has ``no-`` followed by the name of a part that the source does not have.
    """

    NEW = "new"
    CHANGED = "changed"
    STUB = "stub"
    NATIVE = "native"  # delivered now; it was a stub before
    BACK = "back"  # listed again; it was missing or gone before
    MISSING = "missing"
    CONFIRMED = "confirmed"  # a request for its id found it, although no list has it
    GONE = "gone"
    HELD = "held"  # many records vanished, so its deletion waits for the athlete
    SUPERSEDED = "superseded"  # a half-written file, whose complete content is at its place now
    LATER = "later"  # the source cannot deliver a part yet
    NOT_FETCHED = "not-fetched"  # fetching a part failed
    QUARANTINED = "quarantined"
    RELEASED = "released"  # from quarantine
    REBUILT = "rebuilt"
