"""The views that people and their tools read.

Their names and columns are stable, however the tables change: a column may be added, but within a
major version none is renamed, removed, or given another meaning. ``docs/views.md`` describes them.
"""

from __future__ import annotations

from fitglue_registry.model.stored import RecordState
from fitglue_registry.store.document_columns import ACTIVITY_COLUMNS

_ACTIVITY_COLUMNS = ", ".join(f"a.{name}" for name in ACTIVITY_COLUMNS)
_SOURCE_COLUMNS = ", ".join(f"s.{name}" for name in ACTIVITY_COLUMNS)

#: The fields of a lap in the JSON document → the type of the view's column.
_LAP_FIELDS = {
    "kind": "TEXT",
    "label": "TEXT",
    "intensity": "TEXT",
    "start_s": "REAL",
    "elapsed_s": "REAL",
    "moving_s": "REAL",
    "distance_m": "REAL",
    "average_heartrate_bpm": "REAL",
    "max_heartrate_bpm": "REAL",
    "average_watts": "REAL",
    "average_cadence_rpm": "REAL",
    "average_speed_mps": "REAL",
    "training_load": "REAL",
}


def definitions(dialect: str) -> dict[str, str]:
    """Return the SELECT of each view by its name, in the dialect ``sqlite`` or ``postgresql``."""
    is_gone = f"(r.state = '{RecordState.GONE}')"
    # SQLite has no Boolean type; 0 and 1 are also what it shows for the column ``stub``.
    gone = f"CASE WHEN {is_gone} THEN 1 ELSE 0 END" if dialect == "sqlite" else is_gone
    in_utc = "({0}.start_local IS NULL AND {0}.start_utc IS NOT NULL) AS start_is_utc"
    return {
        "activities": f"SELECT a.id, a.number, a.athlete_id, {_ACTIVITY_COLUMNS}, "
        "(SELECT count(*) FROM fg_source_activities s JOIN fg_records r ON r.id = s.record_id "
        f"WHERE s.activity_id = a.id AND r.state <> '{RecordState.GONE}') AS sources, "
        f"a.document, a.created_at, a.updated_at, a.day, {in_utc.format('a')} "
        "FROM fg_activities a WHERE a.gone_at IS NULL",
        "laps": _laps_of_sqlite() if dialect == "sqlite" else _laps_of_postgresql(),
        "source_activities": "SELECT s.id, s.activity_id, s.athlete_id, c.name AS connection, "
        "c.source, "
        f"r.external_id, s.leg_no, s.stub, {gone} AS gone, "
        f"{_SOURCE_COLUMNS}, r.at_source, r.first_seen_at, r.changed_at, s.plugin, "
        f"s.plugin_version, s.document, s.day, {in_utc.format('s')} "
        "FROM fg_source_activities s JOIN fg_records r ON r.id = s.record_id JOIN "
        "fg_connections c ON c.id = r.connection_id",
        "runs": "SELECT n.id, n.athlete_id, c.name AS connection, n.kind, n.started_at, "
        "n.ended_at, "
        "n.outcome, n.counts, n.error, n.options, "
        "n.host_version FROM fg_runs n LEFT JOIN fg_connections c ON c.id = n.connection_id",
    }


def _laps_of_sqlite() -> str:
    # json_each numbers the elements from 0; json_extract returns numbers as numbers already.
    fields = []
    for name in _LAP_FIELDS:
        fields.append(_lap_column(name, f"json_extract(lap.value, '$.{name}')"))
    return (
        "SELECT a.id AS activity_id, a.number AS number, a.athlete_id AS athlete_id, "
        f"lap.key + 1 AS lap_no, {', '.join(fields)} "
        "FROM fg_activities a, json_each(a.document, '$.laps') lap WHERE a.gone_at IS NULL"
    )


def _laps_of_postgresql() -> str:
    # ->> returns every value as text.
    casts = {"TEXT": "", "REAL": "::double precision"}
    fields = []
    for name, kind in _LAP_FIELDS.items():
        fields.append(_lap_column(name, f"(lap.value ->> '{name}'){casts[kind]}"))
    return (
        "SELECT a.id AS activity_id, a.number AS number, a.athlete_id AS athlete_id, "
        f"lap.ordinality AS lap_no, {', '.join(fields)} "
        "FROM fg_activities a CROSS JOIN LATERAL "
        "jsonb_array_elements(coalesce(a.document::jsonb -> 'laps', '[]'::jsonb)) "
        "WITH ORDINALITY AS lap(value, ordinality) WHERE a.gone_at IS NULL"
    )


def _lap_column(name: str, value: str) -> str:
    # The document leaves out a kind that is the default.
    if name == "kind":
        return f"coalesce({value}, 'lap') AS kind"
    return f"{value} AS {name}"
