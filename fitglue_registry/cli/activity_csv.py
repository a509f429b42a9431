"""Listed activities as comma-separated values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.store.lists import LISTED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_registry.cli.context import CliContext


def print_activities(cli: CliContext, activities: Iterable[dict[str, Any]]) -> None:
    """Print one line for each activity, in SI units, below a line of names."""
    cli.csv((*LISTED, "sources"), map(_row, activities))


def _row(activity: dict[str, Any]) -> list[Any]:
    values = [activity[name] for name in LISTED]
    return [*values, " ".join(activity["sources"])]
