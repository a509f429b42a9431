"""Finds the activities that new records would join in a dry run.

Everything is stored as in a real sync and then rolled back, so the answer is the matcher's own.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from fitglue_registry.store.activity_details import activities_of
from fitglue_registry.store.connections import ensure_connection, get_connection
from fitglue_registry.store.source_activity_search import with_fellow_members
from fitglue_registry.sync.listing.store_changes import store_changes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from fitglue_registry.sync.listing.derive_changes import DerivedChange
    from fitglue_registry.sync.run import Run, Transaction


def find_joins(run: Run, changes: Sequence[DerivedChange]) -> dict[str, str]:
    """Return which of the changed records would become one activity with other records.

    Args:
        run: The run, in whose store nothing changes.
        changes: The new and changed rows of a window.

    Returns:
        External id → a sentence that names the other records, such as "same workout as
        intervals/i1". Of several new records that join each other, the first one is left out, so
        that each pair is reported once.
    """
    if not changes:
        return {}
    with run.dry_run_transaction() as transaction:
        # The dry run of an import is for a connection that the store does not have yet.
        ensure_connection(transaction.db, run.context.connection, run.context.now)
        return _joined(transaction, store_changes(transaction, changes))


def _joined(transaction: Transaction, ids: Collection[int]) -> dict[str, str]:
    prefix = f"{_name_in_store(transaction)}/"
    joined = {}
    for names, new in _names_by_activity(transaction, ids):
        joining = sorted(new)
        if len(new) == len(names):
            del joining[0]  # if all members are new, the first one has nothing to join
        for name in joining:
            others = ", ".join(sorted(names - {name}))
            joined[name.removeprefix(prefix)] = f"same workout as {others}"
    return joined


def _name_in_store(transaction: Transaction) -> str:
    # If the store already has a connection of this name, it gives a new one another name.
    connection = transaction.context.connection
    stored = get_connection(transaction.db, connection.id)
    return connection.name if stored is None else stored.name


def _names_by_activity(
    transaction: Transaction, ids: Collection[int]
) -> Iterator[tuple[set[str], set[str]]]:
    """Yield for each activity that these source activities joined the names of its records.

    A name is ``connection/external_id``. The first set has all records, the second only those of
    ``ids``.
    """
    db = transaction.db
    members = activities_of(db, with_fellow_members(db, ids))
    new = set()
    names_of = defaultdict(set)
    for number, member in members.items():
        name = member["name"]
        names_of[member["activity_id"]].add(name)
        if number in ids:
            new.add(name)
    for names in names_of.values():
        yield names, names & new
