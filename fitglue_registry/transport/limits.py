"""What a limit on requests means: how long the source is left alone, and the error that says so."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from fitglue_registry.errors import Place, Retryable

if TYPE_CHECKING:
    from datetime import datetime

    from fitglue_registry.transport.policy import HttpPolicy

LATER = "run the command again later; nothing that was fetched is lost"

_SECONDS = re.compile(r"\s*\d{1,9}(\.\d+)?\s*")
_MINUTE_S = 60
_HOUR_S = 3600


def retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds to wait from a ``Retry-After`` in seconds or as an HTTP date; ``None``
    where it says nothing of use.
    """
    if not value:
        return None
    if _SECONDS.fullmatch(value):
        return float(value) or None
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        left_s = (moment - now).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return left_s if left_s > 0 else None


def over_budget(policy: HttpPolicy, wait_s: float) -> Retryable:
    """Return the error for a budget that grants no request for so long that waiting here makes no
    sense.
    """
    failure = Retryable(
        "FG-rate-limited",
        f"{policy.host} may not be asked for another {_span(wait_s)}",
        at=Place(url=policy.base_url),
        fix=again_in(wait_s),
        why="the limit that its entry states, or that it stated itself, is used up",
    )
    failure.retry_after_s = wait_s
    return failure


def again_in(seconds: float) -> str:
    """Return what to do about a source that is to be left alone for so long."""
    return f"run the command again in {_span(seconds)}; nothing that was fetched is lost"


def _span(seconds: float) -> str:
    """Return a wait as a person says it."""
    if seconds < 1.5 * _MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < 1.5 * _HOUR_S:
        return f"{seconds / _MINUTE_S:.0f} min"
    return f"{seconds / _HOUR_S:.1f} h"
