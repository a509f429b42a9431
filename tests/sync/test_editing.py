"""Tests of edited values: they win over every source, and survive syncs, rebuilds, merges and
splits.
"""

from __future__ import annotations

import pytest

from fitglue_registry.errors import UserMistake
from tests.sync.test_deciding import accounts, groups, row, sync

__all__ = ["accounts"]  # a fixture


def shown(host, reference, field="title"):
    return getattr(host.activities.get(reference).activity, field)


@pytest.mark.parametrize("strava", [None, 1], ids=["one source", "two sources"])
def test_a_value_that_is_set_survives_edits_at_the_source_syncs_and_rebuilds(
    host, accounts, strava
):
    """A value that the athlete sets is shown by the list, the SQL view and the document, with the
    athlete as its provenance, and survives edits at the source, syncs and rebuilds.
    """
    [first, _] = accounts([row("a", strava=strava)], [row("b", strava=1)])
    host.decisions.edit(
        "a",
        {"title": "Round the lake", "distance_m": "42195", "race": "true", "sport": "trail run"},
    )
    first.account.edit("a", name="edited at the source", distance=1.0)
    sync(host)
    list(host.syncs.rebuild())
    details = host.activities.get("a")
    assert (details.activity.title, details.activity.distance_m) == ("Round the lake", 42195.0)
    assert (details.activity.race, details.activity.sport) == (True, "TrailRun")
    assert "Round the lake" in [activity["title"] for activity in host.activities()]
    assert ("Round the lake", 42195.0) in host.queries.sql(
        "select title, distance_m from activities"
    ).rows
    assert host.activities.provenance(details)["title"] == {
        "how": "reported",
        "by": "athlete",
        "upstream": None,
        "note": None,
        "connection": None,
        "external_id": None,
    }
    assert host.why("a")["values_from"]["title"] == "you"
    assert (
        next(member for member in details.members if member.external_id == "a").activity.title
        == "edited at the source"
    )


def test_a_chosen_source_gives_the_value_as_it_changes_there(host, accounts):
    """If the athlete chooses a source for a field, the value follows later edits at that source."""
    [_, second] = accounts([row("a", strava=1)], [row("b", strava=1)])
    assert shown(host, "a") == "With a"
    host.decisions.edit("a", sources={"title": "intervals-2"})
    second.account.edit("b", name="another")
    sync(host)
    list(host.syncs.rebuild())
    assert shown(host, "a") == "another"


def test_a_choice_is_reset_by_field_or_altogether(host, accounts):
    """After a reset of one field or of all fields, the merge rules decide again."""
    accounts([row("a", strava=1)], [row("b", strava=1)])
    host.decisions.edit("a", {"title": "mine", "distance_m": "1"}, {"moving_s": "intervals-2"})
    host.decisions.edit("a", reset=["title"])
    assert (shown(host, "a"), shown(host, "a", "distance_m")) == ("With a", 1.0)
    host.decisions.edit("a", reset=["all"])
    assert shown(host, "a", "distance_m") == 5000.0
    assert "you" not in host.why("a")["values_from"].values()


def test_the_last_choice_of_a_field_counts(host, accounts):
    """The last choice for a field wins: a value over a source, and an empty value over a value."""
    accounts([row("a", strava=1)], [row("b", strava=1)])
    host.decisions.edit("a", sources={"title": "intervals-2"})
    host.decisions.edit("a", {"title": "mine"})
    assert shown(host, "a") == "mine"
    host.decisions.edit("a", {"title": ""})
    assert shown(host, "a") is None


def test_a_choice_goes_with_a_merge_and_stays_at_home_on_a_split(host, accounts):
    """After a merge, a chosen value holds for the merged activity; after a split, it stays with the
    activity that keeps the number.
    """
    accounts([row("a", 6)], [row("b", 9)])
    host.decisions.edit("a", {"title": "mine"})
    host.decisions.same(["a", "b"])
    assert shown(host, "b") == "mine"
    host.decisions.edit("b", {"rpe": "7"})
    home = host.activities.get("b").number
    host.decisions.split("b")
    assert (shown(host, "a"), shown(host, "b")) == ("mine", "With b")
    assert {host.activities.get(name).number: shown(host, name, "rpe") for name in ("a", "b")}[
        home
    ] == 7.0


def test_a_choice_holds_again_after_the_connection_is_connected_again(host, accounts):
    """A workout of a connection that was removed and connected again has the athlete's title."""
    [_, second] = accounts([row("a")], [row("b", 9)])
    host.decisions.edit("b", {"title": "mine"})
    host.connections.remove("intervals-2")
    assert groups(host) == [["a"]]
    host.connect("intervals", {"api_key": second.api_key, "base_url": second.url})
    sync(host)
    assert shown(host, "b") == "mine"


def test_a_choice_outlives_one_of_two_sources(host, accounts):
    """A chosen value belongs to the workout, so it stays when one of its two sources is removed."""
    accounts([row("a", strava=1)], [row("b", strava=1)])
    host.decisions.edit("a", {"title": "mine"})
    host.connections.remove("intervals")
    assert shown(host, "b") == "mine"


@pytest.mark.parametrize(
    ("values", "sources", "reset", "code"),
    [
        ({"titel": "x"}, {}, [], "FG-field-unknown"),
        ({"claims": "x"}, {}, [], "FG-field-unknown"),
        ({"start_local": "x"}, {}, [], "FG-field-unknown"),
        ({"distance_m": "far"}, {}, [], "FG-value-refused"),
        ({"distance_m": "-1"}, {}, [], "FG-value-refused"),
        ({"distance_m": "inf"}, {}, [], "FG-value-refused"),
        ({"average_temperature_c": "nan"}, {}, [], "FG-value-refused"),
        ({"title": "\udcff"}, {}, [], "FG-value-refused"),
        ({"power_kind": "guessed"}, {}, [], "FG-value-refused"),
        ({"sport": "Runn"}, {}, [], "FG-sport-unknown"),
        ({}, {"title": "nobody"}, [], "FG-source-unknown"),
        ({}, {"average_watts": "intervals"}, [], "FG-source-silent"),
        ({}, {"streams": "intervals"}, [], "FG-source-silent"),
        ({}, {"claims": "intervals"}, [], "FG-field-unknown"),
        ({}, {}, ["titel"], "FG-field-unknown"),
        ({"title": "x"}, {"title": "intervals"}, [], "FG-field-twice"),
        ({"title": "x"}, {}, ["title"], "FG-field-twice"),
    ],
)
def test_an_invalid_edit_is_refused_and_changes_nothing(
    host, accounts, values, sources, reset, code
):
    """An invalid edit is refused with a code and a fix, and changes nothing."""
    accounts([row("a")])
    with pytest.raises(UserMistake) as error:
        host.decisions.edit("a", values, sources, reset)
    assert (error.value.code, bool(error.value.fix)) == (code, True)
    assert shown(host, "a") == "With a"
