"""The score at work in the store: source activities as cards, their recordings read where there is
doubt, verdicts kept as opinions.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Literal

import msgspec

from fitglue_registry import model
from fitglue_registry.dedupe import (
    SCORE,
    Card,
    Edge,
    Line,
    Samples,
    Scorer,
    Traits,
    Verdict,
    traits_of,
)
from fitglue_registry.store.opinions import drop_opinions, put_opinion
from fitglue_registry.store.stored_streams import load_streams

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.source_activity_rows import SourceActivityRow

_CHANNELS = ("heartrate", "watts")
_PRECISIONS: tuple[Literal["second", "day"], ...] = ("second", "day")


def account_of(row: SourceActivityRow) -> str:
    """The account that lists it, the same in every store: ids of connections are random."""
    return f"{row.entry} {row.account_id}"


class Deck:
    """Cards of source activities, each made once; a recording is read when the score looks at
    it.
    """

    def __init__(self, db: Db) -> None:
        self._db = db
        self._cards: dict[int, Card] = {}
        self._samples: dict[int, Samples | None] = {}

    def of(self, rows: Iterable[SourceActivityRow]) -> list[Card]:
        """The cards of these source activities whose record is not gone."""
        return [self._card(row) for row in rows if not row.gone]

    def _card(self, row: SourceActivityRow) -> Card:
        if row.id not in self._cards:
            account = account_of(row)
            traits = traits_of(model.decode(row.document), account)
            self._cards[row.id] = Card(
                row.id,
                (account, row.external_id, row.leg_no),
                row.claims,
                traits,
                lambda: self._look(row.id),
            )
        return self._cards[row.id]

    def _look(self, number: int) -> Samples | None:
        if number not in self._samples:
            streams = load_streams(self._db, number, ("time", "latlng", *_CHANNELS))
            self._samples[number] = _samples({stream.type: stream for stream in streams})
        return self._samples[number]


def traits_of_figures(row: Any) -> list[Traits]:
    """When and how long a source activity may be, from the columns of the store: enough to tell
    whether a pair is worth a look.

    The columns do not say how exact a start is: what stands at midnight began then, or knows the
    day alone.
    """
    start_utc, start_local = (
        datetime.fromisoformat(text) if text else None for text in (row.start_utc, row.start_local)
    )
    at_midnight = start_local is not None and start_local.time() == time.min
    return [
        traits_of(
            model.SourceActivity(
                start_utc=start_utc,
                start_local=start_local,
                elapsed_s=row.elapsed_s,
                moving_s=row.moving_s,
                start_precision=precision,
            ),
            "",
        )
        for precision in _PRECISIONS[: 1 + at_midnight]
    ]


def _samples(streams: dict[str, model.Stream]) -> Samples | None:
    if not streams:
        return None
    points = streams["latlng"].values.doubles.tolist() if "latlng" in streams else []
    track = [
        (latitude, longitude)
        for latitude, longitude in zip(points[::2], points[1::2], strict=True)
        if latitude == latitude
    ]
    seconds = streams["time"].values.doubles if "time" in streams else ()
    channels = {
        name: streams[name].values.doubles
        for name in _CHANNELS
        if name in streams and len(streams[name].values) == len(seconds)
    }
    return Samples(track, seconds, channels)


def score(
    db: Db, scorer: Scorer, changed: Sequence[Card], near_by: Sequence[Card], now: str
) -> None:
    """Judge every candidate pair of changed source activities anew, and keep what is *same* or
    *ask*: the rest is different.
    """
    drop_opinions(db, [card.id for card in changed], [SCORE])
    by_id = {card.id: card for card in (*changed, *near_by)}
    for edge in scorer.judge_candidates(changed, near_by):
        if edge.verdict != "different" and not by_id[edge.first].claims & by_id[edge.second].claims:
            first, second = sorted((edge.first, edge.second))
            put_opinion(
                db,
                first,
                second,
                SCORE,
                edge.verdict,
                reason_of_verdict(scorer.verdicts[first, second]),
                now,
            )


class Reason(msgspec.Struct):
    """A verdict of the score as an opinion keeps it: its probability, line, level and bits of each
    line of evidence, and the rule.
    """

    probability: float
    lines: list[tuple[str, str, float]]
    rule: str = ""


def reason_of_verdict(verdict: Verdict) -> str:
    """What an opinion of the score keeps as its reason."""
    lines = [(one.line, one.level, one.bits) for one in verdict.lines]
    return msgspec.json.encode(Reason(round(verdict.probability, 4), lines, verdict.rule)).decode()


def verdict_of_opinion(opinion: Any) -> Verdict:
    """The verdict that an opinion of the score holds (a row, or anything with ``verdict`` and
    ``reason``).
    """
    reason = reason_of_text(opinion.reason)
    assert reason is not None
    return Verdict(
        opinion.verdict,
        reason.probability,
        tuple(Line(*line) for line in reason.lines),
        reason.rule,
    )


def reason_of_text(text: str) -> Reason | None:
    """The probability and the lines of a reason that holds such; ``None`` where it is a sentence of
    a plugin or a person.
    """
    try:
        return msgspec.json.decode(text, type=Reason) if text.startswith("{") else None
    except msgspec.DecodeError:
        return None


def edge_of_opinion(said: Any) -> Edge:
    """Anything that was said of a pair, for the clusters."""
    probability = verdict_of_opinion(said).probability if said.said_by == SCORE else 1.0
    return Edge(said.first_id, said.second_id, said.verdict, said.said_by, said.reason, probability)
