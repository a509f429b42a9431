"""Tests of revisions: whether a summary changed, which paths, and which parts that touches."""

from __future__ import annotations

import json
import time
import tracemalloc

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
    """Return the rules of an entry with these volatile paths, and these globs for each part."""
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


def same(rules, before, after):
    """Return whether two summaries have the same revision."""
    return rules.revision(as_bytes(before)) == rules.revision(as_bytes(after))


def as_bytes(summary):
    return summary if isinstance(summary, bytes) else json.dumps(summary).encode()


def changed(rules, before, after):
    difference = rules.difference(as_bytes(before), as_bytes(after))
    return difference.paths, difference.added


# -- revision --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": 1}, {"a": 1, "b": None}),
        ({"g": {"x": 1, "y": None}}, {"g": {"x": 1}}),
        (b'{"a":1}', b' { "a" : 1 } '),
        (b'{"a":"\xc3\xbc"}', b'{"a":"\\u00fc"}'),
        ({"a": {"c": 1, "b": 2}}, {"a": {"b": 2, "c": 1}}),
    ],
)
def test_order_nulls_and_spelling_are_not_a_change(before, after):
    """The order of keys, nulls, white space and escapes do not change the revision of a summary."""
    assert same(revisions(), before, after)


@pytest.mark.parametrize(
    ("before", "after"),
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
def test_every_other_difference_is_a_change(before, after):
    """Every other difference changes the revision: zero is not null, and lists have an order."""
    assert not same(revisions(), before, after)


@pytest.mark.parametrize(
    ("volatile", "before", "after"),
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
def test_a_change_of_a_volatile_path_is_not_a_change(volatile, before, after):
    """A volatile path can be a name, a glob or a nested path, and includes everything below it."""
    assert same(revisions(volatile), before, after)


@pytest.mark.parametrize(
    ("volatile", "before", "after"),
    [
        ("icu_atl", {"icu_atl2": 1}, {"icu_atl2": 2}),
        ("icu_atl", {"xicu_atl": 1}, {"xicu_atl": 2}),
        ("a.b", {"a_b": 1}, {"a_b": 2}),
        ("gear.distance", {"distance": 1}, {"distance": 2}),
        ("gear.distance", {"gear": {"id": 1}}, {"gear": {"id": 2}}),
        ("atl", {"x": {"atl": 1}}, {"x": {"atl": 2}}),
    ],
)
def test_a_volatile_path_covers_nothing_else(volatile, before, after):
    """A volatile path includes neither longer names nor the same name at another place."""
    assert not same(revisions(volatile), before, after)


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
def test_every_row_has_a_stable_revision(summary):
    """Every row has a stable revision and can be compared, even if it is not JSON, is cut off, has
    values that JSON does not allow, or is nested thousands of levels deep.
    """
    rules = revisions("x.*")
    assert rules.revision(summary) == revisions("x.*").revision(summary)
    assert rules.revision(summary) != rules.revision(b'{"other": 1}')
    assert rules.difference(summary, b'{"other": 1}').paths


LONG_KEYS = {
    "a key that looks volatile again and again": b'{"%b\\n":1}' % (b"_weather_temp." * 200_000),
    "a long key above many levels": b'{"%b":%b1%b}' % (b"k" * 2_000_000, b'{"a":' * 90, b"}" * 90),
    "many long keys": b"{%b}" % b",".join(b'"%b%d":1' % (b"k" * 300, n) for n in range(10_000)),
    "many keys": b"{%b}" % b",".join(b'"k%d":1' % number for number in range(15_000)),
}


@pytest.mark.parametrize("name", LONG_KEYS)
def test_a_row_of_long_keys_is_compared_in_linear_time(name):
    """A row whose keys are longer or more than any real one's is compared in time and memory in
    proportion to its size.
    """
    summary = LONG_KEYS[name]
    rules = revisions("*_weather_temp", "icu_rolling_*")
    began = time.monotonic()
    tracemalloc.start()
    assert same(rules, summary, summary + b" ")
    assert rules.difference(summary, summary.replace(b":1", b":2")).paths
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert time.monotonic() - began < 30
    assert peak < 20 * len(summary) + 50_000_000


def test_rows_that_are_not_json_are_compared_by_their_bytes():
    """A summary that is not JSON, such as a row of CSV, is compared by its bytes."""
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
def test_summaries_with_the_same_revision_have_no_changed_paths(before, after):
    """Two summaries with the same revision have no changed paths."""
    rules = revisions("icu_atl", "gear.a")
    if same(rules, before, after):
        assert changed(rules, before, after)[0] == set()


# -- changed paths ---------------------------------------------------------------------------------


def test_changed_paths_and_added_paths_are_listed():
    """A difference lists the changed paths and those of them that are new, without volatile
    paths.
    """
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


def test_a_value_that_becomes_null_is_a_changed_path_but_not_a_new_one():
    """Null counts as absent: a value that becomes null changes its path, and one that was null is
    new.
    """
    assert changed(revisions(), {"a": 1}, {"a": None}) == ({"a"}, set())
    assert changed(revisions(), {"a": None}, {"a": 0}) == ({"a"}, {"a"})


def test_nan_is_equal_to_itself():
    """A value that is NaN before and after is not a changed path."""
    assert changed(
        revisions(), b'{"TSS":NaN,"z":[NaN],"name":"a"}', b'{"TSS":NaN,"z":[NaN],"name":"b"}'
    )[0] == {"name"}


# -- touched parts ---------------------------------------------------------------------------------


def test_a_change_touches_the_parts_whose_globs_it_meets():
    """A change re-opens the parts with a glob that matches one of its paths, and no others."""
    rules = revisions(detail=("start_*", "*_zones"), streams=("start_*",))
    assert rules.touched_parts({"name"}) == []
    assert rules.touched_parts({"name", "start_date"}) == ["detail", "streams"]
    assert rules.touched_parts({"icu_hr_zones"}) == ["detail"]


def test_a_glob_also_matches_everything_below_it():
    """A glob that names a key also matches the nested paths below that key."""
    rules = revisions(detail=("gear",), streams=())
    assert rules.touched_parts({"gear.id"}) == ["detail"]
    assert rules.touched_parts({"gears.id"}) == []


def test_a_part_that_the_entry_does_not_name_is_touched_by_every_change():
    """Every change re-opens a part that the entry does not name, and no change re-opens a part
    with an empty list of globs.
    """
    assert revisions(detail=()).touched_parts({"name"}) == ["streams"]
    assert revisions().touched_parts({"name"}) == ["detail", "streams"]


def test_no_change_touches_nothing():
    """A record without changed paths re-opens no part."""
    assert revisions().touched_parts([]) == []


# -- drift -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("added", "drifted"),
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
def test_a_key_that_is_new_in_most_rows_at_once_is_schema_drift(added, drifted):
    """A path that is new in more than half of at least five changed rows is schema drift."""
    assert schema_drift_keys(added) == drifted


# -- the reference entry ---------------------------------------------------------------------------


@pytest.fixture
def judge(shared):
    """A function that compares a captured pair of summaries by the entry of Intervals.icu, and
    returns whether they differ, the changed paths, and the touched parts.
    """
    rules = Revisions(load_catalogue().get("source", "intervals"))

    def make(name):
        pair = json.loads((shared / "data" / "intervals" / "payloads" / f"{name}.json").read_text())
        paths, _ = changed(rules, pair["before"], pair["after"])
        return not same(rules, pair["before"], pair["after"]), paths, rules.touched_parts(paths)

    return make


@pytest.mark.shared
@pytest.mark.parametrize("name", ["revision-fitness-drift", "revision-weight-drift"])
def test_captured_volatile_values_are_not_a_change(judge, name):
    """The fitness and the weight of the day change in a row without a change of the workout."""
    assert judge(name) == (False, set(), [])


@pytest.mark.shared
def test_a_captured_rename_is_a_change_that_reopens_nothing(judge):
    """A captured rename is a change of the name, without a new sync date, and re-opens no part."""
    is_change, paths, touched = judge("revision-rename-same-sync-date")
    assert is_change
    assert "name" in paths
    assert "icu_sync_date" not in paths
    assert touched == []


@pytest.mark.shared
def test_a_captured_change_of_only_the_sync_date_reopens_detail_and_streams(judge):
    """A captured row in which only the sync date changed re-opens the detail and the streams,
    because the list does not show what else changed.
    """
    assert judge("revision-sync-date-only") == (True, {"icu_sync_date"}, ["detail", "streams"])
