"""Writes when a workout started: on the local clock, or in UTC, marked, if the zone is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fitglue_registry.cli.layout import Document

#: The length of 2026-05-01.
_DAY = 10
#: The length of 2026-05-01 06:30.
_MINUTE = 16
_MARK = " UTC"
_ESTIMATED = "?"


def start_day(row: Document) -> str:
    """Return the day on which a workout started, such as ``2026-05-01`` or ``2026-05-01 UTC``."""
    return _start(row, _DAY)


def start_minute(row: Document) -> str:
    """Return when a workout started, such as ``2026-05-01 06:30`` or ``2026-05-01 06:30 UTC``."""
    return _start(row, _MINUTE)


def start_second(row: Document) -> str:
    """Return the exact start of a workout, such as ``2026-05-01 06:30:00 UTC``."""
    return _start(row, None)


def is_in_utc(row: Document) -> bool:
    """Return whether the start of a workout is shown in UTC, because its zone is unknown."""
    return not row["start_local"] and bool(row["start_utc"])


def _start(row: Document, length: int | None) -> str:
    # Rows of the store have texts, values of activities have times.
    start = str(row["start_local"] or row["start_utc"] or "")
    shown = start.replace("T", " ").removesuffix("Z").removesuffix("+00:00")[:length]
    if row.get("start_is_estimated"):
        shown += _ESTIMATED
    return f"{shown}{_MARK}" if is_in_utc(row) else shown
