"""Compares what an athlete keeps with the quota, before more is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.errors import ConnectionStopped
from fitglue_registry.store.storage_use import RECORD_BYTES, stored_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.raw_parts import ReceivedPart

#: An athlete's records are counted again when this share of the quota was added since, because
#: other connections of the athlete may be synced at the same time.
_SHARE = 0.01


@dataclass(slots=True)
class Storage:
    """The bytes that one athlete keeps, as far as the work on one connection knows them.

    Attributes:
        most: The quota in bytes; ``None`` for any number, in which case nothing is counted.
        athlete_id: The athlete.
    """

    most: int | None = None
    athlete_id: str = ""
    _left: int = 0

    def take(
        self,
        db: Db,
        received: Iterable[ReceivedPart],
        new_records: int = 0,
    ) -> None:
        """Check that parts may be stored.

        Args:
            db: The transaction that is to store them.
            received: The parts.
            new_records: How many records were stored in this transaction for the first time.

        Raises:
            ConnectionStopped: FG-storage-full if the athlete would keep more than the quota.
        """
        if self.most is None:
            return
        parts = sum(len(part.body.content) for part in received)
        size = parts + RECORD_BYTES * new_records
        if size <= self._left:
            self._left -= size
            return
        # The rows of the new records are counted already, because they are stored first.
        free = self.most - stored_bytes(db, self.athlete_id)
        if parts > free:
            raise _full(self.most)
        self._left = min(free - parts, int(self.most * _SHARE))


def check_free(
    db: Db,
    athlete_id: str,
    most: int,
) -> None:
    """Check that an athlete does not keep as much as the quota already.

    Args:
        db: A transaction.
        athlete_id: The athlete.
        most: The quota in bytes.

    Raises:
        ConnectionStopped: FG-storage-full.
    """
    if stored_bytes(db, athlete_id) >= most:
        raise _full(most)


def _full(most: int) -> ConnectionStopped:
    return ConnectionStopped(
        "FG-storage-full",
        f"an athlete of this server can keep {most / 1e6:,.1f} MB",
        why="this athlete keeps that much already, or would with what has just arrived",
        fix="remove a connection with its data, or ask the operator of this server; everything "
        "that was stored before is still there",
    )
