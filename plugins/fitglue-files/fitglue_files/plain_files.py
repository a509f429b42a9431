"""Files as they lie in folders and zips: a record a content, whatever it is called and wherever it
lies.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from fitglue_files.archives.collecting import archives_in, outside
from fitglue_files.containers import Box
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

    from fitglue_files.members import Found
    from fitglue_registry.plugin_api import Connection, Listing

#: What an id of an account may have.
_LONGEST_ID = 500
#: The account of files that were named one by one: those that are named next take their place, and
#: the folders stay theirs.
SINGLE = "single files"


def account(connection: Connection) -> Account:
    """There is no key to prove: something must be there, and be readable."""
    paths = paths_of(connection)
    with Box() as box:
        counts = count_kinds(box, _members(box, paths))
    notes = contents_of(counts).notes
    # The id is the account's own: two connections to one folder are one account, also when it was
    # typed in two ways.
    folders = sorted(path for path in paths if path.is_dir())
    if not folders:
        return Account(SINGLE, "Files", notes=notes)
    return Account(_id(folders), _name(folders), notes=notes)


def _id(folders: Sequence[Path]) -> str:
    """The folders by name, unless that is longer than an id, or holds what cannot be shown."""
    named = joined(folders)
    if named.isprintable() and len(named) <= _LONGEST_ID:
        return named
    raw = named.encode("utf-8", "surrogateescape")
    digest = hashlib.sha256(raw).hexdigest()
    return f"folders-{digest[:32]}"


def _name(folders: Sequence[Path]) -> str:
    """The first folder, and how many there are beside it."""
    first = folders[0].name or str(folders[0])
    if len(folders) == 1:
        return first
    return f"{first} and {len(folders) - 1} more"


def _members(box: Box, paths: Sequence[Path]) -> list[Found]:
    """What lies there, without the archives in a folder: those are sources of their own.

    One that is named itself is read as files.
    """
    layout = Layout.of(box, paths)
    named = set(map(str, paths))
    archives = archives_in(box, layout)
    return outside(layout, [archive for archive in archives if archive.path not in named])


def listings(connection: Connection) -> Iterator[Listing]:
    """Every content once, the file that was changed last first."""
    listed = set()
    with Box() as box, DescriptionCache(connection.cache) as cache:
        members = newest_first(_members(box, paths_of(connection)))
        describer = Describer(box, cache, connection.alive)
        for described in describer.describe_all(members):
            if isinstance(described, Refusal):
                listing = listing_of_refusal(described)
            else:
                listing = listing_of(connection, described)
            # The same content may lie in several places; it is one record.
            if listing.external_id not in listed:
                listed.add(listing.external_id)
                yield listing
    if describer.no_activities or describer.others:
        connection.log.info(
            "left out: %d FIT files that are no workout, %d other files",
            describer.no_activities,
            describer.others,
        )


SOURCE = Source(
    id="files",
    account=account,
    listings=listings,
    normalize=normalize,
)
