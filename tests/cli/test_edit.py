"""``fitglue activities edit``: values of the athlete's own, and the source that a value comes
from.
"""

from __future__ import annotations

import pytest


def test_an_edited_activity_is_shown_listed_and_exported_so(synced, fitglue):
    """And says whose value it is."""
    said = fitglue(
        "activities",
        "edit",
        "last",
        "--title",
        "Round the lake",
        "--sport",
        "trail run",
        "--set",
        "distance-m=42195",
    )
    assert said.code == 0
    assert all(text in said.out for text in ("Round the lake", "TrailRun", "42195.0", "from you"))
    assert fitglue("activities", "--limit", "1", "--json").lines[0]["title"] == "Round the lake"
    assert "your own value" in fitglue("show", "last").out
    assert fitglue("export", "last").lines[0]["activity"]["distance_m"] == 42195.0
    assert "title" in fitglue("why", "last").out.split("Values from")[1]


def test_yes_and_no_are_words(synced, fitglue):
    """Where a value is set, and where the sources differ about it."""
    assert "race  yes  from you" in fitglue("activities", "edit", "last", "--set", "race=true").out
    assert "yes (you)" in fitglue("why", "last").out


def test_a_reset_field_is_what_the_source_says_again(synced, fitglue):
    """The document comes back with --json."""
    before = fitglue("show", "last", "--json").document["activity"]["title"]
    fitglue("activities", "edit", "last", "--title", "x", "--set", "rpe=7")
    assert (
        fitglue("activities", "edit", "last", "--reset", "all", "--json").document["activity"][
            "title"
        ]
        == before
    )


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--set", "distance_m"),
        ("--set", "titel=x"),
        ("--sport", "Runn"),
        ("--from", "title=nobody"),
        ("--reset", "titel"),
    ],
)
def test_a_mistake_says_what_to_type_instead(synced, fitglue, options):
    """With exit code 2; nothing was changed."""
    said = fitglue("activities", "edit", "last", *options, "--json")
    assert (
        said.code,
        bool(said.error["fix"] if said.error["code"] != "FG-usage" else said.error["what"]),
    ) == (2, True)


def test_the_list_still_takes_its_options_before_a_command(synced, fitglue):
    """What scripts type works as before."""
    assert len(fitglue("activities", "--limit", "2", "--csv").out.splitlines()) == 3
