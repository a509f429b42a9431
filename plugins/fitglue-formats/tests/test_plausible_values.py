"""Positions, distances, speeds and other samples that cannot be right, and what is made of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fitglue_formats import activities

HEAD = "<TrainingCenterDatabase><Activities><Activity Sport='Running'><Id>2026-05-03T06:00:00Z</Id>"
END = "</Activity></Activities></TrainingCenterDatabase>"


def lap(points: str, distance_m: float = 0, start: str = "2026-05-03T06:00:00Z") -> str:
    """Return a lap of 100 seconds."""
    return (
        f"<Lap StartTime='{start}'><TotalTimeSeconds>100</TotalTimeSeconds>"
        f"<DistanceMeters>{distance_m}</DistanceMeters><Track>{points}</Track></Lap>"
    )


def points(*values: str, start: int = 0) -> str:
    """Return a trackpoint every 10 seconds, each with these elements."""
    moments = [
        datetime(2026, 5, 3, 6, tzinfo=UTC) + timedelta(seconds=start + 10 * number)
        for number in range(len(values))
    ]
    return "".join(
        f"<Trackpoint><Time>{moment:%Y-%m-%dT%H:%M:%SZ}</Time>{value}</Trackpoint>"
        for moment, value in zip(moments, values, strict=True)
    )


def reached(*meters: float, start: int = 0) -> str:
    """Return a trackpoint every 10 seconds with these distances."""
    texts = [f"<DistanceMeters>{value}</DistanceMeters>" for value in meters]
    return points(*texts, start=start)


def only(*elements: str):
    """Return the only workout of a TCX."""
    [workout] = activities(f"{HEAD}{''.join(elements)}{END}".encode())
    return workout


def stream(workout, kind: str) -> list | None:
    """Return the samples of a stream."""
    return next((list(item.values) for item in workout.streams if item.type == kind), None)


TRACK = [(10 * number, 47 + number / 10_000, "") for number in range(60)]


@pytest.mark.parametrize("at", [0, 30, 59])
def test_one_position_far_away_does_not_add_to_the_distance(gpx, at):
    """A position that a receiver reported 1,000 km away is left out, also as the first or last."""
    track = [
        (second, 57.0 if number == at else latitude, "")
        for number, (second, latitude, _) in enumerate(TRACK)
    ]
    [workout] = activities(gpx(track))
    assert workout.distance_m == pytest.approx(657, abs=12)
    assert stream(workout, "latlng")[at] is None
    assert workout.completeness.missing["use of all positions"].startswith("1 of 60 are far")


def test_a_track_with_many_jumps_is_in_doubt(gpx):
    """If no few positions are wrong, the distance is kept and reported as implausible."""
    track = [(second, 47.0 + number % 2 * 10, "") for number, (second, _, _) in enumerate(TRACK)]
    [workout] = activities(gpx(track))
    assert "km/h" in workout.completeness.missing["plausible speed"]


def test_a_flight_keeps_its_positions(gpx):
    """Positions that are as far apart as those of an airliner are all kept."""
    track = [(second, 40 + number * 0.02, "") for number, (second, _, _) in enumerate(TRACK)]
    [workout] = activities(gpx(track))
    assert None not in stream(workout, "latlng")


def test_distances_that_begin_anew_with_each_lap_are_added():
    """A distance that each lap counts from 0 rises through the workout."""
    second = lap(reached(0, 50, 100, 150, start=100), 150, "2026-05-03T06:01:40Z")
    workout = only(lap(reached(0, 100, 200, 300), 300), second)
    assert stream(workout, "distance") == [0, 100, 200, 300, 300, 350, 400, 450]
    assert "begins anew" in workout.completeness.missing["steady distance"]


@pytest.mark.parametrize("wrong", [99_999, 0])
def test_one_distance_that_jumps_is_left_out(wrong):
    """A single distance that is far too high or too low does not become the total."""
    workout = only(lap(reached(0, 100, 200, wrong, 400, 500)))
    assert (workout.distance_m, stream(workout, "distance")[3]) == (500, None)


def test_a_total_in_kilometers_is_recognized_by_the_samples():
    """A lap that states 0.5 where its samples reach 500 m is in kilometers."""
    workout = only(lap(reached(0, 100, 200, 300, 400, 500), 0.5))
    assert (workout.distance_m, "in km" in workout.provenance["distance_m"].note) == (500, True)


def test_a_total_that_contradicts_the_samples_is_reported():
    """A distance that is twice that of the samples is kept, and the difference is stated."""
    workout = only(lap(reached(0, 500, 1000), 2000))
    assert workout.distance_m == 2000
    assert workout.completeness.missing["consistent distance"] == (
        "the samples cover 1000 m, and the stated distance is 2000 m"
    )


@pytest.mark.parametrize("kind", ["<ele>{}</ele>", "<extensions><temp>{}</temp></extensions>"])
@pytest.mark.parametrize("value", [-32768, 32767, -9999, 99999, 65535])
def test_the_limits_of_number_types_are_no_measurements(gpx, kind, value):
    """An altitude or a temperature at the limit of a number type is absent, and is counted."""
    track = [
        (second, latitude, kind.format(value if second == 50 else 20))
        for second, latitude, _ in TRACK
    ]
    [workout] = activities(gpx(track))
    values = workout.streams[2].values
    assert (len(values), list(values)[5]) == (60, None)
    assert next(iter(workout.completeness.missing.values())).startswith("1 of its values")


@pytest.mark.parametrize("name", ["cad", "power", "hr", "speed"])
def test_negative_values_are_no_measurements(gpx, name):
    """Programs write -1 for a cadence, power, heart rate or speed that they do not know."""
    track = [
        (second, latitude, f"<extensions><{name}>-1</{name}></extensions>")
        for second, latitude, _ in TRACK
    ]
    [workout] = activities(gpx(track))
    assert {item.type for item in workout.streams} == {"time", "latlng", "distance"}


@pytest.mark.parametrize(("factor", "corrected"), [(1, False), (3.6, True)])
def test_speeds_in_km_h_are_recognized_by_distance_and_time(gpx, factor, corrected):
    """The speed of a point is in m/s, also if the program wrote it in km/h."""
    track = [(second, latitude, f"<speed>{1.11 * factor}</speed>") for second, latitude, _ in TRACK]
    [workout] = activities(gpx(track))
    assert workout.max_speed_mps == pytest.approx(1.11)
    assert ("speeds in m/s" in workout.completeness.missing) is corrected
