"""The views of what is inside the documents of activities: laps, sets, zones, gear and figures.

The documents were validated before they were stored, except their extensions, which sources fill as
they like. PostgreSQL refuses to read a text as a number or as a list, and one such value would make
a view unusable, so the forms of extensions are checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fitglue_registry.model.zones import BOUNDS, NAMED_TIMES, NO_LIMIT, ZONES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: The fields of a lap in the JSON document → the type of the view's column.
LAP_FIELDS = {
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
SET_FIELDS = {
    "exercise": "TEXT",
    "kind": "TEXT",
    "reps": "INTEGER",
    "weight_kg": "REAL",
    "elapsed_s": "REAL",
    "distance_m": "REAL",
    "start_utc": "TEXT",
    "superset": "TEXT",
    "notes": "TEXT",
}
GEAR_FIELDS = {
    "name": "TEXT",
    "id": "TEXT",
    "distance_m": "REAL",
}
DEVICE_FIELDS = {
    "name": "TEXT",
    "manufacturer": "TEXT",
    "product": "TEXT",
    "serial": "TEXT",
    "software": "TEXT",
}
#: The columns of ``zones`` after its kind → their types.
ZONE_FIELDS = {
    "zone_no": "INTEGER",
    "zone": "TEXT",
    "elapsed_s": "REAL",
    "upper_limit": "REAL",
    "limit_unit": "TEXT",
}
METRIC_FIELDS = {
    "name": "TEXT",
    "value": "REAL",
}

#: The columns with which each of these views begins.
_WHOSE = "a.id AS activity_id, a.number AS number, a.athlete_id AS athlete_id"
_FROM = "FROM fg_activities a"
_LISTED = "a.gone_at IS NULL"
_CASTS = {
    "TEXT": "",
    "INTEGER": "::bigint",
    "REAL": "::double precision",
}


class _Zones(NamedTuple):
    """One kind of zones, and where an extension has them."""

    kind: str
    extension: str
    times: str


def document_views(dialect: str) -> dict[str, str]:
    """Return the SELECT of each view of this module by its name.

    Args:
        dialect: ``sqlite`` or ``postgresql``.
    """
    is_sqlite = dialect == "sqlite"
    elements = _elements_of_sqlite if is_sqlite else _elements_of_postgresql
    thing = _thing_of_sqlite if is_sqlite else _thing_of_postgresql
    zones = _zones_of_sqlite if is_sqlite else _zones_of_postgresql
    return {
        "laps": elements("laps", "lap_no", LAP_FIELDS),
        "sets": elements("sets", "set_no", SET_FIELDS),
        "zones": " UNION ALL ".join(map(zones, _kinds_of_zones())),
        "gear": thing("gear", GEAR_FIELDS),
        "devices": thing("device", DEVICE_FIELDS),
        "metrics": _metrics_of_sqlite() if is_sqlite else _metrics_of_postgresql(),
    }


def _kinds_of_zones() -> Iterator[_Zones]:
    for kind, (extension, times) in ZONES.items():
        yield _Zones(kind, extension, times)
        if kind == "power":
            yield _Zones(kind, extension, NAMED_TIMES)


def _named(
    thing: str,
    name: str,
    value: str,
) -> str:
    """Return the column of a field."""
    # The document leaves out a kind of a lap that is the default.
    if thing == "laps" and name == "kind":
        return f"coalesce({value}, 'lap') AS kind"
    # The view has the id of the activity as well.
    if name == "id":
        return f"{value} AS {thing}_id"
    return f"{value} AS {name}"


# -- SQLite ----------------------------------------------------------------------------------------


def _elements_of_sqlite(
    thing: str,
    position: str,
    fields: Mapping[str, str],
) -> str:
    # json_each numbers the elements from 0; json_extract returns numbers as numbers already.
    columns = []
    for name in fields:
        columns.append(_named(thing, name, f"json_extract(element.value, '$.{name}')"))
    return (
        f"SELECT {_WHOSE}, element.key + 1 AS {position}, {', '.join(columns)} "
        f"{_FROM}, json_each(a.document, '$.{thing}') element WHERE {_LISTED}"
    )


def _thing_of_sqlite(thing: str, fields: Mapping[str, str]) -> str:
    columns = []
    for name in fields:
        columns.append(_named(thing, name, f"json_extract(a.document, '$.{thing}.{name}')"))
    return (
        f"SELECT {_WHOSE}, {', '.join(columns)} {_FROM} "
        f"WHERE {_LISTED} AND json_type(a.document, '$.{thing}') = 'object'"
    )


def _metrics_of_sqlite() -> str:
    return (
        f"SELECT {_WHOSE}, metric.key AS name, metric.value AS value "
        f"{_FROM}, json_each(a.document, '$.metrics') metric WHERE {_LISTED}"
    )


def _zones_of_sqlite(zones: _Zones) -> str:
    path = f"$.extensions.{zones.extension}"
    times = f"{path}.{zones.times}"
    # A scalar would be one element.
    list_of_times = (
        f"CASE WHEN json_type(a.document, '{times}') = 'array' "
        f"THEN json_extract(a.document, '{times}') ELSE '[]' END"
    )
    limits = []
    for name, unit in BOUNDS.items():
        limit = f"json_extract(a.document, '{path}.{name}[' || time.key || ']')"
        limit = f"CAST({limit} AS REAL)"
        kind = f"json_type(a.document, '{path}.{name}[' || time.key || ']')"
        limits.append((kind + " IN ('integer', 'real')", limit, unit))
    seconds = "time.value"
    name = "'Z' || (time.key + 1)"
    is_number = "time.type IN ('integer', 'real')"
    if zones.times == NAMED_TIMES:
        seconds = "json_extract(time.value, '$.secs')"
        name = f"coalesce(json_extract(time.value, '$.id'), {name})"
        # A CASE, because the value of another type is no JSON text.
        is_number = (
            "CASE WHEN time.type = 'object' "
            "THEN json_type(time.value, '$.secs') IN ('integer', 'real') END "
            f"AND coalesce(json_type(a.document, '{path}.times_s'), 'null') = 'null'"
        )
    return (
        f"SELECT {_WHOSE}, '{zones.kind}' AS kind, time.key + 1 AS zone_no, {name} AS zone, "
        # Many sources state whole seconds, which SQLite would divide as whole numbers.
        f"CAST({seconds} AS REAL) AS elapsed_s, {_limit(limits)} "
        f"{_FROM}, json_each({list_of_times}) time WHERE {_LISTED} AND {is_number}"
    )


# -- PostgreSQL ------------------------------------------------------------------------------------


def _elements_of_postgresql(
    thing: str,
    position: str,
    fields: Mapping[str, str],
) -> str:
    # ->> returns every value as text.
    columns = []
    for name, kind in fields.items():
        columns.append(_named(thing, name, f"(element.value ->> '{name}'){_CASTS[kind]}"))
    return (
        f"SELECT {_WHOSE}, element.ordinality AS {position}, {', '.join(columns)} "
        f"{_FROM} CROSS JOIN LATERAL "
        f"jsonb_array_elements(coalesce(a.document::jsonb -> '{thing}', '[]'::jsonb)) "
        f"WITH ORDINALITY AS element(value, ordinality) WHERE {_LISTED}"
    )


def _thing_of_postgresql(thing: str, fields: Mapping[str, str]) -> str:
    columns = []
    for name, kind in fields.items():
        value = f"(a.document::jsonb -> '{thing}' ->> '{name}'){_CASTS[kind]}"
        columns.append(_named(thing, name, value))
    return (
        f"SELECT {_WHOSE}, {', '.join(columns)} {_FROM} "
        f"WHERE {_LISTED} AND jsonb_typeof(a.document::jsonb -> '{thing}') = 'object'"
    )


def _metrics_of_postgresql() -> str:
    return (
        f"SELECT {_WHOSE}, metric.key AS name, (metric.value #>> '{{}}')::double precision AS "
        f"value {_FROM} CROSS JOIN LATERAL "
        "jsonb_each(coalesce(a.document::jsonb -> 'metrics', '{}'::jsonb)) "
        f"AS metric(key, value) WHERE {_LISTED}"
    )


def _zones_of_postgresql(zones: _Zones) -> str:
    stated = f"(a.document::jsonb -> 'extensions' -> '{zones.extension}')"
    times = f"({stated} -> '{zones.times}')"
    list_of_times = f"CASE WHEN jsonb_typeof({times}) = 'array' THEN {times} ELSE '[]'::jsonb END"
    limits = []
    for bounds, unit in BOUNDS.items():
        # Of anything but a list, -> with a number is null.
        limit = f"({stated} -> '{bounds}' -> (time.ordinality - 1)::integer)"
        is_number = f"jsonb_typeof({limit}) = 'number'"
        limits.append((is_number, f"({limit} #>> '{{}}')::double precision", unit))
    seconds = "time.value"
    name = "'Z' || time.ordinality"
    condition = _LISTED
    if zones.times == NAMED_TIMES:
        condition += f" AND coalesce(jsonb_typeof({stated} -> 'times_s'), 'null') = 'null'"
        seconds = "(time.value -> 'secs')"
        name = f"coalesce(time.value ->> 'id', {name})"
    return (
        f"SELECT {_WHOSE}, '{zones.kind}' AS kind, time.ordinality AS zone_no, {name} AS zone, "
        f"({seconds} #>> '{{}}')::double precision AS elapsed_s, {_limit(limits)} "
        f"{_FROM} CROSS JOIN LATERAL jsonb_array_elements({list_of_times}) "
        "WITH ORDINALITY AS time(value, ordinality) "
        f"WHERE {condition} AND jsonb_typeof({seconds}) = 'number'"
    )


def _limit(limits: list[tuple[str, str, str]]) -> str:
    """Return the columns of the upper limit and its unit, which are null without a limit.

    Args:
        limits: For each unit: whether there is a limit, the limit, and the unit.
    """
    values = []
    units = []
    for is_number, limit, unit in limits:
        condition = f"WHEN {is_number}"
        # The last zone has no upper limit, which some sources write as a large number.
        if unit == "%":
            condition = f"WHEN CASE WHEN {is_number} THEN {limit} < {NO_LIMIT} END"
        values.append(f"{condition} THEN {limit}")
        units.append(f"{condition} THEN '{unit}'")
    return f"CASE {' '.join(values)} END AS upper_limit, CASE {' '.join(units)} END AS limit_unit"
