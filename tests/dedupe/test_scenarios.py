"""Realistic pairs and the verdict on each of them: the specification of the score."""

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
    verdict_on,
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
    """One recording in the accounts of two services is the same workout."""
    assert verdict_on(RUN, copy()) == "same"


def test_a_watch_and_a_bike_computer_on_one_ride_are_the_same():
    """A watch and a bike computer record the same ride, although each has its own receiver, its own
    rule for pauses and its own estimates of calories and elevation gain.
    """
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
    assert verdict_on(RIDE, computer) == "same"


def test_a_treadmill_run_without_gps_and_a_foot_pods_file_are_the_same():
    """A watch that estimates the distance on a treadmill and a foot pod that measures it record the
    same run, although the distances differ by a tenth and the pod has no heart rate.
    """
    pod = copy(bare(RUN, distance_m=10_200.0, elapsed_s=3540.0), "stryd", after=40)
    assert verdict_on(replace(RUN, distance_m=9100.0, elevation_gain_m=None), pod) == "same"


def test_an_indoor_ride_on_zwift_and_on_the_head_unit_is_the_same():
    """An indoor ride is the same on Zwift, which has a virtual distance and climb, and on the head
    unit that was started a minute later.
    """
    virtual = copy(
        bare(RIDE, distance_m=37_000.0, elapsed_s=5290.0, elevation_gain_m=500.0), "zwift", after=70
    )
    assert verdict_on(RIDE, virtual) == "same"


