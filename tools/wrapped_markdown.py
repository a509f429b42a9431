"""Markdown as the pages of this project have it: wrapped at 100 columns, tables without padding.

``.mdformat.toml`` states it, also for the command ``mdformat``, which ``make lint`` runs.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import mdformat

ROOT = Path(__file__).resolve().parents[1]


def formatted(text: str) -> str:
    """The same page, laid out."""
    settings = tomllib.loads((ROOT / ".mdformat.toml").read_text(encoding="utf-8"))
    return mdformat.text(text, options=settings, extensions={"gfm", "tables"})
