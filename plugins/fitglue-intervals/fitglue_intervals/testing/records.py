"""The activities of an account by id, in the order of their start."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING

from fitglue_intervals.testing.content import Given

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from fitglue_intervals.testing.content import Content, Intervals
    from fitglue_intervals.testing.values import Row

_NO_LIMIT = 2**31 - 1


@dataclass(slots=True)
class Record:
    """One row of the list, its contents, and what was changed since.

    ``body`` is the row as JSON, from when it was made until the row changes.
    """

    content: Content
    changes: Row = field(default_factory=dict)
    intervals: Intervals | None = None
    streams: list[Row] | None = None
    body: bytes | None = None

    @property
    def start_text(self) -> str:
        """The local start; empty where the row has none."""
        changed = self.changes.get("start_date_local")
        return str(changed or self.content.start_text)

    def gzipped_streams(self, types: Sequence[str] = ()) -> bytes:
        """The stored streams as JSON, gzip-compressed; all of them unless types are named."""
        content = self.content
        if self.streams is not None:
            content = Given({}, self.streams)
        return content.gzipped_streams(list(types))


class Records:
    """The records of an account; safe to read and to change from any thread."""

    def __init__(self, contents: Mapping[str, Content]) -> None:
        self._lock = RLock()
        self._records = {id_: Record(content) for id_, content in contents.items()}
        self._starts = {id_: record.start_text for id_, record in self._records.items()}
        self._order: list[str] | None = None

    def __contains__(self, id_: object) -> bool:
        return id_ in self._records

    def __getitem__(self, id_: str) -> Record:
        with self._lock:
            return self._records[id_]

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Hold off all changes, so that several reads see one state."""
        with self._lock:
            yield

    def ids(self) -> list[str]:
        """All ids, the newest start first."""
        with self._lock:
            if self._order is None:
                self._order = sorted(
                    self._records,
                    key=self.start_of,
                    reverse=True,
                )
            return list(self._order)

    def start_of(self, id_: str) -> str:
        """The local start of an activity; empty where its row has none."""
        return self._starts[id_]

    def window(
        self,
        oldest: str,
        newest: str,
        limit: int = _NO_LIMIT,
    ) -> list[str]:
        """The newest ``limit`` ids that start within a window of local times, both ends included.

        A row without a start is in every window.
        """
        with self._lock:
            starts = self._starts
            ids = [id_ for id_ in self.ids() if not starts[id_] or oldest <= starts[id_] <= newest]
        return ids[:limit]

    def present(self, ids: Iterable[str]) -> list[str]:
        """Those of the ids that exist, each once, the newest start first."""
        wanted = set(ids)
        with self._lock:
            return [id_ for id_ in self.ids() if id_ in wanted]

    def put(self, id_: str, record: Record) -> None:
        """Add a record, or put it in the place of another one."""
        with self._lock:
            self._records[id_] = record
            self._starts[id_] = record.start_text
            self._order = None

    def remove(self, id_: str) -> None:
        """Remove a record; raises ``KeyError`` for an unknown id."""
        with self._lock:
            del self._records[id_]
            del self._starts[id_]
            self._order = None

    @contextmanager
    def changing(self, id_: str) -> Iterator[Record]:
        """Change one record: afterwards its body is made anew, and its place in the order."""
        with self._lock:
            record = self._records[id_]
            yield record
            record.body = None
            self._starts[id_] = record.start_text
            self._order = None

    @contextmanager
    def changing_all(self) -> Iterator[list[Record]]:
        """Change all records in a way that does not change their order."""
        with self._lock:
            records = list(self._records.values())
            yield records
            for record in records:
                record.body = None
