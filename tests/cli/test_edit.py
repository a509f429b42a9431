"""``fitglue activities edit``: the athlete's own values, and the choice of a source."""

from __future__ import annotations

import pytest


def test_an_edited_activity_is_shown_listed_and_exported_so(synced, fitglue):
    """An edited value is shown, listed and exported, and marked as the athlete's own."""
    result = fitglue(
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
    assert result.code == 0
    assert all(text in result.out for text in ("Round the lake", "TrailRun", "42195.0", "from you"))
    assert fitglue("activities", "--limit", "1", "--json").lines[0]["title"] == "Round the lake"
    assert "your own value" in fitglue("show", "last").out
    assert fitglue("export", "last").lines[0]["activity"]["distance_m"] == 42195.0
    assert "title" in fitglue("why", "last").out.split("Values from")[1]


def test_yes_and_no_are_words(synced, fitglue):
    """Boolean values are printed as yes and no."""
    assert "race  yes  from you" in fitglue("activities", "edit", "last", "--set", "race=true").out
    assert "yes (you)" in fitglue("why", "last").out


def test_a_reset_field_is_what_the_source_says_again(synced, fitglue):
    """A field that is reset has the value of its source again."""
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
        ("--set", "rpe=7", "--set", "rpe=8"),
        ("--title", "x", "--set", "title=y"),
    ],
)
def test_a_mistake_says_what_to_type_instead(synced, fitglue, options):
    """A mistake in an edit ends with exit code 2, says what to type, and changes nothing."""
    result = fitglue("activities", "edit", "last", *options, "--json")
    assert (
        result.code,
        bool(result.error["fix"] if result.error["code"] != "FG-usage" else result.error["what"]),
    ) == (2, True)


def test_the_list_still_takes_its_options_before_a_command(synced, fitglue):
    """The options of `fitglue activities` work although it has a subcommand."""
    assert len(fitglue("activities", "--limit", "2", "--csv").out.splitlines()) == 3
