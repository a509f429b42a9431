"""Divides groups of source activities, so that the documents of each piece fit into memory."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fitglue_registry.store.source_activity_rows import SourceActivityRow

if TYPE_CHECKING:
    from collections.abc import Iterator

Group = Sequence[SourceActivityRow]
"""The rows of what becomes one activity."""
log = logging.getLogger(__name__)

#: The characters of the documents that are merged at once, except for those of a larger group.
_MOST_AT_ONCE = 2_000_000
#: The characters of the documents that are merged into one activity. A workout that ten sources
#: report with a hundred laps each has a third of them.
_MOST_OF_ONE_ACTIVITY = 1_000_000


def batches_of_groups(groups: Sequence[Group]) -> Iterator[list[Group]]:
    """Yield groups in batches, in their order; groups that share an activity are in one batch."""
    batch: list[Group] = []
    size = 0
    for together in _sharing_an_activity(groups):
        added = sum(row.document_size for group in together for row in group)
        if batch and size + added > _MOST_AT_ONCE:
            yield batch
            batch, size = [], 0
        batch += together
        size += added
    if batch:
        yield batch


def rows_to_merge(rows: Group) -> Group:
    """Return the rows from which the values of an activity are taken: usually all.

    If their documents are too large together, the largest are left out, with a warning.
    """
    if sum(row.document_size for row in rows) <= _MOST_OF_ONE_ACTIVITY:
        return rows
    smallest_first = sorted(rows, key=lambda row: (row.document_size, row.external_id, row.id))
    taken: list[SourceActivityRow] = []
    size = 0
    for row in smallest_first:
        size += row.document_size
        if taken and size > _MOST_OF_ONE_ACTIVITY:
            break
        taken.append(row)
    if len(taken) < len(rows):
        log.warning(
            "the documents of %d records of one workout are too large to merge; the values of %s "
            "and %d others are used for its activity",
            len(rows),
            taken[0].external_id,
            len(taken) - 1,
        )
    return taken


def _sharing_an_activity(groups: Sequence[Group]) -> Iterator[list[Group]]:
    """Yield groups in sets that have no activity in common, neither a present nor an earlier one.

    Each set is at the place of its first group.
    """
    sets: dict[int, list[Group]] = {}
    set_of: dict[str, int] = {}
    for number, group in enumerate(groups):
        names = {name for row in group for name in (row.activity_id, row.home_id) if name}
        touched = sorted({set_of[name] for name in names if name in set_of})
        first = touched[0] if touched else number
        joined = sets.setdefault(first, [])
        for other in touched[1:]:
            joined += sets.pop(other)
        joined.append(group)
        for name in names:
            set_of[name] = first
        for name, place in set_of.items() if len(touched) > 1 else ():
            if place in touched:
                set_of[name] = first
    for number in sorted(sets):
        yield sets[number]
