"""Tests of the names of files that are made from workouts by a template."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fitglue_registry.errors import UserMistake
from fitglue_registry.file_names import (
    FIELDS,
    check_template,
    distinct_names,
    file_name,
    name_fields,
)
from fitglue_registry.model import SourceActivity

START = datetime(2026, 5, 1, 22, 30, tzinfo=UTC)


def ride(**fields) -> SourceActivity:
    """Return a ride that began on 2 May in local time."""
    local = datetime(2026, 5, 2, 0, 30)  # noqa: DTZ001 - a local time has no zone
    defaults = {"sport": "Ride", "title": "Evening", "start_utc": START, "start_local": local}
    return SourceActivity(**defaults | fields)


def test_each_field_has_a_value():
    """Every field of a template is known for an ordinary workout, by its local time."""
    fields = name_fields(ride(), 12)
    assert list(fields) == ["date", "year", "month", "day", "time", "sport", "title", "number"]
    assert set(fields) == set(FIELDS)
    assert file_name("{date}-{time}-{sport}", fields, ".fit") == "2026-05-02-003000-Ride.fit"


def test_an_unknown_local_time_is_replaced_by_utc():
    """Without a local time, the date is that of UTC."""
    assert name_fields(ride(start_local=None))["date"] == "2026-05-01"


def test_a_field_without_a_value_leaves_no_separator():
    """A missing title becomes nothing, and its hyphen with it."""
    fields = name_fields(ride(title=None))
    assert file_name("{date}-{title}-{sport}", fields, ".gpx") == "2026-05-02-Ride.gpx"
    assert file_name("{date} {title}", fields, ".gpx") == "2026-05-02.gpx"
    assert file_name("{title}", fields, ".gpx") == "workout.gpx"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("a<b>c:d", "a-b-c-d"),
        ("Morning\n\x00ride", "Morning ride"),
        ("Ride...", "Ride"),
        ("con", "_con"),
        ("LPT1.backup", "_LPT1.backup"),
        ("console", "console"),
        ("-rf", "rf"),
        ("\u202egpj.exe", "gpj.exe"),
        ("Zu\u0308rich", "Zürich"),
        ("\ud800", "workout"),
        ("Ride 🚴", "Ride 🚴"),
    ],
)
def test_a_name_is_safe_on_every_system(title, name):
    """What a system refuses, or what misleads people, is replaced or left out."""
    assert file_name("{title}", {"title": title}, ".fit") == f"{name}.fit"


def test_a_long_name_is_cut_between_characters():
    """A name has at most 255 bytes, and no half of a character."""
    name = file_name("{date}-{title}", {"date": "2026-05-02", "title": "ü" * 500}, ".fit")
    assert len(name.encode()) < 200
    assert name.endswith("ü.fit")


@given(title=st.text())
def test_every_title_makes_a_name(title):
    """The name of a file is never empty, hidden, or a path, whatever the athlete wrote."""
    name = file_name("{title}", {"title": title}, "")
    assert name
    assert name == name.strip(" .")
    assert not set('<>:"/\\|?*\n\0') & set(name)
    assert len(name.encode()) <= 200
    assert file_name("{title}", {"title": name}, "").lstrip("_") == name.lstrip("_")


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{dat}", "no field {dat}"),
        ("{title.__class__}", "no field"),
        ("{date:%Y}", "no field"),
        ("{title!r}", "no field"),
        ("{}", "no field {}"),
        ("{date", "braces do not match"),
        ("a/{date}", "no folders"),
        ("..\\{date}", "no folders"),
        (" ", "empty"),
    ],
)
def test_a_wrong_template_is_refused(template, why):
    """The error says what is wrong, and which fields exist."""
    with pytest.raises(UserMistake) as refused:
        check_template(template)
    assert refused.value.code == "FG-name-template"
    assert why in refused.value.why
    assert "{sport}" in refused.value.fix


def test_braces_can_be_written():
    """A brace that is doubled is a brace."""
    check_template("{{{date}}}")
    assert file_name("{{{date}}}", {"date": "2026"}, "") == "{2026}"


def test_equal_names_get_numbers():
    """Later files of a name get a number, which no other file has; case does not matter."""
    names = ["Ride.fit", "ride.fit", "ride-2.fit", "RIDE.FIT", "Run.fit"]
    assert distinct_names(names) == [
        "Ride.fit",
        "ride-3.fit",
        "ride-2.fit",
        "RIDE-4.FIT",
        "Run.fit",
    ]


@given(names=st.lists(st.sampled_from(["a.fit", "A.fit", "a-2.fit", "b", "a-3.fit"]), max_size=9))
def test_no_two_names_are_the_same(names):
    """Names are different on every system, and the same names always give the same result."""
    distinct = distinct_names(names)
    assert len({name.casefold() for name in distinct}) == len(names)
    assert distinct_names(names) == distinct
