"""The table of weights: what a level of agreement is worth, in bits, as it was learned."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Cuts = dict[str, float]
"""The points between two levels, by name, as ``matching.toml`` states them."""

#: The lines that need the samples of both recordings, which are read only where the others leave
#: doubt.
SAMPLED = ("track", "curve")


@dataclass(frozen=True)
class Weights:
    """Line → level → bits (log2 of how much likelier the level is among same than among different
    pairs), after Fellegi and Sunter.

    I. Fellegi, A. Sunter, "A Theory for Record Linkage", JASA 64 (1969).
    """

    prior: float  # bits before any evidence
    same: float  # at least so many bits: same
    ask: float  # at least so many: ask
    cuts: Cuts
    bits: Mapping[str, Mapping[str, float]]

    @cached_property
    def most_from_samples(self) -> float:
        """The most that the lines from samples can add."""
        return sum(max(self.bits[line].values()) for line in SAMPLED)

    @cached_property
    def least_from_samples(self) -> float:
        """The most that they can take away, a negative number."""
        return sum(min(self.bits[line].values()) for line in SAMPLED)


def probability(bits: float) -> float:
    """The probability that log2 odds say."""
    return float(1.0 / (1.0 + 2.0 ** -max(min(bits, 60.0), -60.0)))


def told() -> dict[str, Any]:
    """What ``matching.toml`` says: cuts, thresholds, and what the labels cannot show."""
    return _toml("matching.toml")


@lru_cache(maxsize=1)
def learned_weights() -> Weights:
    """The weights that ship with this version."""
    return weights_of(_toml("weights.toml"), told())


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(name).read_text("utf-8"))


def weights_of(table: Mapping[str, Any], rules: Mapping[str, Any]) -> Weights:
    """The weights of a learned table under these rules."""
    bits = {}
    for line, levels in table["weights"].items():
        bits[line] = {level: float(row["bits"]) for level, row in levels.items()}
    thresholds = rules["thresholds"]
    return Weights(
        prior=float(table["prior"]),
        same=float(thresholds["same"]),
        ask=float(thresholds["ask"]),
        cuts=dict(rules["cuts"]),
        bits=bits,
    )
