"""Reads the pages: their fenced blocks with what the fence says of them, and their links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
README = CHECKOUT / "README.md"
DOCS = CHECKOUT / "docs"

_FENCE = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """One fenced block; ``words`` are the ``name=value`` behind its language."""

    language: str
    words: dict[str, str]
    text: str

    @property
    def commands(self) -> list[str]:
        """The lines behind a ``$``."""
        return [line.removeprefix("$ ") for line in self.text.splitlines() if line.startswith("$ ")]


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [
        Block(language, dict(word.split("=", 1) for word in words.split()), text)
        for language, words, text in _FENCE.findall(page.read_text(encoding="utf-8"))
    ]


def local_links(page: Path) -> list[str]:
    """The links of a page to other files of the checkout, without their anchors."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return [
        link.partition("#")[0]
        for link in _LINK.findall(text)
        if "://" not in link and not link.startswith(("#", "mailto:"))
    ]


def prose(page: Path) -> str:
    """The whole text of a page."""
    return page.read_text(encoding="utf-8")
