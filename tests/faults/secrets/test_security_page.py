"""Tests that SECURITY.md promises nothing without a test."""

from __future__ import annotations

import ast
import re

import pytest

from tests.docs.pages import CHECKOUT

PAGE = (CHECKOUT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)))


@pytest.mark.parametrize(("file", "test"), NAMED, ids=lambda value: value)
def test_every_test_that_the_page_names_exists(file, test):
    """Each test that SECURITY.md names by file and function exists."""
    tree = ast.parse((CHECKOUT / file).read_text(encoding="utf-8"))
    assert test in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_line_of_the_table_names_a_test():
    """Each row of the table in SECURITY.md names the test that proves it."""
    table = PAGE.partition("## Threats")[2].partition("\n## ")[0]
    _heading, _rule, *rows = [line for line in table.splitlines() if line.startswith("| ")]
    assert len(rows) > 10
    assert [row for row in rows if "::test_" not in row] == []


def test_every_test_file_of_this_folder_is_named():
    """SECURITY.md names every test file of this folder."""
    files = {
        path.name for path in (CHECKOUT / "tests" / "faults" / "secrets").glob("test_*.py")
    } - {"test_security_page.py"}
    assert files <= {file.rpartition("/")[2] for file, _ in NAMED}
