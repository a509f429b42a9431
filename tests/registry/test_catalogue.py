"""Folders → catalogue: what works is there, with what is wrong beside it."""

import pytest

from fitglue_registry.errors import UserMistake
from fitglue_registry.registry import Folder
from fitglue_registry.registry.loading import load_catalogue


def test_one_bad_file_never_hides_the_others(registry):
    """What works is there, what does not stands beside it with its place."""
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
    """An integration and a source may share an id."""
    registry.add("sources/demo.yaml")
    registry.add("integrations/demo.yaml", kind="integration")
    loaded = load_catalogue([registry.folder])
    assert ([entry.key for entry in loaded.entries()], len(loaded.entries("source"))) == (
        ["integration/demo", "source/demo"],
        1,
    )
    assert ("source", "demo") in loaded


def test_the_first_folder_wins(registry, tmp_path):
    """A later folder cannot take the place of an entry that is already there."""
    registry.add(summary="Ours.")
    other = type(registry)(tmp_path / "other")
    other.add(summary="Theirs.")
    loaded = load_catalogue([registry.folder, Folder(other.root, "other-distribution")])
    assert loaded.get("source", "demo").summary == "Ours."
    assert other.shown(loaded.problems[0]) == (
        "sources/demo.yaml:3:5, id: FG-entry-duplicate: source/demo is here a second time\n"
        f"why: it is already in {registry.root}/sources/demo.yaml (demo-distribution)\nfix: "
        "give this one an id of its own, or remove it"
    )


def test_an_unknown_entry_names_the_nearest(registry):
    """A mistyped id is answered with what was most likely meant."""
    registry.add("sources/intervals.yaml")
    with pytest.raises(UserMistake) as unknown:
        load_catalogue([registry.folder]).get("source", "intervalls")
    assert registry.shown(unknown.value) == (
        "None: FG-unknown-entry: there is no source 'intervalls'\nwhy: there are: "
        "intervals\nfix: did you mean intervals?"
    )


def test_booster_is_another_word_for_enricher(registry):
    """A booster is found under either word."""
    registry.add("boosters/load.yaml", kind="booster")
    assert load_catalogue([registry.folder]).get("booster", "load").kind == "enricher"


def test_tiers_stand_in_order(registry):
    """A tier includes the entries of those before it, and a tier that nobody knows includes
    nothing.
    """
    registry.add(tier="athlete")
    loaded = load_catalogue([registry.folder])
    entry = loaded.get("source", "demo")
    assert [loaded.tier_includes(tier, entry) for tier in ("hobbyist", "athlete", "gold")] == [
        False,
        True,
        False,
    ]


def test_a_folder_that_is_gone_is_a_problem(tmp_path):
    """A distribution whose folder is missing is named, and nothing fails."""
    loaded = load_catalogue([Folder(tmp_path / "gone", "demo-distribution")])
    assert [problem.what for problem in loaded.problems] == [
        "the folder of entries of demo-distribution is not there"
    ]
