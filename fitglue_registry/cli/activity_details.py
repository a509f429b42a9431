"""What an activity has besides its values, laps and streams: sets, zones, figures, plan, weather.

The extensions come from sources as they are, so nothing here relies on their form.
"""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Any

from fitglue_registry.cli import numbers
from fitglue_registry.cli.layout import Heading, Pairs, Rows, columns_of
from fitglue_registry.cli.measures import figure, label_of
from fitglue_registry.cli.text import short_prose
from fitglue_registry.model.zones import ZONES, zones_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from fitglue_registry.cli.layout import Column, Part
    from fitglue_registry.model import SourceActivity, StrengthSet, WorkoutStep

_MOST_ROWS = 40
_SET_COLUMNS = columns_of(
    ("#", "exercise", "kind", "reps", "kg", "time", "km", "rest", "superset", "notes"),
    right=("#", "reps", "kg", "time", "km", "rest"),
    flexible="exercise",
    folded=("notes",),
)
_EXERCISE_COLUMNS = columns_of(
    ("exercise", "sets", "reps", "most kg", "time"),
    right=("sets", "reps", "most kg", "time"),
    flexible="exercise",
)
_STEP_COLUMNS = columns_of(("#", "step", "until", "target"), right=("#",))
_MOMENT_COLUMNS = columns_of(("at", "what", "for"), right=("at", "for"), flexible="what")
_SEGMENT_COLUMNS = columns_of(("#", "segment", "time"), right=("#", "time"), flexible="segment")
_ZONE_COLUMNS = columns_of(("zone", "time", "up to"), right=("time", "up to"))
#: Kind of zones → its name for people.
_ZONE_NAMES = {
    "heartrate": "heart rate",
    "power": "power",
    "pace": "pace",
    "grade_adjusted_pace": "grade-adjusted pace",
}
#: Extensions that have their own place on the screen.
_SHOWN = {extension for extension, _ in ZONES.values()} | {"exercises", "weather"}
#: Extension with bests by a number → its label, and the unit of the number.
_BESTS = {
    "best_power_watts": ("best power", "s"),
    "fastest_s_by_m": ("fastest", "m"),
}


# -- strength --------------------------------------------------------------------------------------


def sets_of(activity: SourceActivity) -> Iterator[Part]:
    """Yield the sets of strength training, or else what the source has of each exercise."""
    if activity.sets:
        yield from _table("Sets", _SET_COLUMNS, list(_sets(activity.sets)))
        return
    exercises = activity.extensions.get("exercises")
    if isinstance(exercises, list):
        rows = [_exercise(item) for item in exercises if isinstance(item, dict)]
        yield from _table("Exercises", _EXERCISE_COLUMNS, rows)


