"""Recognizes content that the store has already, so that it is hashed and not decoded.

A renamed archive has thousands of new places whose content is known. Worker processes import this
module, so it does without SQLAlchemy, which takes 200 ms to import; ``stored_content.py`` asks the
store.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from fitglue_registry.plugin_api import Listing, Part
from fitglue_registry.sync.listing.revisions import Revisions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from fitglue_registry.registry import Entry

#: Digests of records with their content, see ``digest_of``.
Known = frozenset[bytes]


class KnownContent(NamedTuple):
    """What stands for a part whose record the store has with the same content.

    Attributes:
        digest: The SHA-256 of its bytes.
    """

    digest: bytes


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
            if digest_of(listing.external_id, revision, digest) in known:
                yield KnownContent(digest)
                return
        yield item


def digest_of(
    external_id: str,
    revision: str,
    digest: bytes,
) -> bytes:
    """Return a digest of a record in one revision and with one content."""
    text = f"{external_id}\0{revision}\0".encode("utf-8", "surrogatepass")
    return hashlib.sha256(text + digest).digest()
