"""How often a source may be asked, counted together by every process of this machine."""

from __future__ import annotations

import hashlib
import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from filelock import FileLock, Timeout

from fitglue_registry.errors import StoreFailed
from fitglue_registry.transport.ledger import Ledger, Window, windows_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from fitglue_registry.registry import Budget as Limit
    from fitglue_registry.transport.clock import WaitingClock
    from fitglue_registry.transport.policy import HttpPolicy

_LOCK_TIMEOUT_S = 30.0
_POLL_S = 0.002
_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9.]+")
_SHORTEST_WAIT_S = 0.001  # a shorter one, born of rounding, would be asked again and again


class Budget(Protocol):
    """Asked before each request; it never sleeps, so that whoever waits can say so."""

    def acquire(self, n: int = 1) -> float:
        """Take ``n`` requests and return 0.0; or take nothing and say in how many seconds it is
        worth asking again.
        """

    def give_back(self, n: int = 1) -> None:
        """``n`` that were just acquired are not used."""

    def hold(self, seconds: float) -> None:
        """Grant nothing for so long: the source asked for it."""


class NoBudget:
    """No limit but what the answers state, for a server on this machine."""

    def __init__(self, clock: WaitingClock) -> None:
        self._clock = clock
        self._closed_until = float("-inf")

    def acquire(self, n: int = 1) -> float:  # noqa: ARG002 - the protocol's
        """0.0, or the rest of what an answer asked for."""
        return _worth_waiting(self._closed_until - self._clock.monotonic())

    def give_back(self, n: int = 1) -> None:
        """Nothing was counted."""

    def hold(self, seconds: float) -> None:
        """Grant nothing for so long."""
        until = self._clock.monotonic() + seconds
        self._closed_until = max(self._closed_until, until)


class FileBudget:
    """Limits kept in one small file per ``key`` that all processes share; they are leased in
    batches where they are plenty.

    A killed process loses its lease and nothing else; a damaged file starts anew; a clock that was
    set back shortens no window and lengthens none by more than itself. Raises ``StoreFailed``
    (FG-budget-unusable) where the folder cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        key: str,
        limits: Sequence[Limit],
        clock: WaitingClock,
    ) -> None:
        self._file = folder / f"{_file_name(key)}.json"
        self._windows: tuple[Window, ...] = windows_of(limits)
        self._clock = clock
        self._lock = threading.Lock()
        self._leased = 0
        self._lease_ends = 0.0

    def acquire(self, n: int = 1) -> float:
        """0.0 when ``n`` more stay within every limit; else the seconds until they will."""
        with self._lock:
            now = self._clock.monotonic()
            if self._leased >= n and now < self._lease_ends:
                self._leased -= n
                return 0.0
            with self._ledger() as ledger:
                grant = ledger.take(n)
            self._leased = grant.lease
            self._lease_ends = self._clock.monotonic() + grant.lease_s
            return _worth_waiting(grant.wait_s)

    def give_back(self, n: int = 1) -> None:
        """Put back into the lease; it is lost when the lease ends."""
        with self._lock:
            self._leased += n

    def hold(self, seconds: float) -> None:
        """Grant nothing to any process for so long."""
        with self._lock, self._ledger() as ledger:
            self._leased = 0
            ledger.hold(seconds)

    @contextmanager
    def _ledger(self) -> Iterator[Ledger]:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            lock = self._file.with_suffix(".lock")
            with FileLock(
                lock,
                timeout=_LOCK_TIMEOUT_S,
                poll_interval=_POLL_S,
            ):
                now = self._clock.now().timestamp()
                ledger = Ledger(self._read(), self._windows, now)
                yield ledger
                # Renamed, not synced: a killed process leaves the old file whole, and a power cut
                # is longer than any lease.
                fresh = self._file.with_suffix(".new")
                fresh.write_bytes(ledger.written())
                fresh.replace(self._file)
        except (OSError, Timeout) as error:
            reason = getattr(error, "strerror", None) or "another process holds its lock"
            raise StoreFailed(
                "FG-budget-unusable",
                "the file that counts requests cannot be used",
                why=f"{self._file}: {reason}",
                fix="check that the folder exists, has room, and may be written",
            ) from None

    def _read(self) -> bytes:
        try:
            return self._file.read_bytes()
        except FileNotFoundError:
            return b""


class AllBudgets:
    """Several budgets that must all agree: a limit of the address and one of the account, say."""

    def __init__(self, budgets: Sequence[Budget]) -> None:
        self._budgets = tuple(budgets)

    def acquire(self, n: int = 1) -> float:
        """0.0 when every budget grants ``n``; else what is granted goes back."""
        for position, budget in enumerate(self._budgets):
            wait = budget.acquire(n)
            if wait > 0:
                for granted in self._budgets[:position]:
                    granted.give_back(n)
                return wait
        return 0.0

    def give_back(self, n: int = 1) -> None:
        """Put back into each."""
        for budget in self._budgets:
            budget.give_back(n)

    def hold(self, seconds: float) -> None:
        """Hold each: an answer does not say whose limit it was."""
        for budget in self._budgets:
            budget.hold(seconds)


def budget_of(
    policy: HttpPolicy,
    folder: Path,
    *,
    integration: str,
    account: str,
    clock: WaitingClock,
) -> Budget:
    """The budget of one connection: a file in ``folder`` for each scope that the entry limits, none
    for a loopback address.
    """
    if policy.loopback or not policy.limits:
        return NoBudget(clock)
    keys = {
        "ip": f"ip {policy.host}",
        "app": f"app {integration}",
        "account": f"account {integration} {account}",
    }
    by_scope: dict[str, list[Limit]] = {}
    for limit in policy.limits:
        by_scope.setdefault(limit.scope, []).append(limit)
    budgets = []
    for scope, limits in by_scope.items():
        budgets.append(FileBudget(folder, keys[scope], limits, clock))
    if len(budgets) == 1:
        return budgets[0]
    return AllBudgets(budgets)


def _worth_waiting(wait_s: float) -> float:
    return max(wait_s, _SHORTEST_WAIT_S) if wait_s > 0 else 0.0


def _file_name(key: str) -> str:
    """Return a name that is readable, and different for keys that differ only in what a file name
    cannot hold.
    """
    readable = _NOT_IN_A_NAME.sub("-", key)[:60]
    digest = hashlib.sha256(key.encode()).hexdigest()
    return f"{readable}-{digest[:8]}"
