"""What one record says about one workout: the source activity and the values it is made of, SI
units as in the field.

``None`` is absence, zero is a value. Field names follow Strava and FIT; a unit stands in the name
where the type cannot carry it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from fitglue_registry.model.claims import CLAIM_PATTERN
from fitglue_registry.model.streams import Stream

MODEL_VERSION = 1

Amount = Annotated[float, Meta(ge=0)]
Seconds = Annotated[float, Meta(ge=0, description="s")]
Metres = Annotated[float, Meta(ge=0, description="m")]
# A validator need not look at formats, and RFC 3339 has no time without a zone: the patterns are
# what binds.
_CLOCK = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
_UTC = {
    "pattern": _CLOCK + r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$",
    "examples": ["2026-05-01T05:30:00Z"],
}
_LOCAL = {"pattern": _CLOCK + "$", "examples": ["2026-05-01T07:30:00"]}
Utc = Annotated[datetime, Meta(tz=True, extra_json_schema=_UTC)]
Local = Annotated[datetime, Meta(tz=False, extra_json_schema=_LOCAL)]
Claim = Annotated[str, Meta(pattern=CLAIM_PATTERN)]
How = Literal["reported", "estimated", "computed"]


class Provenance(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where one value comes from: who said it, and whether it was reported (measured), estimated or
    computed.
    """

    how: How
    by: Annotated[
        str | None, Meta(description="service, device or method that produced the value")
    ] = None
    upstream: Annotated[str | None, Meta(description="the field at the source")] = None
    note: str | None = None


