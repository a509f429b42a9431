"""What one record says about one workout: the source activity, SI units as in the field.

``None`` is absence, zero is a value. Field names follow Strava and FIT; a unit is part of the name
where the type cannot carry it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from fitglue_registry.model.details import (
    Device,
    Gear,
    Lap,
    Link,
    Location,
    RaceSegment,
    StrengthSet,
    TimeMarker,
    TrainingLoad,
    WorkoutDefinition,
)
from fitglue_registry.model.quantities import Amount, Claim, How, Local, Metres, Utc
from fitglue_registry.model.streams import Stream

MODEL_VERSION = 1


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


class Completeness(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """How much of the record this source activity was made from, and why the rest is not there."""

    parts: Annotated[
        tuple[str, ...], Meta(description="parts that were read: summary, detail, streams, file")
    ] = ()
    missing: Annotated[dict[str, str], Meta(description="part or field → reason")] = {}


class Stub(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Why the source lists this workout but will not deliver it."""

    # Looser than ``errors.CODE``: this pattern is published, and a document that it accepts must
    # stay valid. It also accepts hyphens that follow each other or end the code.
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
