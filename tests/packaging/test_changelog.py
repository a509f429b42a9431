"""The changelog of the next release is made from the fragments in changelog.d."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib

import pytest

from tests.docs.pages import local_links
from tests.packaging.environment import CHECKOUT

FOLDER = CHECKOUT / "changelog.d"
FRAGMENTS = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
MARK = PROJECT["tool"]["towncrier"]["start_string"]
TYPES = {kind["directory"]: kind["name"] for kind in PROJECT["tool"]["towncrier"]["type"]}


def build(folder, *words: str) -> str:
    """Run `towncrier build` for version 9.9.9 in a folder, and return what it prints."""
    process = subprocess.run(
        [sys.executable, "-m", "towncrier", "build", "--version", "9.9.9", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_every_fragment_is_in_the_draft():
    """A draft of the next release builds, and it has the first line of each fragment."""
    draft = build(CHECKOUT, "--draft", "--date", "2030-01-01")
    assert draft.startswith("## [9.9.9] - 2030-01-01\n")
    assert [path.name for path in FRAGMENTS if f"- {_first_line(path)}" not in draft] == []


def test_every_fragment_has_a_type():
    """A fragment is called NAME.TYPE.md, with a type that pyproject.toml has."""
    names = [path.name.split(".") for path in FRAGMENTS]
    assert [name for name in names if len(name) != 3 or name[1] not in TYPES] == []


def test_every_type_is_described():
    """The page about fragments has a row for each type."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [name for name in TYPES if f"| `{name}` | " not in text] == []


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda path: path.name)
def test_links_of_fragments_are_relative_to_the_root(fragment):
    """A link leads to a file from where the text will be, which is CHANGELOG.md."""
    assert [link for link in local_links(fragment) if not (CHECKOUT / link).exists()] == []


def test_a_release_becomes_the_first_section(tmp_path):
    """The new section comes before the older ones, a fragment that is named after an issue ends
    with its number, and the fragments are gone.
    """
    project = tmp_path / "project"
    shutil.copytree(FOLDER, project / "changelog.d")
    for name in ("CHANGELOG.md", "pyproject.toml"):
        shutil.copy(CHECKOUT / name, project)
    (project / "changelog.d" / "12.fixed.md").write_text("A fix.\n", encoding="utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    build(project, "--yes", "--date", "2030-01-01")
    introduction, mark, older = (CHECKOUT / "CHANGELOG.md").read_text("utf-8").partition(MARK)
    words = (project / "CHANGELOG.md").read_text("utf-8").split()
    expected = f"{introduction}{mark} ## [9.9.9] - 2030-01-01".split()
    assert words[: len(expected)] == expected
    assert words[-len(older.split()) :] == older.split()
    assert " - A fix. (#12) " in " ".join(words)
    left = {path.name for path in (project / "changelog.d").iterdir()}
    assert left == {"README.md", "_template.md.jinja"}


def _first_line(path) -> str:
    return path.read_text(encoding="utf-8").partition("\n")[0]
