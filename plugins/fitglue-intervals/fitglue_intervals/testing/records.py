"""The activities of an account by id, ordered by their start."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING

from fitglue_intervals.testing.content import Verbatim

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from fitglue_intervals.testing.content import Content, Intervals
    from fitglue_intervals.testing.values import Row

_NO_LIMIT = 2**31 - 1


@dataclass(slots=True)
class Record:
    """One activity of an account.

    Attributes:
        content: The activity as it was generated or captured.
        changes: Keys of the row that were changed since, and their values.
        intervals: The intervals and groups that replaced those of the content, if any did.
        streams: The streams that replaced those of the content, if any did.
        body: The row as JSON, kept until the row changes.
    """

    content: Content
    changes: Row = field(default_factory=dict)
    intervals: Intervals | None = None
    streams: list[Row] | None = None
    body: bytes | None = None

    @property
    def start_text(self) -> str:
        """The local start as ISO text; empty if the row has no start."""
        changed = self.changes.get("start_date_local")
        return str(changed or self.content.start_text)

    def gzipped_streams(self, types: Sequence[str] = ()) -> bytes:
        """Return the streams of these types, or all of them, as gzip-compressed JSON."""
        content = self.content
        if self.streams is not None:
            content = Verbatim({}, self.streams)
        return content.gzipped_streams(list(types))


class Records:
    """The records of an account, which any thread may read and change."""

    def __init__(self, contents: Mapping[str, Content]) -> None:
        # Reentrant, because the account changes several records under one lock.
        self._lock = RLock()
        self._records = {id_: Record(content) for id_, content in contents.items()}
        self._starts = {id_: record.start_text for id_, record in self._records.items()}
        # The order is kept until something changes, so that a request of a large account does not
        # sort all of its ids.
        self._order: list[str] | None = None

    def __contains__(self, id_: object) -> bool:
        return id_ in self._records

    def __getitem__(self, id_: str) -> Record:
        with self._lock:
            return self._records[id_]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Block other threads' changes, so that several reads see one state."""
        with self._lock:
            yield

    def ids(self) -> list[str]:
        """Return all ids, ordered from the newest start to the oldest, as the API lists them."""
        with self._lock:
            if self._order is None:
                self._order = sorted(
                    self._records,
                    key=self.start_of,
                    reverse=True,
                )
            return list(self._order)

    def start_of(self, id_: str) -> str:
        """Return the local start of an activity; an empty text if its row has no start."""
        return self._starts[id_]

    def window(
        self,
        oldest: str,
        newest: str,
        limit: int = _NO_LIMIT,
    ) -> list[str]:
        """Return the newest ``limit`` ids that start within a window of local times.

        Both ends are included. A row without a start is in each window, so that a test of such rows
        always finds them.
        """
        # ISO texts of one notation sort like the times, and a test's broken start still compares.
        with self._lock:
            starts = self._starts
            ids = [id_ for id_ in self.ids() if not starts[id_] or oldest <= starts[id_] <= newest]
        return ids[:limit]

    def present(self, ids: Iterable[str]) -> list[str]:
        """Return the ids that exist, each once, ordered from the newest start to the oldest."""
        wanted = set(ids)
        with self._lock:
            return [id_ for id_ in self.ids() if id_ in wanted]

    def put(self, id_: str, record: Record) -> None:
        """Add a record, or replace the record with this id."""
        with self._lock:
            self._records[id_] = record
            self._starts[id_] = record.start_text
            self._order = None

    def remove(self, id_: str) -> None:
        """Remove a record; raise ``KeyError`` if no record has this id."""
        with self._lock:
            del self._records[id_]
            del self._starts[id_]
            self._order = None

    @contextmanager
    def changing(self, id_: str) -> Iterator[Record]:
        """Give one record to change; its body and its place in the order are computed again."""
        with self._lock:
            record = self._records[id_]
            yield record
            record.body = None
            self._starts[id_] = record.start_text
            self._order = None

    @contextmanager
    def changing_all(self) -> Iterator[list[Record]]:
        """Give all records to change, except for their starts: the order is kept."""
        with self._lock:
            records = list(self._records.values())
            yield records
            for record in records:
                record.body = None
