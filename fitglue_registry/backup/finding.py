"""One thing that was checked in a store, and how what is wrong is named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.errors import FitglueError

_SHOWN = 3

#: What to do where something that was derived from raw parts is wrong.
DERIVE_AGAIN = (
    "`fitglue rebuild` derives it again; what stays wrong: `fitglue backup restore FILE --replace`"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked: what was seen, and the error where it is wrong."""

    name: str
    detail: str
    error: FitglueError | None = None
    harmless: bool = False


def first_few(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    shown = ", ".join(names[:_SHOWN])
    more = len(names) - _SHOWN
    return f"{shown} and {more:,} more" if more > 0 else shown
