"""The references of an entry to other entries, a tier and pages, and checks that they exist."""

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
class ReferenceTargets:
    """Everything that an entry can refer to.

    Attributes:
        known: Entries by their key.
        tiers: Tiers that exist.
        root: Registry folder; an entry can link to files in it and beside it.
    """

    known: Mapping[str, Entry]
    tiers: Sequence[Tier]
    root: Path

    def flaws(self, entry: Entry) -> Iterator[Flaw]:
        """Yield a flaw for each reference of the entry whose target does not exist."""
        yield from self._dangling_dependencies(entry)
        yield from self._unknown_tier(entry)
        yield from self._dead_links(entry)
        yield from self._options_that_are_settings(entry)

    def _options_that_are_settings(self, entry: Entry) -> Iterator[Flaw]:
        """Yield the options of parts that the integration already has as settings."""
        integration = self.known.get(f"integration/{entry.integration}")
        if entry.kind != "source" or integration is None:
            return
        settings = {field.name for field in integration.fields}
        for number, part in enumerate(entry.parts):
            if part.option in settings:
                yield Flaw(
                    "FG-entry-option-taken",
                    ("parts", number, "option"),
                    f"the option {part.option} is a setting of {integration.key} as well",
                    why="the choice of a part is stored as a setting with the name of its option",
                    fix="rename one of them",
                )

    def _dangling_dependencies(self, entry: Entry) -> Iterator[Flaw]:
        for number, name in enumerate(entry.dependencies):
            if name in self.known:
                continue
            near = nearest(name, self.known)
            fix = "add that entry, or remove the dependency"
            yield Flaw(
                "FG-entry-dangling-dependency",
                ("dependencies", number),
                f"entry {name} does not exist",
                fix=f"did you mean {near}?" if near else fix,
            )

    def _unknown_tier(self, entry: Entry) -> Iterator[Flaw]:
        names = [tier.id for tier in self.tiers]
        if entry.tier in names or entry.tier == "?":  # a draft has "?" for a tier that is wrong
            return
        near = nearest(entry.tier, names)
        yield Flaw(
            "FG-entry-unknown-tier",
            ("tier",),
            f"tier {entry.tier!r} is unknown",
            why=f"the tiers are {one_of(names)}",
            fix=f"did you mean {near}?"
            if near
            else "use one of them, or add the tier to tiers.yaml",
        )

    def _dead_links(self, entry: Entry) -> Iterator[Flaw]:
        for group, links in (("docs", entry.docs), ("related", entry.related)):
            for number, link in enumerate(links):
                if not self._leads_somewhere(link.url):
                    yield Flaw(
                        "FG-entry-dead-link",
                        (group, number, "url"),
                        f"link {link.url!r} does not lead anywhere",
                        why="it is not an https address, an entry, or a file in or beside the "
                        "registry folder",
                        fix="fix the link, or remove it",
                    )

    def _leads_somewhere(self, url: str) -> bool:
        if ADDRESS.match(url):
            return True  # entry_flaws already reports every address except https
        if _REFERENCE.fullmatch(url):
            return reference(url) in self.known
        home = self.root.resolve().parent
        file, _, _ = url.partition("#")
        for folder in (self.root, home):
            path = (folder / file).resolve()
            # Files elsewhere on this machine do not exist for the readers of the entry.
            if path.is_relative_to(home) and path.is_file():
                return True
        return False


def dependency_cycle(entry: Entry, known: Mapping[str, Entry]) -> list[str] | None:
    """Return the shortest cycle of dependencies through an entry, or ``None``.

    The cycle is a list of keys that begins and ends with the key of the entry.
    """
    # Breadth-first search: the list grows while it is iterated, so shorter paths come first.
    paths = [[entry.key, name] for name in entry.dependencies]
    seen: set[str] = set()
    for path in paths:
        last = path[-1]
        if last == entry.key:
            return path
        if last in known and last not in seen:
            seen.add(last)
            paths += [[*path, name] for name in known[last].dependencies]
    return None


def circular_dependency(entry: Entry, cycle: Sequence[str]) -> Flaw:
    """Return the flaw of an entry that depends on itself along a cycle."""
    return Flaw(
        "FG-entry-circular-dependency",
        ("dependencies", entry.dependencies.index(cycle[1])),
        f"the dependencies form a cycle: {' → '.join(cycle)}",
        fix="remove one of them",
    )
