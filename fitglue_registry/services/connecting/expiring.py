"""Keeps the last day on which the key of a connection is valid, which an athlete has typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import UserMistake
from fitglue_registry.registry.pasted import read_field
from fitglue_registry.services.key_expiry import expiry_field, read_expiry
from fitglue_registry.store.athletes import lock_athlete
from fitglue_registry.store.connections import get_connection, set_settings

if TYPE_CHECKING:
    from datetime import date

    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.workspace import Workspace


def set_expiry(
    workspace: Workspace,
    connected: ConnectionRow,
    typed: str,
    today: date,
) -> bool:
    """Keep the last day of a key; see ``Connections.set_expiry``."""
    entry = workspace.catalogue.get("integration", connected.integration)
    field = expiry_field(entry)
    if field is None:
        raise UserMistake(
            "FG-option-unknown",
            f"nobody states when a key of {entry.name} ends",
            fix=f"see: fitglue registry show {entry.key}",
        )
    text = read_field(field, typed)
    day = read_expiry(field, text, today) if text else ""
    with workspace.database.write() as db:
        # Another call may be storing a new key, and with it all settings.
        lock_athlete(db, connected.athlete_id)
        current = get_connection(db, connected.id)
        if current is None or current.settings.get(field.name, "") == day:
            return False
        settings = dict(current.settings)
        settings.pop(field.name, None)
        if day:
            settings[field.name] = day
        set_settings(db, connected.id, settings)
    return True
