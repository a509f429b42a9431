"""A field of a FIT file that is invalid or coarser than another one never replaces its value."""

from __future__ import annotations

import pytest

from fitglue_formats import activities
from fitglue_formats.testing import T0


def streams(content: bytes) -> dict[str, list]:
    [activity] = activities(content)
    return {stream.type: list(stream.values) for stream in activity.streams}


def packed(speed: int, count: int) -> tuple[str, list[int]]:
    """Return ``compressed_speed_distance``: speed in 1/100 m/s and the lowest 12 bits of a count of
    1/16 m.
    """
    low = count & 0xFFF
    return "byte", [speed & 0xFF, speed >> 8 | (low & 0xF) << 4, low >> 4]


EMPTY = ("byte", [0xFF, 0xFF, 0xFF])


@pytest.mark.shared
def test_an_invalid_compressed_distance_leaves_the_distance(shared_reports):
    """The reported ride of Zwift has all 600 distances, up to 1976.69 m."""
    folder = shared_reports / "02-fit-zwift-distance-stream-wiped"
    distances = streams((folder / "f02-null-compressed-speed-distance.fit").read_bytes())[
        "distance"
    ]
    assert (len(distances), distances[-1]) == (600, 1976.69)


@pytest.mark.parametrize("order", [(5, 6, 8), (8, 6, 5)])
@pytest.mark.parametrize("compressed", [EMPTY, packed(299, 47)])
def test_compressed_speed_and_distance_give_way_to_the_precise_fields(fit, compressed, order):
    """Speed and distance keep their precise values in any order of the fields, and whether or not
    the compressed field is valid.
    """
    made = fit().file_id()
    for second in range(3):
        fields = {5: ("u4", second * 333), 6: ("u2", 3333), 8: compressed}
        made.write(20, {253: ("u4", T0 + second)} | {key: fields[key] for key in order})
    values = streams(made.session(0, 2).content())
    assert values["distance"] == [0, 3.33, 6.66]
    assert values["velocity"] == [3.333] * 3


def test_compressed_distances_are_added_up_across_shapes(fit):
    """A compressed distance continues when the shape of the samples changes, and across an
    overflow of its 12 bits.
    """
    made = fit().file_id()
    for second in range(8):
        more = {3: ("u1", 140)} if second % 2 else {}
        made.write(20, {253: ("u4", T0 + second), 8: packed(4000, second * 800), **more})
    assert streams(made.session(0, 7).content())["distance"] == [second * 50 for second in range(8)]


def test_compressed_distances_fill_the_gaps_of_the_precise_ones(fit):
    """Where only the compressed distance is known, it continues the precise one instead of starting
    again.
    """
    made = fit().file_id()
    for second in range(4):
        distance = 0xFFFFFFFF if second == 2 else 100_000 + second * 300
        made.write(
            20, {253: ("u4", T0 + second), 5: ("u4", distance), 8: packed(300, 77 + second * 48)}
        )
    assert streams(made.session(0, 3).content())["distance"] == [1000, 1003, 1006, 1009]


@pytest.mark.parametrize(
    ("coarse", "fine", "stream", "expected"),
    [
        ((6, ("u2", 3333)), (73, ("u4", 3334)), "velocity", 3.334),
        ((6, ("u2", 0xFFFF)), (73, ("u4", 3334)), "velocity", 3.334),
        ((6, ("u2", 3333)), (73, ("u4", 0xFFFFFFFF)), "velocity", 3.333),
        ((2, ("u2", 4500)), (78, ("u4", 4501)), "altitude", 400.2),
        ((2, ("u2", 0xFFFF)), (78, ("u4", 4501)), "altitude", 400.2),
        ((2, ("u2", 4500)), (78, ("u4", 0)), "altitude", 400),
        ((99, ("u1", 14)), (108, ("u2", 1450)), "respiration", 14.5),
        ((99, ("u1", 14)), (108, ("u2", 0xFFFF)), "respiration", 14),
    ],
)
@pytest.mark.parametrize("reverse", [False, True])
def test_the_better_of_two_fields_of_a_sample_wins(fit, coarse, fine, stream, expected, reverse):
    """The enhanced field wins if it is valid, and the plain one fills its gaps, in either order."""
    fields = [coarse, fine][:: -1 if reverse else 1]
    made = fit().file_id().record(0, dict(fields)).session()
    assert streams(made.content())[stream] == [expected]


