"""The protocol of a store for original files, which are kept verbatim under their sha256."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from fitglue_registry.errors import Place, StoreFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

SHA256 = re.compile(r"[0-9a-f]{64}\Z")
#: The fix for a raw part or an original file that is missing or damaged.
FETCH_AGAIN = (
    "`fitglue doctor --repair` has the next sync fetch it again; or `fitglue backup restore FILE "
    "--replace`"
)


@dataclass(frozen=True, slots=True)
class Blob:
    """One stored content, without its bytes."""

    sha256: str  # 64 hex digits in lower case
    size: int  # bytes
    stored_at: datetime  # when it was last put, with a time zone


class BlobStore(Protocol):
    """A store of contents that are addressed by their sha256 in hex; an embedder may bring its own.

    The caller puts a blob before it commits the row that names it, and deletes a blob only after it
    has committed that no row names it. A process that is killed in between leaves an orphan, which
    ``sweep`` removes, and never a row without its blob.
    """

    def put(self, content: bytes) -> str:
        """Store the content durably, and return its sha256.

        If it is stored already, it is not stored twice, but its ``stored_at`` becomes now.

        Raises:
            StoreFailed: The content could not be written.
        """

    def get(self, sha256: str) -> bytes:
        """Return the content, after its hash was verified.

        Raises:
            StoreFailed: FG-blob-missing or FG-blob-damaged.
        """

    def has(self, sha256: str) -> bool:
        """Return whether the content is stored, without reading it."""

    def delete(
        self,
        sha256: str,
        *,
        stored_before: datetime | None = None,
    ) -> bool:
        """Remove the content, and return whether it was there and was removed.

        Args:
            sha256: The hash of the content.
            stored_before: If given, content that was put at or after this moment is kept: the row
                that names it may not be committed yet.
        """

    def all(self) -> Iterator[Blob]:
        """Yield every stored content, in no particular order."""

    def discard_unfinished(self, older_than: datetime) -> int:
        """Remove what killed processes left half written before this moment, and return the count.

        Later ones are kept, because another process may be writing them.
        """


def put_many(store: BlobStore, contents: Sequence[bytes]) -> frozenset[str]:
    """Store several contents durably, and return their hashes.

    A store may have a method ``put_many`` of the same form, which waits for the disk only once for
    all of them. A store without it gets one after the other.

    Raises:
        StoreFailed: One of them could not be written.
    """
    together: Callable[[Sequence[bytes]], list[str]] | None = getattr(store, "put_many", None)
    if together is not None:
        return frozenset(together(contents))
    return frozenset(store.put(content) for content in contents)


class MemoryBlobStore:
    """A blob store in memory, which loses everything when the process ends."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}
        self._stored_at: dict[str, datetime] = {}

    def put(self, content: bytes) -> str:
        """Store a copy of the content, and return its sha256."""
        sha256 = hashlib.sha256(content).hexdigest()
        self._contents[sha256] = bytes(content)
        self._stored_at[sha256] = datetime.now(UTC)
        return sha256

    def get(self, sha256: str) -> bytes:
        """Return the content."""
        if not self.has(sha256):
            raise missing_blob(sha256)
        return self._contents[sha256]

    def has(self, sha256: str) -> bool:
        """Return whether the content is stored."""
        return checked_sha256(sha256) in self._contents

    def delete(
        self,
        sha256: str,
        *,
        stored_before: datetime | None = None,
    ) -> bool:
        """Remove the content, unless it was put since ``stored_before``."""
        if not self.has(sha256):
            return False
        if stored_before and self._stored_at[sha256] >= stored_before:
            return False
        del self._contents[sha256]
        del self._stored_at[sha256]
        return True

    def all(self) -> Iterator[Blob]:
        """Yield every stored content."""
        for sha256, content in list(self._contents.items()):
            yield Blob(sha256, len(content), self._stored_at[sha256])

    def discard_unfinished(self, older_than: datetime) -> int:  # noqa: ARG002 - the protocol's
        """Return 0: a put into memory is never half done."""
        return 0


def sweep(
    store: BlobStore,
    keep: Collection[str],
    older_than: datetime,
) -> list[str]:
    """Remove the blobs that no row names, and return their hashes.

    Args:
        store: The blob store.
        keep: The hashes that rows name.
        older_than: Blobs that were put at or after this moment are kept. Leave at least an hour,
            since a blob is put before the row that names it is committed.
    """
    store.discard_unfinished(older_than)
    orphans = []
    for blob in store.all():
        if blob.sha256 not in keep and blob.stored_at < older_than:
            orphans.append(blob.sha256)
    # The condition is checked again: an orphan may have been put once more since it was listed.
    return [sha256 for sha256 in orphans if store.delete(sha256, stored_before=older_than)]


def checked_sha256(sha256: str) -> str:
    """Return the hash unchanged; raise ``StoreFailed`` for any other text.

    A hash becomes a path, so a text such as ``../../x`` must not pass.
    """
    if not SHA256.match(sha256):
        raise StoreFailed("FG-blob-missing", f"{sha256[:80]!r} is not a sha256 in hex")
    return sha256


def missing_blob(sha256: str, path: Path | None = None) -> StoreFailed:
    """Return the error for a hash under which no content is stored."""
    return StoreFailed(
        "FG-blob-missing",
        f"the original file {sha256[:12]}… is missing",
        at=Place(file=str(path)) if path else None,
        fix=FETCH_AGAIN,
    )
