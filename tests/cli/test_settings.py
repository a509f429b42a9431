"""``fitglue settings``: what it shows, and what it refuses."""

from __future__ import annotations

import pytest


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


@pytest.mark.parametrize(
    ("zone", "advice"),
    [
        ("EST", "America/New_York"),
        ("MST", "America/Denver"),
        ("Etc/GMT+5", "the sign in Etc/GMT+5 is reversed"),
    ],
)
def test_a_zone_without_daylight_saving_time_is_set_with_advice(fitglue, zone, advice):
    """An abbreviation is a zone, but seldom the one that was meant."""
    assert advice in fitglue("settings", "timezone", zone).err


@pytest.mark.parametrize("zone", ["Europe/Zurich", "UTC", "Etc/GMT", "Pacific/Honolulu"])
def test_a_usual_zone_is_set_without_advice(fitglue, zone):
    """Nothing is said about a zone that is what it says."""
    assert "Note" not in fitglue("settings", "timezone", zone).err


def test_a_threshold_is_set_shown_and_removed(fitglue):
    """A threshold can be set per sport and from a day on, and is shown with its day."""
    fitglue("settings", "ftp", "250")
    result = fitglue("settings", "ftp", "310", "--sport", "Run", "--from", "2026-01-01")
    assert result.out.splitlines()[1:] == ["ftp.running  310    2026-01-01"]
    assert [row["value"] for row in fitglue("settings", "ftp", "--json").lines] == ["250", "310"]
    assert fitglue("settings", "ftp", "--unset").code == 0
    assert "ftp.running" in fitglue("settings", "ftp").out


def test_a_wrong_threshold_says_what_is_accepted(fitglue):
    """A value out of range, and options that contradict each other, are mistakes."""
    result = fitglue("settings", "max-hr", "20")
    assert result.code == 2
    assert "type a number from 100 to 250 (bpm)" in result.err
    assert fitglue("settings", "ftp", "250", "--unset").code == 2
    assert fitglue("settings", "ftp", "--from", "2026-01-01").code == 2
    assert fitglue("settings", "rest-hr", "50", "--sport", "run").code == 2


@pytest.mark.parametrize("name", ["ftp", "lthr", "max-hr", "rest-hr", "sex"])
def test_a_threshold_that_is_not_set_shows_how(fitglue, name):
    """Without a value, the command shows an example that can be typed."""
    assert f"For example: fitglue settings {name} " in fitglue("settings", name).err
