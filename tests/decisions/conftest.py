"""The databases and the library of the store's tests, for the room ``decisions``."""

from tests.store.conftest import (
    activity,
    database,
    days,
    library,
    library_of,
    migrated_file,
    postgresql,
    postgresql_database,
    sqlite,
)

__all__ = [
    "activity",
    "database",
    "days",
    "library",
    "library_of",
    "migrated_file",
    "postgresql",
    "postgresql_database",
    "sqlite",
]
