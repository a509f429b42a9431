"""SECURITY.md promises nothing that no test holds."""

from __future__ import annotations

import ast
import re

import pytest

from tests.docs.pages import CHECKOUT

PAGE = (CHECKOUT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)))


@pytest.mark.parametrize(("file", "test"), NAMED, ids=lambda value: value)
def test_every_test_that_the_page_names_is_there(file, test):
    """A claim names its test by file and function."""
    tree = ast.parse((CHECKOUT / file).read_text(encoding="utf-8"))
    assert test in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_line_of_the_table_names_a_test():
    """Whoever adds a promise adds the test that holds it."""
    table = PAGE.partition("## From whom")[2].partition("\n## ")[0]
    _heading, _rule, *rows = [line for line in table.splitlines() if line.startswith("| ")]
    assert len(rows) > 10
    assert [row for row in rows if "::test_" not in row] == []


def test_every_test_of_this_folder_that_tells_a_threat_is_named():
    """A file of these tests that the page forgets would be a promise that nobody reads."""
    files = {
        path.name for path in (CHECKOUT / "tests" / "faults" / "secrets").glob("test_*.py")
    } - {"test_security_page.py"}
    assert files <= {file.rpartition("/")[2] for file, _ in NAMED}
