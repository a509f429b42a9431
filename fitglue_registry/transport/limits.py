"""Reads how long a service asks to wait, and makes the error for a wait that is too long."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from fitglue_registry.errors import Place, Retryable

if TYPE_CHECKING:
    from datetime import datetime

    from fitglue_registry.transport.policy import HttpPolicy

RUN_LATER = "run the command again later; nothing that was fetched is lost"

#: A number of seconds. Some servers write a float, or far more digits than they mean.
_SECONDS = re.compile(r"\s*\d+(\.\d*)?(e\+?\d{1,3})?\s*", re.IGNORECASE)
#: Some servers state the moment instead of the wait, in seconds or milliseconds since 1970.
_MOMENT_S = 1e9
_MOMENT_MS = 1e12
_YEAR_S = 366 * 86_400.0
#: No limit of a service is counted over a longer time; a longer wait is a fault of the server. The
#: account must not stay closed for years because of it.
_LONGEST_S = 31 * 86_400.0
_MINUTE_S = 60
_HOUR_S = 3600


def retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds to wait that a ``Retry-After`` header asks for (RFC 9110, 10.2.3).

    Args:
        value: The value of the header, in seconds or as an HTTP date.
        now: The current time.

    Returns:
        The seconds, at most 31 days, or ``None`` if the value is missing, invalid or in the past.
    """
    if not value:
        return None
    if _SECONDS.fullmatch(value):
        return _wait_of(float(value), now)
    try:
        moment = parsedate_to_datetime(value)
        # A date without a zone, which the standard does not allow, is read as UTC.
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        left_s = (moment - now).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(left_s, _LONGEST_S) if left_s > 0 else None


def _wait_of(number: float, now: datetime) -> float | None:
    """Return the seconds to wait that a number means: a duration, or a moment near the present."""
    if number >= _MOMENT_S:
        moment = number / 1000 if number >= _MOMENT_MS else number
        left_s = moment - now.timestamp()
        if abs(left_s) <= _YEAR_S:
            number = max(left_s, 0.0)
    return min(number, _LONGEST_S) or None


def over_budget(policy: HttpPolicy, wait_s: float) -> Retryable:
    """Return the error for a budget that grants no request within the longest allowed wait."""
    failure = Retryable(
        "FG-rate-limited",
        f"no request to {policy.host} is allowed for another {_duration(wait_s)}",
        at=Place(url=policy.base_url),
        fix=run_again_in(wait_s),
        why="the limit of its entry, or the limit that the service itself reported, is used up",
    )
    failure.retry_after_s = wait_s
    return failure


def run_again_in(seconds: float) -> str:
    """Return the fix for a service that must not be called for some seconds."""
    return f"run the command again in {_duration(seconds)}; nothing that was fetched is lost"


def _duration(seconds: float) -> str:
    """Return a duration for people, in seconds, minutes or hours."""
    if seconds < 1.5 * _MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < 1.5 * _HOUR_S:
        return f"{seconds / _MINUTE_S:.0f} min"
    return f"{seconds / _HOUR_S:.1f} h"
