"""How long a delivery that failed waits until it is tried again, and when it is given up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fitglue_registry.model.moments import clock_text

if TYPE_CHECKING:
    from fitglue_registry.store.deliveries import DeliveryRow

#: The waits after the first, second, … failure; the last one is repeated.
WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
)
#: How often a failure is repeated that is no outage, such as an error of the plugin.
MOST_TRIES = 10


def next_try(
    now: datetime,
    tries: int,
    retry_after_s: float | None = None,
) -> str:
    """Return when a delivery is tried again.

    Args:
        now: The current moment.
        tries: How often it was tried, at least once.
        retry_after_s: The seconds that the destination asked to wait; ``None`` if it did not.
    """
    wait = WAITS[min(max(tries, 1), len(WAITS)) - 1]
    if retry_after_s is not None:
        wait = max(wait, timedelta(seconds=retry_after_s))
    return clock_text(now + wait)


def is_over(
    delivery: DeliveryRow,
    now: datetime,
    retry_days: int | None,
) -> bool:
    """Return whether a destination that is unavailable is given up for this delivery.

    Args:
        delivery: The delivery.
        now: The current moment.
        retry_days: The days for which the destination's entry has it tried; ``None`` for ever.
    """
    if retry_days is None:
        return False
    # A row is planned again for each change; what counts is the last time.
    began = datetime.fromisoformat(delivery.intent.get("asked_at", delivery.planned_at))
    return now - began >= timedelta(days=retry_days)
