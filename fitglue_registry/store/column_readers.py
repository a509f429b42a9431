"""How the text of each column is read, so that a check can read what the program will read.

Every column of texts in ``tables.py`` has a reader here, which a test ensures. A reader returns
anything and raises ``ValueError`` for a text that the program cannot use. What services and plugins
write as they like is plain text, and nothing in the program depends on its form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from fitglue_registry.model import CROP, SourceActivity, decode
from fitglue_registry.model.stored import (
    ActivityChange,
    ConnectionState,
    DeliveryAction,
    DeliveryState,
    OfferedBy,
    OfferState,
    OpinionSource,
    Packing,
    PartState,
    PipelineState,
    QuarantineStage,
    RecordState,
    RunKind,
    RunOutcome,
    Verdict,
    Wire,
)
from fitglue_registry.secrets.references import LOCAL, scheme_of
from fitglue_registry.store.opinion_reasons import Reason
from fitglue_registry.store.zone_names import is_zone_name

if TYPE_CHECKING:
    from enum import StrEnum

    import sqlalchemy as sa

#: A function that reads the text of a column.
Reader = Callable[[str], object]

_SHA256 = re.compile(r"[0-9a-f]{64}")
# The ids of connections become names of lock files, so no id may be a path.
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
# The ids of entries, and the names of connections, which begin with them.
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,100}")


# -- readers ---------------------------------------------------------------------------------------


def _text(text: str) -> str:
    return text


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment needs its offset from UTC")
    return moment


def _local(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        raise ValueError("a local time has no offset from UTC")
    return moment


def _start(text: str) -> datetime:
    """Read the start in a listing, which is local, or in UTC if only that is known."""
    return datetime.fromisoformat(text)


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _day_or_empty(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _one_of(kind: type[StrEnum]) -> Reader:
    return kind


def _like(pattern: re.Pattern[str], what: str) -> Reader:
    def read(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"{text!r:.60} is not {what}")
        return text

    return read


def _json(kind: Any) -> Reader:
    return msgspec.json.Decoder(kind).decode


def _zone(text: str) -> str:
    if text and not is_zone_name(text):
        raise ValueError(f"{text!r:.60} is not the name of a time zone")
    return text


def _source(text: str) -> str:
    """Read the source of a connection, which is empty if workouts are only sent to it."""
    if text:
        _name(text)
    return text


def _secret_ref(text: str) -> str:
    """Read a reference to a secret; the form of one of an application's own store is not known."""
    if text.partition(":")[0] in LOCAL and scheme_of(text) is None:
        raise ValueError(f"{text!r:.60} is not a reference to a secret")
    return text


def _natural_key(text: str) -> object:
    return msgspec.json.decode(text, type=tuple[str, str, str, int])


def _identity(text: str) -> object:
    """Read an identity: a natural key, or a claim."""
    return _natural_key(text) if text.startswith("[") else text


class _Failure(msgspec.Struct):
    """What every stored error has."""

    code: str
    what: str


class _Remark(msgspec.Struct):
    """What every reason of a stub or a tombstone has."""

    code: str | None = None
    reason: str | None = None
    fix: str | None = None


_id = _like(_ID, "an id")
_name = _like(_NAME, "a name")
_word = _like(_WORD, "a name")
_sha256 = _like(_SHA256, "a SHA-256 hash")
_texts = _json(tuple[str, ...])
_object = _json(dict[str, Any])
_failure = _json(_Failure)


# -- columns ---------------------------------------------------------------------------------------

#: The columns that two tables repeat from a document.
_DOCUMENT: Mapping[str, Reader] = {
    "document": decode,
    "title": _text,
    "sport": _text,
    "start_utc": _moment,
    "start_local": _local,
    "timezone": _text,
    "power_kind": _text,
    "day": _day,
}

