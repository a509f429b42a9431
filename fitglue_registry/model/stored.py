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
    DELIVERY = "delivery"  # one of the two is what a pipeline has sent of the other


class FieldOrigin(IntEnum):
    """The origin of a field's value (``fg_activities.origins``), if it is not a source activity.

    A value that comes from a source activity has that source activity's id there instead.
    """

    # Source activities have ids above 0.
    ATHLETE = 0
    COMPUTED = -1  # from other values of the activity
    HOME_ZONE = -2
    BOOSTER = -3


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
    PIPELINE = "pipeline"  # takes activities through a pipeline, and sends them


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


class ActivityChange(StrEnum):
    """What happened to an activity (``fg_activity_changes.what``)."""

    NEW = "new"
    CHANGED = "changed"  # its values or their origins
    MERGED = "merged"  # it is an alias of another activity now
    SPLIT = "split"  # it is an activity again, after it was merged into another one
    GONE = "gone"  # its records no longer exist, or it was removed with its connection
    BACK = "back"  # a record that was gone exists again


class PipelineState(StrEnum):
    """The state of a pipeline (``fg_pipelines.state``)."""

    ACTIVE = "active"
    PAUSED = "paused"  # nothing is sent; what changes meanwhile waits
    DELETED = "deleted"  # kept, so that what it sent is still recognized


class OfferState(StrEnum):
    """What became of an activity that a pipeline was offered (``fg_offers.state``)."""

    WAITING = "waiting"  # until it is due
    DONE = "done"  # decided: its steps say what


class OfferedBy(StrEnum):
    """Why a pipeline was offered an activity (``fg_offers.asked_by``)."""

    CHANGE = "change"  # it is new, or it has changed
    HISTORY = "history"  # the athlete asked for earlier activities
    REPLAY = "replay"  # the athlete asked for this activity


class DeliveryState(StrEnum):
    """The state of a delivery (``fg_deliveries.state``)."""

    PLANNED = "planned"  # to be sent, now or at its next try
    SENDING = "sending"  # written before the request; what is found in it was interrupted
    ACCEPTED = "accepted"  # the destination decides about it later, and is asked
    SENT = "sent"
    REFUSED = "refused"  # the destination will not accept it as it is
    UNCERTAIN = "uncertain"  # only the athlete can say whether it arrived
    FAILED = "failed"  # given up after many tries; the athlete can have it tried again


class DeliveryAction(StrEnum):
    """What a delivery does at its destination (``fg_deliveries.action``)."""

    CREATE = "create"
    UPDATE = "update"  # changes what was sent before
    FILL = "fill"  # fills what is empty in a record that the destination has from elsewhere
    DELETE = "delete"  # removes what was sent before
