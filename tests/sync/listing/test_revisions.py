"""What a listed summary means: which revision it is, what changed, and which parts that touches."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fitglue_registry.registry import Entry, EntryPart, Plugin, Sync
from fitglue_registry.registry.loading import load_catalogue
from fitglue_registry.sync.listing.revisions import Revisions, schema_drift_keys

PARTS = (
    EntryPart(name="summary", comes_from="list"),
    EntryPart(name="detail"),
    EntryPart(name="streams"),
)


def revisions(*volatile, **touches):
    """The rules of an entry with these volatile paths, and these globs for each part."""
    return Revisions(
        Entry(
            schema=1,
            kind="source",
            id="x",
            name="X",
            summary="X",
            plugin=Plugin("x"),
            tier="t",
            parts=PARTS,
            volatile=volatile,
            sync=Sync(touches=touches),
        )
    )


def same(rules, one, two):
    """Whether two summaries are one revision."""
    return rules.revision(as_bytes(one)) == rules.revision(as_bytes(two))


def as_bytes(summary):
    return summary if isinstance(summary, bytes) else json.dumps(summary).encode()


def changed(rules, one, two):
    difference = rules.difference(as_bytes(one), as_bytes(two))
    return difference.paths, difference.added


# -- revision --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": 1}, {"a": 1, "b": None}),
        ({"g": {"x": 1, "y": None}}, {"g": {"x": 1}}),
        (b'{"a":1}', b' { "a" : 1 } '),
        (b'{"a":"\xc3\xbc"}', b'{"a":"\\u00fc"}'),
        ({"a": {"c": 1, "b": 2}}, {"a": {"b": 2, "c": 1}}),
    ],
)
def test_order_nulls_and_spelling_are_no_change(one, two):
    """Some answers leave nulls out, some write them, and none promises an order."""
    assert same(revisions(), one, two)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {}),
        ({"a": 0}, {"a": None}),
        ({"a": ""}, {}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"a": "1"}, {"a": 1}),
        ({"g": {"x": 1}}, {"g": {"x": 2}}),
        ({"a": [None]}, {"a": []}),
        ({"a": False}, {}),
    ],
)
def test_every_other_difference_is_a_change(one, two):
    """Zero is not null, and lists have an order."""
    assert not same(revisions(), one, two)


@pytest.mark.parametrize(
    ("volatile", "one", "two"),
    [
        ("icu_atl", {"icu_atl": 1}, {"icu_atl": 2}),
        ("icu_atl", {"icu_atl": 1}, {}),
        ("icu_rolling_*", {"icu_rolling_ftp": 1}, {}),
        ("gear.distance", {"gear": {"id": 1, "distance": 5}}, {"gear": {"id": 1, "distance": 6}}),
        ("gear", {"gear": {"id": {"deep": 1}}}, {}),
        ("gear.*", {"gear": {"a": 1, "b": {"c": 1}}, "x": 1}, {"gear": {}, "x": 1}),
        ("*_temp", {"a_temp": 1}, {"a_temp": 2}),
        ("a?c", {"abc": 1}, {"abc": 2}),
        ("[ab]x", {"ax": 1}, {"ax": 2}),
        ("a.*.c", {"a": {"b": {"c": 1}}}, {"a": {"b": {"c": 2}}}),
    ],
)
def test_volatile_paths_drift_without_a_change(volatile, one, two):
    """A name, a glob, a nested path, and everything below what is named."""
    assert same(revisions(volatile), one, two)


@pytest.mark.parametrize(
    ("volatile", "one", "two"),
    [
        ("icu_atl", {"icu_atl2": 1}, {"icu_atl2": 2}),
        ("icu_atl", {"xicu_atl": 1}, {"xicu_atl": 2}),
        ("a.b", {"a_b": 1}, {"a_b": 2}),
        ("gear.distance", {"distance": 1}, {"distance": 2}),
        ("gear.distance", {"gear": {"id": 1}}, {"gear": {"id": 2}}),
        ("atl", {"x": {"atl": 1}}, {"x": {"atl": 2}}),
    ],
)
def test_a_volatile_path_covers_nothing_else(volatile, one, two):
    """Neither longer names, nor the same name elsewhere."""
    assert not same(revisions(volatile), one, two)


@pytest.mark.parametrize(
    "summary",
    [
        b"",
        b"null",
        b"[]",
        b"7",
        b"id;name\n1;x",
        b"\xff\xfe",
        b'{"a":',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":1e400}',
        b'{"a":"\\ud800"}',
        b'{"a":"\\u0000"}',
        b'{"a":' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 500 + b"1" + b"}" * 500,
        b'{"a":' * 9000 + b"1" + b"}" * 9000,
    ],
)
def test_whatever_a_row_is_it_has_a_steady_revision(summary):
    """No JSON, half of it, numbers and texts that JSON has not, nested beyond sense: compared,
    never a crash.
    """
    rules = revisions("x.*")
    assert rules.revision(summary) == revisions("x.*").revision(summary)
    assert rules.revision(summary) != rules.revision(b'{"other": 1}')
    assert rules.difference(summary, b'{"other": 1}').paths


def test_rows_that_are_no_json_are_compared_by_their_bytes():
    """A CSV row is as good as another summary."""
    assert same(revisions(), b"1;x", b"1;x")
    assert not same(revisions(), b"1;x", b"1;y")


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abcg"), inner, max_size=3)
    ),
    max_leaves=8,
)
summaries = st.dictionaries(st.sampled_from(["a", "b", "gear", "icu_atl"]), json_values, max_size=4)


@given(summaries, summaries)
def test_what_is_one_revision_has_no_changed_paths(one, two):
    """The two ways to compare say the same."""
    rules = revisions("icu_atl", "gear.a")
    if same(rules, one, two):
        assert changed(rules, one, two)[0] == set()


# -- changed paths ---------------------------------------------------------------------------------


def test_changed_paths_are_named_and_new_ones_apart():
    """What differs, what is new of it, and nothing that is volatile."""
    before = {"name": "a", "gear": {"id": 1, "distance": 5}, "old": 1, "same": [1], "icu_atl": 1}
    after = {
        "name": "b",
        "gear": {"id": 2, "distance": 6},
        "new": {"x": 0},
        "same": [1],
        "icu_atl": 2,
    }
    assert changed(revisions("gear.distance", "icu_atl"), before, after) == (
        {"name", "gear.id", "old", "new.x"},
        {"new.x"},
    )


def test_a_value_that_becomes_null_is_a_changed_path_and_no_new_one():
    """Null is absence."""
    assert changed(revisions(), {"a": 1}, {"a": None}) == ({"a"}, set())
    assert changed(revisions(), {"a": None}, {"a": 0}) == ({"a"}, {"a"})


def test_nan_is_equal_to_itself():
    """A custom field that is NaN is not in every change."""
    assert changed(
        revisions(), b'{"TSS":NaN,"z":[NaN],"name":"a"}', b'{"TSS":NaN,"z":[NaN],"name":"b"}'
    )[0] == {"name"}


# -- touched parts ---------------------------------------------------------------------------------


def test_a_change_touches_the_parts_whose_globs_it_meets():
    """A new name re-opens nothing, a new start re-opens all, zones the detail alone."""
    rules = revisions(detail=("start_*", "*_zones"), streams=("start_*",))
    assert rules.touched_parts({"name"}) == []
    assert rules.touched_parts({"name", "start_date"}) == ["detail", "streams"]
    assert rules.touched_parts({"icu_hr_zones"}) == ["detail"]


def test_a_glob_touches_with_everything_below_it():
    """A nested path belongs to the key that holds it."""
    rules = revisions(detail=("gear",), streams=())
    assert rules.touched_parts({"gear.id"}) == ["detail"]
    assert rules.touched_parts({"gears.id"}) == []


def test_a_part_that_the_entry_says_nothing_of_is_touched_by_every_change():
    """A needless fetch is cheaper than a missed edit; a part without globs is touched by none."""
    assert revisions(detail=()).touched_parts({"name"}) == ["streams"]
    assert revisions().touched_parts({"name"}) == ["detail", "streams"]


def test_no_change_touches_nothing():
    """And what comes with the list is never fetched."""
    assert revisions().touched_parts([]) == []


# -- drift -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("added", "found"),
    [
        ([], set()),
        ([{"a"}] * 4, set()),
        ([{"a"}] * 5, {"a"}),
        ([{"a"}] * 3 + [set()] * 2, {"a"}),
        ([{"a"}] * 3 + [set()] * 3, set()),
        ([{"a", str(number)} for number in range(9)], {"a"}),
        ([{"a", "b"}] * 6, {"a", "b"}),
    ],
)
def test_a_key_that_is_new_on_most_rows_at_once_is_schema_drift(added, found):
    """More than half of at least five: the source's doing, and not the athlete's."""
    assert schema_drift_keys(added) == found


# -- the reference entry ---------------------------------------------------------------------------


@pytest.fixture
def judge(shared):
    """What the real entry makes of a captured pair: (whether it is a change, changed paths, touched
    parts).
    """
    rules = Revisions(load_catalogue().get("source", "intervals"))

    def make(name):
        pair = json.loads((shared / "data" / "intervals" / "payloads" / f"{name}.json").read_text())
        paths, _ = changed(rules, pair["before"], pair["after"])
        return not same(rules, pair["before"], pair["after"]), paths, rules.touched_parts(paths)

    return make


@pytest.mark.shared
@pytest.mark.parametrize("name", ["revision-fitness-drift", "revision-weight-drift"])
def test_captured_drift_is_no_change(judge, name):
    """Fitness of the day and weight of the day move while the workout stays."""
    assert judge(name) == (False, set(), [])


@pytest.mark.shared
def test_a_captured_rename_is_a_change_that_reopens_nothing(judge):
    """The sync date did not move, the name did, and the list already has it."""
    is_change, paths, touched = judge("revision-rename-same-sync-date")
    assert is_change
    assert "name" in paths
    assert "icu_sync_date" not in paths
    assert touched == []


@pytest.mark.shared
def test_a_captured_move_of_the_sync_date_alone_reopens_what_may_be_new(judge):
    """Nothing else is visible in the list, so the detail and the streams are looked at."""
    assert judge("revision-sync-date-only") == (True, {"icu_sync_date"}, ["detail", "streams"])
