"""The files and folders on this machine that a connection reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_registry.registry.paths import paths_in

if TYPE_CHECKING:
    from fitglue_registry.registry import Catalogue
    from fitglue_registry.store.connections import ConnectionRow


def roots_of(catalogue: Catalogue, connected: ConnectionRow) -> tuple[Path, ...]:
    """Return the paths in the settings of a connection that its entry marks as paths."""
    entry = catalogue.find("integration", connected.integration)
    if entry is None:
        return ()
    roots: list[Path] = []
    for field in entry.settings:
        if field.path:
            value = connected.settings.get(field.name, "")
            roots += map(Path, paths_in(value))
    # Two settings may name the same path.
    return tuple(dict.fromkeys(roots))
