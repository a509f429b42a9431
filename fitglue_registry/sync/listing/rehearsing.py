"""Finds out what new records would join, in a transaction that is rolled back: a dry run."""

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


def rehearse(run: Run, changes: Sequence[DerivedChange]) -> dict[str, str]:
    """External id → what it would join; everything is written as if it were meant, looked at, and
    taken back.
    """
    if not changes:
        return {}
    with run.rehearsal() as transaction:
        ensure_connection(transaction.db, run.context.connected, run.context.now)
        return _joined(transaction, store_changes(transaction, changes))


def _joined(transaction: Transaction, ids: Collection[int]) -> dict[str, str]:
    """External id → the other records of its activity, for those of these source activities that
    join one, each pair once.
    """
    prefix = f"{_name_in_store(transaction)}/"
    joined = {}
    for names, new in _names_by_activity(transaction, ids):
        joining = sorted(new)
        if len(new) == len(names):
            del joining[0]  # where all are new, the first has nobody to join
        for name in joining:
            others = ", ".join(sorted(names - {name}))
            joined[name.removeprefix(prefix)] = f"one workout with {others}"
    return joined


def _name_in_store(transaction: Transaction) -> str:
    connected = transaction.context.connected
    stored = get_connection(transaction.db, connected.id)
    return connected.name if stored is None else stored.name


def _names_by_activity(
    transaction: Transaction, ids: Collection[int]
) -> Iterator[tuple[set[str], set[str]]]:
    """Of each activity that these source activities belong to: the names of all its records, and
    of those that are new in it.
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