#: Table → column → reader, for every column of texts.
READERS: Mapping[str, Mapping[str, Reader]] = {
    "fg_athletes": {
        "id": _text,
        "tier": _text,
        "created_at": _moment,
    },
    "fg_connections": {
        "id": _id,
        "athlete_id": _text,
        "name": _name,
        "integration": _name,
        "source": _source,
        "account_id": _text,
        "account_name": _text,
        "timezone": _zone,
        "notes": _texts,
        "settings": _json(dict[str, str]),
        "secret_ref": _secret_ref,
        "state": _one_of(ConnectionState),
        "state_error": _object,
        "horizon": _day,
        "created_at": _moment,
        "last_checked_at": _moment,
        "full_walk_at": _moment,
    },
    "fg_pending_permissions": {
        "state_sha256": _sha256,
        "athlete_id": _text,
        "secret_ref": _secret_ref,
        "expires_at": _moment,
    },
    "fg_windows": {
        "connection_id": _id,
        "walk_at": _moment,
        "oldest": _day,
        "newest": _day,
    },
    "fg_locations": {
        "connection_id": _id,
        "key": _text,
        "mark": _text,
        "plugin_version": _text,
        "external_ids": _texts,
        "path": _text,
        "error": _failure,
    },
    "fg_records": {
        "connection_id": _id,
        "external_id": _text,
        "state": _one_of(RecordState),
        "revision": _text,
        "start_local": _start,
        "at_source": _moment,
        "reason": _json(_Remark),
        "first_seen_at": _moment,
        "changed_at": _moment,
        "gone_at": _moment,
    },
    "fg_parts": {
        "part": _word,
        "state": _one_of(PartState),
        "code": _text,
        "reason": _text,
    },
    "fg_dictionaries": {
        "source": _name,
        "part": _word,
    },
    "fg_raw": {
        "part": _word,
        "revision": _text,
        "sha256": _sha256,
        "wire": _one_of(Wire),
        "packing": _one_of(Packing),
        "received_at": _moment,
    },
    "fg_source_activities": {
        "athlete_id": _text,
        "activity_id": _id,
        "home_id": _id,
        **_DOCUMENT,
        "plugin": _text,
        "plugin_version": _text,
        "normalized_at": _moment,
        "clock_start": _local,
    },
    "fg_streams": {
        "types": _texts,
    },
    "fg_claims": {
        "claim": _text,
        "athlete_id": _text,
    },
    "fg_opinions": {
        "said_by": _text,
        "verdict": _one_of(Verdict),
        "reason": _text,
        "said_at": _moment,
    },
    "fg_activities": {
        "id": _id,
        "athlete_id": _text,
        **_DOCUMENT,
        "origins": _json(dict[str, int]),
        "created_at": _moment,
        "updated_at": _moment,
        "gone_at": _moment,
        "sort_start": _local,
    },
    "fg_athlete_settings": {
        "athlete_id": _text,
        "key": _text,
        "valid_from": _day_or_empty,
        "value": _text,
    },
    "fg_aliases": {
        "id": _id,
        "athlete_id": _text,
        "activity_id": _id,
    },
    "fg_verdicts": {
        "athlete_id": _text,
        "verdict": _one_of(Verdict),
        "about": _texts,
        "said_at": _moment,
        "undone_at": _moment,
    },
    "fg_verdict_sides": {
        "identity": _identity,
        "athlete_id": _text,
    },
    "fg_choices": {
        "athlete_id": _text,
        "field": _text,
        "value": _json(Any),
        "giver": _text,
        "said_at": _moment,
    },
    "fg_choice_keys": {
        "identity": _natural_key,
        "athlete_id": _text,
    },
    "fg_quarantine": {
        "stage": _one_of(QuarantineStage),
        "error": _failure,
        "code": _text,
        "plugin": _text,
        "plugin_version": _text,
        "since": _moment,
    },
    "fg_runs": {
        "athlete_id": _text,
        "connection_id": _id,
        "kind": _one_of(RunKind),
        "options": _object,
        "started_at": _moment,
        "ended_at": _moment,
        "outcome": _one_of(RunOutcome),
        "counts": _json(dict[str, int]),
        "error": _failure,
        "host_version": _text,
    },
    "fg_decisions": {
        "at": _moment,
        "decision": _word,
        "reason": _text,
    },
    "fg_activity_changes": {
        "athlete_id": _text,
        "activity_id": _id,
        "what": _one_of(ActivityChange),
        "into_id": _id,
        "at": _moment,
    },
    "fg_pipelines": {
        "id": _id,
        "athlete_id": _text,
        "name": _name,
        "state": _one_of(PipelineState),
        "created_at": _moment,
        "updated_at": _moment,
    },
    "fg_pipeline_versions": {
        "pipeline_id": _id,
        "document": _object,
        "at": _moment,
    },
    "fg_offers": {
        "pipeline_id": _id,
        "activity_id": _id,
        "athlete_id": _text,
        "state": _one_of(OfferState),
        "asked_by": _one_of(OfferedBy),
        "due_at": _moment,
        "steps": _json(list[dict[str, Any]]),
        "at": _moment,
    },
    "fg_deliveries": {
        "athlete_id": _text,
        "pipeline_id": _id,
        "destination": _name,
        "entry": _name,
        "connection_id": _id,
        "activity_id": _id,
        "home_id": _id,
        "external_id": _id,
        "action": _one_of(DeliveryAction),
        "state": _one_of(DeliveryState),
        "next_try_at": _moment,
        "intent": _object,
        "sent": _json(dict[str, str]),
        "receipt": _object,
        "error": _failure,
        "planned_at": _moment,
        "updated_at": _moment,
        "sent_at": _moment,
    },
    "fg_delivery_log": {
        "at": _moment,
        "state": _one_of(DeliveryState),
        "what": _text,
    },
    "fg_sent_identities": {
        "athlete_id": _text,
        "identity": _text,
    },
    "fg_computed": {
        "activity_id": _id,
        "booster": _name,
        "settings_hash": _sha256,
        "athlete_id": _text,
        "version": _text,
        "input_hash": _sha256,
        "document": _object,
        "at": _moment,
    },
}


# -- values that depend on another column of their row ---------------------------------------------


def _edited_value(row: Mapping[str, Any]) -> None:
    """Read the value of an edit as the field that it edits."""
    value = msgspec.json.decode(row["value"])
    if value is None:
        return
    if row["field"] == CROP:
        msgspec.convert(value, bool)
        return
    msgspec.convert({row["field"]: value}, SourceActivity, strict=False)


def _score_reason(row: Mapping[str, Any]) -> None:
    """Read the reason of the score; those of plugins and persons are sentences."""
    if row["said_by"] == OpinionSource.SCORE:
        msgspec.json.decode(row["reason"], type=Reason)


def _setting_value(row: Mapping[str, Any]) -> None:
    """Read the value of a setting: so far, the home zone."""
    if row["key"] == "timezone":
        ZoneInfo(row["value"])


#: Table → column → the function that reads the column with the others of its row.
ROW_READERS: Mapping[str, Mapping[str, Callable[[Mapping[str, Any]], None]]] = {
    "fg_choices": {"value": _edited_value},
    "fg_opinions": {"reason": _score_reason},
    "fg_athlete_settings": {"value": _setting_value},
}


def reader_of(column: sa.Column[Any]) -> Reader | None:
    """Return the reader of a column, or ``None`` for a column that is not text."""
    return READERS.get(column.table.name, {}).get(column.name)
