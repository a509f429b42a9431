"""Decides about a pair: *same*, *different* or *ask*, with the probability and the evidence.

*Ask* is the clerical review of record linkage: the athlete is asked. ``judge`` adds up the match
weights of the pair's levels and compares the sum with two thresholds, as in Fellegi and Sunter
("A Theory for Record Linkage", JASA 64, 1969). Afterwards a few rules may lower the verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.dedupe.evidence import comparison_levels
from fitglue_registry.dedupe.weights import probability
from fitglue_registry.model.stored import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_registry.dedupe.evidence import Levels
    from fitglue_registry.dedupe.traits import Samples, Traits
    from fitglue_registry.dedupe.weights import Weights

    Recordings = tuple[Samples | None, Samples | None]

#: Verdicts in ascending order, so that a rule can lower one.
_ORDER = (Verdict.DIFFERENT, Verdict.ASK, Verdict.SAME)

#: Comparisons that cannot make a pair *same* on their own: two workouts can happen at the same
#: time.
_CIRCUMSTANTIAL = frozenset({"time", "account", "sport"})
_SIMULTANEOUS = frozenset(
    {
        "same second",
        "same minute",
        "together",
        "inside",
        "in part",
    }
)
_SHIFTED = frozenset({"hours to the second", "hours to the minute"})
#: Levels that two different workouts hardly ever reach. Many runs are ten kilometers long, but few
#: are 10,002 meters long and take the same number of seconds.
_FINGERPRINTS = frozenset(
    {
        ("size", "identical"),
        ("heart", "equal twice"),
        ("track", "same points"),
        ("curve", "one curve"),
    }
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The result of one comparison: the level at which a pair agrees, and its match weight."""

    comparison: str
    level: str
    bits: float


@dataclass(frozen=True, slots=True)
class Judgment:
    """The decision of the score about a pair.

    Attributes:
        verdict: Whether the two are one workout.
        probability: The probability that they are, from the match weights.
        evidence: The result of each comparison.
        rule: Why the verdict is lower than the probability suggests, or an empty text.
    """

    verdict: Verdict
    probability: float
    evidence: tuple[Evidence, ...]
    rule: str = ""


def judge(
    first: Traits,
    second: Traits,
    weights: Weights,
    read_samples: Callable[[], Recordings] | None = None,
) -> Judgment:
    """Decide whether two source activities are one workout.

    Args:
        first: The values of one source activity.
        second: The values of the other one.
        weights: The match weights, cut-off values and thresholds.
        read_samples: Reads both recordings. It is slow, so it is called only if the samples could
            change the verdict.
    """
    levels = comparison_levels(first, second, weights.cuts)
    bits = weights.prior + _match_weight(levels, weights)
    if read_samples is not None and _is_in_doubt(bits, weights):
        # Few pairs are in doubt, and NumPy takes 75 to 90 ms to import. If the function were passed
        # in from above instead, every signature from the workspace down to here would carry it, in
        # matching, decisions and the benchmarks.
        from fitglue_registry.dedupe.recordings import sample_levels

        sampled = sample_levels((first, second), read_samples(), weights.cuts)
        levels |= sampled
        bits += _match_weight(sampled, weights)

    evidence = []
    for comparison, level in levels.items():
        evidence.append(Evidence(comparison, level, round(weights.bits[comparison][level], 2)))
    verdict = _verdict_of(bits, weights)
    highest, rule = _highest_verdict(first, second, levels)
    if _ORDER.index(verdict) <= _ORDER.index(highest):
        return Judgment(verdict, probability(bits), tuple(evidence))
    return Judgment(highest, probability(bits), tuple(evidence), rule)


def _match_weight(levels: Levels, weights: Weights) -> float:
    """Return the sum of the match weights of these levels, in bits."""
    return sum(weights.bits[comparison][level] for comparison, level in levels.items())


def _is_in_doubt(bits: float, weights: Weights) -> bool:
    """Return whether the samples can move the sum across a threshold."""
    least = bits + weights.least_from_samples
    most = bits + weights.most_from_samples
    return least < weights.same and most >= weights.ask


def _verdict_of(bits: float, weights: Weights) -> Verdict:
    if bits < weights.ask:
        return Verdict.DIFFERENT
    if bits < weights.same:
        return Verdict.ASK
    return Verdict.SAME


def _highest_verdict(
    first: Traits,
    second: Traits,
    levels: Levels,
) -> tuple[Verdict, str]:
    """Return the highest verdict that the rules allow, and the reason if it is not *same*.

    The weights cannot express these rules: among the labeled pairs from which they were learned, no
    different workouts overlap in time.
    """
    if _are_legs_of_one_event(first, second):
        return Verdict.DIFFERENT, "they are legs of one multisport event"
    if _CIRCUMSTANTIAL.issuperset(levels):
        return _highest_by_circumstances(first, second, levels)
    is_one_account = levels["account"] == "one"
    # An account that holds both the part and the whole distinguishes them on purpose. Of two
    # accounts, one may have lost the rest of the recording.
    if _is_fragment(levels):
        verdict = Verdict.DIFFERENT if is_one_account else Verdict.ASK
        return verdict, "one is less than half of the other, so it is a part and not a copy"
    # Such pairs are laps, a race and its cool-down, or two commutes. One account has one clock, so
    # a wrong clock cannot explain the gap.
    if is_one_account and levels["time"] not in _SIMULTANEOUS:
        verdict = Verdict.ASK if levels["time"] == "same day" else Verdict.DIFFERENT
        return verdict, "records of one account that do not overlap are usually two workouts"
    if is_one_account and levels.get("heart") == levels.get("calories") == "far":
        return Verdict.ASK, "two people who share the account may have started together"
    if levels["time"] in _SHIFTED and not _FINGERPRINTS.intersection(levels.items()):
        return Verdict.ASK, "they start hours apart, and nothing shows that a clock was wrong"
    return Verdict.SAME, ""


def _highest_by_circumstances(
    first: Traits,
    second: Traits,
    levels: Levels,
) -> tuple[Verdict, str]:
    """Return the highest verdict of a pair for which only circumstances can be compared."""
    if levels["time"] not in _SIMULTANEOUS:
        return Verdict.DIFFERENT, "only their times can be compared, and these differ"
    # A stub never has more than a start, and a wrong merge loses nothing, because it has no values.
    if first.stub or second.stub:
        return Verdict.SAME, ""
    return Verdict.ASK, "only their times can be compared, and two workouts can happen at once"


def _are_legs_of_one_event(first: Traits, second: Traits) -> bool:
    """Return whether one record lists both as legs, for example two transitions of a triathlon."""
    have_one_parent = first.parent is not None and first.parent == second.parent
    return have_one_parent and first.account == second.account


def _is_fragment(levels: Levels) -> bool:
    """Return whether one is less than half of the other."""
    if "a fragment" not in (levels.get("size"), levels.get("duration")):
        return False
    # A part does not have the same heart rate as the complete workout. If the heart rates are
    # equal, one of the sizes must be wrong.
    return levels.get("heart") not in ("equal", "equal twice")
