"""The thresholds of athletes: names, values, days and sports."""

from __future__ import annotations

from datetime import date

import pytest

from fitglue_registry.errors import UserMistake
from fitglue_registry.store.athlete_settings import Setting, value_on


def test_a_threshold_holds_from_a_day_on(host):
    """Two values of one threshold, each with its first day, are listed oldest first."""
    host.settings.set_threshold("ftp", "250")
    host.settings.set_threshold("ftp", "265 W", date(2026, 3, 1))
    assert host.settings.threshold("ftp") == [
        {"setting": "ftp", "value": "250", "since": None},
        {"setting": "ftp", "value": "265", "since": "2026-03-01"},
    ]


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2025-12-31", None), ("2026-01-01", "250"), ("2026-02-28", "250"), ("2026-03-01", "265")],
)
def test_a_workout_has_the_value_of_its_day(day, expected):
    """The value of a day is the one with the latest first day that is not after it."""
    settings = [
        Setting("ftp", "250", date(2026, 1, 1)),
        Setting("ftp", "265", date(2026, 3, 1)),
        Setting("lthr", "170", None),
    ]
    assert value_on(settings, "ftp", date.fromisoformat(day)) == expected


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("ftp.Run", "ftp.running"),
        ("ftp.running", "ftp.running"),
        ("ftp.cycling", "ftp"),
        ("max-hr", "max_hr"),
        ("lthr.TrailRun", "lthr.running"),
    ],
)
def test_names_that_mean_the_same_are_stored_once(host, typed, key):
    """A sport may be named by its family or by one of its sports; cycling needs no name."""
    host.settings.set_threshold(typed, "180")
    assert [row["setting"] for row in host.settings.list()] == [key]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("ftp", "9999", "FG-value-refused"),
        ("ftp", "strong", "FG-value-refused"),
        ("ftp", "250 bpm", "FG-value-refused"),
        ("ftp", "-250", "FG-value-refused"),
        ("sex", "yes", "FG-value-refused"),
        ("rest_hr.running", "50", "FG-value-refused"),
        ("ftp.chess", "250", "FG-sport-unknown"),
        ("ftq", "250", "FG-setting-unknown"),
        ("timezone", "UTC", "FG-setting-unknown"),
    ],
)
def test_what_cannot_be_right_is_refused(host, name, value, code):
    """A wrong name, sport or value is a mistake, and nothing is stored."""
    with pytest.raises(UserMistake) as mistake:
        host.settings.set_threshold(name, value)
    assert mistake.value.code == code
    assert host.settings.list() == []


def test_a_threshold_is_removed(host):
    """All values are removed at once; to remove what is not set is a mistake."""
    host.settings.set_threshold("sex", "Female")
    host.settings.unset_threshold("sex")
    assert host.settings.list() == []
    with pytest.raises(UserMistake, match="no sex is set"):
        host.settings.unset_threshold("sex")


def test_athletes_have_their_own_thresholds(host):
    """The threshold of one athlete is not that of another one."""
    host.settings.set_threshold("ftp", "250", athlete="ann")
    assert host.settings.threshold("ftp", athlete="ben") == []
