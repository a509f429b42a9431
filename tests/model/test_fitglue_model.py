"""The model can express everything that FitGlue's own model can, and more."""

from __future__ import annotations

from datetime import UTC, datetime

from fitglue_registry import model
from fitglue_registry.model import (
    Column,
    Completeness,
    Device,
    Gear,
    Lap,
    Link,
    Location,
    Provenance,
    RaceSegment,
    SourceActivity,
    Stream,
    StrengthSet,
    TimeMarker,
    TrainingLoad,
    WorkoutDefinition,
    WorkoutStep,
)
from fitglue_registry.validation.validator import Validator

START = datetime(2026, 5, 1, 5, 30, tzinfo=UTC)


def everything():
    """Return a source activity that uses every kind of value in FitGlue's own model, and more."""
    return SourceActivity(
        title="Hybrid race",
        description="windy",
        notes="felt fine",
        tags=("race", "club"),
        sport="HighIntensityIntervalTraining",
        sport_raw="ACTIVITY_TYPE_HIIT",
        sub_type="RACE",
        trainer=False,
        commute=False,
        race=True,
        start_utc=START,
        start_local=datetime(2026, 5, 1, 7, 30),  # noqa: DTZ001
        timezone="Europe/Berlin",
        utc_offset_s=7200,
        elapsed_s=3700.5,
        moving_s=3600.0,
        recording_s=3650.0,
        distance_m=0.0,
        calories_kcal=612.0,
        average_heartrate_bpm=151.0,
        max_heartrate_bpm=180.0,
        min_heartrate_bpm=92.0,
        average_watts=0.0,
        weighted_average_watts=210.0,
        power_kind="estimated",
        average_cadence_rpm=86.0,
        cadence_per_leg=True,
        training_load=71.0,
        training_loads=(TrainingLoad(71.0, "heart_rate", "HRSS", "Intervals.icu", chosen=True),),
        intensity_pct=81.0,
        rpe=7.0,
        feel=2,
        average_ground_contact_ms=240.0,
        average_vertical_oscillation_mm=81.0,
        average_vertical_ratio_pct=7.2,
        average_stride_m=1.21,
        laps=(
            Lap(
                start_utc=START,
                elapsed_s=600.0,
                distance_m=1000.0,
                exercise="SkiErg",
                intensity="active",
                telemetry_only=True,
            ),
        ),
        sets=(
            StrengthSet(
                exercise="Bench press",
                reps=0,
                weight_kg=60.0,
                start_utc=START,
                elapsed_s=30.0,
                notes="slow",
                superset="0",
                primary_muscles=("CHEST",),
                secondary_muscles=("TRICEPS", "SHOULDERS"),
                distance_m=0.0,
                kind="failure",
            ),
        ),
        time_markers=(TimeMarker(600.0, "Sled push", "station_start", 95.0),),
        workout=WorkoutDefinition(
            "Plan",
            (
                WorkoutStep("warmup", "time", 600.0, "heart_rate", 110.0, 130.0),
                WorkoutStep("active", "repeat", 0.0, "power", 250.0, 270.0),
            ),
        ),
        race_segments=(RaceSegment("Run 1", 245.0, START, "🏃", is_run=True),),
        location=Location("Olympiapark", "Germany", 0.0, 11.55),
        gear=Gear("Shoes", "g1", 412_000.0),
        device=Device("Forerunner 965", "Garmin", "4315", "3412", "21.19"),
        links=(Link("self", "https://intervals.icu/activities/i1"),),
        streams=(
            Stream("time", Column.of([0, 1, 2])),
            Stream("heartrate", Column.of([150, None, 0])),
            Stream("watts", Column.of([0, 0, None])),
            Stream("cadence", Column.of([0, 86, 87])),
            Stream("velocity", Column.of([0, 3.1, 3.2])),
            Stream("altitude", Column.of([0, 1, None])),
            Stream("latlng", Column.pairs([0, 48.1, None], [0, 11.5, None])),
            Stream("ground_contact_time", Column.of([240, 241, 242])),
            Stream("vertical_oscillation", Column.of([81, 82, 83])),
            Stream("vertical_ratio", Column.of([7.2, 7.3, 7.1])),
            Stream("stride_length", Column.of([1.2, 1.2, 1.2])),
            Stream("distance", Column.of([0, 3.1, 6.3])),
            Stream("temperature", Column.of([-2.5, -2.5, 0])),
            Stream("hrv", Column.lists([[800], [790, 785, 1], None])),
        ),
        claims=("intervals:i1", "strava:987", "file:sha256:abc#0"),
        metrics={"trimp": 88.0},
        extensions={"icu_hr_zones": [120, 140, 160]},
        completeness=Completeness(("summary", "streams"), {"file": "not asked for"}),
        provenance={
            "average_watts": Provenance(
                "estimated", "Intervals.icu", "icu_average_watts", "no meter"
            )
        },
    )


def test_everything_can_be_held_and_comes_back():
    """Every value of FitGlue's own model survives encoding and decoding, as do zeros and nulls."""
    assert model.decode(model.encode(everything())) == everything()


def test_everything_is_in_order():
    """A source activity with all these values violates neither the schema nor the other rules."""
    assert Validator(model.document_schema()).violations(model.to_builtins(everything())) == []
    assert model.problems(everything()) == []


def test_no_field_of_the_model_is_left_out_of_everything():
    """Every field of the model is used here, except for those that FitGlue's own model lacks."""
    activity = everything()
    blank = {
        name
        for name in SourceActivity.__struct_fields__
        if getattr(activity, name) in (None, (), {})
    }
    assert blank == {
        "parent",
        "stub",
        "elevation_gain_m",
        "elevation_loss_m",
        "average_altitude_m",
        "min_altitude_m",
        "max_altitude_m",
        "average_speed_mps",
        "max_speed_mps",
        "pool_length_m",
        "pool_lengths",
        "work_j",
        "max_watts",
        "max_cadence_rpm",
        "average_temperature_c",
        "min_temperature_c",
        "max_temperature_c",
    }
