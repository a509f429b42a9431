"""The docstrings from which the API reference is made."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = (
    "fitglue_registry",
    "plugins/fitglue-boosters/fitglue_boosters",
    "plugins/fitglue-destinations/fitglue_destinations",
    "plugins/fitglue-files/fitglue_files",
    "plugins/fitglue-formats/fitglue_formats",
    "plugins/fitglue-garmin/fitglue_garmin",
    "plugins/fitglue-intervals/fitglue_intervals",
)
ARGUMENTS = re.compile(r"^ *Args:\n((?:(?: {4,}.*)?\n)*)", re.MULTILINE)


def described(docstring: str) -> list[str]:
    """Return the names in the section ``Args`` of a docstring."""
    section = ARGUMENTS.search(docstring + "\n")
    if section is None:
        return []
    return re.findall(r"^ {4}\*{0,2}(\w+):", section[1], re.MULTILINE)


def parameters(node: ast.FunctionDef | ast.ClassDef) -> set[str]:
    """Return the names of the parameters of a function, or of the fields or ``__init__`` of a
    class.
    """
    if isinstance(node, ast.FunctionDef):
        own = node.args
        named = [*own.posonlyargs, *own.args, *own.kwonlyargs, own.vararg, own.kwarg]
        return {argument.arg for argument in named if argument is not None}
    names: set[str] = set()
    for member in node.body:
        if isinstance(member, ast.FunctionDef) and member.name == "__init__":
            names |= parameters(member)
        if isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name):
            names.add(member.target.id)
    return names


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_described_argument_is_in_the_signature(folder):
    """A docstring describes only arguments that its function or its class has."""
    unknown = []
    for file in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.FunctionDef | ast.ClassDef):
                continue
            names = described(ast.get_docstring(node) or "")
            for name in names:
                if name not in parameters(node):
                    unknown.append(f"{file.relative_to(ROOT)}:{node.lineno} {node.name}: {name}")

    assert unknown == []
