"""Numbers as XML and CSV state them: without an exponent, and without needless digits."""

from __future__ import annotations

#: A micrometer, a microwatt: finer than anything is measured.
_DIGITS = 6


def decimal(value: float, digits: int = _DIGITS) -> str:
    """Return a number with at most so many digits after the point, and no zeros at its end."""
    text = f"{value:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
