"""Who the athletes are, and which entries the tier of each includes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import UserMistake
from fitglue_registry.store.athletes import athlete_tier, ensure_athlete, list_athletes

if TYPE_CHECKING:
    from fitglue_registry.registry import Entry
    from fitglue_registry.workspace import Workspace


class Athletes:
    """The athletes of a store, and their tiers."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def add(self, athlete: str, tier: str | None = None) -> None:
        """Make an athlete, or give one another tier.

        Raises ``UserMistake`` FG-unknown-tier.
        """
        catalogue = self._workspace.catalogue
        if tier is not None and catalogue.tier(tier) is None:
            known = ", ".join(known.id for known in catalogue.tiers)
            raise UserMistake(
                "FG-unknown-tier",
                f"there is no tier {tier!r}",
                why=f"there are {known}",
                fix="use one of these",
            )
        with self._workspace.database.write() as db:
            ensure_athlete(db, athlete, self._workspace.now, tier)

    def list(self) -> list[str]:
        """The ids of all athletes."""
        with self._workspace.database.read() as db:
            return list_athletes(db)

    def tier(self, athlete: str) -> str | None:
        """The tier of an athlete; ``None`` for one who may use every entry."""
        with self._workspace.database.read() as db:
            return athlete_tier(db, athlete)

    def may_use(self, athlete: str, entry: Entry) -> bool:
        """Whether the athlete's tier includes an entry."""
        tier = self.tier(athlete)
        return tier is None or self._workspace.catalogue.tier_includes(tier, entry)

    def check_tier(self, athlete: str, source: Entry) -> None:
        """Raise ``UserMistake`` FG-tier where the athlete's tier does not include a source."""
        if not self.may_use(athlete, source):
            raise UserMistake(
                "FG-tier",
                f"{source.name} belongs to tier {source.tier}, "
                f"this athlete has {self.tier(athlete)}",
                fix="ask whoever runs this service for the higher tier",
            )
