"""Reads docstrings for the API reference of ``make docs``, as an extension of griffe that
``mkdocs.yml`` names.

Fields of our values are described by a comment or by ``Meta(description=…)`` instead of a
docstring, and examples are written as in reStructuredText.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import griffe

if TYPE_CHECKING:
    from pathlib import Path

_LITERAL_BLOCK = re.compile(r"::$", re.MULTILINE)
_TRAILING = re.compile(r"  # (?!noqa|type:)([^#\"']+)$")
#: A comment in front of a field, but not a comment that divides a module into sections.
_IN_FRONT = re.compile(r"\s*#:? (?!-- )(.*)")


class Descriptions(griffe.Extension):
    """Gives each object the description that its source code has."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Turn ``Example::`` into the form that Markdown uses."""
        if obj.docstring is not None:
            obj.docstring.value = _LITERAL_BLOCK.sub(":", obj.docstring.value)

    def on_attribute_instance(self, *, attr: griffe.Attribute, **_: Any) -> None:
        """Describe a field, and show its type without the constraints of ``Annotated``."""
        annotation = attr.annotation
        text = None
        if isinstance(annotation, griffe.ExprSubscript) and str(annotation.left) == "Annotated":
            text = _description(str(annotation))
            attr.annotation = annotation.slice.elements[0]
        text = text or _comment(attr)
        if text and attr.docstring is None:
            sentence = f"{text[0].upper()}{text[1:].removesuffix('.')}."
            attr.docstring = griffe.Docstring(sentence, parent=attr)


def _description(annotation: str) -> str | None:
    """Return the description in ``Annotated[type, Meta(description=…)]``, or ``None``."""
    for node in ast.walk(ast.parse(annotation)):
        if isinstance(node, ast.keyword) and node.arg == "description":
            return str(ast.literal_eval(node.value))
    return None


def _comment(attribute: griffe.Attribute) -> str | None:
    """Return the comment after a field or in front of it, or ``None``."""
    if attribute.lineno is None:
        return None
    lines = _lines(attribute.filepath)
    trailing = _TRAILING.search(lines[(attribute.endlineno or attribute.lineno) - 1])
    if trailing:
        return trailing[1]
    words: list[str] = []
    for line in reversed(lines[: attribute.lineno - 1]):
        in_front = _IN_FRONT.fullmatch(line)
        if in_front is None:
            break
        words.insert(0, in_front[1])
    return " ".join(words) or None


@cache
def _lines(path: Path) -> list[str]:
    """Return the lines of a source file."""
    return path.read_text(encoding="utf-8").splitlines()
