"""The cache of the catalogue is never stale, and is optional."""

import os
import subprocess
import sys
import time

import pytest

from fitglue_registry.registry import Folder
from fitglue_registry.registry import cache as cache_module
from fitglue_registry.registry.cache import CatalogueCache

#: The beginning of the scripts below, which run in processes of their own.
SCRIPT = """
import sys
from pathlib import Path
from fitglue_registry.registry import *
from fitglue_registry.registry.cache import CatalogueCache
CatalogueCache._is_settled = lambda cache, stamp: True
"""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A folder for the cache, in which every file counts as settled, so that no test must wait."""
    monkeypatch.setattr(CatalogueCache, "_is_settled", lambda cache, stamp: True)
    return tmp_path / "cache"


def test_a_second_load_reads_no_yaml(registry, cache, load_through):
    """The entries, tiers and problems of an unchanged registry come from the cache."""
    registry.add()
    registry.write("sources/bad.yaml", "a: [")
    assert CatalogueCache(cache, [registry.folder]).read() is None
    first = load_through(cache, [registry.folder])
    second = CatalogueCache(cache, [registry.folder]).read()
    assert (first.entries(), first.tiers) == (second.entries(), second.tiers)
    assert [problem.as_dict() for problem in first.problems] == [
        problem.as_dict() for problem in second.problems
    ]


def test_a_new_file_is_seen(registry, cache, load_through):
    """An entry that was added is in the next catalogue."""
    registry.add()
    load_through(cache, [registry.folder])
    registry.add("sources/second.yaml")
    assert len(load_through(cache, [registry.folder])) == 2


def test_an_edit_with_the_same_size_and_time_is_seen(registry, cache, load_through):
    """A changed file is noticed even if its size and its modification time are as before."""
    file = registry.add(name="Ride")
    load_through(cache, [registry.folder])
    before = file.stat()
    while time.time_ns() - before.st_ctime_ns < 20_000_000:
        pass  # wait until the file system's clock has advanced
    file.write_text(file.read_text().replace("Ride", "Walk"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert load_through(cache, [registry.folder]).get("source", "demo").name == "Walk"


def test_a_file_that_changed_just_now_is_not_cached(registry, tmp_path, load_through, monkeypatch):
    """A file that changed within the last tick of the clock is not cached."""
    file = registry.add()
    monkeypatch.setattr(cache_module.time, "time_ns", lambda: file.stat().st_ctime_ns + 1_000_000)
    load_through(tmp_path / "cache", [registry.folder])
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(("seconds_ago", "is_settled"), [(1, False), (3, True)])
def test_whole_second_clocks_are_given_two_seconds(tmp_path, monkeypatch, seconds_ago, is_settled):
    """A file with a time in whole seconds is cached only after two seconds."""
    changed_ns = 5_000_000_000
    now_ns = changed_ns + seconds_ago * 1_000_000_000
    monkeypatch.setattr(cache_module.time, "time_ns", lambda: now_ns)
    stamp = cache_module._Stamp("", "x", 1, 0, changed_ns, 1)
    assert CatalogueCache(tmp_path, [])._is_settled(stamp) is is_settled


def test_another_folder_is_not_answered_from_the_cache(registry, cache, load_through, tmp_path):
    """The cache of one set of folders is not used for another set."""
    registry.add()
    load_through(cache, [registry.folder])
    assert len(load_through(cache, [Folder(tmp_path)])) == 0


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b"\xff\x00", b'{"stamps": 1}'])
def test_a_broken_cache_is_made_again(registry, cache, load_through, broken):
    """A cache that is truncated or overwritten is made again."""
    registry.add()
    load_through(cache, [registry.folder])
    (cache / "registry.json").write_bytes(broken)
    assert len(load_through(cache, [registry.folder])) == 1
    assert (cache / "registry.json").read_bytes() != broken


def test_a_cache_folder_that_cannot_be_written_is_no_error(registry, cache, load_through):
    """The catalogue is read from YAML each time if the cache cannot be written."""
    cache.write_text("a file where the folder should be")
    registry.add()
    assert len(load_through(cache, [registry.folder])) == 1


def test_a_cache_that_cannot_be_replaced_leaves_nothing_behind(registry, cache, load_through):
    """If the cache file cannot be replaced, the temporary file is removed."""
    (cache / "registry.json" / "in the way").mkdir(parents=True)
    registry.add()
    assert len(load_through(cache, [registry.folder])) == 1
    assert [file.name for file in cache.iterdir()] == ["registry.json"]


def test_many_processes_may_write_the_cache_at_once(registry, cache, load_through):
    """Several processes can write and read the cache at the same time, without leftover files."""
    registry.add()
    script = SCRIPT + (
        "from fitglue_registry.registry.loading import load_catalogue\n"
        "folders = [Folder(Path(sys.argv[1]), 'd')]\n"
        "for _ in range(20):\n"
        "    cache = CatalogueCache(Path(sys.argv[2]), folders)\n"
        "    loaded = cache.read() or load_catalogue(folders)\n"
        "    assert [entry.key for entry in loaded] == ['source/demo']\n"
        "    cache.write(loaded)\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(registry.root), str(cache)])
        for _ in range(3)
    ]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert [file.name for file in cache.iterdir()] == ["registry.json"]


def test_a_valid_catalogue_needs_no_slow_imports(tmp_path):
    """Reading valid entries does not import jsonschema; reading the cache does not import yaml."""
    script = SCRIPT + (
        "cache = CatalogueCache(Path(sys.argv[1]), [Folder(default_folder())])\n"
        "catalogue = cache.read()\n"
        "if catalogue is None:\n"
        "    from fitglue_registry.registry.loading import load_catalogue\n"
        "    catalogue = load_catalogue()\n"
        "    cache.write(catalogue)\n"
        "assert catalogue.problems == []\n"
        "slow = ('jsonschema', 'jsonschema_rs', 'yaml', 'regex', 'requests')\n"
        "print(*[name for name in slow if name in sys.modules])\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    imported = [
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        for _ in range(2)
    ]
    assert imported == ["jsonschema_rs yaml regex", ""]
