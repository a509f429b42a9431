"""Changes to the database of a home that an attacker or an older version could have made."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from fitglue_registry import Host, Policy
from fitglue_registry.services.connection_secrets import owner_of
from fitglue_registry.store.connections import update_connection

if TYPE_CHECKING:
    from pathlib import Path


def use_address(database: Path, url: str | None) -> None:
    """Change the address of the only connection in a database, as an attacker would."""
    with closing(sqlite3.connect(database)) as connection, connection:
        settings = {"base_url": url} if url else {}
        connection.execute("UPDATE fg_connections SET settings = ?", (json.dumps(settings),))


def keep_secret(home: Path, **values: str) -> None:
    """Replace the secret of the only connection of a home by these values."""
    with Host(home, policy=Policy.personal()) as host:
        [connected] = host.connections.list()
        owner = owner_of(connected.integration, connected.id)
        host.workspace.secrets.delete(connected.secret_ref)
        ref = host.workspace.secrets.put(owner, values)
        with host.workspace.database.write() as db:
            update_connection(db, connected.id, secret_ref=ref)
