"""The clock of an account, which moves only when the account changes."""

from __future__ import annotations

from datetime import datetime, timedelta

from fitglue_intervals.testing.values import Row, stamp_text


class AccountClock:
    """The time of an account, which each change moves forward by a minute.

    Args:
        now: The time at the beginning, with a zone.
    """

    def __init__(self, now: datetime) -> None:
        self.now = now

    def tick(self) -> str:
        """Move the clock by a minute and return its time, as the API writes it."""
        self.now += timedelta(minutes=1)
        return stamp_text(self.now)

    def analysis(self) -> Row:
        """Return the keys that a new analysis changes."""
        # After an upload both timestamps were seen to be equal, half a second after `created`.
        stamp = self.tick()
        return {"analyzed": stamp, "icu_sync_date": stamp}
