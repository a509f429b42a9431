"""What an entry refers to: other entries, a tier, and pages; and what of it leads nowhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.registry.entry_flaws import ADDRESS
from fitglue_registry.registry.flaw import Flaw
from fitglue_registry.registry.kinds import reference
from fitglue_registry.validation.wording import nearest, one_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from fitglue_registry.registry.entry import Entry, Tier

_REFERENCE = re.compile(r"(integration|source|enricher|booster|destination)/[a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an entry can refer to: entries by their key, tiers, and files in or beside the registry
    folder ``root``.
    """

    known: Mapping[str, Entry]
    tiers: Sequence[Tier]
    root: Path

    def flaws(self, entry: Entry) -> Iterator[Flaw]:
        """Everything that the entry refers to and that does not exist."""
        yield from self._dangling_dependencies(entry)
        yield from self._unknown_tier(entry)
        yield from self._dead_links(entry)

    def _dangling_dependencies(self, entry: Entry) -> Iterator[Flaw]:
        for number, name in enumerate(entry.dependencies):
            if name in self.known:
                continue
            near = nearest(name, self.known)
            fix = "add that entry, or take the dependency out"
            yield Flaw(
                "FG-entry-dangling-dependency",
                ("dependencies", number),
                f"there is no entry {name}",
                fix=f"did you mean {near}?" if near else fix,
            )

    def _unknown_tier(self, entry: Entry) -> Iterator[Flaw]:
        names = [tier.id for tier in self.tiers]
        if entry.tier in names or entry.tier == "?":
            return
        near = nearest(entry.tier, names)
        yield Flaw(
            "FG-entry-unknown-tier",
            ("tier",),
            f"tier {entry.tier!r} is unknown",
            why=f"tiers.yaml has {one_of(names)}",
            fix=f"did you mean {near}?" if near else "use one of those, or add the tier there",
        )

    def _dead_links(self, entry: Entry) -> Iterator[Flaw]:
        for group, links in (("docs", entry.docs), ("related", entry.related)):
            for number, link in enumerate(links):
                if not self._leads_somewhere(link.url):
                    yield Flaw(
                        "FG-entry-dead-link",
                        (group, number, "url"),
                        f"link {link.url!r} leads nowhere",
                        why="it is no https address, no entry, and no file in the registry folder "
                        "or beside it",
                        fix="fix the link, or take it out",
                    )

    def _leads_somewhere(self, url: str) -> bool:
        if ADDRESS.match(url):
            return True  # anything but https was refused already
        if _REFERENCE.fullmatch(url):
            return reference(url) in self.known
        home = self.root.resolve().parent
        file, _, _ = url.partition("#")
        for folder in (self.root, home):
            path = (folder / file).resolve()
            if path.is_relative_to(home) and path.is_file():
                return True
        return False


def circle_of(entry: Entry, known: Mapping[str, Entry]) -> list[str] | None:
    """The shortest way from an entry along dependencies back to itself, as keys of entries."""
    ways = [[entry.key, name] for name in entry.dependencies]
    seen: set[str] = set()
    for way in ways:
        last = way[-1]
        if last == entry.key:
            return way
        if last in known and last not in seen:
            seen.add(last)
            ways += [[*way, name] for name in known[last].dependencies]
    return None


def circular_dependency(entry: Entry, circle: Sequence[str]) -> Flaw:
    """What is wrong with an entry that depends on itself."""
    return Flaw(
        "FG-entry-circular-dependency",
        ("dependencies", entry.dependencies.index(circle[1])),
        f"dependencies go round in a circle: {' → '.join(circle)}",
        fix="take one of them out",
    )
