"""The nested values of a source activity: laps, sets, gear, devices and others."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from fitglue_registry.model.quantities import Amount, Utc


class Device(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The device that recorded the workout."""

    name: Annotated[str | None, Meta(description="Name as people know it.")] = None
    manufacturer: Annotated[str | None, Meta(description="Name of the manufacturer.")] = None
    product: Annotated[str | None, Meta(description="Model, as the file names it.")] = None
    serial: Annotated[str | None, Meta(description="Serial number.")] = None
    software: Annotated[str | None, Meta(description="Version of the firmware.")] = None


class Gear(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A bike, a pair of shoes or other equipment that the athlete used."""

    name: Annotated[str | None, Meta(description="Name that the athlete gave it.")] = None
    id: Annotated[str | None, Meta(description="Id of the equipment at the source.")] = None
    distance_m: Annotated[
        Amount | None, Meta(description="Distance covered with it so far, in meters.")
    ] = None


class TrainingLoad(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One value of training load; only a load whose ``method`` is ``power`` is a TSS."""

    value: Annotated[float, Meta(description="The load, in the points of its method.")]
    method: Annotated[
        str | None,
        Meta(description="power, heart_rate, pace, session_rpe, or the source's own word."),
    ] = None
    variant: Annotated[
        str | None, Meta(description="Variant of the method: HRSS, AVG_HR, RUN, SWIM, …")
    ] = None
    by: Annotated[str | None, Meta(description="Who computed the load.")] = None
    chosen: Annotated[
        bool, Meta(description="Whether the source counts this load toward the fitness.")
    ] = False


class Lap(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A segment of the workout: a lap, an interval or a pool length."""

    kind: Annotated[
        Literal["lap", "interval", "length"],
        Meta(
            description="lap: recorded by the device; interval: found by the source's analysis; "
            "length: one length of a pool."
        ),
    ] = "lap"
    label: Annotated[str | None, Meta(description="Name of the lap, or its swim stroke.")] = None
    group: Annotated[
        str | None, Meta(description="Identifier that repetitions of one effort share.")
    ] = None
    intensity: Annotated[
        str | None,
        Meta(description="work, recovery, warmup, cooldown, rest, or the source's own word."),
    ] = None
    start_s: Annotated[
        float | None, Meta(description="Start, in seconds after the start of the workout.")
    ] = None
    start_utc: Annotated[Utc | None, Meta(description="Start in UTC.")] = None
    start_index: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="Index of the first sample in the streams."),
    ] = None
    end_index: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="Index after the last sample in the streams."),
    ] = None
    elapsed_s: Annotated[
        Amount | None, Meta(description="Time from start to end, pauses included, in seconds.")
    ] = None
    moving_s: Annotated[Amount | None, Meta(description="Time in motion, in seconds.")] = None
    distance_m: Annotated[Amount | None, Meta(description="Distance, in meters.")] = None
    calories_kcal: Annotated[
        Amount | None, Meta(description="Energy that the body used, in kcal.")
    ] = None
    average_heartrate_bpm: Annotated[
        Amount | None, Meta(description="Average heart rate, in beats per minute.")
    ] = None
    max_heartrate_bpm: Annotated[
        Amount | None, Meta(description="Highest heart rate, in beats per minute.")
    ] = None
    average_watts: Annotated[float | None, Meta(description="Average power, in watts.")] = None
    weighted_average_watts: Annotated[
        float | None,
        Meta(description="Weighted average power, such as normalized power, in watts."),
    ] = None
    max_watts: Annotated[float | None, Meta(description="Highest power, in watts.")] = None
    average_cadence_rpm: Annotated[
        Amount | None,
        Meta(description="Average cadence in revolutions, steps or strokes per minute."),
    ] = None
    average_speed_mps: Annotated[
        float | None, Meta(description="Average speed, in meters per second.")
    ] = None
    max_speed_mps: Annotated[
        float | None, Meta(description="Highest speed, in meters per second.")
    ] = None
    elevation_gain_m: Annotated[
        Amount | None, Meta(description="Sum of all ascents, in meters.")
    ] = None
    average_grade_pct: Annotated[float | None, Meta(description="Average grade, in percent.")] = (
        None
    )
    training_load: Annotated[
        float | None, Meta(description="Training load of the lap, as the source computes it.")
    ] = None
    zone: Annotated[str | None, Meta(description="Training zone as the source names it.")] = None
    exercise: Annotated[str | None, Meta(description="Name of the exercise.")] = None
    telemetry_only: Annotated[
        bool,
        Meta(description="Whether it only covers samples between laps and was no lap itself."),
    ] = False


class StrengthSet(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One set of strength training."""

    exercise: Annotated[str, Meta(description="Name of the exercise.")]
    reps: Annotated[
        Annotated[int, Meta(ge=0)] | None, Meta(description="Number of repetitions.")
    ] = None
    weight_kg: Annotated[Amount | None, Meta(description="Weight, in kilograms.")] = None
    elapsed_s: Annotated[Amount | None, Meta(description="Duration, in seconds.")] = None
    distance_m: Annotated[Amount | None, Meta(description="Distance, in meters.")] = None
    start_utc: Annotated[Utc | None, Meta(description="Start in UTC.")] = None
    kind: Annotated[
        str | None, Meta(description="warmup, normal, failure, dropset, rest, or another word.")
    ] = None
    superset: Annotated[
        str | None, Meta(description="Identifier that the sets of one superset share.")
    ] = None
    primary_muscles: Annotated[
        tuple[str, ...], Meta(description="Muscles that the exercise mainly trains.")
    ] = ()
    secondary_muscles: Annotated[
        tuple[str, ...], Meta(description="Muscles that the exercise also trains.")
    ] = ()
    notes: Annotated[str | None, Meta(description="Notes of the athlete.")] = None


class TimeMarker(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A labeled moment of the workout, such as the start of a station."""

    at_s: Annotated[float, Meta(description="Moment, in seconds after the start of the workout.")]
    label: Annotated[str | None, Meta(description="Label of the moment.")] = None
    kind: Annotated[str | None, Meta(description="What the moment marks.")] = None
    elapsed_s: Annotated[
        Amount | None, Meta(description="Duration of what begins there, in seconds.")
    ] = None


class WorkoutStep(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One step of a planned workout."""

    intensity: Annotated[
        str | None, Meta(description="active, rest, warmup, cooldown, or another word.")
    ] = None
    duration_kind: Annotated[
        Literal["time", "distance", "open", "repeat"], Meta(description="What ends the step.")
    ] = "open"
    duration: Annotated[
        float | None,
        Meta(description="Seconds, meters, or the index of the step from which to repeat."),
    ] = None
    target_kind: Annotated[
        Literal["open", "heart_rate", "speed", "power"], Meta(description="What has a target.")
    ] = "open"
    target_low: Annotated[
        float | None, Meta(description="Lower limit, in bpm, meters per second or watts.")
    ] = None
    target_high: Annotated[
        float | None, Meta(description="Upper limit, in the unit of target_low.")
    ] = None


class WorkoutDefinition(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The planned workout that the athlete followed."""

    name: Annotated[str | None, Meta(description="Name of the plan.")] = None
    steps: Annotated[tuple[WorkoutStep, ...], Meta(description="Steps in their order.")] = ()


class RaceSegment(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A segment of a hybrid race: a run or a station."""

    label: Annotated[str, Meta(description="Name of the segment.")]
    elapsed_s: Annotated[Amount, Meta(description="Duration, in seconds.")]
    start_utc: Annotated[Utc | None, Meta(description="Start in UTC.")] = None
    icon: Annotated[str | None, Meta(description="Icon that the source shows.")] = None
    is_run: Annotated[bool | None, Meta(description="True for a run, false for a station.")] = None


class Location(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The place of the workout."""

    name: Annotated[str | None, Meta(description="Name of the place.")] = None
    country: Annotated[str | None, Meta(description="Country, as the source names it.")] = None
    latitude_deg: Annotated[
        Annotated[float, Meta(ge=-90, le=90)] | None,
        Meta(description="Latitude of the start, in degrees (WGS 84)."),
    ] = None
    longitude_deg: Annotated[
        Annotated[float, Meta(ge=-180, le=180)] | None,
        Meta(description="Longitude of the start, in degrees (WGS 84)."),
    ] = None


class Link(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A web page about the workout."""

    rel: Annotated[str, Meta(description="Relation of the page to the workout.")]
    url: Annotated[str, Meta(pattern=r"^https?://", description="Address of the page.")]
