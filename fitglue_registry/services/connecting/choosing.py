"""Keeps which parts an athlete wants of a connection, such as the original files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import UserMistake
from fitglue_registry.registry.part_options import choice_texts, options_of
from fitglue_registry.services.connected_entries import entry_of
from fitglue_registry.store.athletes import lock_athlete
from fitglue_registry.store.connections import get_connection, set_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.registry import Entry
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.workspace import Workspace


def choose(
    workspace: Workspace,
    connected: ConnectionRow,
    options: Mapping[str, bool | None],
) -> bool:
    """Keep the choices of an athlete; see ``Connections.choose``."""
    source = entry_of(workspace.catalogue, connected)
    _check_names(source, options)
    if _with(connected.settings, options) == connected.settings:
        return False
    with workspace.database.write() as db:
        # Another call may be storing a new key, and with it all settings.
        lock_athlete(db, connected.athlete_id)
        current = get_connection(db, connected.id)
        if current is None:
            return False
        set_settings(db, connected.id, _with(current.settings, options))
    return True


def _with(
    settings: Mapping[str, str],
    options: Mapping[str, bool | None],
) -> dict[str, str]:
    """Return settings with choices; ``None`` removes one."""
    chosen = {}
    for option, choice in options.items():
        if choice is not None:
            chosen[option] = choice
    kept = dict(settings)
    for option in options:
        kept.pop(option, None)
    return kept | choice_texts(chosen)


def _check_names(
    source: Entry,
    options: Mapping[str, bool | None],
) -> None:
    known = options_of(source)
    unknown = sorted(options.keys() - set(known))
    if unknown:
        why = f"its options are {', '.join(known)}" if known else "it has no options"
        raise UserMistake(
            "FG-option-unknown",
            f"{source.name} has no option {unknown[0]!r}",
            why=why,
            fix=f"see: fitglue registry show {source.key}",
        )
