"""Which step gives the load of a workout, and what is said if one lacks something."""

from __future__ import annotations

import pytest

from fitglue_boosters.load import training_load
from fitglue_boosters.session_rpe import session_load
from fitglue_registry.model import TrainingLoad

HALF_AN_HOUR = 1800


def load_of(workout, **options):
    """Return the load of a workout that has one."""
    load, _ = training_load(workout, **options)
    assert load is not None
    return load


def lacking(workout, **options):
    """Return what a workout lacks, as text."""
    _, reasons = training_load(workout, **options)
    return [str(reason) for reason in reasons]


# -- the steps -------------------------------------------------------------------------------------


def test_the_load_of_a_source_is_kept_with_its_method(workout):
    """A source counts 79 by power, so 79 is the load, although heart rate and RPE are there."""
    loads = (
        TrainingLoad(71, "heart_rate", "HRSS"),
        TrainingLoad(79, "power", chosen=True),
    )
    load = load_of(workout(training_load=79, training_loads=loads, rpe=4, moving_s=3600))
    assert (load.value, load.method, load.is_stated) == (79, "power", True)


def test_a_load_of_zero_is_a_load(workout):
    """A source that states 0 for a walk is not corrected by what follows from its heart rate."""
    load = load_of(workout(training_load=0, average_heartrate_bpm=90, moving_s=3600))
    assert (load.value, load.is_stated) == (0, True)


def test_the_load_of_a_source_loads_no_streams(workout):
    """The samples of a workout whose source states a load are never read."""
    ride = workout(training_load=79)
    ride._load_streams = lambda: pytest.fail("the streams were loaded")
    assert load_of(ride).value == 79


def test_stated_normalized_power_is_used(workout):
    """1.5 h at 200 W normalized with a threshold of 250 W are 96, at 80 %."""
    load = load_of(workout(weighted_average_watts=200, moving_s=5400))
    assert (load.method, load.variant) == ("power", "TSS")
    assert load.value == pytest.approx(96.0)
    assert load.others == {"intensity_pct": 80.0}


def test_normalized_power_follows_from_the_samples(workout):
    """Without a stated value, normalized power is computed from the samples, and is kept."""
    load = load_of(workout(channels={"watts": [250] * 3600}))
    assert load.value == pytest.approx(100.0)
    assert load.others == {"weighted_average_watts": 250.0, "intensity_pct": 100.0}


def test_estimated_power_gives_an_estimated_load(workout):
    """If the power was estimated by a model, so is the load."""
    ride = workout(weighted_average_watts=200, moving_s=5400, power_kind="estimated")
    assert load_of(ride).is_estimated


def test_the_recorded_heart_rate_gives_an_impulse(workout):
    """Half an hour at 130 bpm is a TRIMP of 32.9 for this man."""
    load = load_of(workout(channels={"heartrate": [130] * HALF_AN_HOUR}))
    assert (load.method, load.variant, load.is_estimated) == ("heart_rate", "TRIMP", False)
    assert load.value == pytest.approx(32.87, abs=0.01)


def test_with_a_threshold_heart_rate_an_hour_there_is_100(workout):
    """An hour at the threshold heart rate is 100, as an hour at threshold power is."""
    settings = {"rest_hr": "50", "max_hr": "190", "sex": "female", "lthr": "170"}
    run = workout(settings, channels={"heartrate": [170] * 3600}, sport="Run")
    load = load_of(run)
    assert load.variant == "HRSS"
    assert load.value == pytest.approx(100.0)
    assert load.remarks == ()


def test_an_average_heart_rate_gives_an_estimate(workout):
    """Without samples, the load follows from the average and is marked as estimated."""
    load = load_of(workout(average_heartrate_bpm=130, moving_s=HALF_AN_HOUR))
    assert load.is_estimated
    assert load.value == pytest.approx(32.87, abs=0.01)
    assert load.remarks[0] == "estimated from the average heart rate of 130 bpm"


def test_the_rating_is_the_last_step(workout):
    """45 minutes with a rating of 4 are 180."""
    load = load_of(workout(rpe=4, moving_s=2700))
    assert (load.value, load.method, load.is_estimated) == (180, "session_rpe", True)
    assert load.value == session_load(2700, 4)


def test_the_rating_can_be_left_out(workout):
    """A booster that does not count ratings gives a yoga session no load."""
    assert lacking(workout(rpe=4, moving_s=2700), counts_rating=False) == [
        "it has neither power nor a heart rate nor a rating"
    ]


# -- what is lacking -------------------------------------------------------------------------------


def test_without_threshold_power_the_command_is_named(workout):
    """A ride with power and no threshold falls to the next step, and the command is said."""
    ride = workout({}, weighted_average_watts=200, rpe=4, moving_s=2700)
    assert load_of(ride).method == "session_rpe"
    assert lacking(ride) == [
        "no threshold power in cycling for 2026-05-01: `fitglue settings ftp 250 --from 2026-01-01`"
    ]


