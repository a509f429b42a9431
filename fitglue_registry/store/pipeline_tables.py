"""The tables of pipelines: what changed, what was offered, what was computed, what was sent."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, UniqueConstraint, text

from fitglue_registry.store.column_types import Id, Text, id_column, metadata

#: The changes of activities, in the order in which they were committed for one athlete. Only those
#: of athletes with a pipeline are written, and only until every pipeline has seen them.
activity_changes = Table(
    "fg_activity_changes",
    metadata,
    id_column(),
    Column("athlete_id", Text, nullable=False),
    Column("activity_id", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("into_id", Text),  # of an activity that was merged away: the survivor
    Column("at", Text, nullable=False),
    Index("fg_activity_changes_by_athlete", "athlete_id", "id"),
    # SQLite would otherwise use the id of a deleted row again, which a pipeline has seen already.
    sqlite_autoincrement=True,
)

pipelines = Table(
    "fg_pipelines",
    metadata,
    Column("id", Text, primary_key=True),
    Column("athlete_id", Text, nullable=False),
    Column("name", Text),  # null once it was deleted, so that another one can have its name
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),  # the newest in fg_pipeline_versions
    Column("after_change", Id, nullable=False),  # the last change that it has seen
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    UniqueConstraint("athlete_id", "name"),
)

#: Every document that a pipeline has had; a version is never changed.
pipeline_versions = Table(
    "fg_pipeline_versions",
    metadata,
    Column(
        "pipeline_id",
        Text,
        ForeignKey("fg_pipelines.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),  # JSON
    Column("at", Text, nullable=False),
)

#: The activities that a pipeline was offered: those that wait, and what was last decided about each
#: of the others.
offers = Table(
    "fg_offers",
    metadata,
    Column(
        "pipeline_id",
        Text,
        ForeignKey("fg_pipelines.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("activity_id", Text, primary_key=True),
    Column("athlete_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("due_at", Text),  # until then its copies may still arrive; null: as soon as possible
    Column("again", Boolean, nullable=False, default=False),  # send it even if nothing has changed
    Column("version", Integer),  # the version of the pipeline that decided
    Column("steps", Text, nullable=False, default="[]"),  # JSON: what each step said
    Column("at", Text, nullable=False),
    Index("fg_offers_by_state", "athlete_id", "state", "due_at"),
    Index("fg_offers_by_activity", "activity_id"),
)

#: The outbox. A row is written before anything is sent, and it is what makes sending exactly once.
deliveries = Table(
    "fg_deliveries",
    metadata,
    id_column(),
    Column("athlete_id", Text, nullable=False),
    Column("pipeline_id", Text, ForeignKey("fg_pipelines.id"), nullable=False),
    Column("destination", Text, nullable=False),  # the name of the step
    Column("entry", Text, nullable=False),  # the id of the destination's entry
    Column("connection_id", Text),  # null: the destination has no account
    Column("activity_id", Text, nullable=False),
    Column("home_id", Text, nullable=False),  # the activity for which it was made
    # The delivery of the activity that survived a merge, if this one was sent as well.
    Column("follows_id", Id),
    Column("external_id", Text, nullable=False, unique=True),
    Column("action", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("next_try_at", Text),
    Column("intent", Text, nullable=False, default="{}"),  # JSON: what will be sent
    Column("sent", Text, nullable=False, default="{}"),  # JSON: field → hash of what is there
    Column("receipt", Text),  # JSON: what the destination returned
    Column("error", Text),  # JSON: the last failure
    Column("planned_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Column("sent_at", Text),
    Index(
        "fg_deliveries_once",
        "pipeline_id",
        "destination",
        "activity_id",
        unique=True,
        sqlite_where=text("follows_id IS NULL"),
        postgresql_where=text("follows_id IS NULL"),
    ),
    Index("fg_deliveries_by_state", "athlete_id", "state", "next_try_at"),
    Index("fg_deliveries_by_activity", "activity_id"),
)

#: What happened to each delivery, one row for each change of its state.
delivery_log = Table(
    "fg_delivery_log",
    metadata,
    id_column(),
    Column(
        "delivery_id",
        Id,
        ForeignKey("fg_deliveries.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("at", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("what", Text, nullable=False),  # one sentence, without secrets
)

#: The identities by which what was sent is recognized when a source lists it.
sent_identities = Table(
    "fg_sent_identities",
    metadata,
    Column("athlete_id", Text, primary_key=True),
    Column("identity", Text, primary_key=True),
    Column(
        "delivery_id",
        Id,
        ForeignKey("fg_deliveries.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
)

#: What boosters computed for activities. The hashes say for which settings and for which input, so
#: that it is computed again when one of them has changed.
computed = Table(
    "fg_computed",
    metadata,
    Column("activity_id", Text, primary_key=True),
    Column("booster", Text, primary_key=True),
    Column("settings_hash", Text, primary_key=True),
    Column("athlete_id", Text, nullable=False),
    Column("version", Text, nullable=False),  # of the booster's plugin
    Column("input_hash", Text, nullable=False),
    Column("document", Text, nullable=False),  # JSON: values, method, notes
    Column("at", Text, nullable=False),
    Index("fg_computed_by_athlete", "athlete_id"),
)
