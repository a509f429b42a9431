"""Divides pairs of stored source activities into batches whose documents fit into memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.model import decode
from fitglue_registry.plugin_api import Pair, Side
from fitglue_registry.store.source_activity_rows import documents_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.source_activity_rows import SourceActivityRow

    #: The ids of two source activities.
    Ids = tuple[int, int]

#: The characters that the decoded documents of one batch may have; an object in them takes up to
#: thirty times the memory of its two brackets.
_MOST_CHARACTERS = 2_000_000
_MOST_PAIRS = 10_000


class PairBatches:
    """The pairs of one matching, in batches; each iteration begins with the first.

    A document is decoded once for all pairs in which it is, unless the documents of all pairs are
    too large to be in memory together.

    Args:
        db: A transaction.
        pairs: The ids of each pair.
        rows: Id → row of every source activity in a pair.
    """

    def __init__(
        self,
        db: Db,
        pairs: Sequence[Ids],
        rows: Mapping[int, SourceActivityRow],
    ) -> None:
        self._db = db
        self._pairs = pairs
        self._rows = rows
        self._sides: dict[int, Side] = {}

    def __iter__(self) -> Iterator[tuple[list[Ids], list[Pair]]]:
        """Yield each batch: the ids of its pairs, and the pairs."""
        for ids, needed in self._batches():
            self._load(needed)
            yield ids, [Pair(self._sides[first], self._sides[second]) for first, second in ids]

    def _batches(self) -> Iterator[tuple[list[Ids], set[int]]]:
        """Yield the ids of the pairs of each batch, and those of their source activities."""
        batch: list[Ids] = []
        needed: set[int] = set()
        size = 0
        for pair in self._pairs:
            added = self._size(set(pair) - needed)
            is_full = len(batch) >= _MOST_PAIRS or size + added > _MOST_CHARACTERS
            if batch and is_full:
                yield batch, needed
                batch, needed, size = [], set(), 0
                added = self._size(set(pair))
            batch.append(pair)
            needed.update(pair)
            size += added
        if batch:
            yield batch, needed

    def _size(self, ids: set[int]) -> int:
        return sum(self._rows[number].document_size for number in ids)

    def _load(self, needed: set[int]) -> None:
        """Decode the documents of a batch that are not decoded yet."""
        if self._size(self._sides.keys() | needed) > _MOST_CHARACTERS:
            for number in self._sides.keys() - needed:
                del self._sides[number]
        rows = [self._rows[number] for number in sorted(needed - self._sides.keys())]
        for number, document in documents_of(self._db, rows):
            row = self._rows[number]
            activity = decode(document)
            self._sides[number] = Side(row.connection_id, row.entry, row.external_id, activity)
