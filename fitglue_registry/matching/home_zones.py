"""Reads the home zones of athletes."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from fitglue_registry.dedupe.home_zone import HomeZones
from fitglue_registry.store.athlete_settings import load_settings

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection as Db

#: The setting that holds the IANA name of the home zone.
TIMEZONE = "timezone"


def load_home_zones(db: Db, athlete_id: str) -> HomeZones:
    """Return the home zones of an athlete."""
    zones = []
    for setting in load_settings(db, athlete_id, TIMEZONE):
        zones.append((setting.since or date.min, setting.value))
    return HomeZones(tuple(zones))
