"""Pairs as they come in life, and what the matcher says of each: the specification of a verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fitglue_registry.dedupe import Samples, Traits, judge, learned_weights
from tests.dedupe.builders import (
    HOUR,
    LAP,
    MINUTE,
    NOON,
    RUN,
    bare,
    copy,
    heart,
    levels,
    loop,
    said,
)

RIDE = replace(RUN, family="cycling", distance_m=40_000.0, elapsed_s=5400.0, moving_s=5300.0)
GYM = Traits(
    "garmin",
    NOON,
    NOON,
    elapsed_s=HOUR,
    moving_s=HOUR,
    family="gym",
    average_heartrate_bpm=110.0,
    max_heartrate_bpm=150.0,
    calories_kcal=400.0,
)
COMMUTE = Traits(
    "garmin", NOON, NOON, elapsed_s=1500.0, moving_s=1450.0, distance_m=8000.0, family="cycling"
)


def test_a_copy_in_another_account_is_the_same():
    """One recording in two services."""
    assert said(RUN, copy()) == "same"


def test_a_watch_and_a_bike_computer_that_ran_at_once_are_the_same():
    """Each has its own receiver, pause rule and idea of calories and climb."""
    computer = copy(
        RIDE,
        "wahoo",
        after=25,
        distance_m=40_400.0,
        elapsed_s=5350.0,
        moving_s=5200.0,
        average_heartrate_bpm=151.0,
        calories_kcal=900.0,
        elevation_gain_m=300.0,
    )
    assert said(RIDE, computer) == "same"


def test_a_treadmill_run_without_gps_and_a_foot_pods_file_are_the_same():
    """The watch guesses the distance, the pod measures it: a tenth between them, and no heart rate
    on one side.
    """
    pod = copy(bare(RUN, distance_m=10_200.0, elapsed_s=3540.0), "stryd", after=40)
    assert said(replace(RUN, distance_m=9100.0, elevation_gain_m=None), pod) == "same"


def test_an_indoor_ride_on_zwift_and_on_the_head_unit_is_the_same():
    """Virtual distance and climb, started a minute later."""
    virtual = copy(
        bare(RIDE, distance_m=37_000.0, elapsed_s=5290.0, elevation_gain_m=500.0), "zwift", after=70
    )
    assert said(RIDE, virtual) == "same"


@pytest.mark.parametrize(("race_m", "race_s"), [(10_000.0, 2700.0), (5000.0, 1300.0)])
def test_a_race_inside_a_longer_recording_stays_apart(race_m, race_s):
    """Warm-up, race and cool-down on the watch, the race alone elsewhere: a part of it, and no
    double.
    """
    long = replace(
        RUN,
        distance_m=16_000.0,
        elapsed_s=2 * HOUR,
        moving_s=6000.0,
        average_heartrate_bpm=138.0,
        calories_kcal=1100.0,
    )
    race = copy(
        RUN,
        after=35 * MINUTE,
        distance_m=race_m,
        elapsed_s=race_s,
        moving_s=race_s,
        average_heartrate_bpm=168.0,
    )
    assert said(long, race) == "different"


def test_two_equal_commutes_of_a_day_are_different():
    """The same way, the same time, nine hours later."""
    assert said(COMMUTE, copy(COMMUTE, after=9 * HOUR + 140)) == "different"
    assert said(COMMUTE, copy(COMMUTE, "garmin", after=9 * HOUR)) == "different"


def test_commutes_a_whole_number_of_hours_apart_are_never_joined_unasked():
    """To the second, once in some hundred days: like a clock that is off, and nothing tells but a
    person.
    """
    assert (
        said(
            COMMUTE,
            copy(COMMUTE, after=9 * HOUR, distance_m=8060.0, elapsed_s=1520.0, moving_s=1390.0),
        )
        == "ask"
    )


def test_laps_recorded_as_activities_are_different():
    """Equal ones, one after the other, in one account."""
    assert said(LAP, copy(LAP, "garmin", after=500)) == "different"


def test_two_short_recordings_of_one_minute_are_different():
    """A false start of half a minute, and the next one."""
    short = replace(LAP, distance_m=100.0, elapsed_s=30.0, moving_s=30.0)
    assert said(short, copy(short, "garmin", after=40)) == "different"


@pytest.mark.parametrize(("after", "verdict"), [(500, "different"), (0, "ask")])
def test_a_lap_and_the_whole_are_never_joined_unasked(after, verdict):
    """Only the first lap starts with the whole, as a recording would whose device gave up early."""
    assert said(RUN, copy(LAP, after=after)) == verdict


@pytest.mark.parametrize("off", [-120, 0, 10 * MINUTE])
def test_a_manual_entry_with_a_rounded_start_is_the_same(off):
    """Typed in afterwards: about when, how long, how far."""
    entry = Traits(
        "diary",
        None,
        RUN.start_local_s + off,
        60.0,
        elapsed_s=HOUR,
        distance_m=10_000.0,
        family="running",
    )
    assert said(RUN, entry) == "same"


def test_an_entry_that_knows_the_day_alone_needs_figures_that_agree():
    """A row without a time, as TrainingPeaks exports it."""
    day = Traits(
        "diary",
        None,
        RUN.start_local_s // 86_400 * 86_400,
        86_400.0,
        moving_s=3550.0,
        family="running",
    )
    assert said(RUN, day) == "ask"
    assert (
        said(
            RUN,
            replace(day, distance_m=10_000.0, average_heartrate_bpm=150.0, max_heartrate_bpm=172.0),
        )
        == "same"
    )
    assert said(RUN, replace(day, distance_m=6000.0, moving_s=2000.0)) == "different"


@pytest.mark.parametrize("account", ["garmin", "hevy"])
def test_a_warm_up_on_the_treadmill_inside_a_strength_session_is_different(account):
    """They overlap whole, and are two workouts."""
    warm_up = Traits(
        account,
        NOON + 20,
        NOON + 20,
        elapsed_s=600.0,
        moving_s=600.0,
        distance_m=1800.0,
        family="running",
        average_heartrate_bpm=128.0,
        max_heartrate_bpm=145.0,
        calories_kcal=110.0,
    )
    assert said(GYM, warm_up) == "different"


def test_a_warm_up_of_which_nothing_but_the_time_is_known_is_asked_about():
    """Equal starts alone join nothing."""
    assert (
        said(
            GYM,
            Traits(
                "hevy",
                NOON,
                NOON,
                elapsed_s=600.0,
                moving_s=600.0,
                distance_m=1800.0,
                family="running",
            ),
        )
        == "ask"
    )


@pytest.mark.parametrize(
    ("after", "seconds", "metres", "sport", "verdict"),
    [
        (0, 1800.0, 1500.0, "swimming", "ask"),
        (1900, 4200.0, 40_000.0, "cycling", "different"),
        (6200, 2800.0, 10_000.0, "running", "different"),
    ],
)
def test_the_legs_of_a_triathlon_and_the_whole_are_never_joined_unasked(
    after, seconds, metres, sport, verdict
):
    """One service lists the whole, the other its legs."""
    whole = Traits(
        "garmin",
        NOON,
        NOON,
        elapsed_s=9000.0,
        moving_s=9000.0,
        distance_m=51_500.0,
        average_heartrate_bpm=150.0,
        max_heartrate_bpm=175.0,
        calories_kcal=1800.0,
    )
    leg = Traits(
        "strava",
        NOON + after,
        NOON + after,
        elapsed_s=seconds,
        moving_s=seconds,
        distance_m=metres,
        family=sport,
        average_heartrate_bpm=142.0,
        max_heartrate_bpm=160.0,
        calories_kcal=300.0,
    )
    assert said(whole, leg) == verdict


def test_the_legs_of_one_multisport_file_stay_apart():
    """Two transitions of it may well look the same."""
    one = replace(COMMUTE, parent="file:1", elapsed_s=60.0, moving_s=60.0, distance_m=200.0)
    assert said(one, replace(one, start_utc_s=NOON + 1, start_local_s=NOON + 1)) == "different"


def test_two_people_of_one_account_who_set_off_together_are_asked_about():
    """Same second, same way, other hearts."""
    assert (
        said(
            RUN,
            copy(
                RUN,
                "garmin",
                after=3,
                distance_m=10_030.0,
                average_heartrate_bpm=133.0,
                max_heartrate_bpm=158.0,
                calories_kcal=500.0,
            ),
        )
        == "ask"
    )


def test_two_hearts_that_beat_otherwise_for_an_hour_are_two_people():
    """Where both recordings are there, they tell."""
    other = copy(
        RUN,
        "garmin",
        after=3,
        distance_m=10_030.0,
        average_heartrate_bpm=133.0,
        max_heartrate_bpm=158.0,
        calories_kcal=500.0,
    )
    one, two = (
        replace(heart(), track=loop(6, noise_m=3)),
        replace(heart(seed=2, level=133.0), track=loop(6, noise_m=3, seed=2)),
    )
    assert said(RUN, other, one, two) == "different"


def test_a_zone_error_of_an_hour_is_found_where_the_figures_are_a_fingerprint():
    """One recording, its clock an hour off in one service."""
    assert said(RUN, copy(after=HOUR)) == "same"


def test_utc_in_one_source_and_local_time_in_the_other_are_no_clock_error():
    """Nobody says which zone lies between them; minute and second agree, and so does what was
    done.
    """
    utc, local = (
        replace(RUN, start_local_s=None, calories_kcal=None),
        replace(copy(distance_m=10_150.0), start_utc_s=None),
    )
    assert levels(utc, local)["time"] == "same second of some zone"
    assert said(utc, local) == "same"
    assert said(utc, replace(local, start_local_s=local.start_local_s + 400)) == "different"


@pytest.mark.parametrize("hours", [8, -8, 5.5])
def test_a_clock_that_is_hours_off_is_found_by_the_points_of_the_track(hours):
    """An app that writes local time for UTC."""
    one, two = (
        bare(RUN, distance_m=10_000.0, moving_s=2749.0),
        copy(bare(RUN, distance_m=10_130.0, moving_s=2953.0), after=hours * HOUR),
    )
    assert said(one, two, Samples(loop(6)), Samples(loop(6)[::2])) == "same"


def test_the_daily_loop_run_again_hours_later_is_never_joined_unasked():
    """The way is the same, the points are not."""
    one, two = (
        bare(RUN, distance_m=10_000.0, moving_s=2749.0),
        copy(bare(RUN, distance_m=10_130.0, moving_s=2953.0), after=8 * HOUR),
    )
    assert said(one, two, Samples(loop(6, noise_m=4)), Samples(loop(6, noise_m=4, seed=3))) == "ask"


def test_a_trimmed_copy_is_the_same_by_its_points():
    """A tenth cut off at the start: distance, time, heart rate and calories all differ."""
    cut = copy(
        RUN,
        after=300,
        distance_m=8300.0,
        elapsed_s=3100.0,
        moving_s=3000.0,
        average_heartrate_bpm=153.0,
        calories_kcal=540.0,
    )
    assert said(RUN, cut, Samples(loop(6)), Samples(loop(6)[20:])) == "same"


def test_a_verdict_below_its_probability_says_by_which_rule():
    """Else a pair that is all but certain would be asked about without a word."""
    judgment = judge(RUN, copy(LAP), learned_weights())
    assert (judgment.verdict, judgment.rule) == (
        "ask",
        "one is less than half of the other, so it is a part and not a copy",
    )
    assert judge(RUN, copy(), learned_weights()).rule == ""


def test_absence_is_no_evidence():
    """A source that is silent adds no line."""
    assert levels(RUN, bare(copy(), elapsed_s=HOUR)).keys() == {
        "time",
        "account",
        "sport",
        "duration",
    }


def test_a_stub_joins_by_its_start_alone():
    """It has nothing else, and nothing to lose."""
    stub = Traits("intervals", None, RUN.start_local_s, stub=True)
    assert said(RUN, stub) == "same"
    assert said(RUN, replace(stub, start_local_s=RUN.start_local_s + 3 * HOUR)) == "different"


def test_a_start_alone_joins_no_native_workout():
    """That two things happen at once does not make them one."""
    assert said(RUN, Traits("other", NOON, RUN.start_local_s)) == "ask"


def test_recordings_are_read_only_where_they_can_change_the_verdict():
    """Reading them is slow, and most pairs are clear."""

    def never():
        raise AssertionError("this pair is clear without")

    assert judge(RUN, copy(), learned_weights(), never).verdict == "same"
    assert (
        judge(RUN, copy(LAP, after=10 * HOUR + 700), learned_weights(), never).verdict
        == "different"
    )
