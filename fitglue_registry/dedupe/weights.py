"""The match weights: what each level of agreement is worth in bits, and the thresholds.

A weight is log2(m / u), after Fellegi and Sunter ("A Theory for Record Linkage", JASA 64, 1969).
The m probability is the share of the level among pairs that are the same workout, and the u
probability is its share among pairs that are not. ``benchmarks/learn.py`` learns both from labeled
pairs and writes ``weights.toml``. ``matching.toml`` has everything that is set by hand.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Cuts = dict[str, float]
"""The cut-off values between comparison levels, by name, as ``matching.toml`` states them."""

#: The comparisons that need the samples of both recordings.
SAMPLE_COMPARISONS = ("track", "curve")


@dataclass(frozen=True)
class Weights:
    """The match weights of all levels, the prior and the thresholds, all of them in bits.

    The sum of the prior and the weights of a pair is log2 of the odds that it is the same workout.

    Attributes:
        prior: log2 of the odds before any evidence.
        same: The lowest sum for which a pair is *same*.
        ask: The lowest sum for which a pair is *ask*, that is, goes to clerical review.
        cuts: The cut-off values between levels.
        bits: Comparison → level → match weight.
    """

    prior: float
    same: float
    ask: float
    cuts: Cuts
    bits: Mapping[str, Mapping[str, float]]

    @cached_property
    def most_from_samples(self) -> float:
        """The most that the comparisons of samples can add to the sum."""
        return sum(max(self.bits[comparison].values()) for comparison in SAMPLE_COMPARISONS)

    @cached_property
    def least_from_samples(self) -> float:
        """The least that the comparisons of samples can add to the sum, a negative number."""
        return sum(min(self.bits[comparison].values()) for comparison in SAMPLE_COMPARISONS)


def probability(bits: float) -> float:
    """Return the probability for log2 odds: odds / (1 + odds)."""
    # Beyond 60 bits the result is 0 or 1 in double precision, and the power could overflow.
    return float(1.0 / (1.0 + 2.0 ** -max(min(bits, 60.0), -60.0)))


def matching_rules() -> dict[str, Any]:
    """Return the content of ``matching.toml``: cuts, thresholds and assumptions set by hand."""
    return _read_toml("matching.toml")


@lru_cache(maxsize=1)
def learned_weights() -> Weights:
    """Return the weights that are part of this version of the package."""
    return weights_of(_read_toml("weights.toml"), matching_rules())


def _read_toml(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(name).read_text("utf-8"))


def weights_of(table: Mapping[str, Any], rules: Mapping[str, Any]) -> Weights:
    """Return the weights of a learned table, with the cuts and thresholds of these rules.

    Args:
        table: A table in the form of ``weights.toml``.
        rules: A table in the form of ``matching.toml``.
    """
    bits = {}
    for comparison, levels in table["weights"].items():
        bits[comparison] = {level: float(row["bits"]) for level, row in levels.items()}
    thresholds = rules["thresholds"]
    return Weights(
        prior=float(table["prior"]),
        same=float(thresholds["same"]),
        ask=float(thresholds["ask"]),
        cuts=dict(rules["cuts"]),
        bits=bits,
    )
