"""What ``merge.yaml`` says, as typed, frozen values: which source activity gives which value where
several are one workout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from fitglue_registry.model import SourceActivity

if TYPE_CHECKING:
    from collections.abc import Iterator

Criterion = Literal[
    "measured",
    "original",
    "whole",
    "agreed",
    "edited",
    "precise",
    "specific",
    "longest",
    "fullest",
    "densest",
    "with_streams",
]

#: What a source activity says of itself, and what is joined out of all: no rule decides about
#: these.
UNDECIDED = frozenset(
    {
        "model",
        "leg_no",
        "parent",
        "stub",
        "completeness",
        "provenance",
        "claims",
        "links",
        "tags",
        "metrics",
        "extensions",
    }
)


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """What decides about these fields; ``together``: all come from one source activity, also where
    it lacks some.
    """

    name: str
    fields: tuple[str, ...]
    prefer: tuple[Criterion, ...]
    together: bool = False


class DefaultTitles(Struct, frozen=True, forbid_unknown_fields=True):
    """What tells a title that a device or a service gave from one that somebody wrote."""

    words: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()


class MergeRules(Struct, frozen=True):
    """The rules of the registry, in the order in which they are applied; fields that no rule names
    stand alone.
    """

    rules: tuple[Rule, ...] = ()
    otherwise: tuple[Criterion, ...] = ("measured", "whole", "original")
    default_titles: DefaultTitles = DefaultTitles()

    def decided(self) -> Iterator[Rule]:
        """Every rule, then one for each field that none names."""
        yield from self.rules
        settled = UNDECIDED.union(*(rule.fields for rule in self.rules))
        for name in SourceActivity.__struct_fields__:
            if name not in settled:
                yield Rule(name, (name,), self.otherwise)

    def rule_of(self, field: str) -> Rule | None:
        """The rule that decides about a field."""
        for rule in self.decided():
            if field in rule.fields:
                return rule
        return None
