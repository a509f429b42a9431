"""Formats numbers whose unit is the end of their name, such as ``decoupling_pct``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.cli import numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    Write = Callable[[float, str | None], str]

#: Seconds from which a duration is written as h:mm:ss.
_MINUTE_S = 60
_KILO = 1000


def _with(unit: str) -> Write:
    return lambda value, _: f"{numbers.plain(value)} {unit}"


def _energy(value: float, _: str | None) -> str:
    if abs(value) >= _KILO:
        return f"{value / _KILO:,.0f} kJ"
    return f"{numbers.plain(value)} J"


def _seconds(value: float, _: str | None) -> str:
    if abs(value) < _MINUTE_S:
        return f"{numbers.plain(value)} s"
    return numbers.clock(value)


#: The end of a name → how its value is written; the sport decides about the unit of a speed.
_WRITERS: dict[str, Write] = {
    "pct": _with("%"),
    "bpm": _with("bpm"),
    "rpm": _with("rpm"),
    "watts": _with("W"),
    "j": _energy,
    "s": _seconds,
    "ms": _with("ms"),
    "m": lambda value, _: numbers.distance(value, 2),
    "mm": _with("mm"),
    "mps": numbers.speed,
    "g": _with("g"),
    "kg": _with("kg"),
    "kcal": _with("kcal"),
    "c": _with("°C"),
    "deg": _with("°"),
}


#: Words of names that people write in another way.
_WORDS = {
    "ftp": "FTP",
    "heartrate": "heart rate",
    "lthr": "LTHR",
    "rpe": "RPE",
    "trimp": "TRIMP",
    "wbal": "W'bal",
}


def label_of(name: str) -> str:
    """Return the name of a value for people, without its unit."""
    stem, _, unit = name.rpartition("_")
    words = stem if stem and unit in _WRITERS else name
    return " ".join(_WORDS.get(word, word) for word in words.split("_"))


def figure(
    name: str,
    value: Any,
    sport: str | None,
) -> str:
    """Return a value with the unit that its name states.

    Args:
        name: The name of the value.
        value: The value; anything but a number is written as text.
        sport: The sport of the activity.
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    write = _WRITERS.get(name.rpartition("_")[2])
    if write is None or "_" not in name:
        return numbers.plain(value)
    return write(value, sport)
