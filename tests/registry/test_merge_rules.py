"""The file ``merge.yaml`` is validated like an entry, and its rules are cached."""

from __future__ import annotations

import json
import typing

import msgspec
import pytest

from fitglue_registry.model import SourceActivity
from fitglue_registry.registry import MergeRules, Rule, default_folder
from fitglue_registry.registry.loading import load_catalogue
from fitglue_registry.registry.merge_rules import UNDECIDED, Criterion
from fitglue_registry.registry.reading import read_merge_rules

SCHEMA = json.loads((default_folder() / "schemas" / "merge.json").read_text())


def complaint_about(registry, text):
    """Return the errors of a check of these rules as text."""
    registry.write("merge.yaml", text)
    return registry.complaints()


def test_the_rules_of_the_registry_decide_about_every_field_once():
    """Every field of a source activity is in exactly one rule, unless no rule decides it."""
    decided = [name for rule in load_catalogue().merge_rules.all_rules() for name in rule.fields]
    assert sorted(decided) == sorted(set(SourceActivity.__struct_fields__) - UNDECIDED)


@pytest.mark.parametrize(
    ("text", "line", "code", "text_of_error"),
    [
        (
            "schema: 1\nrules:\n  - {name: x, fields: [distanse_m], prefer: [original]}\n",
            "3:24",
            "FG-merge-unknown-field",
            "distance_m",
        ),
        (
            "schema: 1\nrules:\n  - {name: x, fields: [title], prefer: [orginal]}\n",
            "3:41",
            "FG-entry-not-allowed",
            "original",
        ),
        (
            (
                "schema: 1\nrules:\n  - {name: a, fields: [rpe], prefer: []}\n  - {name: b, "
                "fields: [rpe], prefer: []}\n"
            ),
            "4:24",
            "FG-merge-field-twice",
            "rule a has it as well",
        ),
        (
            "schema: 1\nrules:\n  - {name: a, fields: [rpe], prefer: [], fuly: 1}\n",
            "3:42",
            "FG-entry-unknown-key",
            "fuly",
        ),
        (
            "schema: 1\nrules: []\ndefault_titles:\n  patterns: ['(']\n",
            "4:14",
            "FG-entry-bad-pattern",
            "not a regular expression",
        ),
        (
            "schema: 1\nrules: []\ndefault_titles:\n  derived: ['a', '[']\n",
            "4:18",
            "FG-entry-bad-pattern",
            "not a regular expression",
        ),
        (
            "schema: 1\nrules: []\ndefault_titles:\n  patterns: ['[[a]']\n",
            "4:14",
            "FG-entry-bad-pattern",
            "which is ambiguous",
        ),
        ("schema: 1\nrules: []\nrules: []\n", "3:1", "FG-entry-duplicate-key", "occurs twice"),
        ("schema: 1\n", "1:1", "FG-entry-missing-key", "rules"),
    ],
)
def test_each_mistake_is_reported_at_its_place(registry, text, line, code, text_of_error):
    """Each mistake in the rules is reported with file, line and column."""
    complaint = complaint_about(registry, text)
    assert complaint.startswith(f"merge.yaml:{line}")
    assert code in complaint
    assert text_of_error in complaint


def test_rules_that_are_wrong_leave_the_catalogue_usable(registry):
    """A catalogue whose merge rules are invalid has a problem, and no special rules."""
    registry.write("merge.yaml", "schema: 1\nrules: 5\n")
    registry.add()
    catalogue = load_catalogue([registry.folder])
    assert ([error.code for error in catalogue.problems], catalogue.merge_rules) == (
        ["FG-entry-wrong-type"],
        MergeRules(),
    )
    assert len(catalogue) == 1


def test_a_registry_without_rules_has_the_built_in_ones(registry):
    """A registry folder without merge rules uses the built-in ones."""
    registry.add()
    assert (
        load_catalogue([registry.folder]).merge_rules
        == read_merge_rules(default_folder() / "merge.yaml")[0]
    )


def test_the_rules_are_read_anew_when_their_file_changes(registry, load_through, tmp_path):
    """Changed merge rules are noticed although the catalogue is cached."""
    registry.add()
    registry.write("merge.yaml", "schema: 1\nrules: []\n")
    assert load_through(tmp_path / "cache", [registry.folder]).merge_rules.rules == ()
    registry.write(
        "merge.yaml", "schema: 1\nrules: [{name: x, fields: [rpe], prefer: [original]}]\n"
    )
    assert load_through(tmp_path / "cache", [registry.folder]).merge_rules.rules == (
        Rule("x", ("rpe",), ("original",)),
    )


def test_schema_and_types_have_the_same_keys_and_criteria():
    """The schema of the merge rules has the same keys and criteria as the types."""
    rule = SCHEMA["properties"]["rules"]["items"]
    assert sorted(rule["properties"]) == sorted(
        field.name for field in msgspec.structs.fields(Rule)
    )
    assert sorted(SCHEMA["properties"]) == sorted(
        {"schema", *(field.name for field in msgspec.structs.fields(MergeRules))}
    )
    assert sorted(SCHEMA["$defs"]["criteria"]["items"]["enum"]) == sorted(
        typing.get_args(Criterion)
    )


@pytest.mark.parametrize("criterion", typing.get_args(Criterion))
def test_each_criterion_is_in_the_docs(criterion):
    """Every criterion is explained in the documentation of the data model."""
    assert f"| `{criterion}` |" in (default_folder().parent / "docs" / "data-model.md").read_text()
