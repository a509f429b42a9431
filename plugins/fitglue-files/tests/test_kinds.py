"""The collection of the kinds of archives: a module in the package is all that registers a kind."""

from __future__ import annotations

import subprocess
import sys
import zipfile

import pytest

from fitglue_files.archives import kinds
from fitglue_files.archives.collecting import collect_kinds

POLAR = """
from fitglue_files.archives.archive_kind import ArchiveKind

KIND = ArchiveKind(
    id="polar-archive",
    name="Polar archive",
    roots=lambda reader, layout: [],
    contents=None,
    account=None,
    places=None,
    read=None,
    normalize=None,
)
"""


@pytest.fixture
def add_module(tmp_path, monkeypatch):
    """A function that adds a module to the package of kinds for one test, in a folder or in
    a zip.
    """
    added = set(sys.modules)

    def add(name: str, code: str, place: str = "folder") -> None:
        path = tmp_path / place
        if place == "folder":
            path.mkdir()
            (path / f"{name}.py").write_text(code)
        else:
            with zipfile.ZipFile(path, "w") as packed:
                packed.writestr(f"{name}.py", code)
        monkeypatch.setattr(kinds, "__path__", [*kinds.__path__, str(path)])

    yield add
    for name in set(sys.modules) - added:
        if name.startswith(f"{kinds.__name__}."):
            del sys.modules[name]


def test_the_kinds_are_in_the_order_that_they_declare():
    """Archives are reported in the order that their kinds declare: Strava's first, then
    Garmin's.
    """
    ids = [kind.id for kind in collect_kinds()]
    assert ids == ["strava-archive", "garmin-archive", "trainingpeaks-archive"]


@pytest.mark.parametrize("place", ["folder", "kinds.whl"])
def test_a_new_module_is_enough_to_add_a_kind(place, add_module):
    """A module in the package of kinds is collected after the others, even if the package is in a
    zip.
    """
    add_module("polar", POLAR, place)
    assert collect_kinds()[-1].id == "polar-archive"


@pytest.mark.parametrize("code", ["", "KIND = 'polar-archive'"])
def test_a_module_without_a_kind_is_named(code, add_module):
    """A module of the package without an ArchiveKind is a mistake, and the error names the
    module.
    """
    add_module("polar", code)
    with pytest.raises(AssertionError, match=r"archives\.kinds\.polar has no KIND"):
        collect_kinds()


def test_loading_the_plugin_imports_no_kind():
    """Loading the plugin, as before each sync, imports no kind of archive, and ``--help`` does not
    import the plugin.
    """
    code = (
        "import sys; from fitglue_registry.cli.app import run; run(['--help']);"
        "before = 'fitglue_files' in sys.modules; import fitglue_files.plugin;"
        "print(before, any('archives' in name for name in sys.modules), file=sys.stderr)"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert process.stderr.split() == ["False", "False"]