@pytest.mark.parametrize(("race_m", "race_s"), [(10_000.0, 2700.0), (5000.0, 1300.0)])
def test_a_race_inside_a_longer_recording_stays_apart(race_m, race_s):
    """A race recorded on its own is a part of a recording that includes warm-up and cool-down, and
    not a copy of it.
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
    assert verdict_on(long, race) == "different"


def test_two_equal_commutes_of_a_day_are_different():
    """The same commute nine hours later is a different workout, in the same account and in another
    one.
    """
    assert verdict_on(COMMUTE, copy(COMMUTE, after=9 * HOUR + 140)) == "different"
    assert verdict_on(COMMUTE, copy(COMMUTE, "garmin", after=9 * HOUR)) == "different"


def test_commutes_a_whole_number_of_hours_apart_are_never_joined_unasked():
    """Two commutes that start exactly nine hours apart look like one with a wrong clock, so the
    athlete is asked.
    """
    assert (
        verdict_on(
            COMMUTE,
            copy(COMMUTE, after=9 * HOUR, distance_m=8060.0, elapsed_s=1520.0, moving_s=1390.0),
        )
        == "ask"
    )


def test_laps_recorded_as_activities_are_different():
    """Two equal laps, one after the other in one account, are different workouts."""
    assert verdict_on(LAP, copy(LAP, "garmin", after=500)) == "different"


def test_two_short_recordings_of_one_minute_are_different():
    """A false start of half a minute and the next attempt are different, although they start within
    a minute.
    """
    short = replace(LAP, distance_m=100.0, elapsed_s=30.0, moving_s=30.0)
    assert verdict_on(short, copy(short, "garmin", after=40)) == "different"


@pytest.mark.parametrize(("after", "verdict"), [(500, "different"), (0, "ask")])
def test_a_lap_and_the_complete_run_are_never_joined_unasked(after, verdict):
    """A lap is not joined with the complete run. For the first lap the athlete is asked, because it
    could also be a recording whose device stopped early.
    """
    assert verdict_on(RUN, copy(LAP, after=after)) == verdict


@pytest.mark.parametrize("off", [-120, 0, 10 * MINUTE])
def test_a_manual_entry_with_a_rounded_start_is_the_same(off):
    """An entry typed in afterward, with a rounded start, duration and distance, is the same
    workout.
    """
    entry = Traits(
        "diary",
        None,
        RUN.start_local_s + off,
        60.0,
        elapsed_s=HOUR,
        distance_m=10_000.0,
        family="running",
    )
    assert verdict_on(RUN, entry) == "same"


def test_an_entry_with_only_a_day_needs_values_that_agree():
    """A row without a time of day, as TrainingPeaks exports it, is the same workout only if its
    values agree.
    """
    day = Traits(
        "diary",
        None,
        RUN.start_local_s // 86_400 * 86_400,
        86_400.0,
        moving_s=3550.0,
        family="running",
    )
    assert verdict_on(RUN, day) == "ask"
    assert (
        verdict_on(
            RUN,
            replace(day, distance_m=10_000.0, average_heartrate_bpm=150.0, max_heartrate_bpm=172.0),
        )
        == "same"
    )
    assert verdict_on(RUN, replace(day, distance_m=6000.0, moving_s=2000.0)) == "different"


@pytest.mark.parametrize("account", ["garmin", "hevy"])
def test_a_warm_up_on_the_treadmill_inside_a_strength_session_is_different(account):
    """A warm-up on the treadmill is a different workout from the strength session that
    contains it.
    """
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
    assert verdict_on(GYM, warm_up) == "different"


def test_a_warm_up_of_which_only_the_time_is_known_is_asked_about():
    """A warm-up and a strength session that start in the same second are not joined without further
    evidence; the athlete is asked.
    """
    assert (
        verdict_on(
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
    ("after", "seconds", "meters", "sport", "verdict"),
    [
        (0, 1800.0, 1500.0, "swimming", "ask"),
        (1900, 4200.0, 40_000.0, "cycling", "different"),
        (6200, 2800.0, 10_000.0, "running", "different"),
    ],
)
def test_a_leg_and_the_complete_triathlon_are_never_joined_unasked(
    after, seconds, meters, sport, verdict
):
    """A leg of a triathlon in one service is not joined with the complete triathlon of another
    service.
    """
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
        distance_m=meters,
        family=sport,
        average_heartrate_bpm=142.0,
        max_heartrate_bpm=160.0,
        calories_kcal=300.0,
    )
    assert verdict_on(whole, leg) == verdict


def test_the_legs_of_one_multisport_file_stay_apart():
    """Two legs of one multisport file are different workouts, even if they look the same, as two
    transitions may.
    """
    transition = replace(COMMUTE, parent="file:1", elapsed_s=60.0, moving_s=60.0, distance_m=200.0)
    assert (
        verdict_on(transition, replace(transition, start_utc_s=NOON + 1, start_local_s=NOON + 1))
        == "different"
    )


def test_two_people_of_one_account_who_start_together_are_asked_about():
    """Two records of one account with the same start and route but different heart rates may belong
    to two people, so the athlete is asked.
    """
    assert (
        verdict_on(
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


def test_heart_rates_that_vary_differently_belong_to_two_people():
    """Two recordings of one account whose heart rates vary differently for an hour belong to two
    people.
    """
    other = copy(
        RUN,
        "garmin",
        after=3,
        distance_m=10_030.0,
        average_heartrate_bpm=133.0,
        max_heartrate_bpm=158.0,
        calories_kcal=500.0,
    )
    first, second = (
        replace(heart(), track=loop(6, noise_m=3)),
        replace(heart(seed=2, level=133.0), track=loop(6, noise_m=3, seed=2)),
    )
    assert verdict_on(RUN, other, first, second) == "different"


def test_a_zone_error_of_an_hour_is_found_if_the_values_are_identical():
    """A copy whose clock is an hour off is found if its values are identical."""
    assert verdict_on(RUN, copy(after=HOUR)) == "same"


def test_utc_in_one_source_and_local_time_in_the_other_are_not_a_clock_error():
    """A source with UTC only and one with local time only have an unknown zone between them, so
    equal minutes and seconds are enough.
    """
    utc, local = (
        replace(RUN, start_local_s=None, calories_kcal=None),
        replace(copy(distance_m=10_150.0), start_utc_s=None),
    )
    assert levels(utc, local)["time"] == "same second of some zone"
    assert verdict_on(utc, local) == "same"
    assert verdict_on(utc, replace(local, start_local_s=local.start_local_s + 400)) == "different"


@pytest.mark.parametrize("hours", [8, -8, 5.5])
def test_a_clock_that_is_hours_off_is_found_by_the_points_of_the_track(hours):
    """A copy from an app that writes local time as UTC is found by the points that its track
    shares.
    """
    first, second = (
        bare(RUN, distance_m=10_000.0, moving_s=2749.0),
        copy(bare(RUN, distance_m=10_130.0, moving_s=2953.0), after=hours * HOUR),
    )
    assert verdict_on(first, second, Samples(loop(6)), Samples(loop(6)[::2])) == "same"


def test_the_daily_loop_run_again_hours_later_is_never_joined_unasked():
    """The same loop run again eight hours later has the same route but different points, so the
    athlete is asked.
    """
    first, second = (
        bare(RUN, distance_m=10_000.0, moving_s=2749.0),
        copy(bare(RUN, distance_m=10_130.0, moving_s=2953.0), after=8 * HOUR),
    )
    assert (
        verdict_on(first, second, Samples(loop(6, noise_m=4)), Samples(loop(6, noise_m=4, seed=3)))
        == "ask"
    )


def test_a_trimmed_copy_is_the_same_by_its_points():
    """A copy without its first tenth is the same workout because of its points, although distance,
    time, heart rate and calories differ.
    """
    cut = copy(
        RUN,
        after=300,
        distance_m=8300.0,
        elapsed_s=3100.0,
        moving_s=3000.0,
        average_heartrate_bpm=153.0,
        calories_kcal=540.0,
    )
    assert verdict_on(RUN, cut, Samples(loop(6)), Samples(loop(6)[20:])) == "same"


def test_a_verdict_below_its_probability_says_by_which_rule():
    """A verdict that is lower than its probability names the rule, so that the athlete knows why an
    almost certain pair is asked about.
    """
    judgment = judge(RUN, copy(LAP), learned_weights())
    assert (judgment.verdict, judgment.rule) == (
        "ask",
        "one is less than half of the other, so it is a part and not a copy",
    )
    assert judge(RUN, copy(), learned_weights()).rule == ""


def test_an_absent_value_is_no_evidence():
    """A value that one source does not have adds no comparison."""
    assert levels(RUN, bare(copy(), elapsed_s=HOUR)).keys() == {
        "time",
        "account",
        "sport",
        "duration",
    }


def test_a_stub_joins_by_its_start_only():
    """A stub joins a workout that has the same start, because it has no other values."""
    stub = Traits("intervals", None, RUN.start_local_s, stub=True)
    assert verdict_on(RUN, stub) == "same"
    assert verdict_on(RUN, replace(stub, start_local_s=RUN.start_local_s + 3 * HOUR)) == "different"


def test_equal_starts_do_not_join_native_workouts():
    """Two records that are not stubs are not joined by their start only; the athlete is asked."""
    assert verdict_on(RUN, Traits("other", NOON, RUN.start_local_s)) == "ask"


def test_recordings_are_read_only_if_they_can_change_the_verdict():
    """Samples, which are slow to read, are not read if they cannot change the verdict."""

    def fail():
        raise AssertionError("this pair is clear without samples")

    assert judge(RUN, copy(), learned_weights(), fail).verdict == "same"
    assert (
        judge(RUN, copy(LAP, after=10 * HOUR + 700), learned_weights(), fail).verdict == "different"
    )
