"""The views that people and their tools read.

Their names and columns are stable, however the tables change: a column may be added, but within a
major version none is renamed, removed, or given another meaning. ``docs/views.md`` describes them.
"""

from __future__ import annotations

from fitglue_registry.model.stored import RecordState
from fitglue_registry.store.delivery_views import delivery_views
from fitglue_registry.store.document_columns import ACTIVITY_COLUMNS
from fitglue_registry.store.document_views import document_views
from fitglue_registry.store.load_views import load_views

_FIRST_VIEWS = frozenset(("activities", "laps", "source_activities", "runs"))
#: The first format that has the views of documents.
_DOCUMENT_VIEWS_SINCE = "0006"
#: The first format that has the views of what boosters computed and of pipelines.
_PIPELINE_VIEWS_SINCE = "0007"
_ACTIVITY_COLUMNS = ", ".join(f"a.{name}" for name in ACTIVITY_COLUMNS)
_SOURCE_COLUMNS = ", ".join(f"s.{name}" for name in ACTIVITY_COLUMNS)


def names_in(format_: str | None) -> frozenset[str]:
    """Return the names of the views that a database of a format has.

    Args:
        format_: The format; ``None`` for a database without one.
    """
    if (format_ or "") < _DOCUMENT_VIEWS_SINCE:
        return _FIRST_VIEWS
    views = frozenset(definitions("sqlite"))
    if (format_ or "") < _PIPELINE_VIEWS_SINCE:
        return views - load_views("sqlite").keys() - delivery_views("sqlite").keys()
    return views


def definitions(dialect: str) -> dict[str, str]:
    """Return the SELECT of each view by its name, in the dialect ``sqlite`` or ``postgresql``."""
    is_gone = f"(r.state = '{RecordState.GONE}')"
    # SQLite has no Boolean type; 0 and 1 are also what it shows for the column ``stub``.
    gone = f"CASE WHEN {is_gone} THEN 1 ELSE 0 END" if dialect == "sqlite" else is_gone
    in_utc = "({0}.start_local IS NULL AND {0}.start_utc IS NOT NULL) AS start_is_utc"
    documents = document_views(dialect)
    return {
        "activities": f"SELECT a.id, a.number, a.athlete_id, {_ACTIVITY_COLUMNS}, "
        "(SELECT count(*) FROM fg_source_activities s JOIN fg_records r ON r.id = s.record_id "
        f"WHERE s.activity_id = a.id AND r.state <> '{RecordState.GONE}') AS sources, "
        f"a.document, a.created_at, a.updated_at, a.day, {in_utc.format('a')} "
        "FROM fg_activities a WHERE a.gone_at IS NULL",
        "laps": documents.pop("laps"),
        "source_activities": "SELECT s.id, s.activity_id, s.athlete_id, c.name AS connection, "
        "c.source, "
        f"r.external_id, s.leg_no, s.stub, {gone} AS gone, "
        f"{_SOURCE_COLUMNS}, r.at_source, r.first_seen_at, r.changed_at, s.plugin, "
        f"s.plugin_version, s.document, s.day, {in_utc.format('s')}, "
        f"({_delivery(dialect)}) AS delivery_id "
        "FROM fg_source_activities s JOIN fg_records r ON r.id = s.record_id JOIN "
        "fg_connections c ON c.id = r.connection_id",
        "runs": "SELECT n.id, n.athlete_id, c.name AS connection, n.kind, n.started_at, "
        "n.ended_at, "
        "n.outcome, n.counts, n.error, n.options, "
        "n.host_version FROM fg_runs n LEFT JOIN fg_connections c ON c.id = n.connection_id",
        **documents,
        **load_views(dialect),
        **delivery_views(dialect),
    }


def _delivery(dialect: str) -> str:
    """Return the SELECT of the delivery that a source activity is what became of.

    It finds the same as ``sent_identities.echoes_among``.
    """
    serial = "split_part(k.claim, '@', 1)"
    if dialect == "sqlite":
        serial = "substr(k.claim, 1, instr(k.claim, '@') - 1)"
    earlier = (
        "SELECT 1 FROM fg_claims o "
        "JOIN fg_source_activities p ON p.id = o.source_activity_id "
        "JOIN fg_records q ON q.id = p.record_id "
        "WHERE o.athlete_id = k.athlete_id AND o.claim = k.claim "
        "AND q.first_seen_at <= d.planned_at"
    )
    return (
        "SELECT min(d.id) FROM fg_claims k "
        "JOIN fg_sent_identities i ON i.athlete_id = k.athlete_id AND (i.identity = k.claim "
        f"OR (k.claim LIKE 'device:%@%' AND i.identity = {serial})) "
        "JOIN fg_deliveries d ON d.id = i.delivery_id "
        f"WHERE k.source_activity_id = s.id AND NOT EXISTS ({earlier})"
    )
