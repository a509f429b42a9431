"""The table of weights: what a level of agreement is worth, in bits, as it was learned and as it
was told.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.dedupe.evidence import Cuts

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
    return tomllib.loads(files(__package__).joinpath("matching.toml").read_text("utf-8"))


@lru_cache(maxsize=1)
def learned_weights() -> Weights:
    """The weights that ship with this version."""
    table = tomllib.loads(files(__package__).joinpath("weights.toml").read_text("utf-8"))
    return weights_of(table, told())


def weights_of(table: Mapping[str, Any], rules: Mapping[str, Any]) -> Weights:
    """The weights of a learned table under these rules."""
    bits = {
        line: {level: float(row["bits"]) for level, row in levels.items()}
        for line, levels in table["weights"].items()
    }
    thresholds = rules["thresholds"]
    return Weights(
        float(table["prior"]),
        float(thresholds["same"]),
        float(thresholds["ask"]),
        dict(rules["cuts"]),
        bits,
    )
