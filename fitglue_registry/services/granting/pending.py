"""Permissions that athletes are being asked for at a service, until the browser comes back.

They are kept in memory, so the process that has sent the athlete to the service must still run when
the browser comes back. Each is used once, within ten minutes.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fitglue_registry.transport.clock import WaitingClock
    from fitglue_registry.transport.oauth_app import Question

#: How long an athlete may take at the service.
LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Pending:
    """A permission that an athlete is being asked for.

    Attributes:
        integration: The id of the integration.
        values: The values to connect with, by the fields of its entry.
        athlete: The athlete, who must be the one that comes back.
        question: What the athlete is asked at the service.
        expires_at: Until when the athlete may come back.
    """

    integration: str
    values: Mapping[str, str] = field(repr=False)
    athlete: str
    question: Question
    expires_at: datetime


class PendingPermissions:
    """The permissions that athletes are being asked for. Several threads may use it.

    The key of each is a hash of its state, so that its secret is in nothing that is looked up.

    Args:
        clock: The clock.
    """

    def __init__(self, clock: WaitingClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._by_state: dict[str, Pending] = {}

    def add(self, pending: Pending) -> None:
        """Remember a permission, and forget those that are too old."""
        with self._lock:
            self._forget_old()
            self._by_state[_hashed(pending.question.state)] = pending

    def find(self, state: str) -> Pending | None:
        """Return the permission that a state belongs to, if it is still waited for."""
        with self._lock:
            self._forget_old()
            return self._by_state.get(_hashed(state))

    def take(self, state: str) -> Pending | None:
        """Return the permission that a state belongs to, and forget it."""
        with self._lock:
            self._forget_old()
            return self._by_state.pop(_hashed(state), None)

    def _forget_old(self) -> None:
        now = self._clock.now()
        for key, pending in list(self._by_state.items()):
            if pending.expires_at <= now:
                del self._by_state[key]


def _hashed(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "replace")).hexdigest()
