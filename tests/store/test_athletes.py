"""Tests of athletes and their tiers."""

from __future__ import annotations

from fitglue_registry.store.athletes import athlete_tier, ensure_athlete, list_athletes

NOW = "2026-06-15T12:00:00.000Z"


def test_an_athlete_has_the_tier_that_the_application_gave(library):
    """An athlete has the tier that the application gave, or none; storing the athlete again without
    a tier keeps it.
    """
    assert athlete_tier(library.db, "me") is None
    ensure_athlete(library.db, "me", NOW, "hobbyist")
    ensure_athlete(library.db, "me", NOW)
    assert athlete_tier(library.db, "me") == "hobbyist"
    assert list_athletes(library.db) == ["me"]