def _sets(sets: Sequence[StrengthSet]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each set; a rest is shown beside the set before it."""
    number = 0
    following = [*sets[1:], None]
    for position, (work, after) in enumerate(zip(sets, following, strict=True)):
        is_rest = work.kind == "rest"
        # Only the first rest can have no set before it.
        if is_rest and position and sets[position - 1].kind != "rest":
            continue
        rest = ""
        if after is not None and after.kind == "rest" and not is_rest:
            rest = numbers.clock(after.elapsed_s)
        number += not is_rest
        yield (
            "" if is_rest else str(number),
            work.exercise,
            "" if work.kind in (None, "normal", "rest") else str(work.kind),
            numbers.whole(work.reps),
            "" if work.weight_kg is None else numbers.plain(work.weight_kg),
            numbers.clock(work.elapsed_s),
            numbers.km(work.distance_m, 2),
            rest,
            work.superset or "",
            short_prose(work.notes or ""),
        )


def _exercise(item: Mapping[str, Any]) -> tuple[str, ...]:
    words = str(item.get("name") or item.get("category") or "Unknown")
    return (
        words.replace("_", " ").capitalize(),
        _number(item.get("sets")),
        _number(item.get("repetitions")),
        _number(item.get("max_weight_kg")),
        _clock(item.get("duration_s")),
    )


# -- plan, moments, segments -----------------------------------------------------------------------


def planned(activity: SourceActivity) -> Iterator[Part]:
    """Yield the planned workout, labeled moments, and the segments of a hybrid race."""
    if activity.workout:
        name = activity.workout.name or ""
        steps = [_step(number, step) for number, step in enumerate(activity.workout.steps, 1)]
        yield from _table("Planned workout", _STEP_COLUMNS, steps, name)
    moments = []
    for marker in activity.time_markers:
        what = marker.label or marker.kind or ""
        moments.append((numbers.clock(marker.at_s), what, numbers.clock(marker.elapsed_s)))
    yield from _table("Moments", _MOMENT_COLUMNS, moments)
    segments = []
    for number, segment in enumerate(activity.race_segments, 1):
        segments.append((str(number), segment.label, numbers.clock(segment.elapsed_s)))
    yield from _table("Segments", _SEGMENT_COLUMNS, segments)


def _step(number: int, step: WorkoutStep) -> tuple[str, ...]:
    return (
        str(number),
        step.intensity or step.duration_kind,
        _end_of(step),
        _target(step),
    )


def _end_of(step: WorkoutStep) -> str:
    if step.duration is None:
        return "you press lap" if step.duration_kind == "open" else ""
    if step.duration_kind == "time":
        return numbers.clock(step.duration)
    if step.duration_kind == "distance":
        return numbers.distance(step.duration, 2)
    return f"repeat from step {step.duration + 1:.0f}"


def _target(step: WorkoutStep) -> str:
    unit = {"heart_rate": "bpm", "power": "W", "speed": "m/s"}.get(step.target_kind)
    limits = [limit for limit in (step.target_low, step.target_high) if limit is not None]
    if unit is None or not limits:
        return ""
    return f"{' to '.join(map(numbers.plain, limits))} {unit}"


# -- zones and figures -----------------------------------------------------------------------------


def zones(activity: SourceActivity, *, everything: bool) -> Iterator[Part]:
    """Yield the time in each zone, one line for each kind; with their limits if ``everything``."""
    by_kind: dict[str, list[tuple[str, ...]]] = {}
    for zone in zones_of(activity.extensions):
        limit = "" if zone.upper is None else f"{numbers.plain(zone.upper)} {zone.unit}"
        row = (zone.name, numbers.clock(zone.elapsed_s), limit)
        by_kind.setdefault(_ZONE_NAMES[zone.kind], []).append(row)
    if not by_kind:
        return
    if everything:
        for name, rows in by_kind.items():
            yield from _table(f"Zones of {name}", _ZONE_COLUMNS, rows)
        return
    lines = []
    for name, rows in by_kind.items():
        lines.append((name, ", ".join(f"{zone} {time}" for zone, time, _ in rows)))
    yield ""
    yield Heading("Time in zones")
    yield Pairs(lines)


def figures(activity: SourceActivity, *, everything: bool) -> Iterator[Part]:
    """Yield the numbers that have no field of their own, each in a line if ``everything``."""
    sport = activity.sport
    metrics = [(label_of(name), figure(name, value, sport)) for name, value in _metrics(activity)]
    lines = []
    if everything:
        lines += metrics
    elif metrics:
        lines.append(("figures", _joined(metrics)))
    weather = activity.extensions.get("weather")
    if isinstance(weather, dict):
        lines.append(("weather", _joined(_named(weather, sport))))
    for extension, (label, unit) in _BESTS.items():
        bests = activity.extensions.get(extension)
        if isinstance(bests, dict):
            lines.append((label, _bests(bests, extension, unit, sport)))
    if lines:
        yield ""
        yield Heading("Other figures")
        yield Pairs(lines)


def _metrics(activity: SourceActivity) -> list[tuple[str, float]]:
    return sorted(activity.metrics.items())


def _named(values: Mapping[str, Any], sport: str | None) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        yield label_of(name), figure(name, value, sport)


def _joined(named: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {text}" for name, text in named)


def _bests(
    bests: Mapping[str, Any],
    extension: str,
    unit: str,
    sport: str | None,
) -> str:
    name = extension.replace("_by_m", "")
    texts = []
    for size, value in bests.items():
        texts.append(
            f"{figure(f'over_{unit}', _to_number(size), sport)} {figure(name, value, sport)}"
        )
    return ", ".join(texts)


def _to_number(text: str) -> float | str:
    return float(text) if text.isdecimal() else text


# -- everything else -------------------------------------------------------------------------------


def everything_else(activity: SourceActivity) -> Iterator[Part]:
    """Yield every stored value that has no other place on the screen, by its path."""
    lines: list[tuple[str, str]] = []
    for name in ("gear", "device", "location"):
        thing = getattr(activity, name)
        for field in thing.__struct_fields__ if thing else ():
            value = getattr(thing, field)
            if value is not None:
                lines.append((f"{name} {label_of(field)}", figure(field, value, activity.sport)))
    for name, value in activity.extensions.items():
        if name not in _SHOWN and name not in _BESTS:
            lines += _flat(name, value)
    if lines:
        yield ""
        yield Heading("Everything else")
        yield Pairs([(name, short_prose(text)) for name, text in lines])


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}", inner)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for number, item in enumerate(value, 1):
            yield from _flat(f"{name}.{number}", item)
    elif isinstance(value, list):
        yield name, ", ".join(map(str, value))
    else:
        yield name, figure(name, value, None)


# -- tables ----------------------------------------------------------------------------------------


def _table(
    heading: str,
    columns: Sequence[Column],
    rows: Sequence[tuple[str, ...]],
    more: str = "",
) -> Iterator[Part]:
    """Yield a table without the columns that are empty, or nothing without rows."""
    if not rows:
        return
    is_used = list(map(any, zip(*rows, strict=True)))
    shown = [list(compress(row, is_used)) for row in rows[:_MOST_ROWS]]
    yield ""
    yield Heading(heading, more)
    yield Rows(list(compress(columns, is_used)), shown, indent=2)
    left = len(rows) - _MOST_ROWS
    if left > 0:
        yield f"  and {left:,} more; --json lists all of them"


def _number(value: Any) -> str:
    is_number = isinstance(value, int | float)
    return numbers.plain(value) if is_number else ""


def _clock(value: Any) -> str:
    is_number = isinstance(value, int | float)
    return numbers.clock(value) if is_number else ""
