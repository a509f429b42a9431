"""The pieces of a store that a backup is made of and restored into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from fitglue_registry.store.blobs import BlobStore
    from fitglue_registry.store.database import Database


@dataclass(frozen=True, slots=True)
class StoreFiles:
    """The database, the original files, and the folder of encrypted secrets."""

    database: Database
    blobs: BlobStore
    secrets: Path
