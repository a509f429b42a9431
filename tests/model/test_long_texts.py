"""Tests of texts that are longer than any of a workout: they are cut, and a remark says so."""

from __future__ import annotations

import pytest

from fitglue_registry.model import (
    Column,
    Completeness,
    Gear,
    Lap,
    SourceActivity,
    Stream,
    encode,
    without_long_texts,
)


def long(letters, count=5_000):
    """Return a text of ``count`` characters that begins with these letters."""
    return letters.ljust(count, "x")


def bounded(**fields):
    """Return an activity with these fields as the host stores it."""
    activity = SourceActivity(**fields)
    return without_long_texts(activity, encode(activity))


def test_a_long_title_is_cut_and_a_remark_says_so():
    """A title of 5,000 characters keeps 999 and an ellipsis, and a remark has its length."""
    activity = bounded(title=long("Ride"), completeness=Completeness(("summary",)))
    assert activity.title == long("Ride", 999) + "…"
    assert activity.completeness.parts == ("summary",)
    assert activity.completeness.remarks == {
        "all of title": "the source has a text of 5,000 characters, cut to 1,000"
    }


@pytest.mark.parametrize("field", ["description", "notes"])
def test_a_description_may_be_a_hundred_times_as_long(field):
    """A description or notes of 100,000 characters are kept, and longer ones are cut."""
    kept = long("a", 100_000)
    assert getattr(bounded(**{field: kept}), field) == kept
    assert len(getattr(bounded(**{field: kept + "b"}), field)) == 100_000


@pytest.mark.parametrize(
    ("field", "value", "text_of"),
    [
        ("tags", ("short", long("tag")), lambda activity: activity.tags[1]),
        ("gear", Gear(name=long("bike")), lambda activity: activity.gear.name),
        ("laps", (Lap(), Lap(label=long("lap"))), lambda activity: activity.laps[1].label),
        (
            "extensions",
            {"custom": {"a": [1, long("b")]}},
            lambda activity: activity.extensions["custom"]["a"][1],
        ),
        (
            "completeness",
            Completeness(missing={"file": long("why")}),
            lambda activity: activity.completeness.missing["file"],
        ),
    ],
)
def test_every_text_is_cut_wherever_it_is(field, value, text_of):
    """A long text is cut in a list, a nested value and a value of the source's own, too."""
    activity = bounded(**{field: value})
    assert len(text_of(activity)) == 1_000
    assert f"all of {field}" in activity.completeness.missing


def test_a_long_text_full_of_quotes_is_cut():
    """A text that JSON writes with a backslash before each character is found as well."""
    assert len(bounded(title='"' * 1_500).title) == 1_000


@pytest.mark.parametrize("character", ["x", '"', "\\", "é", "\n", '\\"', '"\\'])
@pytest.mark.parametrize("before", ["", "\\", '"', '\\"\\'])
def test_a_text_is_cut_from_the_first_character_too_many(character, before):
    """Whatever a text and the text before it consist of, 1,000 characters are kept as they are, and
    1,001 are not.
    """
    allowed = (character * 1_000)[:1_000]
    assert bounded(sport_raw=before, title=allowed).title == allowed
    assert bounded(sport_raw=before, title=allowed + "x").title == allowed[:999] + "…"


def test_a_long_name_of_a_stream_is_cut():
    """The name of a stream is stored beside its samples, and is cut like other texts."""
    activity = bounded(streams=(Stream("time", Column.from_list([1.0]), name=long("t")),))
    assert len(activity.streams[0].name) == 1_000
    assert "all names of streams" in activity.completeness.missing


def test_an_activity_without_long_texts_stays_the_same_object():
    """Texts of usual length stay as they are, and so do claims, which are identities."""
    activity = SourceActivity(title="x" * 1_000, claims=("strava:1",), extensions={"a": '"b"'})
    assert without_long_texts(activity, encode(activity)) is activity
    assert without_long_texts(activity) is activity


def test_a_text_that_was_cut_is_not_cut_again():
    """A rebuild that starts from a cut activity gives the same one."""
    activity = bounded(title=long("Ride"))
    assert without_long_texts(activity) is activity
