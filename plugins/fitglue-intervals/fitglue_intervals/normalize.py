"""Conversion of the parts of one record into one source activity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fitglue_intervals.checks import refuse
from fitglue_intervals.claims import can_be_claimed, claims_of, parent_of
from fitglue_intervals.extras import extensions_of, metrics_of
from fitglue_intervals.laps import MOST_LAPS, laps_of
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
    Lap,
    Link,
    Provenance,
    SourceActivity,
    canonical_sport,
    gives_way,
    with_average_speed,
    without_invalid,
)
from fitglue_registry.model.cadence import counts_one_leg
from fitglue_registry.model.sports import ON_FOOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.model import Stream, Stub
    from fitglue_registry.plugin_api import Record

PAGE = "https://intervals.icu/activities/"
#: Model field → key of the powers that are estimates if no power meter measured them.
_WATTS = {
    "average_watts": "icu_average_watts",
    "weighted_average_watts": "icu_weighted_avg_watts",
}
#: Model field of a rating → the keys that may hold it, the preferred one first.
_SCALES = {"rpe": ("icu_rpe", "perceived_exertion"), "feel": ("feel",)}
#: Documented: `icu_rpe` is 1 to 10, and `feel` is 1 to 5.
_HARDEST = 10
_HIGHEST_FEEL = 5


def normalize(record: Record) -> list[SourceActivity]:
    """Return the source activity of a record, which needs at least a summary or a detail.

    Args:
        record: The parts of one activity, and why other parts are not available.

    Returns:
        A list of one source activity: each leg of a multisport file is a record of its own here.

    Raises:
        RecordRefused: If the payload is not a valid activity.
    """
    payload = payload_of(record)
    values = Values(payload, dict(record.unavailable))
    external_id = values.identity("id")
    if external_id is None or not can_be_claimed(external_id):
        raise refuse("the activity has no id that can be used", field="$.id")
    # A stub has five keys, so it must not reach the code that requires a start or a type.
    stub = stub_of(payload)
    if stub is not None:
        return [_placeholder(values, external_id, stub, tuple(record.parts))]
    streams, missing = _streams(record)
    values.missing.update(missing)
    has_samples = bool(streams) or bool(payload.get("stream_types"))
    activity = SourceActivity(
        **_identity(values, external_id, has_samples=has_samples),
        **_measures(values),
        **_other_fields(values),
        links=_links(external_id),
        streams=streams,
        completeness=Completeness(tuple(record.parts), values.missing),
    )
    activity = without_invalid(activity)
    if "file" in record.parts:
        # Imported late: the readers of formats take 100 ms, and most syncs fetch no files.
        from fitglue_intervals.original import complete_from_file

        activity = complete_from_file(activity, record.parts["file"], values)
    return [with_average_speed(activity)]


def _streams(record: Record) -> tuple[tuple[Stream, ...], dict[str, str]]:
    """Return the streams, and the reason for each stream that is missing."""
    if "streams" not in record.parts:
        return (), {}
    try:
        content = unpack(record.parts["streams"])
    except BROKEN_GZIP:
        return (), {"streams": "the stored streams cannot be unpacked"}
    # Imported late: NumPy takes 70 ms, and a sync with nothing new does not need it.
    from fitglue_intervals.streams import decode_streams

    return decode_streams(content)


def _links(external_id: str) -> tuple[Link, ...]:
    return (Link("self", PAGE + quote(external_id, safe="")),)


def _placeholder(
    values: Values,
    external_id: str,
    stub: Stub,
    parts: tuple[str, ...],
) -> SourceActivity:
    """Return the placeholder of a stub, with its start and its claims.

    By these, the copy of the same workout from another source is recognized.
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
    """Return the fields that say what the workout is, when it was, and under which ids."""
    start = start_of(values, has_samples=has_samples)
    raw_sport = values.text("type")
    sub_type = values.text("sub_type")
    return {
        "title": values.text("name"),
        "description": values.text("description"),
        "tags": _tags(values.payload.get("tags")),
        "sport": canonical_sport(raw_sport),
        "sport_raw": raw_sport,
        # The API's word for a missing value, which is not a kind of workout.
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
    """Return the tags that are not blank, each once; the API may send null for the list."""
    texts = [tag.strip() for tag in tags or () if isinstance(tag, str)]
    return tuple(dict.fromkeys(filter(None, texts)))


def _provenance(values: Values, derived: Mapping[str, str]) -> dict[str, Provenance]:
    """Return the provenance of the fields that differ from the ``data`` table of the entry."""
    provenance = {}
    for field, note in derived.items():
        provenance[field] = Provenance("computed", note=note)
    if edited(values):
        provenance["training_load"] = Provenance(
            "reported", by="athlete", upstream="icu_training_load", note="typed by the athlete"
        )
    if _power_kind(values) == "estimated":
        for field, key in _WATTS.items():
            if values.amount(key) is not None:
                provenance[field] = Provenance(
                    "estimated", upstream=key, note="device_watts is not set"
                )
    if _rpe(values) is not None and _rpe_key(values) == "perceived_exertion":
        provenance["rpe"] = Provenance("reported", upstream="perceived_exertion")
    return provenance


# -- how far, how long, how hard -------------------------------------------------------------------


def _measures(values: Values) -> dict[str, Any]:
    """Return the measured and computed fields."""
    measures: dict[str, Any] = {
        **values.model_numbers(),
        "distance_m": _distance_m(values),
        "pool_lengths": values.count("lengths"),
        "power_kind": _power_kind(values),
        "rpe": _rpe(values),
        "feel": _feel(values),
        "training_loads": training_loads(values),
    }
    sport = canonical_sport(values.text("type"))
    if sport in ON_FOOT:
        measures["average_stride_m"] = _stride_m(values)
        # Seen: the cadence of a run is that of one leg (72.9 for 146 steps per minute).
        measures["cadence_per_leg"] = counts_one_leg(sport, measures["average_cadence_rpm"])
    return measures


def _distance_m(values: Values) -> float | None:
    """Return the distance in meters, or None."""
    # Documented: the API's data model says of icu_distance "use this one".
    distance = values.amount("icu_distance", "distance_m")
    other = values.amount("distance", "distance_m")
    if gives_way("distance_m", distance, other):
        distance = other
    # A negative number is only worth a remark if the other key has no distance either.
    if distance is not None:
        values.missing.pop("distance_m", None)
    return distance


def _power_kind(values: Values) -> str | None:
    """Return "measured" if ``device_watts`` is true, "estimated" for other watts, or None.

    This is a guess, after Strava's use of the same key: of 284 captured rows with power, each had
    ``device_watts``. Seen: a run may have it without any average power.
    """
    if values.flag("device_watts"):
        return "measured"
    if all(values.amount(key) is None for key in _WATTS.values()):
        return None
    return "estimated"


def _rpe(values: Values) -> float | None:
    """Return the perceived exertion from 0 to 10, or None if it is missing or off the scale."""
    rpe = values.number(_rpe_key(values))
    if rpe is None or not 0 <= rpe <= _HARDEST:
        return None
    return rpe


def _rpe_key(values: Values) -> str:
    """Return the key of the perceived exertion: an ``icu_rpe`` of 0 is not on its scale."""
    # perceived_exertion is the rating that came from Strava, or an older one.
    if not values.number("icu_rpe") and values.number("perceived_exertion") is not None:
        return "perceived_exertion"
    return "icu_rpe"


def _feel(values: Values) -> int | None:
    """Return the feeling from 1 to 5, or None if it is missing or off the scale."""
    feel = values.count("feel")
    if feel is None or not 1 <= feel <= _HIGHEST_FEEL:
        return None
    return feel


def _stride_m(values: Values) -> float | None:
    """Return the stride of a foot sport in meters.

    Seen: the API gives a ride an ``average_stride`` of 3.5 m, so other sports are not asked.
    """
    stride_m = values.amount("average_stride")
    step_mm = values.amount("average_step_length")
    if stride_m is None and step_mm is not None:
        return step_mm / 1000
    return stride_m


# -- gear, device, laps, and what the model has no field for ---------------------------------------


def _other_fields(values: Values) -> dict[str, Any]:
    """Return gear, device and laps, and the values without a field of the model."""
    name = values.text("device_name")
    return {
        "gear": _gear(values.payload.get("gear")),
        "device": Device(name=name) if name else None,
        "laps": _laps(values),
        "metrics": metrics_of(values),
        "extensions": {**extensions_of(values), **_off_the_scale(values)},
    }


def _laps(values: Values) -> tuple[Lap, ...]:
    """Return the intervals as laps, and record that some are missing if there are too many."""
    intervals = values.payload.get("icu_intervals") or ()
    if len(intervals) > MOST_LAPS:
        values.missing["all laps"] = f"the source has {len(intervals):,}, cut to {MOST_LAPS:,}"
    return laps_of(intervals[:MOST_LAPS])


def _off_the_scale(values: Values) -> dict[str, float]:
    """Return the ratings that are off their scale, and record their fields as missing.

    The extensions keep such a value unchanged: nothing that the source has is lost.
    """
    on_scale = {"rpe": _rpe(values), "feel": _feel(values)}
    off_scale = {}
    for field, keys in _SCALES.items():
        ratings = [values.number(key) for key in keys]
        rating = next((number for number in ratings if number is not None), None)
        if rating is not None and on_scale[field] is None:
            off_scale[field] = rating
            values.missing[field] = f"the source says {rating:g}, which is off the scale"
    return off_scale


def _gear(gear: Any) -> Gear | None:
    """Return the gear, or None if the payload has none or an empty object."""
    if not isinstance(gear, dict):
        return None
    values = Values(gear)
    made = Gear(
        values.text("name"),
        values.identity("id"),
        values.amount("distance"),
    )
    return None if made == Gear() else made
