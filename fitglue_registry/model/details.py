"""The values that a source activity has beside its own fields: laps, sets, gear, and more."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from fitglue_registry.model.quantities import Amount, Metres, Seconds, Utc


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
