"""Access to single values of decoded messages, which can have an unexpected type in a
damaged file.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fitglue_formats.fit.messages import Values


def number(
    values: Values,
    name: str,
    *,
    zero: bool = True,
) -> float | None:
    """Return a number of a message, or ``None`` if it is missing, not a number, or not finite.

    Args:
        values: The decoded message.
        name: The name of the field in the FIT profile.
        zero: Whether 0 is a value. If not, it is treated as missing.
    """
    value = seconds(values, name)
    if value is None or not math.isfinite(value):
        return None
    if value == 0 and not zero:
        return None
    return value


def seconds(values: Values, name: str) -> float | None:
    """Return a field of a message as a float, or ``None`` if it is not a number.

    For an array, the first known value counts: one watch writes an average speed twice.
    """
    value = values.get(name)
    if isinstance(value, tuple):
        value = next((part for part in value if part is not None), None)
    # A field with an unknown unit or size decodes to text or bytes.
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value)


def cadence(values: Values, name: str) -> float | None:
    """Return a cadence with its fraction, which FIT keeps in a second field."""
    revolutions = number(values, name)
    if revolutions is None:
        return None
    # ``avg_cadence`` and ``avg_fractional_cadence``, in revolutions per minute.
    fraction = number(values, name.replace("_cadence", "_fractional_cadence"))
    return revolutions + (fraction or 0.0)


def text(value: Any) -> str | None:
    """Return a text without characters that cannot be printed, or ``None`` if nothing is left."""
    first = first_part(value)
    if not isinstance(first, str):
        return None
    printable = "".join(filter(str.isprintable, first))
    return printable.strip() or None


def first_part(value: Any) -> Any:
    """Return the value, or its first part that is not empty.

    fitdecode splits a text that contains zero bytes into several parts.
    """
    if not isinstance(value, tuple):
        return value
    return next(filter(None, value), None)
