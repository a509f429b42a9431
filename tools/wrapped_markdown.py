"""Formats Markdown as the pages of this project have it: wrapped at 100 columns, tables without
padding.

The settings are in ``.mdformat.toml``, which the command ``mdformat`` of ``make lint`` reads as
well.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import mdformat

ROOT = Path(__file__).resolve().parents[1]


def formatted(text: str) -> str:
    """Return the text of a page, formatted."""
    settings = tomllib.loads((ROOT / ".mdformat.toml").read_text(encoding="utf-8"))
    return mdformat.text(text, options=settings, extensions={"gfm", "tables"})
