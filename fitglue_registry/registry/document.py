"""A parsed YAML document: its plain value, the places of its values, and its errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from fitglue_registry.errors import EntryInvalid, Place

if TYPE_CHECKING:
    from fitglue_registry.registry.flaw import Flaw
    from fitglue_registry.validation.violation import KeyPath

#: Nobody repairs more than this at once, and a file of the largest size can have 60,000 errors.
MOST_ERRORS = 50


class Style(NamedTuple):
    """What documents of one kind are called, and what is allowed in them.

    Attributes:
        noun: How messages call such a document.
        plain_dates: Whether dates and times of day may be written without quotes. They are text.
    """

    noun: str
    plain_dates: bool = False


ENTRY = Style("an entry")
"""The style of the files of a registry."""


@dataclass(slots=True)
class Document:
    """A YAML document.

    Attributes:
        file: Path of the file, as messages show it.
        value: Plain value of the document: dicts, lists, texts, numbers, booleans and ``None``.
        errors: Errors in the YAML itself.
        root: Node that the value was made from, which knows lines and columns; ``None`` if the
            file is empty or is not YAML.
        style: What documents of this kind are called, and what is allowed in them.
    """

    file: str
    value: Any = None
    errors: list[EntryInvalid] = field(default_factory=list)
    root: yaml.Node | None = None
    style: Style = ENTRY

    def place(self, path: KeyPath = (), *, key: bool = False) -> Place:
        """Return the place of a value, or of its key.

        Args:
            path: Path to the value. If it does not exist, the place is that of the last value on
                the path that does.
            key: Whether to return the place of the key instead of the value.
        """
        if self.root is None:
            return Place(file=self.file, field=_dotted(path))
        node = self.root
        mark = node.start_mark
        for number, step in enumerate(path, 1):
            child = _child(node, step)
            if child is None:
                break
            key_node, node = child
            is_last = number == len(path)
            mark = key_node.start_mark if key and is_last else node.start_mark
        return self._at(mark, path)

    def refuse(self, mark: yaml.Mark, flaw: Flaw) -> None:
        """Record an error at a mark, unless there are already ``MOST_ERRORS`` of them."""
        if len(self.errors) < MOST_ERRORS:
            at = self._at(mark, flaw.path)
            self.errors.append(
                EntryInvalid(
                    flaw.code,
                    flaw.what,
                    at=at,
                    why=flaw.why,
                    fix=flaw.fix,
                )
            )

    def _at(self, mark: yaml.Mark, path: KeyPath) -> Place:
        line = mark.line + 1
        column = mark.column + 1
        return Place(self.file, line, column, field=_dotted(path))


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """Return the key node and the value node at a step; for a list item both are the item."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        if step >= len(node.value):
            return None
        item = node.value[step]
        return item, item
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key, value
    return None


def _dotted(path: KeyPath) -> str | None:
    """Return a path as text, such as ``parts[0].name``, or ``None`` for the document itself."""
    dotted = ""
    for step in path:
        if isinstance(step, int):
            dotted += f"[{step}]"
        else:
            dotted += f".{step}"
    return dotted.lstrip(".") or None
