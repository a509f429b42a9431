"""Athletes have tiers, which whoever embeds the host gives them."""

from __future__ import annotations

from fitglue_registry.store.athletes import athlete_tier, ensure_athlete, list_athletes

NOW = "2026-06-15T12:00:00.000Z"


def test_tiers_are_given_by_whoever_embeds(library):
    """None limits nobody, and asking again without one changes nothing."""
    assert athlete_tier(library.db, "me") is None
    ensure_athlete(library.db, "me", NOW, "hobbyist")
    ensure_athlete(library.db, "me", NOW)
    assert athlete_tier(library.db, "me") == "hobbyist"
    assert list_athletes(library.db) == ["me"]
