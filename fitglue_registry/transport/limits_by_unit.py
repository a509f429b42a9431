"""Reads headers that name the window of their limit, such as ``X-RateLimit-Remaining-Minute``.

Gateways such as Kong send them, with one set of headers for each window. Few of them say when a
window is reset: it is then taken to follow the clock, as it does at most services. If that is
wrong, the next response says so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fitglue_registry.transport.caps import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

_FIELD = r"(?P<field>limit|remaining|usage|used|reset)"
_UNIT = r"(?P<count>\d{0,4})-?(?P<unit>[a-z]{1,9})"
_PREFIX = r"(?P<prefix>(?:x-)?(?:read)?rate-?limit)"
#: ``X-RateLimit-Remaining-Minute``, ``X-RateLimit-Limit-15min``.
_UNIT_LAST = re.compile(rf"{_PREFIX}-{_FIELD}-{_UNIT}")
#: ``X-RateLimit-Minute-Remaining``, ``X-RateLimit-Daily-Limit``.
_UNIT_FIRST = re.compile(rf"{_PREFIX}-{_UNIT}-{_FIELD}")
#: The seconds of each unit. A month ends with a day, and its count is read again every day.
_SECONDS = {
    "s": 1,
    "sec": 1,
    "second": 1,
    "m": 60,
    "min": 60,
    "minute": 60,
    "h": 3600,
    "hour": 3600,
    "hourly": 3600,
    "d": 86_400,
    "day": 86_400,
    "daily": 86_400,
    "month": 86_400,
    "monthly": 86_400,
}
#: A service has a few windows; further headers cost time and mean nothing.
_MOST = 8

Fields = dict[str, str]


def reports_by_unit(
    headers: Mapping[str, str],
    now: datetime,
    resets: Callable[[str], list[float]],
) -> Iterator[Report]:
    """Yield what the headers state whose names contain a window.

    Args:
        headers: The headers of a response.
        now: The current time.
        resets: Returns the seconds until the resets that a header states.
    """
    for (prefix, seconds), fields in _fields_by_window(headers).items():
        left = _left(fields)
        if left is None:
            continue
        stated = resets(fields.get("reset", ""))
        until_s = stated[0] if stated else seconds - now.timestamp() % seconds
        yield Report(f"{prefix} per {seconds} s", left, until_s)


def _fields_by_window(headers: Mapping[str, str]) -> dict[tuple[str, int], Fields]:
    """Return the values of the headers, by the beginning of their names and the window."""
    windows: dict[tuple[str, int], Fields] = {}
    for header, value in headers.items():
        name = header.lower()
        # Checked first, because most headers of a response are others.
        if "limit-" not in name:
            continue
        match = _UNIT_LAST.fullmatch(name) or _UNIT_FIRST.fullmatch(name)
        if match is None:
            continue
        seconds = _seconds_of(match["count"], match["unit"])
        key = match["prefix"], seconds
        if seconds and (key in windows or len(windows) < _MOST):
            windows.setdefault(key, {})[match["field"]] = value
    return windows


def _seconds_of(count: str, unit: str) -> int:
    """Return the length of a window in seconds; 0 if its name is not that of a window."""
    seconds = _SECONDS.get(unit) or _SECONDS.get(unit.removesuffix("s"), 0)
    return int(count or 1) * seconds


def _left(fields: Fields) -> int | None:
    """Return how many requests are left in a window, if its headers say so."""
    remaining = _number(fields.get("remaining"))
    if remaining is not None:
        return remaining
    limit = _number(fields.get("limit"))
    used = _number(fields.get("usage", fields.get("used")))
    return None if limit is None or used is None else limit - used


def _number(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if re.fullmatch(r"-?[0-9]{1,15}", text) else None
