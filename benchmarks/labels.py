"""The labelled pairs of a folder (`records.jsonl`, `pairs.jsonl`) with every line of evidence of
each.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
from learning import chance_shares, compare, learn

from fitglue_registry.dedupe.labeled import LabeledRecord, candidates_by_person, read_records
from fitglue_registry.dedupe.time_evidence import duration_s

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from fitglue_registry.dedupe import Candidate


class Pair(msgspec.Struct, frozen=True):
    """One labelled pair; ``same`` is ``None`` where nobody can say."""

    a_id: str
    b_id: str
    same: bool | None
    kind: str
    how: str = ""
    confidence: float = 1.0


class Labels:
    """Records, pairs, and what the pairs look like to the matcher."""

    def __init__(self, folder: Path, cuts: dict[str, float]) -> None:
        self.records: list[LabeledRecord] = read_records(folder / "records.jsonl")
        self.people: dict[str, list[Candidate]] = {}
        self.cards: dict[int, Candidate] = {}
        for person, cards in candidates_by_person(self.records).items():
            self.people[person] = list(map(_remembering, cards))
            self.cards |= {card.id: card for card in self.people[person]}
        self.number = {record.id: number for number, record in enumerate(self.records)}
        lines = (folder / "pairs.jsonl").read_bytes().splitlines()
        self.pairs = [msgspec.json.decode(line, type=Pair) for line in lines if line.strip()]
        self.levels = [compare(*self.sides(pair), cuts) for pair in self.pairs]
        self._cuts = cuts

    def sides(self, pair: Pair) -> tuple[Candidate, Candidate]:
        """The two cards of a pair."""
        return self.cards[self.number[pair.a_id]], self.cards[self.number[pair.b_id]]

    def person(self, pair: Pair) -> str:
        """Whose pair it is."""
        return self.records[self.number[pair.a_id]].person

    def learned(self, rules: Mapping[str, Any], without: str | None = None) -> dict[str, Any]:
        """The table of weights, of everybody, or of everybody but one person."""
        seen = [
            (self.person(pair), pair.same, levels)
            for pair, levels in zip(self.pairs, self.levels, strict=True)
            if pair.same is not None and self.person(pair) != without
        ]
        same = [(person, levels) for person, is_same, levels in seen if is_same]
        different = [(person, levels) for person, is_same, levels in seen if not is_same]
        starts = {
            person: _starts(cards) for person, cards in self.people.items() if person != without
        }
        return learn(same, different, chance_shares(starts, self._cuts), rules)


def _starts(cards: list[Candidate]) -> list[tuple[float, float]]:
    """When each workout with a start began, and how long it took."""
    starts = []
    for card in cards:
        if card.traits.start_s is not None:
            starts.append((card.traits.start_s, duration_s(card.traits)))
    return starts


def _remembering(card: Candidate) -> Candidate:
    """The same card, whose polyline is decoded once."""
    return replace(card, read_samples=lru_cache(maxsize=1)(card.read_samples))
