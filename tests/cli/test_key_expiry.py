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
