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
    files = [
        (side.connection, side.activity.extensions.get("external_id")) for side in (first, second)
    ]
    legs = [side.activity.extensions.get("file_sport_index") for side in (first, second)]
    starts = [side.activity.start_local for side in (first, second)]
    if (
        files[0] != files[1]
        or None in (files[0][1], *legs)
        or legs[0] == legs[1]
        or starts[0] is None
        or starts[1] is None
    ):
        return False
    return abs(starts[0] - starts[1]) < timedelta(days=1)
