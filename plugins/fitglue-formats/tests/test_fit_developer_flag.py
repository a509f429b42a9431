"""A FIT file whose messages carry the flag for developer fields, with and without such fields.

The flag changes the layout of a definition message. Some apps set it although they write no
developer field, and some write developer fields without describing them.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest

from fitglue_formats import activities
from fitglue_formats.testing import T0, FitFile


def flagged(made: FitFile, number: int, fields: dict, developer: bytes = b"\0") -> FitFile:
    """Append a message whose definition carries the flag, with the given list of developer fields
    (by default a list of length 0).
    """
    other = FitFile().write(number, fields).body
    count = other[5]
    after = 6 + 3 * count
    definition = bytes([0x60]) + other[1:after] + developer
    made.body += definition + other[after:]
    return made


SESSION = {
    253: ("u4", T0 + 600),
    2: ("u4", T0),
    7: ("u4", 600_000),
    8: ("u4", 590_000),
    9: ("u4", 198_000),
    11: ("u2", 150),
    5: ("enum", 1),
    16: ("u1", 130),
}


@pytest.mark.shared
def test_a_flag_without_developer_fields_changes_no_value(shared_reports):
    """The reported run has its own date, distance and calories, and there is no second workout."""
    folder = shared_reports / "01-fit-developer-flag-no-fields"
    [activity] = activities((folder / "f01-devflag-no-devfields.fit").read_bytes())
    assert (activity.sport, activity.start_utc) == ("Run", datetime(2024, 6, 1, 8, tzinfo=UTC))
    assert (activity.elapsed_s, activity.distance_m, activity.calories_kcal) == (600, 1980, 150)
    assert (len(activity.laps), activity.completeness.missing) == (1, {})
    assert activity.device.serial == "3999000111"


def test_a_flagged_message_is_read_like_the_same_message_without_the_flag(fit):
    """Session, lap and sample have the same values with the flag as without it."""
    lap = {253: ("u4", T0 + 600), 2: ("u4", T0), 7: ("u4", 600_000), 9: ("u4", 198_000)}
    sample = {253: ("u4", T0 + 1), 3: ("u1", 140), 5: ("u4", 300)}
    plain, marked = fit().file_id(), fit().file_id()
    for number, fields in ((20, sample), (19, lap), (18, SESSION)):
        plain.write(number, fields)
        flagged(marked, number, fields)
    [expected], [activity] = activities(plain.content()), activities(marked.content())
    for field in ("start_utc", "elapsed_s", "moving_s", "distance_m", "calories_kcal", "laps"):
        assert getattr(activity, field) == getattr(expected, field), field
    assert activity.streams == expected.streams


def test_flagged_and_plain_definitions_can_alternate(fit):
    """A local number that is defined with and without the flag in turn has the right values."""
    made = fit().file_id()
    for second in range(0, 6, 2):
        made.record(second)
        flagged(made, 20, {253: ("u4", T0 + second + 1), 5: ("u4", second * 300 + 300)})
    [activity] = activities(flagged(made, 18, SESSION).content())
    streams = {stream.type: list(stream.values) for stream in activity.streams}
    assert streams["time"] == [0, 1, 2, 3, 4, 5]
    assert streams["distance"] == [0, 3, 6, 9, 12, 15]


def test_developer_fields_that_are_not_described_cost_only_themselves(fit):
    """A session with a developer field that no message describes keeps all its native values."""
    made = flagged(fit().file_id().record(0), 18, SESSION, developer=bytes([1, 7, 4, 3]))
    made.body += struct.pack("<f", 80.0)
    [activity] = activities(made.content())
    assert (activity.elapsed_s, activity.moving_s, activity.calories_kcal) == (600, 590, 150)
    assert activity.completeness.missing == {}
    assert (activity.sport, activity.distance_m) == ("Run", 1980)


def test_a_developer_field_beside_its_stream_keeps_its_unit():
    """If the device measured the same, the developer's values stay as they are, in their unit."""
    file = FitFile().file_id()
    file.write(207, {1: ("byte", [1] * 16), 3: ("u1", 0)})
    name = {3: ("text", "Vertical Oscillation"), 8: ("text", "Centimeters")}
    file.write(206, {0: ("u1", 0), 1: ("u1", 0), 2: ("u1", 0x88), **name})
    for second in range(3):
        file.record(second, {39: ("u2", 900)}, {(0, 0): ("f4", 9.5)})
    (activity,) = activities(file.session().content())
    streams = {stream.type: stream for stream in activity.streams}
    assert list(streams["vertical_oscillation"].values) == [90.0] * 3
    own = streams["Vertical Oscillation"]
    assert (list(own.values), own.unit) == ([9.5] * 3, "Centimeters")
