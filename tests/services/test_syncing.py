"""Syncs that are refused before they start."""

from __future__ import annotations

from datetime import date

import pytest

from fitglue_registry import Options
from fitglue_registry.errors import UserMistake


def test_a_sync_without_a_connection_says_how_to_connect(host):
    """If nothing is connected, the error names the command that connects."""
    with pytest.raises(UserMistake, match="FG-no-connection") as caught:
        list(host.sync())
    assert caught.value.fix == "fitglue connect garmin, or fitglue connect intervals"


def test_full_and_since_contradict_each_other(connected):
    """Contradictory options are refused before anything is synced."""
    with pytest.raises(UserMistake, match="FG-options-conflict"):
        list(connected.sync(options=Options(full=True, since=date(2026, 1, 1))))
