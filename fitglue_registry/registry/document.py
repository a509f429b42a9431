"""A YAML document as read: its plain value, where each part of it is, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from fitglue_registry.errors import EntryInvalid, Place

if TYPE_CHECKING:
    from fitglue_registry.registry.flaw import Flaw
    from fitglue_registry.validation.violation import KeyPath

#: More than anybody repairs in one go; a file of a quarter megabyte could have sixty thousand.
MOST_ERRORS = 50


@dataclass(slots=True)
class Document:
    """What a file says (``value``), what is wrong with its YAML (``errors``), and where each part
    of it is.
    """

    file: str
    value: Any = None
    errors: list[EntryInvalid] = field(default_factory=list)
    root: yaml.Node | None = None

    def place(self, path: KeyPath = (), *, key: bool = False) -> Place:
        """Where the value at ``path`` is, or its key; for a path that leads nowhere the last part
        that exists.
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
        """Note that something is wrong at this mark, unless there is enough to repair, and go on
        reading.
        """
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
    """The key and the value at a step; an item of a list is its own key."""
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
    """``('parts', 0, 'name')`` → ``parts[0].name``; ``None`` for the whole document."""
    dotted = ""
    for step in path:
        if isinstance(step, int):
            dotted += f"[{step}]"
        else:
            dotted += f".{step}"
    return dotted.lstrip(".") or None
