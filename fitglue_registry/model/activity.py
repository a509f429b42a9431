"""The source activity: what one record says about one workout, in the SI units of the field.

``None`` means that a value is absent; zero is a value. Names follow Strava and FIT, and end with a
unit if the type cannot express it. The descriptions of the fields are published in the JSON Schema
``registry/schemas/source-activity.json``.
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
from fitglue_registry.model.quantities import Amount, Claim, How, Local, Utc
from fitglue_registry.model.stored import PartName
from fitglue_registry.model.streams import Stream

MODEL_VERSION = 1
"""Version of the model, which each document states in its field ``model``."""


class Provenance(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The origin of one value: who produced it, and how."""

    how: Annotated[
        How,
        Meta(
            description="reported: measured by a device or entered by a person; estimated: guessed "
            "by a model; computed: derived from other values."
        ),
    ]
    by: Annotated[
        str | None, Meta(description="Service, device or method that produced the value.")
    ] = None
    upstream: Annotated[str | None, Meta(description="Name of the field at the source.")] = None
    note: Annotated[str | None, Meta(description="Anything else that a reader should know.")] = None


BY_THE_ATHLETE = "athlete"
"""The ``by`` of a value that the athlete typed or corrected, here or at the service."""


class Completeness(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The parts of a record that a source activity was made from, and why others are missing."""

    parts: Annotated[
        tuple[str, ...],
        Meta(description="Parts that were read: summary, detail, streams or file."),
    ] = ()
    missing: Annotated[
        dict[str, str], Meta(description="Missing part or field → the reason in words.")
    ] = {}

    @property
    def remarks(self) -> dict[str, str]:
        """What is missing or in doubt although the source should have it, with the reasons.

        A part that does not exist is left out: a workout without a recording has no file. A part
        that exists but cannot be used is named.
        """
        remarks = {}
        for name, reason in self.missing.items():
            exists = name in self.parts or reason.startswith("FG-")
            if exists or name not in set(PartName):
                remarks[name] = reason
        return remarks


class Stub(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The reason why a source lists a workout but does not deliver it."""

    # Looser than ``errors.CODE``: this pattern is published, and a document that it accepts must
    # stay valid. It also accepts hyphens that follow each other or end the code.
    code: Annotated[str, Meta(pattern=r"^FG-[a-z0-9-]+$", description="Stable code of the reason.")]
    reason: Annotated[str, Meta(description="The reason in words.")]
    fix: Annotated[str | None, Meta(description="What the athlete can do to get the workout.")] = (
        None
    )


class SourceActivity(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What one record says about one workout.

    At least one of ``start_utc`` and ``start_local`` is present.
    """

    # -- bookkeeping -------------------------------------------------------------------------------

    model: Annotated[int, Meta(ge=1, description="Version of this model.")] = MODEL_VERSION
    leg_no: Annotated[
        int,
        Meta(ge=0, description="Position of the leg in a multisport record; 0 in other records."),
    ] = 0
    parent: Annotated[
        str | None, Meta(description="Identifier that all legs of one multisport event share.")
    ] = None
    stub: Annotated[
        Stub | None,
        Meta(description="Present if the source lists this workout but does not deliver it."),
    ] = None

    # -- what the athlete wrote --------------------------------------------------------------------

    title: Annotated[
        str | None, Meta(description="Title, written by the athlete or a default of the source.")
    ] = None
    description: Annotated[
        str | None, Meta(description="Description that the athlete shares with others.")
    ] = None
    notes: Annotated[
        str | None, Meta(description="Notes and comments that are separate from the description.")
    ] = None
    tags: Annotated[tuple[str, ...], Meta(description="Tags of the workout.")] = ()
    sport: Annotated[
        str | None,
        Meta(description="Canonical name of the sport (model/sports.py); null only on a stub."),
    ] = None
    sport_raw: Annotated[str | None, Meta(description="Sport as the source names it.")] = None
    sub_type: Annotated[
        str | None, Meta(description="Variant of the sport as the source names it.")
    ] = None
    trainer: Annotated[
        bool | None, Meta(description="Whether the workout took place indoors or on a trainer.")
    ] = None
    commute: Annotated[bool | None, Meta(description="Whether it was a commute.")] = None
    race: Annotated[bool | None, Meta(description="Whether it was a race.")] = None

    # -- time --------------------------------------------------------------------------------------

    start_utc: Annotated[Utc | None, Meta(description="Start in UTC.")] = None
    start_local: Annotated[
        Local | None, Meta(description="Start on the athlete's clock, without an offset.")
    ] = None
    timezone: Annotated[str | None, Meta(description="IANA name of the time zone.")] = None
    utc_offset_s: Annotated[
        Annotated[int, Meta(ge=-86400, le=86400)] | None,
        Meta(description="Local time minus UTC, in seconds."),
    ] = None
    start_precision: Annotated[
        Literal["second", "minute", "day"], Meta(description="Precision of the start.")
    ] = "second"
    elapsed_s: Annotated[
        Amount | None, Meta(description="Time from start to end, pauses included, in seconds.")
    ] = None
    moving_s: Annotated[
        Amount | None,
        Meta(description="Time in motion by the source's own rule for pauses, in seconds."),
    ] = None
    recording_s: Annotated[
        Amount | None,
        Meta(description="Elapsed time without the gaps in the recording, in seconds."),
    ] = None

    # -- distance, altitude and speed --------------------------------------------------------------

    distance_m: Annotated[Amount | None, Meta(description="Distance, in meters.")] = None
    elevation_gain_m: Annotated[
        Amount | None, Meta(description="Sum of all ascents, in meters.")
    ] = None
    elevation_loss_m: Annotated[
        Amount | None, Meta(description="Sum of all descents as a positive number, in meters.")
    ] = None
    average_altitude_m: Annotated[
        float | None, Meta(description="Average altitude above sea level, in meters.")
    ] = None
    min_altitude_m: Annotated[
        float | None, Meta(description="Lowest altitude above sea level, in meters.")
    ] = None
    max_altitude_m: Annotated[
        float | None, Meta(description="Highest altitude above sea level, in meters.")
    ] = None
    average_speed_mps: Annotated[
        float | None, Meta(description="Average speed, in meters per second.")
    ] = None
    max_speed_mps: Annotated[
        float | None, Meta(description="Highest speed, in meters per second.")
    ] = None
    pool_length_m: Annotated[
        Amount | None, Meta(description="Length of the swimming pool, in meters.")
    ] = None
    pool_lengths: Annotated[
        Annotated[int, Meta(ge=0)] | None, Meta(description="Number of pool lengths swum.")
    ] = None

    # -- energy, heart rate, power, cadence and temperature ----------------------------------------

    calories_kcal: Annotated[
        Amount | None,
        Meta(description="Energy that the body used, an estimate of device or service, in kcal."),
    ] = None
    work_j: Annotated[
        float | None, Meta(description="Mechanical work computed from power, in joules.")
    ] = None
    average_heartrate_bpm: Annotated[
        Amount | None, Meta(description="Average heart rate, in beats per minute.")
    ] = None
    max_heartrate_bpm: Annotated[
        Amount | None, Meta(description="Highest heart rate, in beats per minute.")
    ] = None
    min_heartrate_bpm: Annotated[
        Amount | None, Meta(description="Lowest heart rate, in beats per minute.")
    ] = None
    average_watts: Annotated[
        float | None, Meta(description="Average power, coasting included, in watts.")
    ] = None
    weighted_average_watts: Annotated[
        float | None,
        Meta(description="Weighted average power, such as normalized power, in watts."),
    ] = None
    max_watts: Annotated[float | None, Meta(description="Highest power, in watts.")] = None
    power_kind: Annotated[
        Literal["measured", "estimated"] | None,
        Meta(description="measured by a power meter, or estimated by a model."),
    ] = None
    average_cadence_rpm: Annotated[
        Amount | None,
        Meta(description="Average cadence in revolutions, steps or strokes per minute."),
    ] = None
    max_cadence_rpm: Annotated[
        Amount | None,
        Meta(description="Highest cadence in revolutions, steps or strokes per minute."),
    ] = None
    cadence_per_leg: Annotated[
        bool | None,
        Meta(description="Whether the cadence counts one leg; if true, double it to get steps."),
    ] = None
    average_temperature_c: Annotated[
        float | None, Meta(description="Average temperature, in degrees Celsius.")
    ] = None
    min_temperature_c: Annotated[
        float | None, Meta(description="Lowest temperature, in degrees Celsius.")
    ] = None
    max_temperature_c: Annotated[
        float | None, Meta(description="Highest temperature, in degrees Celsius.")
    ] = None

    # -- effort ------------------------------------------------------------------------------------

    training_load: Annotated[
        float | None,
        Meta(description="Training load that the source counts toward the athlete's fitness."),
    ] = None
    training_loads: Annotated[
        tuple[TrainingLoad, ...],
        Meta(description="Every training load of the source, by the method that computed it."),
    ] = ()
    intensity_pct: Annotated[
        float | None, Meta(description="Intensity, in percent of the athlete's threshold.")
    ] = None
    rpe: Annotated[
        Annotated[float, Meta(ge=0, le=10)] | None,
        Meta(description="Rating of perceived exertion, from 1 (very light) to 10 (maximal)."),
    ] = None
    feel: Annotated[
        Annotated[int, Meta(ge=1, le=5)] | None,
        Meta(description="How the athlete felt, from 1 (strong) to 5 (weak)."),
    ] = None

    # -- running dynamics --------------------------------------------------------------------------

    average_ground_contact_ms: Annotated[
        Amount | None,
        Meta(description="Average ground contact time (FIT: avg_stance_time), in milliseconds."),
    ] = None
    average_vertical_oscillation_mm: Annotated[
        Amount | None,
        Meta(description="Average vertical oscillation while running, in millimeters."),
    ] = None
    average_vertical_ratio_pct: Annotated[
        Amount | None,
        Meta(description="Average vertical oscillation, in percent of the step length."),
    ] = None
    average_stride_m: Annotated[
        Amount | None,
        Meta(description="Average stride length as the source defines it, in meters."),
    ] = None

    # -- what belongs to the workout ---------------------------------------------------------------

    gear: Annotated[Gear | None, Meta(description="Bike, shoes or other equipment.")] = None
    device: Annotated[Device | None, Meta(description="Device that recorded the workout.")] = None
    location: Annotated[Location | None, Meta(description="Place of the workout.")] = None
    laps: Annotated[
        tuple[Lap, ...],
        Meta(description="Laps of the device, intervals of the source, or pool lengths."),
    ] = ()
    sets: Annotated[tuple[StrengthSet, ...], Meta(description="Sets of strength training.")] = ()
    time_markers: Annotated[
        tuple[TimeMarker, ...], Meta(description="Labeled moments of the workout.")
    ] = ()
    workout: Annotated[
        WorkoutDefinition | None, Meta(description="Planned workout that the athlete followed.")
    ] = None
    race_segments: Annotated[
        tuple[RaceSegment, ...], Meta(description="Runs and stations of a hybrid race.")
    ] = ()
    streams: Annotated[
        tuple[Stream, ...],
        Meta(description="Channels of samples, all of the length of the stream time."),
    ] = ()

    # -- identities and everything else ------------------------------------------------------------

    claims: Annotated[
        tuple[Claim, ...],
        Meta(description="Identities that the record asserts, such as strava:987."),
    ] = ()
    links: Annotated[tuple[Link, ...], Meta(description="Web pages about the workout.")] = ()
    metrics: Annotated[
        dict[str, float],
        Meta(description="Name → value of numbers whose meaning is known but that have no field."),
    ] = {}
    extensions: Annotated[
        dict[str, Any],
        Meta(description="Name → value of everything else that the source provides."),
    ] = {}
    completeness: Annotated[
        Completeness, Meta(description="What the source activity was made from.")
    ] = Completeness()
    provenance: Annotated[
        dict[str, Provenance],
        Meta(description="Field → its origin, if it differs from the data table of the entry."),
    ] = {}

    @property
    def start_is_estimated(self) -> bool:
        """Whether the source only guessed the start: the clock of its device was never set."""
        stated = self.provenance.get("start_utc")
        # A start that the home zone completes is estimated by it, but its local time is known.
        return stated is not None and stated.how == "estimated" and stated.by is None
