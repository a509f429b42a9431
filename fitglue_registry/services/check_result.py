"""The result of one check of ``fitglue doctor``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from fitglue_registry.errors import FitglueError

State = Literal["ok", "look", "broken"]


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check.

    Attributes:
        name: What was checked.
        state: ``ok``, ``look`` (a warning) or ``broken``.
        detail: The result in one line, for people.
        error: Why it is broken, and the fix.
    """

    name: str
    state: State
    detail: str
    error: FitglueError | None = None
