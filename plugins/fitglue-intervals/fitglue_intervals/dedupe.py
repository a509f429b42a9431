"""What Intervals.icu knows of two of its own rows that no score could: a stub beside its native
copy, the legs of one file.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from fitglue_registry.plugin_api import Opinion

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Pair, Side

ENTRY = "intervals"


def opinion(pair: Pair) -> Opinion | None:
    """Same, different, or ``None`` where there is nothing special to say."""
    first, second = pair.first, pair.second
    if not first.entry == second.entry == ENTRY:
        return None
    if _is_native_of(first, second) or _is_native_of(second, first):
        return Opinion(
            "same",
            "a row from Strava that is never delivered, beside a native row with the same "
            "local start",
        )
    if _are_legs(first, second):
        return Opinion("different", "two legs of one multisport file")
    return None


def _is_native_of(native: Side, stub: Side) -> bool:
    start = stub.activity.start_local
    return (
        stub.activity.stub is not None
        and native.activity.stub is None
        and start is not None
        and native.activity.start_local == start
        and native.activity.start_precision == "second"
    )


def _are_legs(first: Side, second: Side) -> bool:
    """Whether two rows come from one file and differ in their place inside it.

    A name such as ``file.dat`` stands for many files, so the starts have to lie within a day of
    each other.
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
    """The connection and the name of the file that a row came from."""
    name = side.activity.extensions.get("external_id")
    return None if name is None else (side.connection, name)


def _leg_no(side: Side) -> object:
    return side.activity.extensions.get("file_sport_index")
