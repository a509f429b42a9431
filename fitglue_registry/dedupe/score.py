"""The verdict on a pair: same, different or ask, with its probability and the lines of evidence
that it was made of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fitglue_registry.dedupe import evidence
from fitglue_registry.dedupe.weights import probability

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_registry.dedupe.traits import Samples, Traits
    from fitglue_registry.dedupe.weights import Weights

    Recordings = tuple[Samples | None, Samples | None]

Said = Literal["same", "different", "ask"]

_ORDER: tuple[Said, ...] = ("different", "ask", "same")

#: Besides these, something must agree before a pair is *same*: that two things happen at once does
#: not make them one.
_CIRCUMSTANCES = frozenset({"time", "account", "sport"})
_AT_ONCE = frozenset({"same second", "same minute", "together", "inside", "in part"})
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
class Verdict:
    """What the score says of a pair."""

    said: Said
    probability: float
    lines: tuple[Line, ...]
    rule: str = ""  # why it is less than the probability says


def judge(
    one: Traits, two: Traits, weights: Weights, samples: Callable[[], Recordings] | None = None
) -> Verdict:
    """The verdict on two source activities.

    ``samples`` gives both recordings; it is called only where what they may say could change the
    verdict, for reading them is slow.
    """
    levels = evidence.levels(one, two, weights.cuts)
    bits = weights.prior + sum(weights.bits[line][level] for line, level in levels.items())
    if samples is not None and _in_doubt(bits, weights):
        first, second = samples()
        sampled = evidence.sample_levels(one, two, first, second, weights.cuts)
        levels |= sampled
        bits += sum(weights.bits[line][level] for line, level in sampled.items())
    lines = tuple(
        Line(line, level, round(weights.bits[line][level], 2)) for line, level in levels.items()
    )
    by_bits, (at_most, rule) = _by_bits(bits, weights), _at_most(one, two, levels)
    if _ORDER.index(by_bits) <= _ORDER.index(at_most):
        return Verdict(by_bits, probability(bits), lines)
    return Verdict(at_most, probability(bits), lines, rule)


def _in_doubt(bits: float, weights: Weights) -> bool:
    return (
        bits + weights.least_from_samples < weights.same
        and bits + weights.most_from_samples >= weights.ask
    )


def _by_bits(bits: float, weights: Weights) -> Said:
    return "different" if bits < weights.ask else "ask" if bits < weights.same else "same"


def _at_most(one: Traits, two: Traits, levels: evidence.Levels) -> tuple[Said, str]:
    """What a pair can be whatever the score, and why: what labels cannot teach, for they hold no
    different workouts that overlap.
    """
    if _is_leg_beside_leg(one, two):
        return "different", "they are legs of one multisport event"
    if _CIRCUMSTANCES.issuperset(levels):
        return _by_circumstances(one, two, levels)
    of_one_account = levels["account"] == "one"
    # An account that holds both tells them apart; of two accounts, one may have lost the rest.
    if _is_fragment(levels):
        return (
            "different" if of_one_account else "ask",
            "less than half of a workout is a part of it, and no copy",
        )
    # Laps, a race and its cool-down, commutes.
    if of_one_account and levels["time"] not in _AT_ONCE:
        return "ask" if levels["time"] == "same day" else "different", "one account has one clock"
    if of_one_account and levels.get("heart") == levels.get("calories") == "far":
        return "ask", "two people who share an account may have set off together"
    if levels["time"] in _SHIFTED and not _FINGERPRINTS.intersection(levels.items()):
        return "ask", "hours apart, nothing shows that one clock was off"
    return "same", ""


def _by_circumstances(one: Traits, two: Traits, levels: evidence.Levels) -> tuple[Said, str]:
    """Where nothing but the circumstances can be compared; a stub has nothing else, and nothing to
    lose.
    """
    if levels["time"] not in _AT_ONCE:
        return "different", "nothing but the time can be compared"
    return (
        ("same", "")
        if one.stub or two.stub
        else ("ask", "that two things happen at once does not make them one")
    )


def _is_leg_beside_leg(one: Traits, two: Traits) -> bool:
    return one.parent is not None and one.parent == two.parent and one.account == two.account


def _is_fragment(levels: evidence.Levels) -> bool:
    # No part has the heart rate of the whole: where that is equal, one of the sizes is wrong.
    return "a fragment" in (levels.get("size"), levels.get("duration")) and levels.get(
        "heart"
    ) not in ("equal", "equal twice")