@pytest.mark.parametrize(
    ("coarse", "fine", "field", "expected"),
    [
        ((14, ("u2", 2500)), (124, ("u4", 2501)), "average_speed_mps", 2.501),
        ((14, ("u2", 0xFFFF)), (124, ("u4", 2501)), "average_speed_mps", 2.501),
        ((14, ("u2", 2500)), (124, ("u4", 0xFFFFFFFF)), "average_speed_mps", 2.5),
        ((14, ("u2", 2500)), (124, ("u4", [2501, 2501])), "average_speed_mps", 2.501),
        ((14, ("u2", [2500, 0xFFFF])), (124, ("u4", 0xFFFFFFFF)), "average_speed_mps", 2.5),
        ((50, ("u2", 4500)), (128, ("u4", 4501)), "max_altitude_m", 400.2),
        ((50, ("u2", 0)), (128, ("u4", 4501)), "max_altitude_m", 400.2),
        ((50, ("u2", 4500)), (128, ("u4", 0)), "max_altitude_m", 400),
    ],
)
@pytest.mark.parametrize("reverse", [False, True])
def test_the_better_of_two_fields_of_a_session_wins(fit, coarse, fine, field, expected, reverse):
    """The same holds for the values of a session."""
    fields = [coarse, fine][:: -1 if reverse else 1]
    [activity] = activities(fit().file_id().session(more=dict(fields)).content())
    assert getattr(activity, field) == pytest.approx(expected, abs=1e-9)


def test_one_speed_that_is_written_twice_in_one_field_is_a_speed(fit):
    """A lap and a sample whose enhanced speed is an array of two equal numbers have that speed."""
    twice = ("u4", [2053, 2053])
    made = fit().file_id().record(0, {73: twice}).lap(more={111: twice}).session()
    [activity] = activities(made.content())
    assert activity.laps[0].max_speed_mps == 2.053
    assert streams(made.content())["velocity"] == [2.053]


def test_the_invalid_value_of_a_narrower_type_is_no_value(fit):
    """A heart rate of 255, a power of 65535 and calories of 65535 are absent, even if they are
    written with a wider type in which they would be valid numbers.
    """
    made = fit().file_id().record(0).record(1, {3: ("u2", 255), 7: ("u4", 65535)})
    more = {16: ("u2", 255), 17: ("u2", 255), 11: ("u4", 65535), 20: ("u4", 65535)}
    [activity] = activities(made.session(more=more).content())
    assert (activity.calories_kcal, activity.average_watts) == (None, 200)
    assert (activity.average_heartrate_bpm, activity.max_heartrate_bpm) == (140, 140)
    assert (streams(made.content())["heartrate"], streams(made.content())["watts"]) == (
        [140, None],
        [200, None],
    )


def test_an_altitude_of_raw_zero_is_no_altitude(fit):
    """A raw altitude of 0, which means -500 m, is a gap in the samples and in their minimum."""
    made = fit().file_id()
    for second, raw in enumerate((0, 4500, 0, 4505)):
        made.record(second, {2: ("u2", raw)})
    [activity] = activities(made.session(0, 3, {71: ("u2", 0)}).content())
    assert streams(made.content())["altitude"] == [None, 400, None, 401]
    assert (activity.min_altitude_m, activity.max_altitude_m) == (400, 401)
    assert "2 of its values" in activity.completeness.missing["complete altitude"]
