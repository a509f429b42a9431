"""The source ``files``: each content at the paths is a record, under any name and in any place."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from fitglue_files.archives.collecting import archives_in, outside
from fitglue_files.containers import ContainerReader
from fitglue_files.counting import contents_of, count_kinds
from fitglue_files.describing import Describer
from fitglue_files.description_cache import DescriptionCache
from fitglue_files.layout import Layout
from fitglue_files.listing import listing_of, listing_of_refusal
from fitglue_files.members import Refusal, newest_first
from fitglue_files.normalizing import normalize
from fitglue_files.paths import joined, paths_of
from fitglue_files.source import Source
from fitglue_registry.plugin_api import Account

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from fitglue_files.members import MemberOrRefusal
    from fitglue_registry.plugin_api import Connection, Listing

#: The longest id of an account that the host accepts.
_LONGEST_ID = 500
#: The account of files that are not in a connected folder. Connecting other single files replaces
#: them; connected folders are not affected.
SINGLE = "single files"


def account(connection: Connection) -> Account:
    """Return the account of the paths; raise ``AthleteNeeded`` if they cannot be read."""
    paths = paths_of(connection)
    with ContainerReader() as reader:
        counts = count_kinds(reader, _members(reader, paths))
    notes = contents_of(counts).notes
    # The paths are resolved, so a folder that is written in two ways is still one account.
    folders = sorted(path for path in paths if path.is_dir())
    if not folders:
        return Account(SINGLE, "Files", notes=notes)
    return Account(_id(folders), _name(folders), notes=notes)


def _id(folders: Sequence[Path]) -> str:
    """Return the folders as an id, or their hash if the id would be too long or not printable."""
    paths = joined(folders)
    if paths.isprintable() and len(paths) <= _LONGEST_ID:
        return paths
    raw = paths.encode("utf-8", "surrogateescape")
    digest = hashlib.sha256(raw).hexdigest()
    return f"folders-{digest[:32]}"


def _name(folders: Sequence[Path]) -> str:
    """Return the name of the first folder, and the number of the others."""
    first = folders[0].name or str(folders[0])
    if len(folders) == 1:
        return first
    return f"{first} and {len(folders) - 1} more"


def _members(reader: ContainerReader, paths: Sequence[Path]) -> list[MemberOrRefusal]:
    """Return all members at the paths, except for archives in a folder, which have their own
    sources.

    An archive whose path is named directly is read as files.
    """
    layout = Layout.of(reader, paths)
    named = set(map(str, paths))
    archives = archives_in(reader, layout)
    return outside(layout, [archive for archive in archives if archive.path not in named])


def listings(connection: Connection) -> Iterator[Listing]:
    """Yield the listing of every content once, the most recently changed file first."""
    listed = set()
    with ContainerReader() as reader, DescriptionCache(connection.cache) as cache:
        members = newest_first(_members(reader, paths_of(connection)))
        describer = Describer(reader, cache, connection.alive)
        for described in describer.describe_all(members):
            if isinstance(described, Refusal):
                listing = listing_of_refusal(described)
            else:
                listing = listing_of(connection, described)
            # The same content can be in several places, and is one record.
            if listing.external_id not in listed:
                listed.add(listing.external_id)
                yield listing
    if describer.no_activities or describer.others:
        connection.log.info(
            "left out: %d FIT files that are not workouts, %d other files",
            describer.no_activities,
            describer.others,
        )


SOURCE = Source(
    id="files",
    account=account,
    listings=listings,
    normalize=normalize,
)
