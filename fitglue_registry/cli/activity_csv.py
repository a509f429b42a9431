"""Prints listed activities as comma-separated values."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_registry.cli.context import CliContext
    from fitglue_registry.cli.layout import Document


def print_activities(
    cli: CliContext,
    activities: Iterable[Document],
    *,
    raw: bool = False,
) -> None:
    """Print a header line and one line for each activity, in SI units.

    The sources of an activity are one value, separated by spaces.
    """
    columns = cli.host.activities.columns
    rows = []
    for activity in activities:
        # By name, because the order of the columns is part of the format and must not depend on a
        # dict.
        values = [activity[name] for name in columns]
        rows.append([*values, " ".join(activity["sources"])])
    cli.csv((*columns, "sources"), rows, raw=raw)
