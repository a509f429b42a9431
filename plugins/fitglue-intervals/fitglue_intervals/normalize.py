"""Turns the parts of one record into one source activity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fitglue_intervals.checks import refuse
from fitglue_intervals.claims import claims_of, parent_of
from fitglue_intervals.extras import extensions_of, metrics_of
from fitglue_intervals.laps import laps_of
from fitglue_intervals.loads import edited, training_loads
from fitglue_intervals.payload import payload_of
from fitglue_intervals.reading import BROKEN_GZIP, unpack
from fitglue_intervals.starts import start_of
from fitglue_intervals.stubs import stub_of
from fitglue_intervals.values import Values
from fitglue_registry.model import (
    Completeness,
    Device,
    Gear,
    Link,
    Provenance,
    SourceActivity,
    canonical_sport,
)
from fitglue_registry.model.sports import ON_FOOT

if TYPE_CHECKING:
    from fitglue_registry.model import Stream, Stub
    from fitglue_registry.plugin_api import Record

PAGE = "https://intervals.icu/activities/"
#: Model field → key, of the figures that are estimated where no power meter measured them.
_WATTS = {
    "average_watts": "icu_average_watts",
    "weighted_average_watts": "icu_weighted_avg_watts",
}
#: What the athlete says on a scale: model field → the keys that may say it.
_SCALES = {"rpe": ("icu_rpe", "perceived_exertion"), "feel": ("feel",)}
_HARDEST = 10
_BEST_FEEL = 5


def normalize(record: Record) -> list[SourceActivity]:
    """The source activity of a record; raises ``RecordRefused`` where its payload makes no sense.

    A summary alone does.
    """
    payload = payload_of(record)
    values = Values(payload, dict(record.unavailable))
    external_id = values.identity("id")
    if external_id is None or any(character.isspace() for character in external_id):
        raise refuse("the activity has no id", field="$.id")
    stub = stub_of(payload)
    if stub is not None:
        return [_stub(values, external_id, stub, tuple(record.parts))]
    streams, missing = _streams(record)
    values.missing.update(missing)
    has_samples = bool(streams) or bool(payload.get("stream_types"))
    activity = SourceActivity(
        **_identity(values, external_id, has_samples=has_samples),
        **_measures(values),
        **_rest(values),
        links=_links(external_id),
        streams=streams,
        completeness=Completeness(tuple(record.parts), values.missing),
    )
    if "file" in record.parts:
        # Late: the readers of formats cost 100 ms, and most syncs take no files.
        from fitglue_intervals.original import with_file

        activity = with_file(activity, record.parts["file"], values)
    return [activity]


def _streams(record: Record) -> tuple[tuple[Stream, ...], dict[str, str]]:
    """The streams, and why each of the others is missing."""
    if "streams" not in record.parts:
        return (), {}
    try:
        content = unpack(record.parts["streams"])
    except BROKEN_GZIP:
        return (), {"streams": "what was kept of them cannot be unpacked"}
    # Late: numpy costs 70 ms, which a sync with nothing new need not pay.
    from fitglue_intervals.streams import decode_streams

    return decode_streams(content)


def _links(external_id: str) -> tuple[Link, ...]:
    return (Link("self", PAGE + quote(external_id, safe="")),)


def _stub(
    values: Values,
    external_id: str,
    stub: Stub,
    parts: tuple[str, ...],
) -> SourceActivity:
    """A placeholder that keeps the start and the claims, so that a copy from elsewhere can be
    recognised.
    """
    start = start_of(values, has_samples=True)
    source = values.text("source")
    return SourceActivity(
        stub=stub,
        start_utc=start.utc,
        start_local=start.local,
        timezone=start.timezone,
        utc_offset_s=start.utc_offset_s,
        links=_links(external_id),
        claims=claims_of(values, external_id),
        extensions={} if source is None else {"source": source},
        completeness=Completeness(parts, values.missing),
    )


# -- which workout it is ---------------------------------------------------------------------------


def _identity(
    values: Values,
    external_id: str,
    *,
    has_samples: bool,
) -> dict[str, Any]:
    """What, when, by which names."""
    start = start_of(values, has_samples=has_samples)
    raw_sport = values.text("type")
    sub_type = values.text("sub_type")
    return {
        "title": values.text("name"),
        "description": values.text("description"),
        "tags": _tags(values.payload.get("tags")),
        "sport": canonical_sport(raw_sport),
        "sport_raw": raw_sport,
        "sub_type": None if sub_type == "NONE" else sub_type,
        "trainer": values.flag("trainer"),
        "commute": values.flag("commute"),
        "race": values.flag("race"),
        "start_utc": start.utc,
        "start_local": start.local,
        "timezone": start.timezone,
        "utc_offset_s": start.utc_offset_s,
        "start_precision": start.precision,
        "parent": parent_of(values, start),
        "claims": claims_of(values, external_id),
        "provenance": _provenance(values, start.derived),
    }


def _tags(tags: Any) -> tuple[str, ...]:
    """The tags with something in them, each once."""
    texts = [tag.strip() for tag in tags or () if isinstance(tag, str)]
    return tuple(dict.fromkeys(filter(None, texts)))


def _provenance(values: Values, derived: tuple[str, ...]) -> dict[str, Provenance]:
    """Only what differs from the `data` table of the entry."""
    provenance = {}
    for field in derived:
        provenance[field] = Provenance("computed", note="from the other start and the zone")
    if edited(values):
        provenance["training_load"] = Provenance(
            "reported", by="athlete", upstream="icu_training_load", note="typed by the athlete"
        )
    if _power_kind(values) == "estimated":
        for field, key in _WATTS.items():
            if values.figure(key) is not None:
                provenance[field] = Provenance(
                    "estimated", upstream=key, note="device_watts is not set"
                )
    if _rpe(values) is not None and values.figure("icu_rpe") is None:
        provenance["rpe"] = Provenance("reported", upstream="perceived_exertion")
    return provenance


# -- how far, how long, how hard -------------------------------------------------------------------


def _measures(values: Values) -> dict[str, Any]:
    measures: dict[str, Any] = {
        **values.numbers(),
        "distance_m": _distance_m(values),
        "pool_lengths": values.whole("lengths"),
        "power_kind": _power_kind(values),
        "rpe": _rpe(values),
        "feel": _feel(values),
        "training_loads": training_loads(values),
    }
    if canonical_sport(values.text("type")) in ON_FOOT:
        measures["average_stride_m"] = _stride_m(values)
        if measures["average_cadence_rpm"] is not None:
            measures["cadence_per_leg"] = True
    return measures


def _distance_m(values: Values) -> float | None:
    # "use this one", says the API's data model.
    distance = values.amount("icu_distance", "distance_m")
    if distance is not None:
        return distance
    return values.amount("distance", "distance_m")


def _power_kind(values: Values) -> str | None:
    """Measured where the source says so; watts without that word are an estimate (after Strava:
    none was ever seen here).
    """
    if values.flag("device_watts"):
        return "measured"
    if all(values.figure(key) is None for key in _WATTS.values()):
        return None
    return "estimated"


def _rpe(values: Values) -> float | None:
    rpe = values.figure("icu_rpe")
    if rpe is None:
        rpe = values.figure("perceived_exertion")
    if rpe is None or not 0 <= rpe <= _HARDEST:
        return None
    return rpe


def _feel(values: Values) -> int | None:
    feel = values.whole("feel")
    if feel is None or not 1 <= feel <= _BEST_FEEL:
        return None
    return feel


def _stride_m(values: Values) -> float | None:
    """Only of foot sports: the API gives a ride an "average stride" of 3.5 m as well."""
    stride_m = values.amount("average_stride")
    step_mm = values.amount("average_step_length")
    if stride_m is None and step_mm is not None:
        return step_mm / 1000
    return stride_m


# -- gear, device, laps, and what the model has no field for ---------------------------------------


def _rest(values: Values) -> dict[str, Any]:
    name = values.text("device_name")
    return {
        "gear": _gear(values.payload.get("gear")),
        "device": Device(name=name) if name else None,
        "laps": laps_of(values.payload.get("icu_intervals") or ()),
        "metrics": metrics_of(values),
        "extensions": {**extensions_of(values), **_off_the_scale(values)},
    }


def _off_the_scale(values: Values) -> dict[str, float]:
    """What the athlete said and no scale has: kept as it is, and named as missing."""
    kept = {"rpe": _rpe(values), "feel": _feel(values)}
    odd = {}
    for field, keys in _SCALES.items():
        figures = [values.figure(key) for key in keys]
        said = next((figure for figure in figures if figure is not None), None)
        if said is not None and kept[field] is None:
            odd[field] = said
            values.missing[field] = f"the source says {said:g}, which is off the scale"
    return odd


def _gear(gear: Any) -> Gear | None:
    if not isinstance(gear, dict):
        return None
    values = Values(gear)
    made = Gear(
        values.text("name"),
        values.identity("id"),
        values.amount("distance"),
    )
    return None if made == Gear() else made
