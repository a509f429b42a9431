"""What the laps of a TCX add up to if some of them state nothing, or something impossible."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fitglue_formats import activities

HEAD = "<TrainingCenterDatabase><Activities><Activity Sport='Running'>"
END = "</Activity></Activities></TrainingCenterDatabase>"
START = datetime(2026, 5, 3, 6, tzinfo=UTC)
#: The runner covers 3 m per second.
MPS = 3


def clock(second: int) -> str:
    """Return a time of the workout as text."""
    return f"{START + timedelta(seconds=second):%Y-%m-%dT%H:%M:%SZ}"


def points(first: int, last: int, bpm: int = 120, slept_s: int = 0) -> str:
    """Return a trackpoint every 10 seconds, up to the last one."""
    return "".join(
        f"<Trackpoint><Time>{clock(second)}</Time>"
        f"<DistanceMeters>{(second - slept_s) * MPS}</DistanceMeters>"
        f"<HeartRateBpm><Value>{bpm}</Value></HeartRateBpm></Trackpoint>"
        for second in range(first, last + 1, 10)
    )


def lap(
    start: int = 0,
    track: str = "",
    seconds: float | str = 300,
    distance_m: float | str = 900,
    **totals: float,
) -> str:
    """Return a lap with other totals by the name of their element."""
    texts = [f"<TotalTimeSeconds>{seconds}</TotalTimeSeconds>"] if seconds != "" else []
    texts += [f"<DistanceMeters>{distance_m}</DistanceMeters>"] if distance_m != "" else []
    for name, value in totals.items():
        text = f"<Value>{value}</Value>" if "HeartRate" in name else value
        texts.append(f"<{name}>{text}</{name}>")
    return f"<Lap StartTime='{clock(start)}'>{''.join(texts)}<Track>{track}</Track></Lap>"


def only(*laps: str):
    """Return the only workout of a TCX."""
    [workout] = activities(f"{HEAD}{''.join(laps)}{END}".encode())
    return workout


FIRST = points(0, 290, bpm=120)
SECOND = points(300, 590, bpm=160)


@pytest.mark.parametrize(
    "totals", [{}, {"AverageHeartRateBpm": 255}, {"AverageHeartRateBpm": 0}], ids=str
)
def test_an_average_of_some_laps_gives_way_to_the_samples(totals):
    """The average heart rate of one of two laps is not the one of the workout."""
    workout = only(lap(0, FIRST, **totals), lap(300, SECOND, AverageHeartRateBpm=160))
    assert workout.average_heartrate_bpm == 140
    assert "in 1 of 2 laps, the file states" in workout.provenance["average_heartrate_bpm"].note


def test_an_average_of_some_laps_without_samples_is_marked_as_partial():
    """Without samples, the average of the laps that state one is kept and reported."""
    workout = only(lap(0), lap(300, AverageHeartRateBpm=160))
    assert workout.average_heartrate_bpm == 160
    assert workout.completeness.missing["complete average_heartrate_bpm"] == (
        "in 1 of 2 laps, the file states none"
    )


@pytest.mark.parametrize(("stated", "highest"), [(150, 160), (170, 170)])
def test_a_maximum_of_some_laps_is_not_below_the_samples(stated, highest):
    """The highest heart rate is the one of the samples, or of the laps that know a higher one."""
    workout = only(lap(0, SECOND), lap(300, FIRST, MaximumHeartRateBpm=stated))
    assert workout.max_heartrate_bpm == highest
    assert "in 1 of 2 laps" in workout.provenance["max_heartrate_bpm"].note


def test_calories_of_some_laps_are_marked_as_partial():
    """Calories of 65,535 mean that the lap does not know them, so the sum is a part."""
    workout = only(lap(0, FIRST, Calories=65_535), lap(300, SECOND, Calories=75))
    assert workout.calories_kcal == 75
    assert workout.completeness.missing["complete calories_kcal"] == (
        'in 1 of 2 laps, the file states 65,535, which means "not measured"'
    )


def test_a_lap_that_is_too_short_for_a_kilocalorie_is_no_gap():
    """A lap of some seconds with 0 kcal knows its calories."""
    workout = only(lap(0, FIRST, Calories=75), lap(300, "", seconds=5, distance_m=15, Calories=0))
    assert workout.completeness.missing == {}


@pytest.mark.parametrize("wrong", [0, "", 4_294_967_295, 42_949_672.95])
def test_a_lap_without_a_distance_does_not_shorten_the_workout(wrong):
    """If one lap does not know its distance, the distance comes from the samples."""
    workout = only(lap(0, FIRST), lap(300, SECOND, distance_m=wrong))
    assert workout.distance_m == 1770
    assert workout.provenance["distance_m"].note.startswith("from the samples, because in 1 of 2")
    assert workout.completeness.missing == {}


def test_a_rest_without_a_distance_changes_nothing():
    """A lap of 0 m in which the athlete stood still leaves the sum of the laps as it is."""
    rest = points(0, 0).replace(clock(0), clock(400)).replace(">0<", ">870<")
    workout = only(lap(0, FIRST), lap(300, rest, distance_m=0))
    assert (workout.distance_m, "distance_m" in workout.provenance) == (900, False)


def test_a_lap_without_a_duration_lasts_as_long_as_its_samples():
    """The time without pauses contains a lap whose duration is invalid, and is marked."""
    workout = only(lap(0, FIRST, seconds=4_294_967.295), lap(300, SECOND))
    assert (workout.moving_s, workout.elapsed_s, workout.laps[0].elapsed_s) == (590, 600, None)
    assert "durations of the samples" in workout.provenance["moving_s"].note


@pytest.mark.parametrize("count", [2, 3])
def test_laps_that_repeat_earlier_ones_count_once(count):
    """Laps that each contain all that was recorded until then do not add up."""
    step = 600 // count
    laps = [
        lap(0, points(0, end - 10), end, end * MPS, Calories=end) for end in range(step, 601, step)
    ]
    workout = only(*laps)
    assert (workout.distance_m, workout.moving_s, workout.calories_kcal) == (1800, 600, 600)
    assert "distinct laps" in workout.completeness.missing


@pytest.mark.parametrize("seconds", [4_294_967.295, 4_294_967_295, 99_999_999, -1])
def test_an_impossible_duration_gives_way_to_the_samples(seconds):
    """A duration of weeks, or a negative one, is no duration."""
    workout = only(lap(0, FIRST, seconds=seconds))
    assert (workout.elapsed_s, workout.laps[0].elapsed_s) == (290, None)
    assert "because the file states" in workout.provenance["elapsed_s"].note


@pytest.mark.parametrize(
    ("element", "field", "value"),
    [
        ("AverageHeartRateBpm", "average_heartrate_bpm", 65_535),
        ("AverageHeartRateBpm", "average_heartrate_bpm", 999),
        ("MaximumHeartRateBpm", "max_heartrate_bpm", -1),
        ("Calories", "calories_kcal", 4_294_967_295),
        ("Cadence", "average_cadence_rpm", 999),
        ("MaximumSpeed", "max_speed_mps", 99_999),
        ("MaximumSpeed", "max_speed_mps", 655.35),
    ],
)
def test_a_total_that_nobody_can_have_measured_is_absent(element, field, value):
    """An impossible total is left out of the workout and its lap, with what the file states."""
    workout = only(lap(0, **{element: value}))
    assert (getattr(workout, field), getattr(workout.laps[0], field)) == (None, None)
    assert workout.completeness.missing[field].startswith(f"the file states {value:,}")


def test_an_invalid_element_does_not_hide_the_one_of_an_extension():
    """A cadence of 255 in the lap gives way to the cadence in its extension."""
    text = lap(0, Cadence=255, Extensions="<LX><AvgRunCadence>85</AvgRunCadence></LX>")
    assert only(text).average_cadence_rpm == 85


@pytest.mark.parametrize("divisor", [1, 2])
def test_laps_in_kilometers_and_milliseconds_are_converted(divisor):
    """A total that the samples show to be in km or ms is converted in each lap as well."""
    seconds = 600 // divisor
    laps = [
        lap(start, points(start, start + seconds - 10), seconds * 1000, seconds * MPS / 1000)
        for start in range(0, 600, seconds)
    ]
    workout = only(*laps)
    assert (workout.distance_m, workout.moving_s, workout.elapsed_s) == (1800, 600, 600)
    assert {(item.elapsed_s, item.distance_m) for item in workout.laps} == {
        (seconds, seconds * MPS)
    }
    assert (workout.completeness.missing, workout.provenance["distance_m"].how) == ({}, "computed")


@pytest.mark.parametrize(("highest", "is_doubtful"), [(120, True), (149, False), (160, False)])
def test_a_maximum_below_the_average_is_in_doubt(highest, is_doubtful):
    """A highest heart rate below the average is kept and reported, apart from rounding."""
    workout = only(lap(0, AverageHeartRateBpm=150, MaximumHeartRateBpm=highest))
    assert workout.max_heartrate_bpm == highest
    assert ("consistent heart rates" in workout.completeness.missing) is is_doubtful


def test_a_top_speed_below_the_average_is_in_doubt():
    """A lap that was faster on average than at its fastest contradicts itself."""
    workout = only(lap(0, MaximumSpeed=2))
    assert workout.completeness.missing["consistent speeds"] == (
        "the highest is 2 and the average is 3, so one of them is wrong"
    )


DAY_S = 86_400
#: The distance continues where the athlete fell asleep.
NEXT_DAY = points(DAY_S, DAY_S + 290, slept_s=DAY_S - 300)


def test_a_lap_over_two_days_is_two_workouts():
    """A night within a lap divides the workout like a night between two laps, and the totals of
    the lap, which belong to both days, are reported.
    """
    whole = lap(0, FIRST + NEXT_DAY, seconds=600, distance_m=1800, Calories=100)
    found = activities(f"{HEAD}{whole}{END}".encode())
    assert [(day.start_utc.day, day.elapsed_s, day.distance_m) for day in found] == [
        (3, 290, 870),
        (4, 290, 900),
    ]
    assert all("totals of each lap" in day.completeness.missing for day in found)
    assert [day.calories_kcal for day in found] == [None, None]


def test_only_the_lap_with_the_night_loses_its_totals():
    """The laps before and after the one in which the athlete slept keep what they state."""
    second = points(300, 350) + points(DAY_S, DAY_S + 290)
    third = points(DAY_S + 300, DAY_S + 590)
    made = [lap(0, FIRST), lap(300, second, seconds=350), lap(DAY_S + 300, third)]
    found = activities(f"{HEAD}{''.join(made)}{END}".encode())
    assert [[item.elapsed_s for item in day.laps] for day in found] == [[300, None], [None, 300]]
    assert [[item.start_index for item in day.laps] for day in found] == [[0, 30], [0, 30]]


def test_a_pause_of_some_hours_within_a_lap_is_no_night():
    """A lap with a pause of five hours is one workout."""
    workout = only(lap(0, FIRST + points(18_000, 18_290, slept_s=17_700), seconds=600))
    assert (workout.elapsed_s, workout.moving_s) == (18_290, 600)
