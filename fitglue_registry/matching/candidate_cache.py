"""Makes candidates for dedupe out of stored source activities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.dedupe import Candidate, Samples, traits_of
from fitglue_registry.model import decode
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

    def __init__(self, db: Db) -> None:
        self.db = db
        self._candidates: dict[int, Candidate] = {}
        self._samples: dict[int, Samples | None] = {}

    def of(self, rows: Iterable[SourceActivityRow]) -> list[Candidate]:
        """Return the candidates for these source activities, without those whose record is gone."""
        return [self._candidate(row) for row in rows if not row.gone]

    def _candidate(self, row: SourceActivityRow) -> Candidate:
        """Return the candidate of a source activity; its document is decoded only the
        first time.
        """
        if row.id not in self._candidates:
            account = account_of(row)
            self._candidates[row.id] = Candidate(
                row.id,
                (account, row.external_id, row.leg_no),
                row.claims,
                traits_of(decode(row.document), account),
                lambda: self._samples_of(row.id),
            )
        return self._candidates[row.id]

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