def test_the_threshold_of_cycling_does_not_serve_for_running(workout):
    """Running power needs the threshold power of running."""
    run = workout(weighted_average_watts=260, moving_s=3600, sport="Run")
    [said] = lacking(run)
    assert said.endswith("`fitglue settings ftp 250 --sport running --from 2026-01-01`")


def test_the_threshold_of_a_sport_comes_before_the_general_one(workout):
    """A threshold heart rate of running is used for runs, and the general one for rides."""
    settings = {
        "rest_hr": "50",
        "max_hr": "190",
        "sex": "male",
        "lthr": "160",
        "lthr.running": "170",
    }
    channels = {"heartrate": [170] * 3600}
    assert load_of(workout(settings, channels, sport="Run")).value == pytest.approx(100.0)
    assert load_of(workout(settings, channels, sport="Ride")).value > 110


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("rest_hr", "no resting heart rate for 2026-05-01: `fitglue settings rest-hr 55 --from"),
        ("max_hr", "no maximum heart rate for 2026-05-01: `fitglue settings max-hr 185 --from"),
        ("sex", "no sex is set, and the factors of men and women differ: `fitglue settings sex"),
    ],
)
def test_what_the_heart_rate_lacks_is_said_once(workout, missing, message):
    """A run with samples and an average lacks one setting, which is named once."""
    settings = {"rest_hr": "50", "max_hr": "190", "sex": "male"}
    del settings[missing]
    run = workout(
        settings,
        {"heartrate": [150] * 600},
        average_heartrate_bpm=150,
        sport="Run",
    )
    [said] = lacking(run)
    assert said.startswith(message)


@pytest.mark.parametrize("highest", ["50", "40"])
def test_a_maximum_at_or_below_rest_is_refused(workout, highest):
    """With a maximum that is not above rest, no heart rate can be compared."""
    settings = {"rest_hr": "50", "max_hr": highest, "sex": "male"}
    [said] = lacking(workout(settings, {"heartrate": [150] * 600}))
    assert "is not above the resting one, 50" in said


def test_a_source_states_thresholds_too(workout):
    """The threshold that Intervals.icu states for a ride serves if the athlete has set none."""
    ride = workout({}, weighted_average_watts=200, moving_s=5400, metrics={"ftp_watts": 250.0})
    assert load_of(ride).value == pytest.approx(96.0)


def test_the_settings_of_the_booster_come_first(workout):
    """A threshold that a pipeline sets for its booster takes the place of the athlete's."""
    ride = workout(booster={"ftp": "200"}, weighted_average_watts=200, moving_s=3600)
    assert load_of(ride).value == pytest.approx(100.0)


# -- what is doubtful ------------------------------------------------------------------------------


def test_power_that_is_missing_for_long_does_not_count(workout):
    """A power meter that failed after half of the ride does not stand for all of it."""
    channels = {
        "watts": [200] * 600 + [None] * 600,
        "heartrate": [130] * 1200,
    }
    ride = workout(channels=channels)
    assert load_of(ride).method == "heart_rate"
    assert lacking(ride) == ["power is missing for 50 % of the recording"]


def test_a_lost_strap_is_no_heart_rate_of_zero(workout):
    """A heart rate of 0 bpm means that nothing was measured; the average is used instead."""
    run = workout(
        channels={"heartrate": [150] * 600 + [0] * 600},
        average_heartrate_bpm=150,
        sport="Run",
    )
    assert load_of(run).is_estimated
    assert lacking(run) == ["the heart rate is missing for 50 % of the recording"]


def test_few_missing_seconds_are_a_remark(workout):
    """A recording with nine tenths of its heart rate counts, and says what is missing."""
    load = load_of(workout(channels={"heartrate": [150] * 1080 + [None] * 120}))
    assert load.remarks[0] == "the heart rate is missing for 10 %, which count as nothing"


def test_a_heart_rate_above_the_maximum_is_a_remark(workout):
    """A heart rate above the setting may mean that the setting is wrong, so it is said."""
    load = load_of(workout(channels={"heartrate": [150] * 600 + [195] * 60}))
    assert load.remarks[0] == (
        "the heart rate reached 195 bpm, above the maximum of 190 bpm, which counts instead"
    )


@pytest.mark.parametrize(
    ("ignored", "method"),
    [("power", "heart_rate"), ("heartrate", "power")],
)
def test_what_the_athlete_ignores_is_not_used(workout, ignored, method):
    """Power or a heart rate that the athlete marked as wrong at the source gives no load."""
    ride = workout(
        channels={"watts": [200] * 600, "heartrate": [150] * 600},
        extensions={"ignored": [ignored]},
    )
    assert load_of(ride).method == method


def test_an_indoor_ride_of_zero_watts_has_no_power(workout):
    """A stated normalized power of 0 without samples means that nothing was measured."""
    ride = workout(weighted_average_watts=0, rpe=3, moving_s=3600)
    assert load_of(ride).method == "session_rpe"
