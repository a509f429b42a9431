"""Tests that no version of a dependency with a known advisory can be installed with us."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

CHECKOUT = Path(__file__).parents[2]
LIST = tomllib.loads((CHECKOUT / "tools" / "advisories.toml").read_text(encoding="utf-8"))
FIXED = {name: Version(entry["version"]) for name, entry in LIST["fixed"].items()}
PROJECTS = [CHECKOUT / "pyproject.toml", *sorted(CHECKOUT.glob("plugins/*/pyproject.toml"))]
#: The extra of developers is installed with constraints.txt only.
_FOR_DEVELOPERS = "dev"


def requirements():
    """Yield every requirement of our distributions, without those of developers and of each
    other.
    """
    for project in PROJECTS:
        table = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
        extras = table.get("optional-dependencies", {})
        lists = [table.get("dependencies", [])]
        lists += [extra for name, extra in extras.items() if name != _FOR_DEVELOPERS]
        for text in (text for each in lists for text in each):
            requirement = Requirement(text)
            if not requirement.name.startswith("fitglue"):
                yield requirement


def allows_older(requirement, version):
    """Return whether a requirement allows a version before this one."""
    bounds = [Version(each.version) for each in requirement.specifier if each.operator == ">="]
    return not bounds or max(bounds) < version


def pinned():
    """Yield name and version of each distribution in constraints.txt."""
    text = (CHECKOUT / "constraints.txt").read_text(encoding="utf-8")
    for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", text, re.MULTILINE):
        yield canonicalize_name(name), Version(version)


@pytest.mark.parametrize("requirement", list(requirements()), ids=str)
def test_no_lower_bound_allows_a_version_with_an_advisory(requirement):
    """The lower bound of each dependency excludes every version that an advisory concerns."""
    fixed = FIXED.get(canonicalize_name(requirement.name))
    assert fixed is None or not allows_older(requirement, fixed)


def test_no_tested_version_has_an_advisory():
    """No version in constraints.txt is concerned by an advisory, whoever depends on it."""
    assert [name for name, version in pinned() if name in FIXED and version < FIXED[name]] == []


def test_each_dependency_was_looked_up():
    """Each dependency is in the list: with the version that fixes its advisories, or without
    one.
    """
    names = {canonicalize_name(requirement.name) for requirement in requirements()}
    assert names - set(FIXED) - set(LIST["without"]) == set()


@pytest.mark.parametrize(
    ("text", "version", "is_allowed"),
    [("lxml>=6.0", "6.1", True), ("lxml", "6.1", True), ("lxml>=6.1", "6.1.0", False)],
)
def test_a_bound_that_is_too_low_is_found(text, version, is_allowed):
    """A lower bound below the version that fixes an advisory, or no bound, is found."""
    assert allows_older(Requirement(text), Version(version)) is is_allowed


@pytest.mark.long
def test_pip_audit_finds_nothing():
    """Where ``pip-audit`` is installed and reaches its database, it finds no advisory for the
    tested versions.
    """
    program = shutil.which("pip-audit")
    if program is None:
        pytest.skip("pip-audit is not installed")
    audit = subprocess.run(
        [program, "--requirement", CHECKOUT / "constraints.txt", "--no-deps", "--disable-pip"],
        capture_output=True,
        text=True,
        check=False,
    )
    if "could not be audited" in audit.stdout + audit.stderr:
        pytest.skip("pip-audit cannot reach its database")
    assert audit.returncode == 0, audit.stdout
