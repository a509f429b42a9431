"""Reads the fenced blocks and the links of pages."""

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
    """One fenced block; ``words`` has each ``name=value`` that follows its language."""

    language: str
    words: dict[str, str]
    text: str

    @property
    def commands(self) -> list[str]:
        """Return the commands: the text of each line that begins with ``$``."""
        return [line.removeprefix("$ ") for line in self.text.splitlines() if line.startswith("$ ")]


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    return [
        Block(language, dict(word.split("=", 1) for word in words.split()), text)
        for language, words, text in _FENCE.findall(page.read_text(encoding="utf-8"))
    ]


def local_links(page: Path) -> list[str]:
    """Return the links of a page to other files of the checkout, without their anchors."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return [
        link.partition("#")[0]
        for link in _LINK.findall(text)
        if "://" not in link and not link.startswith(("#", "mailto:"))
    ]


def prose(page: Path) -> str:
    """Return the text of a page."""
    return page.read_text(encoding="utf-8")
