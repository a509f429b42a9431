"""``fitglue settings``: what it shows, and what it refuses."""

from __future__ import annotations


def test_a_home_zone_is_set_shown_and_removed(fitglue):
    """The command sets a zone, shows what holds and from when, and removes it."""
    assert "Nothing is set" in fitglue("settings").err
    assert fitglue("settings", "timezone", "Europe/Zurich").code == 0
    result = fitglue("settings", "timezone", "Asia/Tokyo", "--from", "2025-04-01")
    assert result.out.splitlines() == [
        "setting   value          from",
        "timezone  Europe/Zurich  the beginning",
        "timezone  Asia/Tokyo     2025-04-01",
    ]
    assert fitglue("settings", "--json").lines[1] == {
        "setting": "timezone",
        "value": "Asia/Tokyo",
        "since": "2025-04-01",
    }
    assert fitglue("settings", "timezone", "--unset").code == 0
    assert fitglue("settings", "--json").lines == []


def test_mistakes_are_named(fitglue):
    """A zone that does not exist and options that contradict each other are mistakes."""
    result = fitglue("settings", "timezone", "Zurich", "--json")
    assert (result.code, result.error["code"]) == (2, "FG-zone-unknown")
    assert fitglue("settings", "timezone", "Europe/Zurich", "--unset").code == 2
    assert fitglue("settings", "timezone", "--from", "2025-04-01").code == 2
    assert fitglue("settings", "timezone", "--unset").code == 2
