"""The limits that responses state: how many further requests a service answers until when."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Resets that differ by less are the same one: services state whole seconds, and responses take a
#: different time to arrive.
_SAME_S = 2.0


@dataclass(frozen=True, slots=True)
class Report:
    """What one response states about one limit.

    Attributes:
        name: Which of the limits it is; the next response states it under the same name.
        left: How many further requests the service answers.
        seconds: The seconds until it answers more.
        begins: Whether the response only says how long a window is, and not how much of it is left:
            a window begins with it unless one is under way.
    """

    name: str
    left: int
    seconds: float
    begins: bool = False


@dataclass(slots=True)
class _Cap:
    ends: float
    left: int


class Caps:
    """The newest report of each limit, less the requests that were granted since."""

    def __init__(self) -> None:
        self._caps: dict[str, _Cap] = {}

    @classmethod
    def of(cls, rows: Mapping[str, Any], latest: float) -> Self:
        """Return the caps that ``rows`` has returned.

        Args:
            rows: The caps.
            latest: The latest time at which a cap may end.

        Raises:
            ValueError: The rows are damaged; also TypeError and AttributeError.
        """
        caps = cls()
        for name, (ends, left) in rows.items():
            caps._caps[name] = _Cap(min(float(ends), latest), int(left))
        return caps

    def add(self, report: Report, now: float) -> None:
        """Take over what a response states.

        Responses overtake each other, so the lower of two numbers for the same reset counts.
        """
        fresh = _Cap(now + report.seconds, max(report.left, 0))
        known = self._caps.get(report.name)
        if report.begins and known is not None and known.ends > now:
            return
        if known is not None and abs(known.ends - fresh.ends) < _SAME_S:
            fresh.left = min(fresh.left, known.left)
        self._caps[report.name] = fresh

    def room(self, now: float) -> int:
        """Return how many requests all caps allow now."""
        return min((cap.left for cap in self._caps.values() if cap.ends > now), default=sys.maxsize)

    def wait_s(self, n: int, now: float) -> float:
        """Return the seconds until the caps may allow ``n`` requests; 0.0 if they do now."""
        waits_s = [cap.ends - now for cap in self._caps.values() if cap.left < n]
        return max([0.0, *waits_s])

    def take(self, n: int, now: float) -> None:
        """Count ``n`` requests that are granted, and forget the caps that have ended."""
        self._caps = {name: cap for name, cap in self._caps.items() if cap.ends > now}
        for cap in self._caps.values():
            cap.left -= n

    def rows(self, now: float) -> dict[str, tuple[float, int]]:
        """Return the caps that have not ended, as plain values."""
        items = self._caps.items()
        return {name: (cap.ends, cap.left) for name, cap in items if cap.ends > now}
