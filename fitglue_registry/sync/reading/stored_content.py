"""Returns the content that a connection has in the store, so that a worker need not decode it."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from fitglue_registry.model import MODEL_VERSION
from fitglue_registry.store.current_files import current_files
from fitglue_registry.sync.reading.known_content import digest_of
from fitglue_registry.sync.worker_limits import ZIP_SHARE

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Location
    from fitglue_registry.sync.context import SyncContext
    from fitglue_registry.sync.reading.known_content import Known

_NOTHING: Known = frozenset()


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
                    by_size[file.size].add(digest_of(file.external_id, file.revision, digest))
        self._by_size = {size: frozenset(known) for size, known in by_size.items()}

    def at(self, location: Location) -> Known:
        """Return the content that a place may have, judging by its size."""
        # A place that is read in another way than usual gives other records.
        if location.taken or location.undecodable:
            return _NOTHING
        return self._by_size.get(location.size, _NOTHING)
