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

_SECONDS = re.compile(r"\s*\d{1,9}(\.\d+)?\s*")
_MINUTE_S = 60
_HOUR_S = 3600


def retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds to wait that a ``Retry-After`` header asks for (RFC 9110, 10.2.3).

    Args:
        value: The value of the header, in seconds or as an HTTP date.
        now: The current time.

    Returns:
        The seconds, or ``None`` if the value is missing, invalid or in the past.
    """
    if not value:
        return None
    if _SECONDS.fullmatch(value):
        return float(value) or None
    try:
        moment = parsedate_to_datetime(value)
        # A date without a zone, which the standard does not allow, is read as UTC.
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        left_s = (moment - now).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return left_s if left_s > 0 else None


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
