"""The source ``files``: each content at the paths is a record, under any name and in any place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_files.archives.collecting import archives_in
from fitglue_files.archives.row_reading import file_without_row
from fitglue_files.containers import ContainerReader
from fitglue_files.counting import contents_of, count_kinds
from fitglue_files.kind_cache import KindCache
from fitglue_files.layout import Layout
from fitglue_files.members import read_order
from fitglue_files.normalizing import normalize
from fitglue_files.paths import joined, paths_of
from fitglue_files.places import hint_of, place_of
from fitglue_files.sorting import Sorter
from fitglue_files.source import Source
from fitglue_files.wording import account_id
from fitglue_registry.plugin_api import Account

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from fitglue_files.source import Items
    from fitglue_registry.plugin_api import Connection, Location

#: The account of files that are not in a connected folder. Connecting other single files replaces
#: them; connected folders are not affected.
SINGLE = "single files"


def account(connection: Connection) -> Account:
    """Return the account of the paths; raise ``AthleteNeeded`` if they cannot be read."""
    paths = paths_of(connection)
    with ContainerReader() as reader:
        layout = _layout(reader, paths)
        counts = count_kinds(reader, layout.members)
    notes = contents_of(counts, layout).notes
    # The paths are resolved, so a folder that is written in two ways is still one account.
    folders = sorted(path for path in paths if path.is_dir())
    if not folders:
        return Account(SINGLE, "Files", notes=notes)
    return Account(account_id(joined(folders), "folders"), _name(folders), notes=notes)


def _name(folders: Sequence[Path]) -> str:
    """Return the name of the first folder, and the number of the others."""
    first = folders[0].name or str(folders[0])
    if len(folders) == 1:
        return first
    return f"{first} and {len(folders) - 1} more"


def _layout(
    reader: ContainerReader,
    paths: Sequence[Path],
) -> Layout:
    """Return the layout of the paths without the archives in a folder, which have their own
    sources.

    An archive whose path is named directly is read as files.
    """
    layout = Layout.of(reader, paths)
    named = set(map(str, paths))
    archives = archives_in(reader, layout)
    return layout.outside([archive for archive in archives if archive.path not in named])


def places(connection: Connection) -> Iterator[Location]:
    """Yield the place of every file that may be a workout, the most recently changed first."""
    with ContainerReader() as reader, KindCache(connection.cache) as cache:
        layout = _layout(reader, paths_of(connection))
        members = read_order(layout.members)
        sorter = Sorter(reader, cache, connection.alive)
        yield from map(place_of, sorter.workouts(members))
    left_out = sorter.left_out()
    if left_out:
        connection.log.info("%s", left_out)


def read(
    connection: Connection,
    location: Location,
) -> Items:
    """Yield the record of the content at a place, whatever its name is."""
    member = hint_of(location).member
    assert member is not None
    yield from file_without_row(connection, member, decode=not location.undecodable)


SOURCE = Source(
    id="files",
    account=account,
    places=places,
    read=read,
    normalize=normalize,
)
