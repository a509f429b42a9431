"""Connects what was recognised, or points the connection of the same account to it, and takes what
is new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError, StoreFailed
from fitglue_registry.sync.context import Options
from fitglue_registry.sync.events import Event, SourceConnected, SyncStopped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.host import Host
    from fitglue_registry.importing.recognizing import Recognition
    from fitglue_registry.plugin_api import Recognized

#: Everything that lies there, and whole: another archive of an account is not bound to what the
#: last one told.
EVERYTHING = Options(full=True, files=True)


def bring_in(
    host: Host, recognition: Recognition, athlete: str, *, dry_run: bool = False
) -> Iterator[Event]:
    """Import all that was recognised, one after the other; what fails ends with ``SyncStopped``,
    and the next one begins.

    ``dry_run``: everything is listed and compared, and nothing is stored, no connection either.
    """
    for one in recognition.found:
        try:
            yield from host.rehearse(one, athlete) if dry_run else _bring(host, one, athlete)
        except StoreFailed:
            raise
        except FitglueError as error:  # Busy, too: the others need not wait
            yield SyncStopped(one.name, error)


def _bring(host: Host, one: Recognized, athlete: str) -> Iterator[Event]:
    source = host.catalogue.get("source", one.entry)
    result = host.connect(source.integration or source.id, one.settings, athlete)
    connection, account = result.connection, result.account
    yield SourceConnected(
        connection.name,
        one.entry,
        account.id,
        account.name,
        one.paths,
        tuple(account.notes),
        renewed=result.renewed,
    )
    yield from host.sync(connection.id, athlete, EVERYTHING)
