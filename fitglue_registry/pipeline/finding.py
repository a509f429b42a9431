"""What one condition finds out about a workout."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Finding(NamedTuple):
    """The result of one condition that combines no others.

    Attributes:
        met: Whether the condition is met; ``None`` if the workout lacks the value that decides it.
        fact: What is true of the workout, as a clause: ``its distance is 3.2 km``.
        wanted: What the condition asks for, as an object of *takes*: ``5 km or more``.
    """

    met: bool | None
    fact: str
    wanted: str


def listed(names: Sequence[str], conjunction: str = "or") -> str:
    """Return names as part of a sentence: ``a, b or c``."""
    *others, last = names
    if not others:
        return last
    return f"{', '.join(others)} {conjunction} {last}"
