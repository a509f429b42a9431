"""Folders → catalogue, and the cache that is never stale."""

import os
import subprocess
import sys
import time

import pytest

from fitglue_registry.errors import UserMistake
from fitglue_registry.registry import Catalogue, Folder, catalogue


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache folder, with a file system whose clock has no ticks to wait for."""
    monkeypatch.setattr(catalogue, "_settled", lambda stamp, now: True)
    return tmp_path / "cache"


@pytest.fixture
def parsed(monkeypatch):
    """Counts how often folders are really read."""
    reads, real = [], catalogue._read
    monkeypatch.setattr(catalogue, "_read", lambda folders: (reads.append(1), real(folders))[1])
    return reads


def test_one_bad_file_never_hides_the_others(registry):
    """What works is there, what does not stands beside it with its place."""
    registry.add("sources/good.yaml")
    registry.write("sources/bad.yaml", "a: 'b\n")
    loaded = Catalogue.load([registry.folder])
    assert [entry.key for entry in loaded] == ["source/good"]
    assert [registry.told(problem) for problem in loaded.problems] == [
        (
            "sources/bad.yaml:1:4: FG-entry-syntax: this is not YAML: while scanning a quoted "
            "scalar, found unexpected end of stream"
        )
    ]


def test_ids_are_unique_per_kind_only(registry):
    """An integration and a source may share an id."""
    registry.add("sources/demo.yaml")
    registry.add("integrations/demo.yaml", kind="integration")
    loaded = Catalogue.load([registry.folder])
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
    loaded = Catalogue.load([registry.folder, Folder(other.root, "other-distribution")])
    assert loaded.get("source", "demo").summary == "Ours."
    assert other.told(loaded.problems[0]) == (
        "sources/demo.yaml:3:5, id: FG-entry-duplicate: source/demo is here a second time\n"
        f"why: it is already in {registry.root}/sources/demo.yaml (demo-distribution)\nfix: "
        "give this one an id of its own, or remove it"
    )


def test_an_unknown_entry_names_the_nearest(registry):
    """A mistyped id is answered with what was most likely meant."""
    registry.add("sources/intervals.yaml")
    with pytest.raises(UserMistake) as unknown:
        Catalogue.load([registry.folder]).get("source", "intervalls")
    assert registry.told(unknown.value) == (
        "None: FG-unknown-entry: there is no source 'intervalls'\nwhy: there are: "
        "intervals\nfix: did you mean intervals?"
    )


def test_booster_is_another_word_for_enricher(registry):
    """A booster is found under either word."""
    registry.add("boosters/load.yaml", kind="booster")
    assert Catalogue.load([registry.folder]).get("booster", "load").kind == "enricher"


def test_tiers_stand_in_order(registry):
    """A tier includes the entries of those before it, and a tier that nobody knows includes
    nothing.
    """
    registry.add(tier="athlete")
    loaded = Catalogue.load([registry.folder])
    entry = loaded.get("source", "demo")
    assert [loaded.tier_includes(tier, entry) for tier in ("hobbyist", "athlete", "gold")] == [
        False,
        True,
        False,
    ]


def test_a_folder_that_is_gone_is_a_problem(tmp_path):
    """A distribution whose folder is missing is named, and nothing fails."""
    loaded = Catalogue.load([Folder(tmp_path / "gone", "demo-distribution")])
    assert [problem.what for problem in loaded.problems] == [
        "the folder of entries of demo-distribution is not there"
    ]


def test_a_second_load_reads_no_yaml(registry, cache, parsed):
    """An unchanged registry comes from the cache, entries, tiers and problems alike."""
    registry.add()
    registry.write("sources/bad.yaml", "a: [")
    first, second = (Catalogue.load([registry.folder], cache) for _ in range(2))
    assert len(parsed) == 1
    assert (first.entries(), first.tiers) == (second.entries(), second.tiers)
    assert [problem.as_dict() for problem in first.problems] == [
        problem.as_dict() for problem in second.problems
    ]


def test_a_new_file_is_seen(registry, cache):
    """An entry that was added is there at once."""
    registry.add()
    Catalogue.load([registry.folder], cache)
    registry.add("sources/second.yaml")
    assert len(Catalogue.load([registry.folder], cache)) == 2


def test_an_edit_with_the_same_size_and_time_is_seen(registry, cache):
    """A restored modification time does not fool the cache: the change time tells."""
    file = registry.add(name="Ride")
    Catalogue.load([registry.folder], cache)
    before = file.stat()
    while time.time_ns() - before.st_ctime_ns < 20_000_000:
        pass  # until the file system's clock has ticked
    file.write_text(file.read_text().replace("Ride", "Walk"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert Catalogue.load([registry.folder], cache).get("source", "demo").name == "Walk"


def test_a_file_that_changed_just_now_is_not_cached(registry, tmp_path, monkeypatch):
    """Two changes within one tick of the clock look alike, so the first is not kept."""
    file = registry.add()
    monkeypatch.setattr(catalogue.time, "time_ns", lambda: file.stat().st_ctime_ns + 1_000_000)
    Catalogue.load([registry.folder], tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_whole_second_clocks_are_given_two_seconds():
    """A file system that counts in whole seconds needs longer before two states differ for
    certain.
    """
    stamp = catalogue._Stamp("", "x", 1, 0, 5_000_000_000, 1)
    assert [catalogue._settled(stamp, now) for now in (6_000_000_000, 8_000_000_000)] == [
        False,
        True,
    ]


def test_another_folder_is_not_answered_from_the_cache(registry, cache, tmp_path):
    """The cache of one set of folders does not answer for another."""
    registry.add()
    Catalogue.load([registry.folder], cache)
    assert len(Catalogue.load([Folder(tmp_path)], cache)) == 0


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b"\xff\x00", b'{"stamps": 1}'])
def test_a_broken_cache_is_made_again(registry, cache, broken):
    """A cache that was cut short or overwritten costs time and nothing else."""
    registry.add()
    Catalogue.load([registry.folder], cache)
    (cache / "registry.json").write_bytes(broken)
    assert len(Catalogue.load([registry.folder], cache)) == 1
    assert (cache / "registry.json").read_bytes() != broken


def test_a_cache_folder_that_cannot_be_written_is_no_error(registry, cache):
    """Without a place for the cache the catalogue is read each time."""
    cache.write_text("a file where the folder should be")
    registry.add()
    assert len(Catalogue.load([registry.folder], cache)) == 1


def test_a_cache_that_cannot_be_replaced_leaves_nothing_behind(registry, cache):
    """When the last step fails the temporary file is removed."""
    (cache / "registry.json" / "in the way").mkdir(parents=True)
    registry.add()
    assert len(Catalogue.load([registry.folder], cache)) == 1
    assert [file.name for file in cache.iterdir()] == ["registry.json"]


def test_many_processes_may_write_the_cache_at_once(registry, cache):
    """The cache is replaced in one step: whoever reads it meanwhile sees a whole one, and no
    temporary file stays.
    """
    registry.add()
    script = (
        "import sys, pathlib; from fitglue_registry.registry import *; from "
        "fitglue_registry.registry import catalogue\n"
        "catalogue._settled = lambda stamp, now: True\n"
        "for _ in range(20):\n"
        "    loaded = Catalogue.load([Folder(pathlib.Path(sys.argv[1]), 'd')], "
        "pathlib.Path(sys.argv[2]))\n"
        "    assert [entry.key for entry in loaded] == ['source/demo']\n"
        "    catalogue._keep(pathlib.Path(sys.argv[2]), "
        "list(catalogue._stamps([Folder(pathlib.Path(sys.argv[1]), 'd')])), loaded)\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(registry.root), str(cache)])
        for _ in range(3)
    ]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert [file.name for file in cache.iterdir()] == ["registry.json"]


def test_a_valid_catalogue_needs_no_slow_imports(tmp_path):
    """Reading valid entries never imports jsonschema, and reading them from the cache no YAML
    either.
    """
    script = (
        "import sys, pathlib; from fitglue_registry.registry import *; from "
        "fitglue_registry.registry import catalogue\n"
        "catalogue._settled = lambda stamp, now: True\n"
        "assert Catalogue.load(cache=pathlib.Path(sys.argv[1])).problems == []\n"
        "print(*[name for name in ('jsonschema', 'jsonschema_rs', 'yaml', 'requests') if "
        "name in sys.modules])"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    told = [
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        for _ in range(2)
    ]
    assert told == ["jsonschema_rs yaml", ""]
