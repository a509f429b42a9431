"""The time in each training zone, as sources state it in the extensions of an activity.

An extension such as ``heartrate_zones`` has ``times_s``, a list of seconds, the lowest zone first,
and may have the upper limits of the zones under ``bounds_bpm`` or ``bounds_pct`` (percent of the
threshold). Intervals.icu states the times of power as ``times``, a list with ``id`` and ``secs``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
        if times is None and kind == "power":
            times = stated.get(NAMED_TIMES)
        if isinstance(times, list):
            yield from _zones(kind, times, stated)


def _zones(
    kind: str,
    times: list[Any],
    stated: Mapping[str, Any],
) -> Iterator[Zone]:
    limits, unit = _limits(stated)
    for position, time in enumerate(times):
        name = f"Z{position + 1}"
        seconds = time
        if isinstance(time, dict):
            seconds = time.get("secs")
            name = str(time.get("id") or name)
        if not _is_number(seconds):
            continue
        upper = None
        if position < len(limits) and _is_number(limits[position]):
            upper = limits[position]
        # The last zone has no upper limit, which some sources write as a large number.
        if upper is not None and unit == "%" and upper >= NO_LIMIT:
            upper = None
        yield Zone(kind, name, seconds, upper, None if upper is None else unit)


def _limits(stated: Mapping[str, Any]) -> tuple[list[Any], str | None]:
    for name, unit in BOUNDS.items():
        if isinstance(stated.get(name), list):
            return stated[name], unit
    return [], None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
