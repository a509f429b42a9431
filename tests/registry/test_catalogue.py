"""A catalogue has every valid entry of its folders, and the errors of the others."""

import pytest

from fitglue_registry.errors import UserMistake
from fitglue_registry.registry import Folder
from fitglue_registry.registry.loading import load_catalogue


def test_one_bad_file_never_hides_the_others(registry):
    """A folder with one invalid file gives its valid entries, and the error with its place."""
    registry.add("sources/good.yaml")
    registry.write("sources/bad.yaml", "a: 'b\n")
    loaded = load_catalogue([registry.folder])
    assert [entry.key for entry in loaded] == ["source/good"]
    assert [registry.shown(problem) for problem in loaded.problems] == [
        (
            "sources/bad.yaml:1:4: FG-entry-syntax: this is not YAML: while scanning a quoted "
            "scalar, found unexpected end of stream"
        )
    ]


def test_ids_are_unique_per_kind_only(registry):
    """An integration and a source may have the same id."""
    registry.add("sources/demo.yaml")
    registry.add("integrations/demo.yaml", kind="integration")
    loaded = load_catalogue([registry.folder])
    assert ([entry.key for entry in loaded.entries()], len(loaded.entries("source"))) == (
        ["integration/demo", "source/demo"],
        1,
    )
    assert ("source", "demo") in loaded


def test_the_first_folder_wins(registry, tmp_path):
    """An entry in a later folder cannot replace an entry with the same key."""
    registry.add(summary="Ours.")
    other = type(registry)(tmp_path / "other")
    other.add(summary="Theirs.")
    loaded = load_catalogue([registry.folder, Folder(other.root, "other-distribution")])
    assert loaded.get("source", "demo").summary == "Ours."
    assert other.shown(loaded.problems[0]) == (
        "sources/demo.yaml:3:5, id: FG-entry-duplicate: source/demo exists twice\n"
        f"why: {registry.root}/sources/demo.yaml (demo-distribution) already has it\n"
        "fix: give this entry another id, or remove it"
    )


def test_an_unknown_entry_names_the_nearest(registry):
    """The error for an unknown id names the most similar id that exists."""
    registry.add("sources/intervals.yaml")
    with pytest.raises(UserMistake) as unknown:
        load_catalogue([registry.folder]).get("source", "intervalls")
    assert registry.shown(unknown.value) == (
        "None: FG-unknown-entry: the source 'intervalls' does not exist\n"
        "why: existing ids: intervals\nfix: did you mean intervals?"
    )


def test_booster_is_another_word_for_enricher(registry):
    """An enricher is found by the kind booster as well."""
    registry.add("boosters/load.yaml", kind="booster")
    assert load_catalogue([registry.folder]).get("booster", "load").kind == "enricher"


def test_tiers_are_in_order(registry):
    """A tier includes the entries of the lower tiers, and an unknown tier includes nothing."""
    registry.add(tier="athlete")
    loaded = load_catalogue([registry.folder])
    entry = loaded.get("source", "demo")
    assert [loaded.tier_includes(tier, entry) for tier in ("hobbyist", "athlete", "gold")] == [
        False,
        True,
        False,
    ]


def test_a_folder_that_is_gone_is_a_problem(tmp_path):
    """A distribution whose folder of entries is missing is a problem, but not a failure."""
    loaded = load_catalogue([Folder(tmp_path / "gone", "demo-distribution")])
    assert [problem.what for problem in loaded.problems] == [
        "the folder with the entries of demo-distribution does not exist"
    ]