class Device(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What recorded the workout."""

    name: str | None = None
    manufacturer: str | None = None
    product: str | None = None
    serial: str | None = None
    software: str | None = None


class Gear(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the athlete used: a bike, a pair of shoes."""

    name: str | None = None
    id: str | None = None
    distance_m: Metres | None = None


class TrainingLoad(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One figure of training load; say TSS only where ``method`` is ``power``."""

    value: float
    method: Annotated[
        str | None,
        Meta(description="power, heart_rate, pace, session_rpe, or the source's own word"),
    ] = None
    variant: Annotated[str | None, Meta(description="HRSS, AVG_HR, RUN, SWIM, …")] = None
    by: Annotated[str | None, Meta(description="who computed it")] = None
    chosen: Annotated[bool, Meta(description="the one that the source counts")] = False


class Lap(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A stretch of the workout: a lap of the device, or an interval that the source detected."""

    kind: Literal["lap", "interval", "length"] = "lap"
    label: str | None = None
    group: str | None = None
    intensity: Annotated[
        str | None,
        Meta(description="work, recovery, warmup, cooldown, rest, or the source's own word"),
    ] = None
    start_s: Annotated[float | None, Meta(description="s since the start of the workout")] = None
    start_utc: Utc | None = None
    start_index: Annotated[int, Meta(ge=0, description="first sample in the streams")] | None = None
    end_index: Annotated[int, Meta(ge=0, description="sample after the last one")] | None = None
    elapsed_s: Seconds | None = None
    moving_s: Seconds | None = None
    distance_m: Metres | None = None
    calories_kcal: Amount | None = None
    average_heartrate_bpm: Amount | None = None
    max_heartrate_bpm: Amount | None = None
    average_watts: float | None = None
    weighted_average_watts: float | None = None
    max_watts: float | None = None
    average_cadence_rpm: Amount | None = None
    average_speed_mps: float | None = None
    max_speed_mps: float | None = None
    elevation_gain_m: Amount | None = None
    average_grade_pct: float | None = None
    training_load: float | None = None
    zone: str | None = None
    exercise: str | None = None
    telemetry_only: Annotated[
        bool, Meta(description="holds samples for a stretch that was no lap")
    ] = False


class StrengthSet(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One set of strength work."""

    exercise: str
    reps: Annotated[int, Meta(ge=0)] | None = None
    weight_kg: Amount | None = None
    elapsed_s: Seconds | None = None
    distance_m: Metres | None = None
    start_utc: Utc | None = None
    kind: Annotated[str | None, Meta(description="warmup, normal, failure, dropset, rest")] = None
    superset: str | None = None
    primary_muscles: tuple[str, ...] = ()
    secondary_muscles: tuple[str, ...] = ()
    notes: str | None = None


class TimeMarker(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A labelled moment of the workout, such as the start of a station."""

    at_s: Annotated[float, Meta(description="s since the start of the workout")]
    label: str | None = None
    kind: str | None = None
    elapsed_s: Seconds | None = None


class WorkoutStep(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One step of a planned workout; targets in the unit of their kind (bpm, m/s, W)."""

    intensity: str | None = None
    duration_kind: Literal["time", "distance", "open", "repeat"] = "open"
    duration: Annotated[
        float | None, Meta(description="s, m, or the index of the step to repeat from")
    ] = None
    target_kind: Literal["open", "heart_rate", "speed", "power"] = "open"
    target_low: float | None = None
    target_high: float | None = None


class WorkoutDefinition(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The plan that the workout followed."""

    name: str | None = None
    steps: tuple[WorkoutStep, ...] = ()


class RaceSegment(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A segment of a hybrid race: a run or a station."""

    label: str
    elapsed_s: Seconds
    start_utc: Utc | None = None
    icon: str | None = None
    is_run: bool | None = None


class Location(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where the workout took place, as far as a source says it in words."""

    name: str | None = None
    country: str | None = None
    latitude_deg: Annotated[float, Meta(ge=-90, le=90)] | None = None
    longitude_deg: Annotated[float, Meta(ge=-180, le=180)] | None = None


class Link(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A page about this workout."""

    rel: str
    url: Annotated[str, Meta(pattern=r"^https?://")]


class Completeness(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """How much of the record this source activity was made from, and why the rest is not there."""

    parts: Annotated[
        tuple[str, ...], Meta(description="parts that were read: summary, detail, streams, file")
    ] = ()
    missing: Annotated[dict[str, str], Meta(description="part or field → reason")] = {}


class Stub(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Why the source lists this workout but will not deliver it."""

    code: Annotated[str, Meta(pattern=r"^FG-[a-z0-9-]+$")]
    reason: str
    fix: str | None = None


class SourceActivity(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What one record says about one workout; at least one of ``start_utc`` and ``start_local`` is
    there.
    """

    model: Annotated[int, Meta(ge=1, description="version of this model")] = MODEL_VERSION
    leg_no: Annotated[int, Meta(ge=0, description="position inside a multisport record")] = 0
    parent: Annotated[
        str | None, Meta(description="what groups the legs of one multisport event")
    ] = None
    stub: Stub | None = None

    title: str | None = None
    description: str | None = None
    notes: str | None = None
    tags: tuple[str, ...] = ()
    sport: Annotated[
        str | None, Meta(description="canonical name (model/sports.py); null only on a stub")
    ] = None
    sport_raw: Annotated[str | None, Meta(description="the source's own word")] = None
    sub_type: str | None = None
    trainer: bool | None = None
    commute: bool | None = None
    race: bool | None = None

    start_utc: Utc | None = None
    start_local: Local | None = None
    timezone: Annotated[str | None, Meta(description="IANA name")] = None
    utc_offset_s: Annotated[int, Meta(ge=-86400, le=86400)] | None = None
    start_precision: Annotated[
        Literal["second", "minute", "day"], Meta(description="how exact the start is")
    ] = "second"
    elapsed_s: (
        Annotated[float, Meta(ge=0, description="s, wall clock from start to end")] | None
    ) = None
    moving_s: (
        Annotated[float, Meta(ge=0, description="s, by the source's own pause rule")] | None
    ) = None
    recording_s: (
        Annotated[float, Meta(ge=0, description="s, elapsed without gaps in the recording")] | None
    ) = None

    distance_m: Metres | None = None
    elevation_gain_m: Amount | None = None
    elevation_loss_m: Amount | None = None
    average_altitude_m: float | None = None
    min_altitude_m: float | None = None
    max_altitude_m: float | None = None
    average_speed_mps: float | None = None
    max_speed_mps: float | None = None
    pool_length_m: Metres | None = None
    pool_lengths: Annotated[int, Meta(ge=0)] | None = None

    calories_kcal: Amount | None = None
    work_j: float | None = None
    average_heartrate_bpm: Amount | None = None
    max_heartrate_bpm: Amount | None = None
    min_heartrate_bpm: Amount | None = None
    average_watts: float | None = None
    weighted_average_watts: float | None = None
    max_watts: float | None = None
    power_kind: Literal["measured", "estimated"] | None = None
    average_cadence_rpm: Amount | None = None
    max_cadence_rpm: Amount | None = None
    cadence_per_leg: Annotated[
        bool | None, Meta(description="true: one leg counted, double it for steps")
    ] = None
    average_temperature_c: float | None = None
    min_temperature_c: float | None = None
    max_temperature_c: float | None = None

    training_load: Annotated[
        float | None, Meta(description="the figure that the source counts")
    ] = None
    training_loads: tuple[TrainingLoad, ...] = ()
    intensity_pct: Annotated[float | None, Meta(description="% of threshold")] = None
    rpe: (
        Annotated[float, Meta(ge=0, le=10, description="rating of perceived exertion, 1 to 10")]
        | None
    ) = None
    feel: Annotated[int, Meta(ge=1, le=5, description="1 strong … 5 weak")] | None = None
    average_ground_contact_ms: Amount | None = None
    average_vertical_oscillation_mm: Amount | None = None
    average_vertical_ratio_pct: Amount | None = None
    average_stride_m: Amount | None = None

    gear: Gear | None = None
    device: Device | None = None
    location: Location | None = None
    laps: tuple[Lap, ...] = ()
    sets: tuple[StrengthSet, ...] = ()
    time_markers: tuple[TimeMarker, ...] = ()
    workout: WorkoutDefinition | None = None
    race_segments: tuple[RaceSegment, ...] = ()
    streams: tuple[Stream, ...] = ()

    claims: tuple[Claim, ...] = ()
    links: tuple[Link, ...] = ()
    metrics: Annotated[
        dict[str, float], Meta(description="figures with a meaning but no field of their own")
    ] = {}
    extensions: Annotated[
        dict[str, Any], Meta(description="what the source has and the model does not know, by name")
    ] = {}
    completeness: Completeness = Completeness()
    provenance: Annotated[
        dict[str, Provenance], Meta(description="field → exception to the entry's `data` table")
    ] = {}
