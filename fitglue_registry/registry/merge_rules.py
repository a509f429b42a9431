"""What ``merge.yaml`` says, as typed, frozen values: which source activity gives which value where
several are one workout.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from fitglue_registry.model import SourceActivity
from fitglue_registry.registry.rules import Flaw
from fitglue_registry.validation.wording import nearest

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
        named = {name for rule in self.rules for name in rule.fields}
        yield from self.rules
        yield from (
            Rule(name, (name,), self.otherwise)
            for name in SourceActivity.__struct_fields__
            if name not in named | UNDECIDED
        )

    def rule_of(self, field: str) -> Rule | None:
        """The rule that decides about a field."""
        return next((rule for rule in self.decided() if field in rule.fields), None)


def flaws(rules: MergeRules) -> Iterator[Flaw]:
    """Everything that a schema cannot say about the rules."""
    known = sorted(set(SourceActivity.__struct_fields__) - UNDECIDED)
    seen: dict[str, str] = {}
    for number, rule in enumerate(rules.rules):
        for place, name in enumerate(rule.fields):
            path = ("rules", number, "fields", place)
            if name not in known:
                near = nearest(name, known)
                yield Flaw(
                    "FG-merge-unknown-field",
                    path,
                    f"{name!r} is no field that rules decide about",
                    fix=f"did you mean {near}?" if near else "docs/data-model.md lists the fields",
                )
            elif name in seen:
                yield Flaw(
                    "FG-merge-field-twice",
                    path,
                    f"{name} stands in two rules",
                    f"rule {seen[name]} has it too",
                    "keep it in one of them",
                )
            seen.setdefault(name, rule.name)
    for number, pattern in enumerate(rules.default_titles.patterns):
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as error:
            yield Flaw(
                "FG-entry-bad-pattern",
                ("default_titles", "patterns", number),
                f"{pattern!r} is not a regular expression: {error}",
            )
