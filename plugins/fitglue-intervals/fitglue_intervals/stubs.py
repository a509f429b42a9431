"""Rows that Intervals.icu lists and never delivers: how they are told, and what the athlete reads
about them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.model import Stub

if TYPE_CHECKING:
    from collections.abc import Mapping

STRAVA = Stub(
    code="FG-strava-stub",
    reason="Intervals.icu has this activity from Strava, whose terms (November 2024) forbid it to "
    "hand the activity on",
    fix="link the device's maker (Garmin, Wahoo, Coros, Suunto, Polar, Zwift, …) to "
    "Intervals.icu itself, or upload the file there",
)

_NEVER_OF_A_STUB = ("type", "start_date", "name")


def stub_of(activity: Mapping[str, Any]) -> Stub | None:
    """Why the source will not deliver this activity, or ``None`` where it does.

    A stub is five keys: id, athlete, source, local start and ``_note``. The note is not relied on
    for Strava: some answers lack it.
    """
    if any(activity.get(key) is not None for key in _NEVER_OF_A_STUB):
        return None
    if activity.get("source") == "STRAVA":
        return STRAVA
    note = activity.get("_note")
    if note is None:
        return None
    return Stub(
        code="FG-hidden-by-source",
        reason=f"Intervals.icu lists this activity and does not deliver it: {note}",
    )
