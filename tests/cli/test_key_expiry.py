"""The day on which a key ends, on the screens that name the sources."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.services.granting.club import EXCHANGE, KEY, Club, host_of, make_registry


@pytest.fixture
def connect(fitglue, tmp_path, monkeypatch):
    """Return a function that connects with a key that ends after some days."""
    registry = make_registry(tmp_path / "registry", EXCHANGE)
    home = tmp_path / "home"
    monkeypatch.setattr(
        "fitglue_registry.cli.app.LateLoader.host", lambda _: host_of(home, registry)
    )
    monkeypatch.setenv("FITGLUE_SECRETS", "file")
    monkeypatch.setenv("FITGLUE_CLUB_API_KEY", KEY)

    with Club(lambda: datetime.now(UTC)) as club:

        def call(days):
            base_url = f"{club.url}/v1"
            arguments = ("--base-url", base_url, "--set", f"key_expires={days}")
            assert fitglue("connect", "club", *arguments).code == 0

        yield call


@pytest.mark.parametrize(
    "screen", [(), ("registry",), ("connections",), ("doctor",)], ids=["fitglue", *"rcd"]
)
@pytest.mark.parametrize("days", [9, 90])
def test_every_screen_says_when_the_key_ends(screen, days, connect, fitglue):
    """The dashboard, the registry, the connections and the doctor say when a key ends, also long
    before.
    """
    connect(days)
    assert f"the key expires in {days} days" in " ".join(fitglue(*screen).out.split())


@pytest.mark.parametrize(("days", "needs_attention"), [(9, True), (90, False)])
def test_a_key_that_ends_soon_needs_attention(days, needs_attention, connect, fitglue):
    """From two weeks before the end, the dashboard says how to get a new key."""
    connect(days)
    assert ("make a new one at the service: fitglue connect club" in fitglue().out) == (
        needs_attention
    )


@pytest.mark.parametrize(("typed", "end"), [("60", "in 60 days ("), ("", "to be warned in time:")])
def test_the_end_of_a_key_is_corrected_on_the_command_line(typed, end, connect, fitglue):
    """`connections set` states, corrects or removes the end of a key, and shows it."""
    connect(9)
    result = fitglue("connections", "set", "club", f"key_expires={typed}")
    assert (result.code, end in " ".join(result.out.split())) == (0, True)
    assert ("key_expires=DATE" in " ".join(fitglue("connections").out.split())) == (not typed)


def test_a_wrong_end_says_what_is_wrong(connect, fitglue):
    """A word that is no day is refused, and the earlier end stays."""
    connect(9)
    result = fitglue("connections", "set", "club", "key_expires=soon")
    assert (result.code, "neither a date nor a number" in " ".join(result.err.split())) == (2, True)
    assert "in 9 days" in fitglue("connections").out


def test_a_setting_without_a_value_is_quoted(connect, fitglue):
    """An end that is no choice of the source is not masked as if it was a secret."""
    connect(9)
    assert "files=60" in fitglue("connections", "set", "club", "files=60").err
