"""The typed values of ``merge.yaml``: rules that choose a source activity for each field.

They apply when several source activities describe one workout; ``docs/data-model.md`` explains the
criteria.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from fitglue_registry.model import SourceActivity

if TYPE_CHECKING:
    from collections.abc import Iterator

Criterion = Literal[
    "measured",
    "corrected",
    "original",
    "whole",
    "agreed",
    "edited",
    "precise",
    "specific",
    "stopped",
    "longest",
    "fullest",
    "densest",
    "with_streams",
]

#: Fields that no rule decides: those that describe the source activity itself, and those that the
#: activity collects from all of its source activities.
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
    """One rule, which decides one or more fields.

    Attributes:
        name: Name for people.
        fields: Fields of a source activity.
        prefer: Criteria in the order in which they are applied.
        together: Whether all fields come from one source activity, even if it lacks some of them.
    """

    name: str
    fields: tuple[str, ...]
    prefer: tuple[Criterion, ...]
    together: bool = False


class DefaultTitles(Struct, frozen=True, forbid_unknown_fields=True):
    """How to recognize a title that a device or a service generated.

    Attributes:
        words: A title that consists only of these words, of words for its sport and its place, and
            of numbers is a default title.
        patterns: Regular expressions for default titles, in lower case.
        derived: Regular expressions for titles made from the name of a file, from an id or from an
            e-mail address, in lower case; every other title is better.
    """

    words: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()


class MergeRules(Struct, frozen=True):
    """All rules of the registry.

    Attributes:
        rules: Rules in the order in which they are applied.
        otherwise: Criteria for each field that no rule names.
        default_titles: How to recognize generated titles.
    """

    rules: tuple[Rule, ...] = ()
    otherwise: tuple[Criterion, ...] = ("measured", "whole", "original")
    default_titles: DefaultTitles = DefaultTitles()

    def all_rules(self) -> Iterator[Rule]:
        """Yield every rule, and then a rule for each field that no rule names."""
        yield from self.rules
        settled = UNDECIDED.union(*(rule.fields for rule in self.rules))
        for name in SourceActivity.__struct_fields__:
            if name not in settled:
                yield Rule(name, (name,), self.otherwise)

    def rule_of(self, field: str) -> Rule | None:
        """Return the rule that decides a field, or ``None`` if no rule does."""
        for rule in self.all_rules():
            if field in rule.fields:
                return rule
        return None
