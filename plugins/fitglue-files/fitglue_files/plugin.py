"""The hooks of files and archives: each is passed to the source that the entry names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_files.fetching import fetch
from fitglue_registry import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_files.source import Source
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import (
        Account,
        Connection,
        Listing,
        Part,
        Recognized,
        Record,
        Unavailable,
        Window,
    )

#: The version of ``hookspecs.py`` that this plugin was written for; the host compares it before it
#: registers the plugin.
FITGLUE_HOOK_API = 1

# The host loads every plugin before a sync, because each may have an opinion on duplicates. So that
# this costs 6 ms and not 46, what reads files and archives is imported by the first hook that needs
# it.


def _source(entry: str) -> Source:
    from fitglue_files.sources import SOURCES

    return SOURCES[entry]


@hookimpl
def fitglue_connect(connection: Connection) -> Account:
    """There is no key to prove: what is named must be there, be readable, and be what the entry
    reads.
    """
    return _source(connection.entry).account(connection)


@hookimpl
def fitglue_list(
    connection: Connection,
    window: Window,
) -> Iterator[Listing]:
    """Everything that is there, whatever the window: what day a workout was is only known by
    reading it.
    """
    del window
    yield from _source(connection.entry).listings(connection)


@hookimpl
def fitglue_fetch(
    connection: Connection,
    part: str,
    ids: Sequence[str],
) -> Iterator[Part | Unavailable]:
    """The file of each record."""
    source = _source(connection.entry)
    return fetch(connection, part, ids, source.listings)


@hookimpl
def fitglue_normalize(record: Record) -> list[SourceActivity]:
    """The workouts of a record; before its file has been fetched, what the listing says."""
    return _source(record.entry).normalize(record)


@hookimpl
def fitglue_recognize(paths: Sequence[str]) -> list[Recognized]:
    """Archives as they were downloaded, and files, folders and zips of workouts."""
    from fitglue_files.recognizing import recognize

    return recognize(paths)


def offline_records(
    content: bytes,
    name: str,
    streams: bytes | None = None,
) -> list[Record]:
    """The record of one file without a connection, for ``fitglue dev normalize files FILE…``; no
    hook, and not needed by the host.
    """
    from fitglue_files.offline import records

    del streams  # a file has its own
    return records(content, name)
