"""Stubs: activities that Intervals.icu lists but never delivers, and what the athlete reads about
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.model import Stub

if TYPE_CHECKING:
    from collections.abc import Mapping

STRAVA = Stub(
    code="FG-strava-stub",
    reason="Intervals.icu has this activity from Strava, whose terms (November 2024) forbid it to "
    "pass the activity on",
    fix="link the device's maker (Garmin, Wahoo, Coros, Suunto, Polar, Zwift, …) to "
    "Intervals.icu itself, or upload the file there",
)

#: As observed, a stub has none of these keys. A row that has one is an activity, even if it has a
#: note.
_NEVER_OF_A_STUB = ("type", "start_date", "name")


def stub_of(activity: Mapping[str, Any]) -> Stub | None:
    """Return the reason why the source does not deliver this activity, or ``None`` if it does.

    As observed, a stub has five keys: id, athlete, source, local start and ``_note``. A Strava stub
    is recognized without the note, which some responses lack.
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
        reason=f"Intervals.icu lists this activity but does not deliver it: {note}",
    )
