"""The result of one check of a store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.errors import FitglueError

_SHOWN = 3

#: The fix for a problem with values that were derived from raw parts.
DERIVE_AGAIN = (
    "`fitglue rebuild` derives them again; if that does not help, `fitglue backup restore FILE "
    "--replace`"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check: what was found, and the error if something is wrong."""

    name: str
    detail: str
    error: FitglueError | None = None
    harmless: bool = False  # worth a note, but nothing is wrong


def first_few(names: Sequence[str]) -> str:
    """Return the first names as one text, and how many more there are."""
    shown = ", ".join(names[:_SHOWN])
    more = len(names) - _SHOWN
    return f"{shown} and {more:,} more" if more > 0 else shown
