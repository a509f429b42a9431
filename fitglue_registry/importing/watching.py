"""Watches the folders of connections, and syncs one when files have appeared in its own and lie
still.
"""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_registry.errors import Busy, UserMistake
from fitglue_registry.importing.ears import Ears, Timing, library_is_there
from fitglue_registry.registry.paths import paths_in
from fitglue_registry.sync.events import Event, SyncStopped, Watching

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.host import Host
    from fitglue_registry.store.connections import ConnectionRow


def watch(
    host: Host,
    names: Sequence[str],
    athlete: str,
    stop: threading.Event | None = None,
    timing: Timing | None = None,
) -> Iterator[Event]:
    """Sync the connections of these names, or all that read from this machine, whenever their files
    change; ends with ``stop``.

    Raises ``UserMistake`` where there is nothing to watch. A root that is not there is waited for.
    """
    library_is_there()
    chosen = watched(host, names, athlete)
    if not chosen:
        raise UserMistake(
            "FG-nothing-to-watch",
            "no connection reads files of this machine",
            fix="fitglue import FOLDER",
        )
    stop = stop or threading.Event()
    # It listens before the first look, so that what is dropped meanwhile is heard.
    with closing(Ears(host.home, timing or Timing())) as ears:
        yield from _rounds(host, names, athlete, stop, ears)


def _rounds(
    host: Host, names: Sequence[str], athlete: str, stop: threading.Event, ears: Ears
) -> Iterator[Event]:
    told: dict[str, Watching] = {}
    due: set[str] | None = None
    while not stop.is_set():
        # Anew each time: another folder may have been imported, and a connection removed.
        chosen = {one.id: (one, roots) for one, roots in watched(host, names, athlete)}
        ears.listen({connection: roots for connection, (_, roots) in chosen.items()})
        for connection, (one, roots) in chosen.items():
            missing = ears.missing(connection)
            said = Watching(one.name, tuple(map(str, roots)), tuple(map(str, missing)))
            if told.get(connection) != said:
                told[connection] = said
                yield said
            if (due is None or connection in due) and missing != roots:
                yield from _sync(host, one, roots, athlete, ears)
        due = ears.wait(stop)


def _sync(
    host: Host, one: ConnectionRow, roots: tuple[Path, ...], athlete: str, ears: Ears
) -> Iterator[Event]:
    try:
        yield from host.sync(one.id, athlete)
    except Busy:  # the sync that is at work may have looked before the file was there
        ears.touch(one.id, roots[0])
    except UserMistake as error:
        yield SyncStopped(one.name, error)


def watched(
    host: Host, names: Sequence[str], athlete: str
) -> list[tuple[ConnectionRow, tuple[Path, ...]]]:
    """The connections of these names, or all, that read files of this machine, with the paths that
    they read.
    """
    found = []
    for one in (
        [host.connection(name, athlete) for name in names] if names else host.connections(athlete)
    ):
        roots = roots_of(host, one)
        if roots:
            found.append((one, roots))
        elif names:
            raise UserMistake(
                "FG-nothing-to-watch",
                f"the connection {one.name} reads no files of this machine",
                fix=f"fitglue sync {one.name} --every 30m",
            )
    return found


def roots_of(host: Host, one: ConnectionRow) -> tuple[Path, ...]:
    """The paths in the settings of a connection, as its entry marks them."""
    entry = host.catalogue.find("integration", one.integration)
    values = (
        [one.settings.get(field.name, "") for field in entry.settings if field.path]
        if entry
        else []
    )
    return tuple(dict.fromkeys(Path(path) for value in values for path in paths_in(value)))
