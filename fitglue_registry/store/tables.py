"""The tables of the database in their newest form.

An older database gets there through the numbered files in ``migrations/``. All names carry the
prefix ``fg_``, because people read the views (``views.py``), which stay the same when a table
changes. Moments are ISO 8601 texts, in UTC with ``Z`` or local without a zone, so that they sort as
texts and read the same in every tool. Columns such as ``state`` contain the values of the enums in
``model/stored.py``.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
)

# The tables of pipelines are part of the same metadata.
import fitglue_registry.store.pipeline_tables  # noqa: F401
from fitglue_registry.model.stored import ConnectionState
from fitglue_registry.store.column_types import Id as Id
from fitglue_registry.store.column_types import Text as Text
from fitglue_registry.store.column_types import id_column
from fitglue_registry.store.column_types import metadata as metadata
from fitglue_registry.store.document_columns import NUMBERS, TEXTS


def _activity_columns() -> list[Column[object]]:
    """Return new columns for the names in ``document_columns.py``.

    Two tables have them, and a SQLAlchemy column can belong to only one table.
    """
    return [*(Column(name, Text) for name in TEXTS), *(Column(name, Float) for name in NUMBERS)]


athletes = Table(
    "fg_athletes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tier", Text),
    # A counter rather than max(number) + 1: the number of a deleted activity is never used again.
    Column("next_number", Integer, nullable=False, default=1),
    Column("created_at", Text, nullable=False),
)

connections = Table(
    "fg_connections",
    metadata,
    Column("id", Text, primary_key=True),
    Column("athlete_id", Text, ForeignKey("fg_athletes.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("integration", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("account_id", Text, nullable=False),
    Column("account_name", Text),
    Column("timezone", Text),
    Column("notes", Text, nullable=False, default="[]"),
    Column("settings", Text, nullable=False, default="{}"),
    Column("secret_ref", Text),
    Column(
        "state",
        Text,
        nullable=False,
        default=ConnectionState.OK,
    ),
    Column("state_error", Text),
    Column("horizon", Text),  # the oldest local day that the athlete wants; null: no limit
    Column("created_at", Text, nullable=False),
    Column("last_checked_at", Text),
    Column("full_walk_at", Text),  # when the last full walk that was completed began
    UniqueConstraint("athlete_id", "name"),
    # One account connected twice would list every workout twice.
    UniqueConstraint("athlete_id", "integration", "account_id"),
)

#: The permissions that athletes are being asked for in a browser. The database contains neither the
#: state nor what the answer is used with.
pending_permissions = Table(
    "fg_pending_permissions",
    metadata,
    Column("state_sha256", Text, primary_key=True),
    Column("athlete_id", Text, nullable=False),  # need not be stored yet
    Column("secret_ref", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
)

#: The windows of a full walk that are still to be listed. A walk that was killed resumes with them.
windows = Table(
    "fg_windows",
    metadata,
    id_column(),
    Column(
        "connection_id",
        Text,
        ForeignKey("fg_connections.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("walk_at", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("oldest", Text),
    Column("newest", Text),
)

#: The places at which a source of files was read, so that the next sync does not read them again.
locations = Table(
    "fg_locations",
    metadata,
    Column(
        "connection_id",
        Text,
        ForeignKey("fg_connections.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("key", Text, primary_key=True),
    Column("mark", Text, nullable=False),
    Column("plugin_version", Text),
    Column("external_ids", Text, nullable=False),  # JSON: the records that were found there
    Column("path", Text),  # where people find it
    Column("error", Text),  # JSON: why it could not be read; it is read again by each sync
)

records = Table(
    "fg_records",
    metadata,
    id_column(),
    Column(
        "connection_id",
        Text,
        ForeignKey("fg_connections.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("external_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("revision", Text, nullable=False),
    # Taken from the listing, so that a window can be compared with the store before anything is
    # fetched or normalized. It is in UTC if only that is known; see record_starts.py.
    Column("start_local", Text),
    Column("at_source", Text),  # when it arrived at the source, if the source states it
    Column("reason", Text),  # JSON of code, reason and fix; for a stub or a tombstone
    Column("first_seen_at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    Column("gone_at", Text),
    UniqueConstraint("connection_id", "external_id"),
    Index("fg_records_by_start", "connection_id", "start_local"),
    Index("fg_records_by_state", "connection_id", "state"),
)

parts = Table(
    "fg_parts",
    metadata,
    Column("record_id", Id, ForeignKey("fg_records.id", ondelete="CASCADE"), primary_key=True),
    Column("part", Text, primary_key=True),
    Column("state", Text, nullable=False),
    # Not a foreign key: when bytes are replaced, the old row of fg_raw is deleted before this one
    # is updated.
    Column("raw_id", Id),
    Column("tries", Integer, nullable=False, default=0),  # requests in vain; see parts.SECOND_LOOK
    Column("code", Text),
    Column("reason", Text),
    Index("fg_parts_by_state", "state", "part"),
)

#: The zstd dictionaries. A row is never changed or deleted, since raw parts need it to be unpacked.
dictionaries = Table(
    "fg_dictionaries",
    metadata,
    id_column(),
    Column("source", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

raw = Table(
    "fg_raw",
    metadata,
    id_column(),
    Column("record_id", Id, ForeignKey("fg_records.id", ondelete="CASCADE"), nullable=False),
    Column("part", Text, nullable=False),
    Column("revision", Text),
    Column("sha256", Text, nullable=False),  # of the content as received
    Column("wire", Text, nullable=False),  # the encoding as received: identity or gzip
    Column("packing", Text, nullable=False),  # verbatim, zstd, or blob
    Column("dictionary_id", Id),
    Column("content", LargeBinary),  # null if the content is a blob
    Column("size", Integer, nullable=False),  # bytes of the content as received
    Column("received_at", Text, nullable=False),
    Index("fg_raw_by_record", "record_id", "part"),
)

source_activities = Table(
    "fg_source_activities",
    metadata,
    id_column(),
    Column("record_id", Id, ForeignKey("fg_records.id", ondelete="CASCADE"), nullable=False),
    Column("leg_no", Integer, nullable=False),
    # Repeated from the connection, so that the matcher finds neighbors in time by one index.
    Column("athlete_id", Text, nullable=False),
    Column("activity_id", Text, index=True),
    Column("home_id", Text),  # the first activity that it belonged to; a split returns to it
    Column("stub", Boolean, nullable=False),
    Column("document", Text, nullable=False),
    *_activity_columns(),
    Column("model", Integer, nullable=False),
    Column("plugin", Text, nullable=False),
    Column("plugin_version", Text),
    Column("normalized_at", Text, nullable=False),
    Column("day", Text),
    # The local start, or the UTC start if no local time is known, both without a zone. The matcher
    # searches by it; it is never shown.
    Column("clock_start", Text),
    UniqueConstraint("record_id", "leg_no"),
    Index("fg_source_activities_by_start", "athlete_id", "clock_start"),
)

streams = Table(
    "fg_streams",
    metadata,
    Column(
        "source_activity_id",
        Id,
        ForeignKey("fg_source_activities.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("types", Text, nullable=False),  # JSON: the channels, readable without the codec
    Column("samples", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),  # see stream_codec.py
)

claims = Table(
    "fg_claims",
    metadata,
    Column(
        "source_activity_id",
        Id,
        ForeignKey("fg_source_activities.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("claim", Text, primary_key=True),
    Column("athlete_id", Text, nullable=False),
    Index("fg_claims_by_claim", "athlete_id", "claim"),
)

#: The opinion of a plugin, the score or a person about a pair of source activities. Equal claims
#: make no row here; they are read from ``fg_claims``. The lower id is always ``first_id``.
opinions = Table(
    "fg_opinions",
    metadata,
    Column(
        "first_id",
        Id,
        ForeignKey("fg_source_activities.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column(
        "second_id",
        Id,
        ForeignKey("fg_source_activities.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("said_by", Text, primary_key=True),
    Column("verdict", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("said_at", Text, nullable=False),
    Index("fg_opinions_by_second", "second_id"),
)

activities = Table(
    "fg_activities",
    metadata,
    Column("id", Text, primary_key=True),
    Column("athlete_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("document", Text, nullable=False),
    # JSON: field → id of the source activity that its value was taken from; the key "" is for all
    # other fields.
    Column("origins", Text, nullable=False),
    *_activity_columns(),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Column("gone_at", Text),
    Column("day", Text),
    # The UTC start, or the local start if no UTC start is known, both without a zone. Lists sort by
    # it; it is never shown.
    Column("sort_start", Text),
    UniqueConstraint("athlete_id", "number"),
    Index("fg_activities_by_start", "athlete_id", "sort_start"),
    Index("fg_activities_by_day", "athlete_id", "day"),
)

#: The settings of athletes. Each value holds from a local day on, until the next row of its key.
athlete_settings = Table(
    "fg_athlete_settings",
    metadata,
    Column("athlete_id", Text, ForeignKey("fg_athletes.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("valid_from", Text, primary_key=True),  # the first day; empty: from the beginning
    Column("value", Text, nullable=False),
)

#: The ids and numbers of activities that were merged into another one. They lead to it forever,
#: because people and scripts have written them down.
aliases = Table(
    "fg_aliases",
    metadata,
    Column("id", Text, primary_key=True),
    Column("athlete_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("activity_id", Text, nullable=False, index=True),
)

#: The decisions of the athlete about activities. They outlive every source activity, because they
#: refer to them by identities, not by row ids.
verdicts = Table(
    "fg_verdicts",
    metadata,
    id_column(),
    Column("athlete_id", Text, nullable=False),
    Column("verdict", Text, nullable=False),  # same, different
    Column("about", Text, nullable=False),  # JSON: one line per side, as shown at that time
    Column("said_at", Text, nullable=False),
    Column("undone_at", Text),
    Index("fg_verdicts_by_athlete", "athlete_id", "id"),
)

#: The sides of a decision. An identity is a claim, or the natural key of a source activity as JSON
#: (entry, account, external id, leg).
verdict_sides = Table(
    "fg_verdict_sides",
    metadata,
    Column("verdict_id", Id, ForeignKey("fg_verdicts.id", ondelete="CASCADE"), primary_key=True),
    Column("side", Integer, primary_key=True, autoincrement=False),
    Column("identity", Text, primary_key=True),
    Column("athlete_id", Text, nullable=False),
    Index("fg_verdict_sides_by_identity", "athlete_id", "identity"),
)

#: The edits of the athlete: for one field, a value, or the account whose value is used.
choices = Table(
    "fg_choices",
    metadata,
    id_column(),
    Column("athlete_id", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("value", Text, nullable=False),  # JSON
    Column("giver", Text),  # JSON of entry and account; null: ``value`` is used
    Column("said_at", Text, nullable=False),
    Index("fg_choices_by_athlete", "athlete_id"),
)

#: The natural keys of the source activities whose activity was edited. The edit applies to the
#: activity of the first one that is in the store.
choice_keys = Table(
    "fg_choice_keys",
    metadata,
    Column("choice_id", Id, ForeignKey("fg_choices.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("identity", Text, nullable=False),
    Column("athlete_id", Text, nullable=False),
    Index("fg_choice_keys_by_identity", "athlete_id", "identity"),
)

quarantine = Table(
    "fg_quarantine",
    metadata,
    Column("record_id", Id, ForeignKey("fg_records.id", ondelete="CASCADE"), primary_key=True),
    Column("stage", Text, nullable=False),
    Column("error", Text, nullable=False),  # JSON of the error's parts
    Column("code", Text, nullable=False),
    Column("plugin", Text),
    Column("plugin_version", Text),
    Column("tries", Integer, nullable=False, default=1),
    Column("since", Text, nullable=False),
)

runs = Table(
    "fg_runs",
    metadata,
    id_column(),
    Column("athlete_id", Text, nullable=False),
    Column("connection_id", Text, index=True),
    Column("kind", Text, nullable=False),
    Column("options", Text, nullable=False, default="{}"),
    Column("started_at", Text, nullable=False),
    Column("ended_at", Text),
    Column("outcome", Text),  # null: the run is still running, or was killed
    Column("counts", Text, nullable=False, default="{}"),
    Column("error", Text),
    Column("host_version", Text),
)

decisions = Table(
    "fg_decisions",
    metadata,
    id_column(),
    Column("run_id", Id, ForeignKey("fg_runs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("record_id", Id, index=True),
    Column("at", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("reason", Text),
)
