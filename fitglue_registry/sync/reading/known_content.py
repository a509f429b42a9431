"""Recognizes content that the store has already, so that it is hashed and not decoded.

A renamed archive has thousands of new places whose content is known.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from fitglue_registry.model import MODEL_VERSION
from fitglue_registry.plugin_api import Listing, Part
from fitglue_registry.store.current_files import current_files
from fitglue_registry.sync.listing.revisions import Revisions
from fitglue_registry.sync.worker_limits import ZIP_SHARE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from fitglue_registry.plugin_api import Location
    from fitglue_registry.registry import Entry
    from fitglue_registry.sync.context import SyncContext

#: Digests of records with their content, see ``_digest_of``.
Known = frozenset[bytes]
_NOTHING: Known = frozenset()


class KnownContent(NamedTuple):
    """What stands for a part whose record the store has with the same content.

    Attributes:
        digest: The SHA-256 of its bytes.
    """

    digest: bytes


class KnownContents:
    """The content that a connection has in the store, by its size.

    Args:
        context: The connection.
    """

    def __init__(self, context: SyncContext) -> None:
        by_size: defaultdict[int, set[bytes]] = defaultdict(set)
        # Another version may read more in the same bytes. A plugin that an application passed as an
        # object has no version, so it may be another one each time.
        if context.plugin_version is not None:
            with context.database.read() as db:
                files = current_files(
                    db,
                    context.connection_id,
                    MODEL_VERSION,
                    context.plugin_version,
                    not_code=ZIP_SHARE,
                )
            records = Counter(file.sha256 for file in files)
            for file in files:
                # What has more than one record is read as a whole, to find all of them.
                if records[file.sha256] == 1:
                    digest = bytes.fromhex(file.sha256)
                    by_size[file.size].add(_digest_of(file.external_id, file.revision, digest))
        self._by_size = {size: frozenset(known) for size, known in by_size.items()}

    def at(self, location: Location) -> Known:
        """Return the content that a place may have, judging by its size."""
        # A place that is read in another way than usual gives other records.
        if location.taken or location.undecodable:
            return _NOTHING
        return self._by_size.get(location.size, _NOTHING)


def until_known(entry: Entry, known: Known) -> Callable[[Iterator[Any]], Iterable[Any]]:
    """Return a function that ends the items of a place at the first content that is known.

    The plugin decodes what it has yielded when the next item is wanted, so it does not decode this.

    Args:
        entry: The entry of the source.
        known: What the place may have.
    """
    return partial(_until_known, Revisions(entry), known) if known else iter


def _until_known(
    revisions: Revisions,
    known: Known,
    items: Iterator[Any],
) -> Iterator[Any]:
    listing = None
    for item in items:
        if isinstance(item, Listing):
            listing = item
        elif isinstance(item, Part) and listing is not None:
            digest = hashlib.sha256(item.content).digest()
            revision = revisions.of(listing)
            if _digest_of(listing.external_id, revision, digest) in known:
                yield KnownContent(digest)
                return
        yield item


def _digest_of(
    external_id: str,
    revision: str,
    digest: bytes,
) -> bytes:
    """Return a digest of a record in one revision and with one content."""
    text = f"{external_id}\0{revision}\0".encode("utf-8", "surrogatepass")
    return hashlib.sha256(text + digest).digest()
