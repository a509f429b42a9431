"""Sentences about what is there: counts, years, and what is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Contents(NamedTuple):
    """What is at some paths, and what of it is left out: a sentence each."""

    found: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """All of it, for the athlete to read."""
        return self.found + self.left_out


def counted(
    number: int,
    one: str,
    many: str | None = None,
) -> str:
    """A number with its noun: ``1 file``, ``2,000 files``."""
    noun = many or f"{one}s"
    if number == 1:
        noun = one
    return f"{number:,} {noun}"


def between_years(years: Iterable[int]) -> str:
    """``, 2019 to 2026`` for the end of a sentence; nothing where there are none."""
    known = set(years)
    if not known:
        return ""
    first = min(known)
    last = max(known)
    if first == last:
        return f", {first}"
    return f", {first} to {last}"


def left_out(*what: str) -> tuple[str, ...]:
    """A sentence each for what is there and is not taken."""
    return tuple(f"Left out: {name}." for name in what)
