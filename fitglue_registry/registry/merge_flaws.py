"""The rules for ``merge.yaml`` that a schema cannot express."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.model import SourceActivity
from fitglue_registry.registry.flaw import Flaw
from fitglue_registry.registry.merge_rules import UNDECIDED
from fitglue_registry.registry.pattern import fault_of
from fitglue_registry.validation.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fitglue_registry.registry.merge_rules import MergeRules
    from fitglue_registry.validation.violation import KeyPath


def merge_flaws(rules: MergeRules) -> Iterator[Flaw]:
    """Yield every flaw of the merge rules."""
    yield from _fields(rules)
    yield from _patterns("patterns", rules.default_titles.patterns)
    yield from _patterns("derived", rules.default_titles.derived)


def _patterns(key: str, patterns: Iterable[str]) -> Iterator[Flaw]:
    """Yield a flaw for each pattern of titles that is not a regular expression."""
    for number, pattern in enumerate(patterns):
        fault = fault_of(pattern)
        if fault is not None:
            yield Flaw(
                "FG-entry-bad-pattern",
                ("default_titles", key, number),
                f"{pattern!r} is not a regular expression: {fault}",
            )


def _fields(rules: MergeRules) -> Iterator[Flaw]:
    """Yield a flaw for each field that does not exist or that is in two rules."""
    known = sorted(set(SourceActivity.__struct_fields__) - UNDECIDED)
    rule_of: dict[str, str] = {}
    for number, rule in enumerate(rules.rules):
        for position, name in enumerate(rule.fields):
            path = ("rules", number, "fields", position)
            if name not in known:
                yield _unknown_field(path, name, known)
            # Two rules could choose different source activities for one field.
            elif name in rule_of:
                yield Flaw(
                    "FG-merge-field-twice",
                    path,
                    f"{name} is in two rules",
                    f"rule {rule_of[name]} has it as well",
                    "remove it from one of them",
                )
            rule_of.setdefault(name, rule.name)


def _unknown_field(
    path: KeyPath,
    name: str,
    known: list[str],
) -> Flaw:
    near = nearest(name, known)
    return Flaw(
        "FG-merge-unknown-field",
        path,
        f"{name!r} is not a field that merge rules decide",
        fix=f"did you mean {near}?" if near else "docs/data-model.md lists the fields",
    )
