"""The time in each training zone, as sources state it in the extensions of an activity.

An extension such as ``heartrate_zones`` has ``times_s``, a list of seconds, the lowest zone first,
and may have the upper limits of the zones under ``bounds_bpm`` or ``bounds_pct`` (percent of the
threshold). Intervals.icu states the times of power as ``times``, a list with ``id`` and ``secs``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: Kind of zones → the extension that has them, and the name of their times in it.
ZONES = {
    "heartrate": ("heartrate_zones", "times_s"),
    "power": ("power_zones", "times_s"),
    "pace": ("pace_zones", "times_s"),
    "grade_adjusted_pace": ("pace_zones", "grade_adjusted_times_s"),
}
#: Name of the upper limits in an extension → their unit.
BOUNDS = {
    "bounds_bpm": "bpm",
    "bounds_pct": "%",
}
#: The name of times that are objects with an id and seconds.
NAMED_TIMES = "times"
#: The last limit of a source that has none, such as 999 % of the threshold.
NO_LIMIT = 999


class Zone(NamedTuple):
    """The time in one training zone.

    Attributes:
        kind: ``heartrate``, ``power``, ``pace`` or ``grade_adjusted_pace``.
        name: The name of the zone, such as ``Z1``.
        elapsed_s: The time in it, in seconds.
        upper: The upper limit of the zone, or ``None`` if it is unknown or the zone has none.
        unit: The unit of the limit: ``bpm``, or ``%`` of the threshold.
    """

    kind: str
    name: str
    elapsed_s: float
    upper: float | None
    unit: str | None


def zones_of(extensions: Mapping[str, Any]) -> Iterator[Zone]:
    """Yield the zones of an activity, by kind, the lowest zone first.

    Args:
        extensions: The extensions of the activity. What has another form is left out.
    """
    for kind, (extension, name) in ZONES.items():
        stated = extensions.get(extension)
        if not isinstance(stated, dict):
            continue
        times = stated.get(name)
        named = stated.get(NAMED_TIMES)
        if times is None and kind == "power" and isinstance(named, list):
            yield from _zones(kind, map(_named_time, named), stated)
        elif isinstance(times, list):
            yield from _zones(kind, ((None, time) for time in times), stated)


def _named_time(time: Any) -> tuple[Any, Any]:
    """Return the name and the seconds of a zone that is an object."""
    if not isinstance(time, dict):
        return None, None
    return time.get("id"), time.get("secs")


def _zones(
    kind: str,
    times: Iterable[tuple[Any, Any]],
    stated: Mapping[str, Any],
) -> Iterator[Zone]:
    for position, (name, seconds) in enumerate(times):
        if _is_number(seconds):
            upper, unit = _limit(stated, position)
            shown = f"Z{position + 1}" if name is None else str(name)
            yield Zone(kind, shown, seconds, upper, unit)


def _limit(stated: Mapping[str, Any], position: int) -> tuple[float | None, str | None]:
    """Return the upper limit of a zone and its unit, or ``None`` twice."""
    for name, unit in BOUNDS.items():
        limits = stated.get(name)
        if not isinstance(limits, list) or position >= len(limits):
            continue
        limit = limits[position]
        # The last zone has no upper limit, which some sources write as a large number.
        if _is_number(limit) and not (unit == "%" and limit >= NO_LIMIT):
            return limit, unit
    return None, None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
