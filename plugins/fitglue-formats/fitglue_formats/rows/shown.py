"""Writes a value of a file as a remark about it shows it: rounded, and with its unit."""

from __future__ import annotations

#: The end of the name of a field → its unit, and how many decimals are shown at most.
_UNITS = {
    "_mps": ("m/s", 2),
    "_m": ("m", 1),
    "_ms": ("ms", 0),
    "_mm": ("mm", 1),
    "_s": ("s", 1),
    "_bpm": ("bpm", 1),
    "_rpm": ("rpm", 1),
    "_kcal": ("kcal", 0),
    "_watts": ("W", 1),
    "_c": ("°C", 1),
    "_pct": ("%", 1),
    "_j": ("J", 0),
}
_DECIMALS = 2


def shown(field: str, value: float | str) -> str:
    """Return the value of a field as a remark shows it.

    Args:
        field: The name of the field, which ends with the unit.
        value: The value; a long text, such as a description, is cut.
    """
    if isinstance(value, str):
        return f"{value:.80}"
    _, line, end = field.rpartition("_")
    unit, decimals = _UNITS.get(f"{line}{end}", ("", _DECIMALS))
    number = f"{value:,.{decimals}f}"
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return f"{number} {unit}".rstrip()
