"""Reads the labeled pairs of a folder (``records.jsonl``, ``pairs.jsonl``) and compares each pair
as the matcher does.
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
    """One labeled pair; ``same`` is ``None`` if nobody can decide it."""

    a_id: str
    b_id: str
    same: bool | None
    kind: str
    how: str = ""
    confidence: float = 1.0


class Labels:
    """The records and labeled pairs of a folder, with the levels that the matcher sees in each
    pair.
    """

    def __init__(self, folder: Path, cuts: dict[str, float]) -> None:
        self.records: list[LabeledRecord] = read_records(folder / "records.jsonl")
        self.people: dict[str, list[Candidate]] = {}
        self.candidates: dict[int, Candidate] = {}
        for person, candidates in candidates_by_person(self.records).items():
            self.people[person] = list(map(_with_cached_samples, candidates))
            self.candidates |= {candidate.id: candidate for candidate in self.people[person]}
        self.number = {record.id: number for number, record in enumerate(self.records)}
        lines = (folder / "pairs.jsonl").read_bytes().splitlines()
        self.pairs = [msgspec.json.decode(line, type=Pair) for line in lines if line.strip()]
        self.levels = [compare(*self.sides(pair), cuts) for pair in self.pairs]
        self._cuts = cuts

    def sides(self, pair: Pair) -> tuple[Candidate, Candidate]:
        """Return the two candidates of a pair."""
        return self.candidates[self.number[pair.a_id]], self.candidates[self.number[pair.b_id]]

    def person(self, pair: Pair) -> str:
        """Return the person to whom a pair belongs."""
        return self.records[self.number[pair.a_id]].person

    def learned(self, rules: Mapping[str, Any], without: str | None = None) -> dict[str, Any]:
        """Return the table of weights, learned from everybody or from everybody except one
        person.
        """
        seen = [
            (self.person(pair), pair.same, levels)
            for pair, levels in zip(self.pairs, self.levels, strict=True)
            if pair.same is not None and self.person(pair) != without
        ]
        same = [(person, levels) for person, is_same, levels in seen if is_same]
        different = [(person, levels) for person, is_same, levels in seen if not is_same]
        starts = {
            person: _starts(candidates)
            for person, candidates in self.people.items()
            if person != without
        }
        return learn(same, different, chance_shares(starts, self._cuts), rules)


def _starts(candidates: list[Candidate]) -> list[tuple[float, float]]:
    """Return the start and the duration, in seconds, of each workout that has a start."""
    starts = []
    for candidate in candidates:
        if candidate.traits.start_s is not None:
            starts.append((candidate.traits.start_s, duration_s(candidate.traits)))
    return starts


def _with_cached_samples(candidate: Candidate) -> Candidate:
    """Return the same candidate, whose samples are decoded only once."""
    return replace(candidate, read_samples=lru_cache(maxsize=1)(candidate.read_samples))
