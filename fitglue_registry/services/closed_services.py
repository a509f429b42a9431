"""What to tell an athlete about a service whose accounts cannot be connected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import AthleteNeeded

if TYPE_CHECKING:
    from fitglue_registry.registry import Catalogue, Entry


def not_connectable(entry: Entry) -> AthleteNeeded:
    """The error for an account that cannot be connected, with the other ways for its workouts."""
    assert entry.closed is not None
    ways = [
        f"{way.name} ({way.brings}): {way.how} Then: {way.command}" for way in entry.closed.roads
    ]
    return AthleteNeeded(
        "FG-not-connectable",
        f"an account at {entry.name} cannot be connected",
        why=entry.closed.why,
        fix=" Or: ".join(ways),
    )


def fix_with_other_ways(
    catalogue: Catalogue,
    code: str | None,
    fix: str | None,
) -> str | None:
    """What a source says that is to be done, and the command that lists every other way.

    ``code`` is the code of the source's reason. The fix is unchanged where the registry knows no
    other way.
    """
    closed = catalogue.closed_by(code) if code else None
    if closed is None:
        return fix
    other_ways = f"all roads: fitglue connect {closed.id}"
    return f"{fix}; {other_ways}" if fix else other_ways
