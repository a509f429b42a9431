"""The hooks of files and archives: what an entry does differs in its module alone, the way in is
one.
"""

from __future__ import annotations

import hashlib
from importlib import import_module
from typing import TYPE_CHECKING, Any

from fitglue_files.fetching import fetch
from fitglue_registry import hookimpl
from fitglue_registry.plugin_api import Account, Body, Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import (
        Connection,
        Listing,
        Part,
        Recognized,
        Unavailable,
        Window,
    )

#: The version of ``hookspecs.py`` that this plugin was written for; the host compares it before it
#: registers the plugin.
FITGLUE_HOOK_API = 1

#: Entry → the module with its ``account``, ``listings`` and ``normalize``; loaded when it is first
#: asked.
_MODULES = {
    "files": "fitglue_files.loose",
    "strava-archive": "fitglue_files.archives.strava",
    "garmin-archive": "fitglue_files.archives.garmin",
    "trainingpeaks-archive": "fitglue_files.archives.trainingpeaks",
}


@hookimpl
def fitglue_connect(connection: Connection) -> Account:
    """There is no key to prove: what is named must be there, be readable, and be what the entry
    reads.
    """
    account: Account = _module(connection.entry).account(connection)
    return account


@hookimpl
def fitglue_list(connection: Connection, window: Window) -> Iterator[Listing]:
    """Everything that is there, whatever the window: what day a workout was is only known by
    reading it.
    """
    del window
    yield from _module(connection.entry).listings(connection)


@hookimpl
def fitglue_fetch(
    connection: Connection, part: str, ids: Sequence[str]
) -> Iterator[Part | Unavailable]:
    """The file of each record."""
    return fetch(connection, part, ids, _module(connection.entry).listings)


@hookimpl
def fitglue_normalize(record: Record) -> list[SourceActivity]:
    """The workouts of a record; before its file has been fetched, what the listing says."""
    found: list[SourceActivity] = _module(record.entry).normalize(record)
    return found


@hookimpl
def fitglue_recognize(paths: Sequence[str]) -> list[Recognized]:
    """Archives as they were downloaded, and files, folders and zips of workouts."""
    from fitglue_files.recognizing import recognize

    return recognize(paths)


def _module(entry: str) -> Any:
    return import_module(_MODULES[entry])


def offline_records(content: bytes, name: str, streams: bytes | None = None) -> list[Record]:
    """The record of one file without a connection, for ``fitglue dev normalize files FILE…``; no
    hook, and not needed by the host.
    """
    from fitglue_files.containers import unpack
    from fitglue_files.looking import title_of
    from fitglue_files.loose import canonical

    del streams  # a file has its own
    unpacked = unpack(content, name)
    parts = {
        "summary": Body(canonical({"name": title_of(name), "size": len(unpacked)})),
        "file": Body(unpacked),
    }
    return [Record(hashlib.sha256(unpacked).hexdigest(), "files", parts)]
