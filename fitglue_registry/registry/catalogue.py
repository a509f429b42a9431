"""The catalogue: all valid entries by kind and id, and the problems of the invalid ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import UserMistake
from fitglue_registry.registry.kinds import canonical_kind
from fitglue_registry.registry.merge_rules import MergeRules
from fitglue_registry.validation.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fitglue_registry.errors import FitglueError
    from fitglue_registry.registry.entry import Entry, Tier


class Catalogue:
    """All valid entries in the order of their keys, with tiers and merge rules.

    Args:
        entries: Valid entries, each with its own key.
        tiers: Tiers from the lowest to the highest.
        problems: Errors in the files that were left out.
        merge_rules: Rules for merging source activities; by default there is no special rule.
    """

    def __init__(
        self,
        entries: Iterable[Entry],
        tiers: Sequence[Tier] = (),
        problems: Sequence[FitglueError] = (),
        merge_rules: MergeRules | None = None,
    ) -> None:
        # Sorted, so that lists and help articles do not depend on the order of folders and files.
        ordered = sorted(entries, key=lambda entry: (entry.kind, entry.id))
        self._entries: dict[tuple[str, str], Entry] = {}
        for entry in ordered:
            self._entries[entry.kind, entry.id] = entry
        self.tiers = tuple(tiers)
        self.problems = list(problems)
        self.merge_rules = merge_rules or MergeRules()

    def entries(self, kind: str | None = None) -> list[Entry]:
        """Return all entries, or those of one kind, in the order of kind and id."""
        return [entry for entry in self._entries.values() if kind in (None, entry.kind)]

    def find(self, kind: str, entry_id: str) -> Entry | None:
        """Return the entry, or ``None`` if it does not exist."""
        return self._entries.get((canonical_kind(kind), entry_id))

    def get(self, kind: str, entry_id: str) -> Entry:
        """Return the entry.

        Raises:
            UserMistake: If it does not exist (FG-unknown-entry); the fix names the most similar id.
        """
        entry = self.find(kind, entry_id)
        if entry:
            return entry
        names = [entry.id for entry in self.entries(kind)]
        near = nearest(entry_id, names)
        raise UserMistake(
            "FG-unknown-entry",
            f"the {kind} {entry_id!r} does not exist",
            why=f"existing ids: {', '.join(names) or 'none'}",
            fix=f"did you mean {near}?" if near else "see: fitglue registry list",
        )

    def closed_by(self, code: str) -> Entry | None:
        """Return the closed integration one of whose issues names this error code, or ``None``."""
        for entry in self.entries("integration"):
            # A closed service names the codes of the stubs that other sources have because of it.
            if entry.closed and any(code in issue.codes for issue in entry.issues):
                return entry
        return None

    def tier(self, tier_id: str) -> Tier | None:
        """Return the tier with this id, or ``None`` if it does not exist."""
        return next((tier for tier in self.tiers if tier.id == tier_id), None)

    def tier_includes(self, athlete_tier: str, entry: Entry) -> bool:
        """Return whether an athlete of this tier may use the entry.

        Each tier includes the lower tiers. An unknown tier includes nothing.
        """
        order = [tier.id for tier in self.tiers]
        if athlete_tier not in order or entry.tier not in order:
            return False
        return order.index(entry.tier) <= order.index(athlete_tier)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: object) -> bool:
        return key in self._entries
