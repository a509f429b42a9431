"""The words that the store writes into its columns, each of them in one enum.

Every member is a text (or a number) and compares equal to it, so a row that was read from the
database needs no conversion. A value that is here is in the databases of users and is never
changed.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class ConnectionState(StrEnum):
    """Whether a connection can be synced (``fg_connections.state``)."""

    OK = "ok"
    CREDENTIALS_REJECTED = "credentials-rejected"


class RecordState(StrEnum):
    """What is known of a record at its source (``fg_records.state``)."""

    LISTED = "listed"
    UNLISTED = "unlisted"  # no window shows it, but its id was confirmed to be there
    STUB = "stub"  # listed, but never delivered
    MISSING = "missing"  # not listed any more, to be confirmed by its id
    GONE = "gone"


#: The states of a record whose parts can be fetched.
FETCHABLE = (RecordState.LISTED, RecordState.UNLISTED)


class PartName(StrEnum):
    """The pieces that a record can have (``fg_parts.part``, ``fg_raw.part``)."""

    SUMMARY = "summary"
    DETAIL = "detail"
    STREAMS = "streams"
    FILE = "file"


class PartState(StrEnum):
    """How far the store is with a part of a record (``fg_parts.state``)."""

    WANTED = "wanted"
    HAVE = "have"
    NONE = "none"  # the source has no such part
    FAILED = "failed"  # given up until the next walk through the whole history


class Packing(StrEnum):
    """How the bytes of a raw part are kept (``fg_raw.packing``)."""

    VERBATIM = "verbatim"
    ZSTD = "zstd"
    BLOB = "blob"


class Verdict(StrEnum):
    """What is said of a pair of source activities (``fg_opinions.verdict``), or of whole activities
    (``fg_verdicts.verdict``, without ``ask``).
    """

    SAME = "same"
    DIFFERENT = "different"
    ASK = "ask"


class SaidBy(StrEnum):
    """Who says it (``fg_opinions.said_by``), if it is not a plugin, which is named by its name."""

    PERSON = "person"
    PERSON_OF_A_COPY = "person, of a copy"  # of others that assert the same identities
    SCORE = "score"
    CLAIM = "claim"


class Origin(IntEnum):
    """Where the value of a field comes from (``fg_activities.origins``), if it is not a source
    activity, which is named by its id.
    """

    ATHLETE = 0


#: The key in ``fg_activities.origins`` for all fields that are not named there.
OTHER_FIELDS = ""


class RunKind(StrEnum):
    """What a run does (``fg_runs.kind``)."""

    SYNC = "sync"
    REBUILD = "rebuild"
    RETRY = "retry"


class RunOutcome(StrEnum):
    """How a run ended (``fg_runs.outcome``); a run that was killed has none."""

    COMPLETE = "complete"
    STOPPED = "stopped"
    FAILED = "failed"


class RunDecision(StrEnum):
    """What a run decided about a record (``fg_decisions.decision``); a part that does not exist is
    ``no-`` and its name.
    """

    NEW = "new"
    CHANGED = "changed"
    STUB = "stub"
    NATIVE = "native"  # delivered now, after it was a stub
    BACK = "back"  # listed again, after it was missing or gone
    MISSING = "missing"
    CONFIRMED = "confirmed"  # its id is there, though no window shows it
    GONE = "gone"
    LATER = "later"
    NOT_FETCHED = "not-fetched"
    QUARANTINED = "quarantined"
    RELEASED = "released"
    REBUILT = "rebuilt"
