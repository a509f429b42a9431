"""The search for texts that a terminal or a help page would interpret as commands or markup."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fitglue_registry.redaction.control_characters import CONTROL_CHARACTER
from fitglue_registry.registry.flaw import Flaw
from fitglue_registry.validation.wording import describe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.validation.violation import KeyPath

_HTML = r"<[A-Za-z/!?][^ >]{0,20}"
#: Markdown links to anything except an https address.
_LINK = r"\]\(\s*(?!https://)[^ )]{0,20}"
_LINK_DEFINITION = r"^\s{0,3}\[[^\]]{1,99}\]:\s*(?!https://)"

_INTERPRETED_BY_TERMINALS = re.compile(CONTROL_CHARACTER)
_INTERPRETED = re.compile(
    "|".join(
        [
            CONTROL_CHARACTER,
            _HTML,
            _LINK,
            _LINK_DEFINITION,
        ]
    ),
    re.MULTILINE,
)
#: Keys whose values no help page shows. They may contain the characters of HTML and Markdown.
_NEVER_SHOWN = ("pattern", "extract", "version")


def forbidden_texts(document: Any) -> Iterator[Flaw]:
    """Yield a flaw for each forbidden text, at any depth of a document."""
    todo: list[tuple[KeyPath, Any]] = [((), document)]
    while todo:
        path, value = todo.pop()
        if isinstance(value, dict):
            todo += [((*path, key), part) for key, part in value.items()]
        elif isinstance(value, list):
            todo += [((*path, number), part) for number, part in enumerate(value)]
        elif isinstance(value, str):
            yield from _forbidden(path, value)


def _forbidden(path: KeyPath, text: str) -> Iterator[Flaw]:
    is_shown = not path or path[-1] not in _NEVER_SHOWN
    match = (_INTERPRETED if is_shown else _INTERPRETED_BY_TERMINALS).search(text)
    if match:
        yield Flaw(
            "FG-entry-forbidden-text",
            path,
            f"{describe(match[0])} is not allowed in an entry",
            why="a terminal or a help page could interpret it",
            fix="remove it, or describe it in words",
        )
