"""Scores the matcher with labeled pairs: ``dedupe.py FOLDER``.

Each person's pairs are scored with weights that were learned from the other people.

FOLDER has ``records.jsonl`` and ``pairs.jsonl`` in the format that ``fitglue dev match`` reads.
``--speed`` also measures the speed. Writes ``docs/dedupe.md`` and its plot, unless ``--dry`` is
given.
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

#: Kinds of pairs that cannot be told from copies by disjoint times only, so a wrong merge would
#: appear among them.
HARD = ("same_route", "similar_numbers", "back_to_back")
RESULTS = Path(__file__).resolve().parent / "dedupe-results.json"
_YEAR_S = 365.25 * 86_400


@dataclass
class Tally:
    """What a rule decided about the labeled pairs: (is the same, decision) → number of pairs."""

    decided: Counter[tuple[bool, str]] = field(default_factory=Counter)

    @property
    def precision(self) -> float:
        """The share of correct pairs among those that were decided to be the same."""
        positives = self.decided[True, "same"] + self.decided[False, "same"]
        return self.decided[True, "same"] / positives if positives else 1.0

    def recall(self, *, asked: bool = False) -> float:
        """Return the share of the same pairs that were found.

        With ``asked``, pairs that a person is asked about count as found.
        """
        whole = sum(count for (same, _), count in self.decided.items() if same)
        return (
            (self.decided[True, "same"] + (self.decided[True, "ask"] if asked else 0)) / whole
            if whole
            else 1.0
        )

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        total = self.precision + self.recall()
        return 2 * self.precision * self.recall() / total if total else 0.0


@dataclass
class Scored:
    """Everything that one run of the benchmark found."""

    whole: Tally = field(default_factory=Tally)
    people: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    kinds: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    rivals: dict[str, dict[str, Tally]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Tally))
    )
    # The probability of each labeled candidate pair, and whether it is the same.
    chances: list[tuple[float, bool]] = field(default_factory=list)
    missed: list[dict[str, Any]] = field(default_factory=list)
    candidates: int = 0
    asked: dict[str, int] = field(default_factory=dict)
    years: dict[str, float] = field(default_factory=dict)

    def add(self, person: str, pair: Pair, decided: str, judgment: Judgment | None) -> None:
        """Add the decision about a labeled pair.

        ``judgment`` is ``None`` if the pair was not a candidate.
        """
        same = bool(pair.same)
        for tally in (self.whole, self.people[person], self.kinds[pair.kind]):
            tally.decided[same, decided] += 1
        if judgment is not None:
            self.chances.append((judgment.probability, same))
        if (same and decided != "same") or (not same and decided == "same"):
            self.missed.append(_miss(person, pair, decided, judgment))

    def add_rivals(self, person: str, first: Traits, second: Traits, *, same: bool) -> None:
        """Add the decision of each rule of another product about a labeled pair."""
        for name, rule in RIVALS.items():
            decided = "same" if holds(rule, first, second) else "different"
            self.rivals[name][person].decided[same, decided] += 1


def score(labels: Labels, rules: Mapping[str, Any]) -> Scored:
    """Match each person's records with weights learned from all other people, and compare the
    decisions with the labels.
    """
    scored = Scored()
    for person, cards in sorted(labels.people.items()):
        weights = weights_of(labels.learned(rules, without=person), rules)
        matched = match(cards, weights)
        decided = {(pair.first, pair.second): pair.verdict for pair in predictions(matched)}
        scored.candidates += len(matched.judgments)
        scored.asked[person] = sum(1 for verdict in decided.values() if verdict == "ask")
        starts = [card.traits.start_s for card in cards if card.traits.start_s is not None]
        scored.years[person] = (max(starts) - min(starts)) / _YEAR_S
        for pair in labels.pairs:
            if labels.person(pair) == person and pair.same is not None:
                first, second = labels.sides(pair)
                key = (min(first.id, second.id), max(first.id, second.id))
                scored.add(person, pair, decided.get(key, "different"), matched.judgments.get(key))
    for pair in labels.pairs:
        if pair.same is not None:
            first, second = labels.sides(pair)
            scored.add_rivals(labels.person(pair), first.traits, second.traits, same=pair.same)
    return scored


def _miss(person: str, pair: Pair, decided: str, judgment: Judgment | None) -> dict[str, Any]:
    """Return a labeled pair that was decided differently, as plain values."""
    probability, lines = 0.0, "not a candidate"
    if judgment is not None:
        probability = round(judgment.probability, 3)
        lines = ", ".join(f"{part.comparison}: {part.level}" for part in judgment.evidence)
    return {
        "person": person,
        "pair": [pair.a_id, pair.b_id],
        "kind": pair.kind,
        "label": "same" if pair.same else "different",
        "said": decided,
        "probability": probability,
        "lines": lines,
        "confidence": pair.confidence,
    }


def total_of(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of several tallies."""
    return Tally(sum((tally.decided for tally in tallies), Counter()))


def calibration(chances: Iterable[tuple[float, bool]]) -> list[dict[str, float]]:
    """Return the calibration in bands of probability: the number of labeled candidate pairs, their
    mean probability, and the share that is the same.
    """
    # The bands are narrow near 0 and 1, because nearly all pairs are there.
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


def figures(scored: Scored) -> dict[str, Any]:
    """Return what the page prints, as plain values."""

    def row(tally: Tally) -> dict[str, Any]:
        """Return the measures and counts of one tally."""
        counts = {}
        for (same, decided), count in sorted(tally.decided.items()):
            label = "same" if same else "different"
            counts[f"{label} said {decided}"] = count
        return {
            "precision": tally.precision,
            "recall": tally.recall(),
            "with_ask": tally.recall(asked=True),
            "f1": tally.f1,
            "counts": counts,
        }

    worse = [
        person
        for person, tally in scored.people.items()
        if tally.f1 < scored.rivals[BEST][person].f1
    ]
    return {
        "whole": row(scored.whole),
        "kinds": {kind: row(tally) for kind, tally in sorted(scored.kinds.items())},
        "people": {
            person: row(tally)
            | {
                "best_rival_f1": scored.rivals[BEST][person].f1,
                "asked": scored.asked[person],
                "years": round(scored.years[person], 1),
            }
            for person, tally in sorted(scored.people.items())
        },
        "rivals": {name: row(total_of(people.values())) for name, people in scored.rivals.items()},
        "worse_than_best_rival": worse,
        "candidates": scored.candidates,
        "asked": sum(scored.asked.values()),
        "asked_a_year": sum(scored.asked.values()) / sum(scored.years.values()),
        "calibration": calibration(scored.chances),
        "not_as_labeled": scored.missed,
        "wrong_among_hard": sum(scored.kinds[kind].decided[False, "same"] for kind in HARD),
    }


def main() -> None:
    """Score the matcher, measure its speed if asked, print a summary, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--speed", action="store_true", help="also measure the speed (takes a minute or two)"
    )
    parser.add_argument("--dry", action="store_true", help="print the summary, and write nothing")
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
