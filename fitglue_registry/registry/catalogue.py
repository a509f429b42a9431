"""All entries that can be used, as one mapping of (kind, id) to entry, with what is wrong beside
what works.
"""

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
    """All entries that can be used, in the order of their keys; ``problems`` says what is left
    out.
    """

    def __init__(
        self,
        entries: Iterable[Entry],
        tiers: Sequence[Tier] = (),
        problems: Sequence[FitglueError] = (),
        merge_rules: MergeRules | None = None,
    ) -> None:
        ordered = sorted(entries, key=lambda entry: (entry.kind, entry.id))
        self._entries: dict[tuple[str, str], Entry] = {}
        for entry in ordered:
            self._entries[entry.kind, entry.id] = entry
        self.tiers = tuple(tiers)
        self.problems = list(problems)
        self.merge_rules = merge_rules or MergeRules()

    def entries(self, kind: str | None = None) -> list[Entry]:
        """All entries, or those of one kind, by kind and id."""
        return [entry for entry in self._entries.values() if kind in (None, entry.kind)]

    def find(self, kind: str, entry_id: str) -> Entry | None:
        """The entry, if there is one."""
        return self._entries.get((canonical_kind(kind), entry_id))

    def get(self, kind: str, entry_id: str) -> Entry:
        """The entry; ``UserMistake`` (FG-unknown-entry) with the nearest name if there is none."""
        entry = self.find(kind, entry_id)
        if entry:
            return entry
        names = [entry.id for entry in self.entries(kind)]
        near = nearest(entry_id, names)
        raise UserMistake(
            "FG-unknown-entry",
            f"there is no {kind} {entry_id!r}",
            why=f"there are: {', '.join(names) or 'none'}",
            fix=f"did you mean {near}?" if near else "see: fitglue registry list",
        )

    def closed_by(self, code: str) -> Entry | None:
        """The integration that cannot be connected and says that this code is of its making."""
        for entry in self.entries("integration"):
            if entry.closed and any(code in issue.codes for issue in entry.issues):
                return entry
        return None

    def tier(self, tier_id: str) -> Tier | None:
        """The tier of that id, if there is one."""
        return next((tier for tier in self.tiers if tier.id == tier_id), None)

    def tier_includes(self, athlete_tier: str, entry: Entry) -> bool:
        """Whether an athlete of this tier may use the entry: each tier includes those before it.

        A tier nobody knows includes nothing.
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
