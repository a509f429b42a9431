"""Lists and adds athletes, and checks which entries their tiers include."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import UserMistake
from fitglue_registry.services.argument_types import checks_arguments
from fitglue_registry.store.athletes import athlete_tier, ensure_athlete, list_athletes

if TYPE_CHECKING:
    from fitglue_registry.registry import Entry
    from fitglue_registry.workspace import Workspace


@checks_arguments
class Athletes:
    """The athletes of a store, and their tiers.

    An athlete is identified by a text that the application chooses, such as a user id. The command
    line uses ``me``.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def add(self, athlete: str, tier: str | None = None) -> None:
        """Add an athlete, or change the tier of an existing one.

        Args:
            athlete: The id of the athlete.
            tier: The id of a tier in ``tiers.yaml``, or ``None`` to allow every entry. For an
                existing athlete, ``None`` keeps the tier.

        Raises:
            UserMistake: FG-unknown-tier if the tier does not exist.
        """
        catalogue = self._workspace.catalogue
        if tier is not None and catalogue.tier(tier) is None:
            known = ", ".join(known.id for known in catalogue.tiers)
            raise UserMistake(
                "FG-unknown-tier",
                f"the tier {tier!r} does not exist",
                why=f"existing tiers: {known}",
                fix="use one of these",
            )
        with self._workspace.database.write() as db:
            ensure_athlete(db, athlete, self._workspace.now, tier)

    def list(self) -> list[str]:
        """Return the ids of all athletes."""
        with self._workspace.database.read() as db:
            return list_athletes(db)

    def tier(self, athlete: str) -> str | None:
        """Return the id of the tier of an athlete, or ``None`` for one who may use every entry."""
        with self._workspace.database.read() as db:
            return athlete_tier(db, athlete)

    def may_use(self, athlete: str, entry: Entry) -> bool:
        """Return whether the tier of an athlete includes an entry.

        Args:
            athlete: The id of the athlete.
            entry: The entry.
        """
        tier = self.tier(athlete)
        # The command line gives no tier, so everything is allowed there.
        return tier is None or self._workspace.catalogue.tier_includes(tier, entry)

    def check_tier(self, athlete: str, source: Entry) -> None:
        """Check that the tier of an athlete includes a source.

        Args:
            athlete: The id of the athlete.
            source: The source's entry.

        Raises:
            UserMistake: FG-tier if it does not.
        """
        if not self.may_use(athlete, source):
            raise UserMistake(
                "FG-tier",
                f"{source.name} needs the tier {source.tier}, and this athlete has the tier "
                f"{self.tier(athlete)}",
                fix="ask the operator of this service for the higher tier",
            )
