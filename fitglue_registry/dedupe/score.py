"""The verdict on a pair: same, different or ask, with its probability and lines of evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.dedupe import evidence
from fitglue_registry.dedupe.weights import probability
from fitglue_registry.model.stored import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_registry.dedupe.evidence import Levels
    from fitglue_registry.dedupe.traits import Samples, Traits
    from fitglue_registry.dedupe.weights import Weights

    Recordings = tuple[Samples | None, Samples | None]

#: From what joins a pair least to what joins it most.
_ORDER = (Verdict.DIFFERENT, Verdict.ASK, Verdict.SAME)

#: Besides these, something must agree before a pair is *same*: that two things happen at once does
#: not make them one.
_CIRCUMSTANCES = frozenset({"time", "account", "sport"})
_AT_ONCE = frozenset(
    {
        "same second",
        "same minute",
        "together",
        "inside",
        "in part",
    }
)
_SHIFTED = frozenset({"hours to the second", "hours to the minute"})
#: What only one recording has: a day knows many runs of ten kilometres, and few of ten kilometres
#: and two metres in the same time.
_FINGERPRINTS = frozenset(
    {
        ("size", "identical"),
        ("heart", "equal twice"),
        ("track", "same points"),
        ("curve", "one curve"),
    }
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of evidence: how far a pair agrees in one respect, and what that is worth."""

    line: str
    level: str
    bits: float


@dataclass(frozen=True, slots=True)
class Judgment:
    """What the score says of a pair: the verdict, how likely the two are one workout, and why."""

    verdict: Verdict
    probability: float
    lines: tuple[Line, ...]
    rule: str = ""  # why it is less than the probability says


def judge(
    one: Traits,
    other: Traits,
    weights: Weights,
    read_samples: Callable[[], Recordings] | None = None,
) -> Judgment:
    """The judgment on two source activities.

    ``read_samples`` gives both recordings; it is called only where what they show could change the
    verdict, since reading them is slow.
    """
    levels = evidence.levels(one, other, weights.cuts)
    bits = weights.prior + _bits(levels, weights)
    if read_samples is not None and _is_in_doubt(bits, weights):
        # Few pairs are in doubt, and NumPy takes 75 to 90 ms to import. To be given the function
        # from above instead, every signature from the workspace down to here would carry it, in
        # matching, decisions and the benchmarks.
        from fitglue_registry.dedupe.recordings import sample_levels

        sampled = sample_levels((one, other), read_samples(), weights.cuts)
        levels |= sampled
        bits += _bits(sampled, weights)

    lines = []
    for line, level in levels.items():
        lines.append(Line(line, level, round(weights.bits[line][level], 2)))
    verdict = _by_bits(bits, weights)
    at_most, rule = _at_most(one, other, levels)
    if _ORDER.index(verdict) <= _ORDER.index(at_most):
        return Judgment(verdict, probability(bits), tuple(lines))
    return Judgment(at_most, probability(bits), tuple(lines), rule)


def _bits(levels: Levels, weights: Weights) -> float:
    return sum(weights.bits[line][level] for line, level in levels.items())


def _is_in_doubt(bits: float, weights: Weights) -> bool:
    least = bits + weights.least_from_samples
    most = bits + weights.most_from_samples
    return least < weights.same and most >= weights.ask


def _by_bits(bits: float, weights: Weights) -> Verdict:
    if bits < weights.ask:
        return Verdict.DIFFERENT
    if bits < weights.same:
        return Verdict.ASK
    return Verdict.SAME


def _at_most(
    one: Traits,
    other: Traits,
    levels: Levels,
) -> tuple[Verdict, str]:
    """What a pair can be whatever the score, and why.

    The labels cannot teach this, since they have no different workouts that overlap.
    """
    if _is_leg_beside_leg(one, other):
        return Verdict.DIFFERENT, "they are legs of one multisport event"
    if _CIRCUMSTANCES.issuperset(levels):
        return _by_circumstances(one, other, levels)
    of_one_account = levels["account"] == "one"
    # An account that holds both tells them apart; of two accounts, one may have lost the rest.
    if _is_fragment(levels):
        verdict = Verdict.DIFFERENT if of_one_account else Verdict.ASK
        return verdict, "less than half of a workout is a part of it, and no copy"
    # Laps, a race and its cool-down, commutes.
    if of_one_account and levels["time"] not in _AT_ONCE:
        verdict = Verdict.ASK if levels["time"] == "same day" else Verdict.DIFFERENT
        return verdict, "one account has one clock"
    if of_one_account and levels.get("heart") == levels.get("calories") == "far":
        return Verdict.ASK, "two people who share an account may have set off together"
    if levels["time"] in _SHIFTED and not _FINGERPRINTS.intersection(levels.items()):
        return Verdict.ASK, "hours apart, nothing shows that one clock was off"
    return Verdict.SAME, ""


def _by_circumstances(
    one: Traits,
    other: Traits,
    levels: Levels,
) -> tuple[Verdict, str]:
    """Where only circumstances can be compared; a stub has nothing else, and nothing to lose."""
    if levels["time"] not in _AT_ONCE:
        return Verdict.DIFFERENT, "nothing but the time can be compared"
    if one.stub or other.stub:
        return Verdict.SAME, ""
    return Verdict.ASK, "that two things happen at once does not make them one"


def _is_leg_beside_leg(one: Traits, other: Traits) -> bool:
    return one.parent is not None and one.parent == other.parent and one.account == other.account


def _is_fragment(levels: Levels) -> bool:
    if "a fragment" not in (levels.get("size"), levels.get("duration")):
        return False
    # No part has the heart rate of the whole: where that is equal, one of the sizes is wrong.
    return levels.get("heart") not in ("equal", "equal twice")
