"""The day on which a key ends: how it is typed, and how it is announced."""

from __future__ import annotations

import pytest

from fitglue_registry.errors import UserMistake
from tests.services.granting.club import KEY


@pytest.fixture
def connect(host, club):
    """Return a function that connects with the day on which the key ends, as it was typed."""

    def call(typed=""):
        values = {"api_key": KEY, "base_url": f"{club.url}/v1", "key_expires": typed}
        host.connect("club", values)
        return status_of(host)

    return call


def status_of(host):
    """Return the status of the only connection."""
    [connected] = host.connections.list()
    return host.connections.status(connected)


@pytest.mark.parametrize("typed", ["2026-12-20", "29", "29 days", " 29 Days "])
def test_the_end_of_a_key_is_typed_as_a_date_or_as_days(connect, typed):
    """A date and a number of days are both understood; the clock is at 2026-11-21."""
    status = connect(typed)
    assert status.expires_on == "2026-12-20"
    assert (status.expiry, status.expires_soon) == ("the key expires in 29 days", False)


@pytest.mark.parametrize("typed", ["soon", "20.12.2026", "-3", "999999", "2026-13-01"])
def test_another_text_is_refused(connect, typed):
    """A text that is neither a date nor a number of days is refused, and nothing is stored."""
    with pytest.raises(UserMistake, match="FG-field-refused"):
        connect(typed)


@pytest.mark.parametrize("typed", ["99999", "99999 days", "999999999", "2300-01-01"])
def test_a_day_that_is_too_far_away_is_refused(connect, typed):
    """No key is valid for centuries, and the message does not say that it was not understood."""
    with pytest.raises(UserMistake, match="FG-field-refused") as caught:
        connect(typed)
    assert caught.value.what == "the last day of the key is too far away"
    assert caught.value.why == "no key is valid for more than 36,500 days"


@pytest.mark.parametrize("typed", ["366", "367 days", "2027-12-01"])
def test_no_key_is_valid_for_longer_than_the_service_allows(host, club, registry, connect, typed):
    """An entry can say for how many days its keys are valid at most."""
    entry = registry / "integrations" / "club.yaml"
    text = entry.read_text()
    entry.write_text(text.replace("expires: true", "expires: true, max_days: 365"))
    if typed == "366":  # the day of the service may be one ahead
        assert connect(typed).expires_on == "2027-11-22"
        return
    with pytest.raises(UserMistake, match="FG-field-refused") as caught:
        connect(typed)
    assert caught.value.why == "no key is valid for more than 365 days"


@pytest.mark.parametrize(("typed", "ends"), [("60", "2027-01-20"), ("2027-02-01", "2027-02-01")])
def test_the_end_of_a_key_can_be_stated_later(host, connect, typed, ends):
    """The end of a key is added, corrected and removed without connecting again."""
    assert connect().expires_on is None
    assert host.connections.set_expiry("club", typed)
    assert status_of(host).expires_on == ends
    assert not host.connections.set_expiry("club", typed)
    assert host.connections.set_expiry("club", "")
    assert status_of(host).expires_on is None


@pytest.mark.parametrize("typed", ["soon", "99999", "2026-11-20"])
def test_the_end_of_a_key_is_corrected_only_to_a_day_that_can_be_right(host, connect, typed):
    """A correction is checked as it is when a key is connected, and changes nothing if refused."""
    connect("30")
    with pytest.raises(UserMistake, match="FG-field-refused"):
        host.connections.set_expiry("club", typed)
    assert status_of(host).expires_on == "2026-12-21"


@pytest.mark.parametrize(
    ("days", "expiry", "soon"),
    [
        (75, "the key expires in 15 days", False),
        (76, "the key expires in 14 days", True),
        (89, "the key expires in 1 day", True),
        (90, "the key expires today", True),
        (91, "the key expired on 2027-02-19", True),
    ],
)
def test_the_end_is_announced_in_advance(host, connect, clock, days, expiry, soon):
    """The status says when the key ends; from two weeks before, it needs attention."""
    connect("90")
    clock.move(days=days)
    status = status_of(host)
    assert (status.expiry, status.expires_soon) == (expiry, soon)
    needs = [need["what"] for need in host.overview().needs]
    assert (f"club: {expiry}" in needs) == soon
    [check] = [c for c in host.upkeep.checks(offline=True) if c.name == "connection club"]
    assert f"; {expiry};" in check.detail
    assert ("to renew it: fitglue connect club" in check.detail) == soon
    assert check.state == ("look" if soon else "ok")


def test_a_day_that_is_over_is_refused(connect):
    """A key that has ended connects nothing; the last day itself still counts."""
    with pytest.raises(UserMistake, match="FG-field-refused") as caught:
        connect("2026-11-20")
    assert caught.value.what == "the last day of the key is over: 2026-11-20"
    assert connect("2026-11-21").expiry == "the key expires today"


def test_nobody_has_to_know_when_a_key_ends(host, club, registry):
    """A field with ``expires`` is never required, whatever the entry says."""
    entry = registry / "integrations" / "club.yaml"
    text = entry.read_text()
    assert "label: Valid until, required: false, expires" in text
    entry.write_text(text.replace("label: Valid until, required: false,", "label: Valid until,"))
    values = {"api_key": KEY, "base_url": f"{club.url}/v1"}
    assert host.connect("club", values).account.id == "7"


def test_a_new_key_has_its_own_end(host, connect):
    """The end of an earlier key is not taken over, because it says nothing about a new one."""
    connect("90")
    assert connect().expires_on is None


def test_a_key_without_a_known_end_is_not_announced(host, connect):
    """Where nobody has typed an end, nothing is said about it."""
    status = connect()
    assert (status.expiry, status.expires_soon) == (None, False)
    assert host.overview().needs == []
