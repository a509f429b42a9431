"""The hooks of the plugin. Each passes the call to the source that is named by the entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_files.source import Items, Source
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import (
        Account,
        Connection,
        Location,
        Recognized,
        Record,
        Refused,
        Window,
    )

#: The version of ``hookspecs.py`` for which this plugin was written. The host compares it before it
#: registers the plugin.
FITGLUE_HOOK_API = 1

# The host loads every plugin before a sync, because each may have an opinion on duplicates. The
# modules that read files and archives are imported by the first hook that needs them, so loading
# the plugin takes 6 ms instead of 46.


def _source(entry: str) -> Source:
    """Return the source of an entry."""
    from fitglue_files.sources import SOURCES

    return SOURCES[entry]


@hookimpl
def fitglue_connect(connection: Connection) -> Account:
    """Return the account of the paths, which must exist, be readable, and be what the entry
    reads.
    """
    return _source(connection.entry).account(connection)


@hookimpl
def fitglue_list(
    connection: Connection,
    window: Window,
) -> Iterator[Location]:
    """Yield a location for everything at the paths.

    The window is ignored: the day of a workout is only known after its file has been read.
    """
    from fitglue_files.places import below, folders_of

    del window
    # Made with the first place, because what the source finds out about the paths comes first.
    folders: list[str] | None = None
    for place in _source(connection.entry).places(connection):
        if folders is None:
            folders = folders_of(connection)
        yield below(folders, place)


@hookimpl
def fitglue_read(connection: Connection, location: Location) -> Items:
    """Yield the records at a location, with their bytes and workouts."""
    yield from _source(connection.entry).read(connection, location)


@hookimpl
def fitglue_normalize(record: Record) -> list[SourceActivity]:
    """Return the workouts of a record, made from its listing if its file is missing."""
    return _source(record.entry).normalize(record)


@hookimpl
def fitglue_recognize(paths: Sequence[str]) -> list[Recognized | Refused]:
    """Return the archives, and the files, folders and zips of workouts among the paths, and the
    files that are refused.
    """
    from fitglue_files.recognizing import recognize

    return recognize(paths)


def offline_records(
    content: bytes,
    name: str,
    streams: bytes | None = None,
) -> list[Record]:
    """Return the record of one file without a connection, for ``fitglue dev normalize files
    FILE…``.

    This is not a hook, and the host does not need it.
    """
    from fitglue_files.offline import records

    del streams  # a file contains its streams
    return records(content, name)
