"""Tests that generated files are up to date and complete."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from fitglue_registry import hookspecs
from fitglue_registry.registry.loading import load_catalogue

ROOT = Path(__file__).parents[1]


# In ``make test``, ``make lint`` runs the same command.
@pytest.mark.long
def test_generated_files_are_up_to_date():
    """No generated file is out of date: ``python tools/generate.py --check`` finds nothing."""
    process = subprocess.run(
        [sys.executable, "tools/generate.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (process.returncode, process.stdout, process.stderr) == (0, "", "")


@pytest.mark.parametrize("hook", hookspecs.HOOK_NAMES)
def test_every_hook_is_in_the_docs_with_its_exact_arguments(hook):
    """``docs/hooks.md`` has each hook with its exact arguments."""
    [function] = [
        node
        for node in ast.walk(ast.parse(inspect.getsource(hookspecs)))
        if getattr(node, "name", None) == hook
    ]
    arguments = ast.unparse(function.args).removeprefix("self, ")
    assert f"`{hook}({arguments}) -> " in (ROOT / "docs" / "hooks.md").read_text()


def test_every_code_of_a_common_issue_is_one_that_is_raised():
    """Each error code that a common issue of an entry mentions is a code that the host or a plugin
    raises.
    """
    lines = (ROOT / "docs" / "errors.md").read_text().splitlines()
    raised = {line.split("`")[1] for line in lines if line.startswith("| `FG-")}
    assert {
        code for entry in load_catalogue() for issue in entry.issues for code in issue.codes
    } <= raised
