"""Learns the weights of the matcher from labeled pairs: how often each level of a comparison is
seen among same and among different pairs.
"""

from __future__ import annotations

import bisect
import math
from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fitglue_registry.dedupe import Traits, evidence
from fitglue_registry.dedupe.recordings import sample_levels
from fitglue_registry.dedupe.time_evidence import time_level

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fitglue_registry.dedupe import Candidate
    from fitglue_registry.dedupe.weights import Cuts

Counts = dict[str, dict[str, Counter[str]]]  # comparison → person → level → number of pairs

#: The levels of each comparison, so that a level that was never seen has a weight as well.
LEVELS = {
    "time": (
        "same second",
        "same minute",
        "together",
        "inside",
        "in part",
        "beside",
        "hours to the second",
        "hours to the minute",
        "same second of some zone",
        "same minute of some zone",
        "same day",
        "apart",
        "unknown",
    ),
    "account": ("one", "two"),
    "sport": ("same", "other"),
    "size": (
        "identical",
        "equal",
        "near",
        "one distance",
        "one duration",
        "loose",
        "a piece",
        "a fragment",
        "other",
    ),
    "duration": ("equal", "near", "far", "a fragment"),
    "distance": ("equal", "near", "far"),
    "heart": ("equal twice", "equal", "near", "apart", "far"),
    "power": ("equal", "near", "far"),
    "calories": ("equal", "near", "far"),
    "climb": ("equal", "near", "far"),
    "track": (
        "same points",
        "many points",
        "same way",
        "part of the way",
        "another way",
        "another place",
    ),
    "curve": ("one curve", "alike", "another curve"),
}
#: The pairs of a person count as the square root of their number, so that no person dominates the
#: weights, and a person with three pairs counts less than one with a thousand.
_SCALE = 8.0


def compare(first: Candidate, second: Candidate, cuts: Cuts) -> dict[str, str]:
    """Return the levels of all comparisons of a pair, including those that the matcher makes only
    if others have no value.
    """
    levels = evidence.comparison_levels(first.traits, second.traits, cuts)
    # The levels that the pair would have if one side had no distance, or no duration: only then
    # does the matcher compare the other value on its own.
    for silent in ("distance_m", "elapsed_s"):
        blanks: dict[str, Any] = (
            {"distance_m": None}
            if silent == "distance_m"
            else {"elapsed_s": None, "moving_s": None}
        )
        bare = evidence.comparison_levels(replace(first.traits, **blanks), second.traits, cuts)
        levels |= {line: level for line, level in bare.items() if line in ("duration", "distance")}
    samples = (first.read_samples(), second.read_samples())
    return levels | sample_levels((first.traits, second.traits), samples, cuts)


def count(pairs: Iterable[tuple[str, Mapping[str, str]]]) -> Counts:
    """Count how often each person's pairs have each level."""
    counts: Counts = defaultdict(lambda: defaultdict(Counter))
    for person, levels in pairs:
        for line, level in levels.items():
            counts[line][person][level] += 1
    return counts


def shares(line: str, counts: Counts) -> dict[str, float]:
    """Return the share of each level over all people, with one pair added to each level (Laplace
    smoothing).
    """
    weighted: Counter[str] = Counter()
    for levels in counts.get(line, {}).values():
        pairs = sum(levels.values())
        for level, seen in levels.items():
            weighted[level] += seen / math.sqrt(pairs) * _SCALE  # type: ignore[assignment]
    total_count = sum(weighted.values()) + len(LEVELS[line])
    return {level: (weighted[level] + 1) / total_count for level in LEVELS[line]}


def chance_shares(
    starts: Mapping[str, Sequence[tuple[float, float]]], cuts: Cuts
) -> dict[str, float]:
    """Return how often the records of different people have each level of the time comparison,
    which is what coincidence produces.

    ``starts`` has for each person the starts in local time and the durations, in seconds.
    """
    seen: Counter[str] = Counter()
    ordered = {person: sorted(moments) for person, moments in starts.items()}
    for person, moments in ordered.items():
        for other, theirs in ordered.items():
            if other <= person:
                continue
            for start, length in moments:
                place = bisect.bisect(theirs, (start - _REACH_S, 0.0))
                while place < len(theirs) and theirs[place][0] <= start + _REACH_S:
                    first, second = (
                        Traits("", start_local_s=at, elapsed_s=long or None)
                        for at, long in ((start, length), theirs[place])
                    )
                    seen[time_level(first, second, cuts)] += 1
                    place += 1
    total_count = sum(seen.values()) + len(LEVELS["time"])
    return {level: (seen[level] + 1) / total_count for level in LEVELS["time"]}


_REACH_S = 26 * 3600.0  # the largest distance of the labeled pairs


def learn(
    same: Sequence[tuple[str, Mapping[str, str]]],
    different: Sequence[tuple[str, Mapping[str, str]]],
    chance: Mapping[str, float],
    rules: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the table of weights: ``prior``, and for each comparison and level the bits, the
    shares among same and different pairs, and the number of pairs seen.
    """
    counts = count(same), count(different)
    table: dict[str, Any] = {
        "prior": round(math.log2(len(same) / len(different)), 2),
        "weights": {},
    }
    for line in LEVELS:
        table["weights"][line] = _line(line, counts, chance, rules)
    return table


def _seen(counts: Counts, line: str, level: str) -> int:
    """Return how many pairs of all people have a level of a comparison."""
    return sum(levels[level] for levels in counts.get(line, {}).values())


def _line(
    line: str, counts: tuple[Counts, Counts], chance: Mapping[str, float], rules: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the weights of all levels of a comparison."""
    among_same, among_different = (shares(line, counts_of_label) for counts_of_label in counts)
    if line == "time":
        among_different = {
            level: share * rules["chance"].get(level, 1.0) for level, share in chance.items()
        }
    rows = {}
    for level in LEVELS[line]:
        seen = [_seen(counts_of_label, line, level) for counts_of_label in counts]
        assumed = rules["assumed"].get(line, {}).get(level)
        same_share, different_share = (
            (assumed["same"], assumed["different"])
            if assumed
            else (among_same[level], among_different[level])
        )
        rows[level] = {
            "bits": round(math.log2(same_share / different_share) * rules["belief"][line], 2),
            "same": float(f"{same_share:.3g}"),
            "different": float(f"{different_share:.3g}"),
            "seen": seen,
            **({"assumed": True} if assumed else {}),
        }
    return rows
