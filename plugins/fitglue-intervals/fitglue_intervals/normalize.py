"""Turns the parts of one record into one source activity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fitglue_intervals.claims import claims_of, parent_of
from fitglue_intervals.extras import extensions_of, metrics_of
from fitglue_intervals.laps import laps_of
from fitglue_intervals.loads import edited, training_loads
from fitglue_intervals.original import with_file
from fitglue_intervals.reading import BROKEN_GZIP, UNREADABLE, check, read_json, refuse, unpack
from fitglue_intervals.recognise import other_than_activity
from fitglue_intervals.starts import start_of
from fitglue_intervals.streams import decode_streams
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
    from collections.abc import Mapping

    from fitglue_registry.model import Stream, Stub
    from fitglue_registry.plugin_api import Record

PAGE = "https://intervals.icu/activities/"
#: Of these the detail is the only source.
DETAIL_KEYS = ("icu_intervals", "icu_groups")


def normalize(record: Record) -> list[SourceActivity]:
    """The source activity of a record; raises ``RecordRefused`` where its payload makes no sense.

    A summary alone does.
    """
    missing = dict(record.unavailable)
    payload = _payload(record)
    values = Values(payload, missing)
    external_id = values.identity("id")
    if external_id is None or any(character.isspace() for character in external_id):
        raise refuse("the activity has no id", field="$.id")
    links = (Link("self", PAGE + quote(external_id, safe="")),)
    stub = stub_of(payload)
    if stub is not None:
        return [_stub(values, external_id, stub, links, tuple(record.parts))]
    streams = _streams(record, missing)
    has_samples = bool(streams) or bool(payload.get("stream_types"))
    activity = SourceActivity(
        **_identity(values, external_id, has_samples=has_samples),
        **_measures(values),
        **_rest(values),
        links=links,
        streams=streams,
        completeness=Completeness(tuple(record.parts), missing),
    )
    return [
        with_file(activity, record.parts["file"], values) if "file" in record.parts else activity
    ]


# -- reading the parts -----------------------------------------------------------------------------


def _payload(record: Record) -> dict[str, Any]:
    """Summary and detail as one checked payload.

    A list row carries the whole activity, the detail adds the intervals. Of the two the one that
    was received later wins, also with a null that it states (the athlete took a description back);
    a key that it lacks comes from the other. Where nobody knows, the summary is held to be later:
    it is read on every sync, the detail once.
    """
    found = {part: _object(record, part) for part in ("summary", "detail") if part in record.parts}
    if not found:
        raise refuse(
            f"of activity {record.external_id} there is neither a summary nor a detail", field="$"
        )
    whole = {part: payload for part, payload in found.items() if stub_of(payload) is None} or found
    summary, detail = whole.get("summary", {}), whole.get("detail", {})
    payload = summary | detail if _detail_is_newer(record) else detail | summary
    payload |= {key: detail[key] for key in DETAIL_KEYS if detail.get(key) is not None}
    check("activity", payload, f"activity {record.external_id}")
    return payload


def _detail_is_newer(record: Record) -> bool:
    summary, detail = record.received.get("summary"), record.received.get("detail")
    return summary is not None and detail is not None and detail > summary


def _object(record: Record, part: str) -> dict[str, Any]:
    try:
        document = read_json(unpack(record.parts[part]))
    except UNREADABLE as error:
        raise refuse(
            f"the {part} of {record.external_id} is no JSON: {error}", field="$"
        ) from error
    other = other_than_activity(document)
    if other is not None or not isinstance(document, dict):
        what = (other or "a list").removesuffix(", not an activity")
        raise refuse(
            f"the {part} of {record.external_id} is {what}, not an activity",
            field="$",
            code="FG-not-an-activity",
            fix="give an activity of Intervals.icu, or a list of them",
        )
    return document


def _streams(record: Record, missing: dict[str, str]) -> tuple[Stream, ...]:
    if "streams" not in record.parts:
        return ()
    try:
        content = unpack(record.parts["streams"])
    except BROKEN_GZIP:
        missing["streams"] = "what was kept of them cannot be unpacked"
        return ()
    streams, why = decode_streams(content)
    missing.update(why)
    return streams


# -- making the activity ---------------------------------------------------------------------------


def _stub(
    values: Values, external_id: str, stub: Stub, links: tuple[Link, ...], parts: tuple[str, ...]
) -> SourceActivity:
    """A placeholder that keeps the start and the claims, so that a copy from elsewhere can be
    recognised.
    """
    start = start_of(values, has_samples=True)
    extensions = {key: value for key in ("source",) if (value := values.text(key)) is not None}
    return SourceActivity(
        stub=stub,
        start_utc=start.utc,
        start_local=start.local,
        timezone=start.timezone,
        utc_offset_s=start.utc_offset_s,
        links=links,
        claims=claims_of(values, external_id),
        extensions=extensions,
        completeness=Completeness(parts, values.missing),
    )


def _identity(values: Values, external_id: str, *, has_samples: bool) -> dict[str, Any]:
    """What, when, by which names."""
    start = start_of(values, has_samples=has_samples)
    claims = claims_of(values, external_id)
    raw_sport, sub_type = values.text("type"), values.text("sub_type")
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
        "claims": claims,
        "provenance": _provenance(values, start.derived),
    }


def _tags(tags: Any) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(tag.strip() for tag in tags or () if isinstance(tag, str) and tag.strip())
    )


def _provenance(values: Values, derived: tuple[str, ...]) -> dict[str, Provenance]:
    """Only what differs from the `data` table of the entry."""
    found = {
        field: Provenance("computed", note="from the other start and the zone") for field in derived
    }
    if edited(values):
        found["training_load"] = Provenance(
            "reported", by="athlete", upstream="icu_training_load", note="typed by the athlete"
        )
    if _power_kind(values) == "estimated":
        watts = {
            "average_watts": "icu_average_watts",
            "weighted_average_watts": "icu_weighted_avg_watts",
        }
        found |= {
            field: Provenance("estimated", upstream=key, note="device_watts is not set")
            for field, key in watts.items()
            if values.figure(key) is not None
        }
    if _rpe(values) is not None and values.figure("icu_rpe") is None:
        found["rpe"] = Provenance("reported", upstream="perceived_exertion")
    return found


def _power_kind(values: Values) -> str | None:
    """Measured where the source says so; watts without that word are an estimate (after Strava:
    none was ever seen here).
    """
    if values.flag("device_watts"):
        return "measured"
    watts = (values.figure("icu_average_watts"), values.figure("icu_weighted_avg_watts"))
    return "estimated" if any(figure is not None for figure in watts) else None


def _rpe(values: Values) -> float | None:
    rpe = values.figure("icu_rpe")
    rpe = values.figure("perceived_exertion") if rpe is None else rpe
    return rpe if rpe is not None and 0 <= rpe <= 10 else None


def _measures(values: Values) -> dict[str, Any]:
    """How far, how long, how hard."""
    on_foot = canonical_sport(values.text("type")) in ON_FOOT
    numbers = values.numbers()
    # "use this one", says the API's data model.
    distance = values.amount("icu_distance", "distance_m")
    return numbers | {
        "distance_m": values.amount("distance", "distance_m") if distance is None else distance,
        "pool_lengths": values.whole("lengths"),
        "power_kind": _power_kind(values),
        "rpe": _rpe(values),
        "feel": _feel(values),
        "cadence_per_leg": True if on_foot and numbers["average_cadence_rpm"] is not None else None,
        "average_stride_m": _stride(values) if on_foot else None,
        "training_loads": training_loads(values),
    }


def _feel(values: Values) -> int | None:
    feel = values.whole("feel")
    return feel if feel is not None and 1 <= feel <= 5 else None


def _stride(values: Values) -> float | None:
    """Only of foot sports: the API gives a ride an "average stride" of 3.5 m as well."""
    stride, step_mm = values.amount("average_stride"), values.amount("average_step_length")
    return step_mm / 1000 if stride is None and step_mm is not None else stride


def _rest(values: Values) -> dict[str, Any]:
    """Gear, device, laps, and what the model has no field for."""
    name, gear = values.text("device_name"), values.payload.get("gear")
    extensions = extensions_of(values)
    for field, kept, keys in (
        ("rpe", _rpe(values), ("icu_rpe", "perceived_exertion")),
        ("feel", _feel(values), ("feel",)),
    ):
        odd = next((number for key in keys if (number := values.figure(key)) is not None), None)
        if kept is None and odd is not None:
            extensions[field] = odd
            values.missing[field] = f"the source says {odd:g}, which is off the scale"
    return {
        "gear": _gear(gear) if isinstance(gear, dict) else None,
        "device": Device(name=name) if name else None,
        "laps": laps_of(values.payload.get("icu_intervals") or ()),
        "metrics": metrics_of(values),
        "extensions": extensions,
    }


def _gear(gear: Mapping[str, Any]) -> Gear | None:
    values = Values(gear)
    made = Gear(values.text("name"), values.identity("id"), values.amount("distance"))
    return None if made == Gear() else made
