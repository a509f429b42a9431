"""What a store of original files does: it keeps them verbatim under the hash of their content."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from fitglue_registry.errors import Place, StoreFailed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

SHA256 = re.compile(r"[0-9a-f]{64}\Z")
#: What brings an answer back that is gone or damaged.
FETCH_AGAIN = (
    "`fitglue doctor --mend` has the next sync fetch it again; or `fitglue backup restore FILE "
    "--replace`"
)


@dataclass(frozen=True, slots=True)
class Blob:
    """One stored content; ``stored_at`` is when it was last put."""

    sha256: str
    size: int
    stored_at: datetime


class BlobStore(Protocol):
    """Keeps contents under their sha256 in hex; first the blob, then the row that names it.

    An embedder may bring its own.
    """

    def put(self, content: bytes) -> str:
        """Keep the content durably and return its hash; the same content again is kept once."""

    def get(self, sha256: str) -> bytes:
        """The content, verified; raises ``StoreFailed`` FG-blob-missing or FG-blob-damaged."""

    def has(self, sha256: str) -> bool:
        """Whether it is there, without reading it."""

    def delete(
        self,
        sha256: str,
        *,
        stored_before: datetime | None = None,
    ) -> bool:
        """Remove it, unless it was put at or after that moment; whether it was there and is
        gone.
        """

    def all(self) -> Iterator[Blob]:
        """Everything that is there, in no order."""

    def discard_unfinished(self, older_than: datetime) -> int:
        """Remove what a killed process left half written before that moment; how many there
        were.
        """


class MemoryBlobStore:
    """Forgets everything at the end of the process."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}
        self._stored_at: dict[str, datetime] = {}

    def put(self, content: bytes) -> str:
        """Keep the content."""
        sha256 = hashlib.sha256(content).hexdigest()
        self._contents[sha256] = bytes(content)
        self._stored_at[sha256] = datetime.now(UTC)
        return sha256

    def get(self, sha256: str) -> bytes:
        """The content."""
        if not self.has(sha256):
            raise missing_blob(sha256)
        return self._contents[sha256]

    def has(self, sha256: str) -> bool:
        """Whether it is there."""
        return checked_sha256(sha256) in self._contents

    def delete(
        self,
        sha256: str,
        *,
        stored_before: datetime | None = None,
    ) -> bool:
        """Remove it, unless it was put since."""
        if not self.has(sha256):
            return False
        if stored_before and self._stored_at[sha256] >= stored_before:
            return False
        del self._contents[sha256]
        del self._stored_at[sha256]
        return True

    def all(self) -> Iterator[Blob]:
        """Everything that is there."""
        for sha256, content in list(self._contents.items()):
            yield Blob(sha256, len(content), self._stored_at[sha256])

    def discard_unfinished(self, older_than: datetime) -> int:  # noqa: ARG002 - the protocol's
        """Nothing is ever half written here."""
        return 0


def sweep(
    store: BlobStore,
    keep: Collection[str],
    older_than: datetime,
) -> list[str]:
    """Remove what no row names and what was put before ``older_than``, and return the hashes that
    are gone.

    Leave a generous hour: a blob is put before the row that names it is committed.
    """
    store.discard_unfinished(older_than)
    orphans = []
    for blob in store.all():
        if blob.sha256 not in keep and blob.stored_at < older_than:
            orphans.append(blob.sha256)
    return [sha256 for sha256 in orphans if store.delete(sha256, stored_before=older_than)]


def checked_sha256(sha256: str) -> str:
    """The hash as it is; raises ``StoreFailed`` for any other text, since a hash becomes a path."""
    if not SHA256.match(sha256):
        raise StoreFailed("FG-blob-missing", f"{sha256[:80]!r} is no sha256 in hex")
    return sha256


def missing_blob(sha256: str, path: Path | None = None) -> StoreFailed:
    """The error where no content is kept under a hash."""
    return StoreFailed(
        "FG-blob-missing",
        f"no original file is kept under {sha256[:12]}…",
        at=Place(file=str(path)) if path else None,
        fix=FETCH_AGAIN,
    )
