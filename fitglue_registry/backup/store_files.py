"""The pieces of a store that a backup is made of and restored into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fitglue_registry.store.blobs import BlobStore
    from fitglue_registry.store.database import Database


@dataclass(frozen=True, slots=True)
class StoreFiles:
    """The database, the original files, and the folder of encrypted secrets.

    Attributes:
        database: The database.
        blobs: The original files.
        secrets: The folder of encrypted secrets.
        apps: The references of the encrypted apps with which this installation is known at
            services. No row of the database names them.
    """

    database: Database
    blobs: BlobStore
    secrets: Path
    apps: Sequence[str] = ()
