"""Scores the matcher against labelled pairs, each person left out of what it learned: ``dedupe.py
FOLDER``; ``--speed`` also times it.

FOLDER holds records.jsonl and pairs.jsonl in the form that `fitglue dev match` reads. Writes
docs/dedupe.md and its plot, unless ``--dry``.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dedupe_page
import matching_speed
from labels import Labels
from rivals import BEST, RIVALS, holds

from fitglue_registry.dedupe import Judgment, match
from fitglue_registry.dedupe.linkage import predictions
from fitglue_registry.dedupe.weights import matching_rules, weights_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from labels import Pair

    from fitglue_registry.dedupe import Traits

#: Kinds whose labels do not hang on disjoint times alone: where a wrong merge would show.
HARD = ("same_route", "similar_numbers", "back_to_back")
RESULTS = Path(__file__).resolve().parent / "dedupe-results.json"
_YEAR_S = 365.25 * 86_400


@dataclass
class Tally:
    """What a rule said of the labelled pairs: (is the same, what it said) → pairs."""

    said: Counter[tuple[bool, str]] = field(default_factory=Counter)

    @property
    def precision(self) -> float:
        """Right among those that it called the same."""
        called = self.said[True, "same"] + self.said[False, "same"]
        return self.said[True, "same"] / called if called else 1.0

    def recall(self, *, asked: bool = False) -> float:
        """Found among those that are the same; ``asked`` counts those that a person would be asked
        about.
        """
        whole = sum(count for (same, _), count in self.said.items() if same)
        return (
            (self.said[True, "same"] + (self.said[True, "ask"] if asked else 0)) / whole
            if whole
            else 1.0
        )

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        two = self.precision + self.recall()
        return 2 * self.precision * self.recall() / two if two else 0.0


@dataclass
class Scored:
    """Everything that one run found."""

    whole: Tally = field(default_factory=Tally)
    people: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    kinds: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    rivals: dict[str, dict[str, Tally]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Tally))
    )
    # Probability of a labelled candidate pair, and what it is.
    chances: list[tuple[float, bool]] = field(default_factory=list)
    missed: list[dict[str, Any]] = field(default_factory=list)
    candidates: int = 0
    asked: dict[str, int] = field(default_factory=dict)
    years: dict[str, float] = field(default_factory=dict)

    def add(self, person: str, pair: Pair, said: str, judgment: Judgment | None) -> None:
        """Add what was said of a labelled pair; without a judgment it was no candidate."""
        same = bool(pair.same)
        for tally in (self.whole, self.people[person], self.kinds[pair.kind]):
            tally.said[same, said] += 1
        if judgment is not None:
            self.chances.append((judgment.probability, same))
        if (same and said != "same") or (not same and said == "same"):
            self.missed.append(_miss(person, pair, said, judgment))

    def add_rivals(self, person: str, one: Traits, two: Traits, *, same: bool) -> None:
        """Add what each of the rivals says of a labelled pair."""
        for name, rule in RIVALS.items():
            said = "same" if holds(rule, one, two) else "different"
            self.rivals[name][person].said[same, said] += 1


def score(labels: Labels, rules: Mapping[str, Any]) -> Scored:
    """Match each person with weights that were learned from all others, and compare with the
    labels.
    """
    found = Scored()
    for person, cards in sorted(labels.people.items()):
        weights = weights_of(labels.learned(rules, without=person), rules)
        matched = match(cards, weights)
        said = {(one.first, one.second): one.verdict for one in predictions(matched)}
        found.candidates += len(matched.judgments)
        found.asked[person] = sum(1 for one in said.values() if one == "ask")
        starts = [card.traits.start_s for card in cards if card.traits.start_s is not None]
        found.years[person] = (max(starts) - min(starts)) / _YEAR_S
        for pair in labels.pairs:
            if labels.person(pair) == person and pair.same is not None:
                one, two = labels.sides(pair)
                key = (min(one.id, two.id), max(one.id, two.id))
                found.add(person, pair, said.get(key, "different"), matched.judgments.get(key))
    for pair in labels.pairs:
        if pair.same is not None:
            one, two = labels.sides(pair)
            found.add_rivals(labels.person(pair), one.traits, two.traits, same=pair.same)
    return found


def _miss(person: str, pair: Pair, said: str, judgment: Judgment | None) -> dict[str, Any]:
    """A labelled pair of which something else was said."""
    probability, lines = 0.0, "no candidate"
    if judgment is not None:
        probability = round(judgment.probability, 3)
        lines = ", ".join(f"{part.comparison}: {part.level}" for part in judgment.evidence)
    return {
        "person": person,
        "pair": [pair.a_id, pair.b_id],
        "kind": pair.kind,
        "label": "same" if pair.same else "different",
        "said": said,
        "probability": probability,
        "lines": lines,
        "confidence": pair.confidence,
    }


def together(tallies: Iterable[Tally]) -> Tally:
    """Several tallies as one."""
    return Tally(sum((tally.said for tally in tallies), Counter()))


def calibration(chances: Iterable[tuple[float, bool]]) -> list[dict[str, float]]:
    """In bands of probability: how many labelled candidate pairs, what they were given, and how
    many are the same.
    """
    edges = (0.0, 0.001, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 0.999, 1.0000001)
    bands = []
    for low, high in pairwise(edges):
        inside = [(chance, same) for chance, same in chances if low <= chance < high]
        if inside:
            given, same = (sum(column) / len(inside) for column in zip(*inside, strict=True))
            bands.append(
                {
                    "from": low,
                    "to": min(high, 1.0),
                    "pairs": len(inside),
                    "given": given,
                    "same": same,
                }
            )
    return bands


def figures(found: Scored) -> dict[str, Any]:
    """What the page prints, as plain values."""

    def row(tally: Tally) -> dict[str, Any]:
        counts = {}
        for (same, said), count in sorted(tally.said.items()):
            label = "same" if same else "different"
            counts[f"{label} said {said}"] = count
        return {
            "precision": tally.precision,
            "recall": tally.recall(),
            "with_ask": tally.recall(asked=True),
            "f1": tally.f1,
            "counts": counts,
        }

    worse = [
        person for person, tally in found.people.items() if tally.f1 < found.rivals[BEST][person].f1
    ]
    return {
        "whole": row(found.whole),
        "kinds": {kind: row(tally) for kind, tally in sorted(found.kinds.items())},
        "people": {
            person: row(tally)
            | {
                "best_rival_f1": found.rivals[BEST][person].f1,
                "asked": found.asked[person],
                "years": round(found.years[person], 1),
            }
            for person, tally in sorted(found.people.items())
        },
        "rivals": {name: row(together(people.values())) for name, people in found.rivals.items()},
        "worse_than_best_rival": worse,
        "candidates": found.candidates,
        "asked": sum(found.asked.values()),
        "asked_a_year": sum(found.asked.values()) / sum(found.years.values()),
        "calibration": calibration(found.chances),
        "not_as_labelled": found.missed,
        "wrong_among_hard": sum(found.kinds[kind].said[False, "same"] for kind in HARD),
    }


def main() -> None:
    """Score, time, print, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--speed", action="store_true", help="time it as well: a minute or two")
    parser.add_argument("--dry", action="store_true", help="print, and write nothing")
    options = parser.parse_args()
    rules = matching_rules()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results["score"] = figures(score(Labels(options.folder, rules["cuts"]), rules))
    if options.speed:
        results["speed"] = {
            "from_nothing": [matching_speed.from_nothing(count) for count in (10_000, 100_000)],
            "one_more": matching_speed.one_more(100_000),
        }
    print(dedupe_page.summary(results))
    if not options.dry:
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
        dedupe_page.write(results)


if __name__ == "__main__":
    main()
