"""Tests of what the source knows about two of its own activities."""

from __future__ import annotations

import pytest

from fitglue_garmin import plugin
from fitglue_registry.model import SourceActivity
from fitglue_registry.plugin_api import Pair, Side


def side(claim, parent="500", **changes):
    """Return one side of a pair."""
    activity = SourceActivity(sport="Run", parent=parent, claims=(claim,))
    values = {"connection": "garmin", "entry": "garmin", "external_id": "500"} | changes
    return Side(activity=activity, **values)


def opinions(first, second):
    """Return the opinion about one pair."""
    [opinion] = plugin.fitglue_dedupe(pairs=[Pair(first, second)])
    return opinion


def test_two_legs_of_an_event_are_different_workouts():
    """Two legs of one event are never one workout, even if they are the same sport."""
    opinion = opinions(side("garmin:501"), side("garmin:503"))
    assert opinion.verdict == "different"
    assert opinion.reason == "two legs of one multisport event"


@pytest.mark.parametrize(
    "other",
    [
        side("garmin:503", parent="600"),
        side("garmin:503", parent=None),
        side("garmin:501"),
        side("garmin:503", connection="garmin-2"),
        side("garmin:503", entry="garmin-archive"),
    ],
    ids=["another event", "no event", "the same leg", "another account", "another source"],
)
def test_there_is_no_opinion_about_other_pairs(other):
    """About all other pairs, claims and the score decide."""
    assert opinions(side("garmin:501"), other) is None
