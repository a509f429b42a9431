"""Reading of payloads as values that every store accepts."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from fitglue_registry.payloads import BeyondLimits, clean_text, decode_leniently, decode_strictly

_EPOCH = datetime(
    1970,
    1,
    1,
    tzinfo=UTC,
)
#: A larger number is a mistake in any unit, and could exceed the range of a time or an integer.
_HIGHEST = 1e15
#: Ids have eleven digits. The limits keep numbers of any length away from texts and paths.
_HIGHEST_ID = 10**18
_ID = re.compile(r"[1-9][0-9]{0,17}")


def read_object(content: bytes) -> dict[str, Any]:
    """Return a JSON object as plain values.

    Raises:
        BeyondLimits: If the content has too many bytes, values or levels.
        ValueError: If it is not a JSON object.
    """
    try:
        value = decode_strictly(content)
        is_clean = b"\\u0000" not in content
    except BeyondLimits:
        raise
    except ValueError:
        value = decode_leniently(content, errors="replace")
        is_clean = False
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004 - the content is wrong
    if is_clean:
        return value
    cleaned: dict[str, Any] = _cleaned(value)
    return cleaned


def _cleaned(value: Any) -> Any:
    """Return a value without infinities, NaN and characters that cannot be stored."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {clean_text(key): _cleaned(item) for key, item in value.items()}
    return value


def text_of(value: Any) -> str | None:
    """Return a text without the white space around it, or ``None`` for anything else."""
    if not isinstance(value, str):
        return None
    return value.strip() or None


def number_of(value: Any) -> float | None:
    """Return a number of a plausible size, or ``None`` for anything else."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    if not abs(value) < _HIGHEST:
        return None
    return float(value)


def id_of(value: Any) -> str | None:
    """Return an id of Garmin as text, or ``None`` if it is not a positive integer.

    Documented: ids are integers. Some services write them as texts, so both forms are read.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        if not 0 < value < _HIGHEST_ID:
            return None
        value = str(value)
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    return None


def objects_of(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; an empty list for anything else."""
    if not isinstance(value, list):
        return []
    return [item for item in value if isinstance(item, dict)]


def moment_of(value: Any) -> datetime | None:
    """Return a time that is meant as UTC, or ``None`` if it is not a time.

    Documented: it is written without an offset. If it has one, the offset counts.
    """
    if not isinstance(value, str):
        time = time_of(value)
        return None if time is None else time.replace(tzinfo=UTC)
    try:
        time = datetime.fromisoformat(value.strip())
        if time.tzinfo is None:
            return time.replace(tzinfo=UTC)
        return time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def time_of(value: Any) -> datetime | None:
    """Return a time as it is written, without a zone, or ``None`` if it is not a time.

    Documented: times are texts without an offset, ``2026-10-21 07:15:54`` in the list and
    ``2026-10-21T07:15:54.0`` in details. Seen: some services send milliseconds since 1970; a local
    time is then counted as if it were UTC.
    """
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value.strip()).replace(tzinfo=None)
        number = number_of(value)
        if number is not None:
            return (_EPOCH + timedelta(milliseconds=number)).replace(tzinfo=None)
    except (ValueError, OverflowError):
        pass
    return None
