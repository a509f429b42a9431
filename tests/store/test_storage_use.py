"""What the records of an athlete keep in the store."""

from __future__ import annotations

from fitglue_registry.store.storage_use import RECORD_BYTES, stored_bytes


def test_the_records_of_one_athlete_are_counted(library, library_of):
    """Each record counts with its rows, and those of another athlete do not count."""
    assert stored_bytes(library.db, "me") == 0
    library.source_activity()
    library_of(library.db, "you").source_activity()
    library.source_activity()
    assert stored_bytes(library.db, "me") == 2 * RECORD_BYTES
