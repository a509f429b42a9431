"""What the source knows about two of its own activities and the general score cannot: a stub and
its native copy are one workout, and the legs of one file are not.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from fitglue_registry.plugin_api import Opinion

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Pair, Side

ENTRY = "intervals"


def opinion(pair: Pair) -> Opinion | None:
    """Return "same", "different", or ``None`` if the source has no opinion about the pair."""
    first, second = pair.first, pair.second
    if not first.entry == second.entry == ENTRY:
        return None
    if _is_native_of(first, second) or _is_native_of(second, first):
        return Opinion(
            "same",
            "a Strava activity that Intervals.icu does not deliver, and its native copy with the "
            "same local start",
        )
    if _are_legs(first, second):
        return Opinion("different", "two legs of one multisport file")
    return None


def _is_native_of(native: Side, stub: Side) -> bool:
    """Return whether the first activity is the native copy of the second, a stub.

    Seen: a native copy has exactly the same ``start_date_local`` as its stub. A start that
    is known only to the day would match each stub at midnight, so it must be exact.
    """
    start = stub.activity.start_local
    return (
        stub.activity.stub is not None
        and native.activity.stub is None
        and start is not None
        and native.activity.start_local == start
        and native.activity.start_precision == "second"
    )


def _are_legs(first: Side, second: Side) -> bool:
    """Return whether two activities are different sessions of one file.

    A name such as ``file.dat`` is that of many files, so the starts must be less than a day apart.
    """
    file = _file(first)
    if file is None or file != _file(second):
        return False
    leg_nos = (_leg_no(first), _leg_no(second))
    if None in leg_nos or leg_nos[0] == leg_nos[1]:
        return False
    start = first.activity.start_local
    other_start = second.activity.start_local
    if start is None or other_start is None:
        return False
    return abs(start - other_start) < timedelta(days=1)


def _file(side: Side) -> tuple[str, object] | None:
    """Return the connection and the name of the file that an activity came from."""
    # Each account has its own files, so a name means the same file only on one connection.
    name = side.activity.extensions.get("external_id")
    return None if name is None else (side.connection, name)


def _leg_no(side: Side) -> object:
    return side.activity.extensions.get("file_sport_index")
