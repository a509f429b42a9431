"""Counts in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: ``1 file``, ``2,000 files``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def between_years(years: Iterable[int]) -> str:
    """``, 2019 to 2026`` for the end of a sentence; nothing where there are none."""
    known = sorted(years)
    if not known:
        return ""
    return f", {known[0]}" if known[0] == known[-1] else f", {known[0]} to {known[-1]}"


def left_out(*what: str) -> tuple[str, ...]:
    """A sentence each for what is there and is not taken."""
    return tuple(f"Left out: {one}." for one in what)
