"""Messages about a service whose accounts cannot be connected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import AthleteNeeded

if TYPE_CHECKING:
    from fitglue_registry.registry import Catalogue, Entry


def not_connectable(entry: Entry) -> AthleteNeeded:
    """Return the error for an account that cannot be connected; its fix lists the alternatives."""
    assert entry.closed is not None
    alternatives = [
        f"{alternative.name} ({alternative.brings}): {alternative.how} Then: {alternative.command}"
        for alternative in entry.closed.alternatives
    ]
    return AthleteNeeded(
        "FG-not-connectable",
        f"an account at {entry.name} cannot be connected",
        why=entry.closed.why,
        fix=" Or: ".join(alternatives),
    )


def fix_with_alternatives(
    catalogue: Catalogue,
    code: str | None,
    fix: str | None,
) -> str | None:
    """Return the source's fix, followed by the command that lists every alternative.

    ``code`` is the code of the source's reason. The fix is returned unchanged if no closed
    integration names that code.
    """
    closed = catalogue.closed_by(code) if code else None
    if closed is None:
        return fix
    alternatives = f"all alternatives: fitglue connect {closed.id}"
    return f"{fix}; {alternatives}" if fix else alternatives
