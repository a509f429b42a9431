"""Makes candidates for dedupe out of stored source activities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.dedupe import Candidate, Samples, traits_of
from fitglue_registry.matching.crowds import claims_without_identity
from fitglue_registry.model import decode
from fitglue_registry.store.source_activity_rows import documents_of
from fitglue_registry.store.stored_streams import load_streams

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.model import Stream
    from fitglue_registry.store.source_activity_rows import SourceActivityRow

_CHANNELS = ("heartrate", "watts")


def account_of(row: SourceActivityRow) -> str:
    """Return the account that lists a source activity, as ``entry account-id``.

    It is the same in every store, whereas the ids of connections are random.
    """
    return f"{row.entry} {row.account_id}"


class CandidateCache:
    """Makes each candidate once, and reads its recording only if the score asks for it."""

    def __init__(self, db: Db, athlete_id: str | None = None) -> None:
        """Make an empty cache.

        Args:
            db: A transaction.
            athlete_id: The athlete whose source activities these are. With it, candidates lack the
                claims that too many other source activities assert.
        """
        self.db = db
        self._athlete_id = athlete_id
        self._candidates: dict[int, Candidate] = {}
        self._samples: dict[int, Samples | None] = {}

    def of(self, rows: Iterable[SourceActivityRow]) -> list[Candidate]:
        """Return the candidates for these source activities, without those whose record is gone."""
        present = [row for row in rows if not row.gone]
        new = {row.id: row for row in present if row.id not in self._candidates}
        ignored = self._without_identity(new.values())
        for row_id, document in documents_of(self.db, new.values()):
            self._candidates[row_id] = self._candidate(new[row_id], document, ignored)
        return [self._candidates[row.id] for row in present]

    def _without_identity(self, rows: Iterable[SourceActivityRow]) -> frozenset[str]:
        claims: set[str] = set()
        for row in rows:
            claims |= row.claims
        if self._athlete_id is None or not claims:
            return frozenset()
        return frozenset(claims_without_identity(self.db, self._athlete_id, claims))

    def _candidate(
        self, row: SourceActivityRow, document: str, ignored: frozenset[str]
    ) -> Candidate:
        account = account_of(row)
        return Candidate(
            row.id,
            (account, row.external_id, row.leg_no),
            row.claims - ignored,
            traits_of(decode(document), account),
            lambda: self._samples_of(row.id),
        )

    def _samples_of(self, source_activity_id: int) -> Samples | None:
        # One workout can be in doubt with several others, and decoding streams is slow.
        """Return the samples of a source activity, or ``None`` if it has no streams."""
        if source_activity_id not in self._samples:
            streams = load_streams(self.db, source_activity_id, ("time", "latlng", *_CHANNELS))
            by_type = {stream.type: stream for stream in streams}
            self._samples[source_activity_id] = _samples(by_type) if by_type else None
        return self._samples[source_activity_id]


def _samples(streams: dict[str, Stream]) -> Samples:
    """Return the samples of a recording, from its streams by type."""
    track: list[tuple[float, float]] = []
    if "latlng" in streams:
        # The values are latitude and longitude in turn.
        flat = streams["latlng"].values.doubles.tolist()
        for latitude, longitude in zip(flat[::2], flat[1::2], strict=True):
            is_number = latitude == latitude  # NaN, which is a gap, is not equal to itself
            if is_number:
                track.append((latitude, longitude))
    seconds = streams["time"].values.doubles if "time" in streams else ()
    channels = {}
    for name in _CHANNELS:
        # A channel of another length has no time for its samples.
        if name in streams and len(streams[name].values) == len(seconds):
            channels[name] = streams[name].values.doubles
    return Samples(track, seconds, channels)
