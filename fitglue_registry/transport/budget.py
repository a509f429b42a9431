"""Limits the number of requests to a service, counted for all processes of this machine."""

from __future__ import annotations

import hashlib
import re
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from filelock import Timeout

from fitglue_registry.durable import private_lock
from fitglue_registry.errors import StoreFailed
from fitglue_registry.private_files import make_private_folder, write_private
from fitglue_registry.transport.caps import Caps
from fitglue_registry.transport.ledger import Ledger
from fitglue_registry.transport.windows import Window, windows_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from fitglue_registry.registry import Budget as Limit
    from fitglue_registry.transport.caps import Report
    from fitglue_registry.transport.clock import WaitingClock
    from fitglue_registry.transport.policy import HttpPolicy

_LOCK_TIMEOUT_S = 30.0
_POLL_S = 0.002
_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9.]+")
_SHORTEST_WAIT_S = 0.001  # shorter waits come from rounding and would be repeated many times


class Budget(Protocol):
    """A limit that is asked before each request.

    It never sleeps, so that the session can report the wait and stop it.
    """

    def acquire(self, n: int = 1) -> float:
        """Take permission for some requests, if possible.

        Args:
            n: The number of requests.

        Returns:
            0.0 if all are granted; otherwise the seconds after which it is worth asking again, and
                nothing is taken.
        """

    def give_back(self, n: int = 1) -> None:
        """Return ``n`` requests that were acquired and not sent."""

    def hold(self, seconds: float) -> None:
        """Grant nothing for some seconds, because the service asked for it."""

    def cap(self, report: Report) -> None:
        """Grant no more requests than a response says that the service will answer."""


class NoBudget:
    """A budget for a server on this machine, which has only the limits that its responses state."""

    def __init__(self, clock: WaitingClock) -> None:
        self._clock = clock
        self._closed_until = float("-inf")
        self._caps = Caps()
        self._lock = threading.Lock()

    def acquire(self, n: int = 1) -> float:
        """Return 0.0, or the remaining seconds of a wait that a response asked for."""
        with self._lock:
            now = self._clock.monotonic()
            wait_s = max(self._closed_until - now, self._caps.wait_s(n, now))
            if wait_s <= 0:
                self._caps.take(n, now)
        return _worth_waiting(wait_s)

    def give_back(self, n: int = 1) -> None:
        """Do nothing, because nothing was counted."""

    def hold(self, seconds: float) -> None:
        """Grant nothing for some seconds."""
        until = self._clock.monotonic() + seconds
        self._closed_until = max(self._closed_until, until)

    def cap(self, report: Report) -> None:
        """Grant no more requests than a response allows."""
        with self._lock:
            self._caps.add(report, self._clock.monotonic())


class FileBudget:
    """Limits that are counted in a small file, which all processes share.

    A process takes its requests from a lease of several requests, if the limits are large enough,
    so that it need not lock the file for each one. A process that is killed wastes only its lease.
    A damaged file is replaced, and the count starts again at zero. If the clock is set back, no
    wait becomes shorter, and none becomes longer by more than the time that it was set back.

    Args:
        folder: The folder of the files; it is created.
        key: What shares the limits, such as "ip intervals.icu"; each key has its own file.
        limits: The limits, all of which hold.
        clock: The clock.

    Raises:
        StoreFailed: FG-budget-unusable, from each method, if the folder cannot be written.
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
        """Return 0.0 if ``n`` requests stay within every limit, else the seconds to wait."""
        with self._lock:
            # Without the file, as long as the lease lasts.
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
        """Return requests to the lease; what is not used before the lease ends is lost."""
        with self._lock:
            self._leased += n

    def hold(self, seconds: float) -> None:
        """Grant nothing to any process for some seconds."""
        with self._lock, self._ledger() as ledger:
            self._leased = 0
            ledger.hold(seconds)

    def cap(self, report: Report) -> None:
        """Grant all processes together no more requests than a response allows."""
        with self._lock, self._ledger() as ledger:
            # What is left of the lease was granted, and the service does not know of it yet.
            self._leased = max(min(self._leased, report.left), 0)
            ledger.cap(replace(report, left=report.left - self._leased))

    @contextmanager
    def _ledger(self) -> Iterator[Ledger]:
        """Lock the file, read its ledger, and write the ledger back."""
        try:
            make_private_folder(self._file.parent)
            lock = self._file.with_suffix(".lock")
            with private_lock(
                lock,
                timeout_s=_LOCK_TIMEOUT_S,
                poll_s=_POLL_S,
            ):
                now = self._clock.now().timestamp()
                ledger = Ledger(self._read(), self._windows, now)
                yield ledger
                # A rename leaves the old file intact if the process is killed here. No fsync is
                # needed: after a power cut, the computer starts later than any lease ends.
                fresh = self._file.with_suffix(".new")
                write_private(fresh, ledger.written())
                fresh.replace(self._file)
        except (OSError, Timeout) as error:
            reason = getattr(error, "strerror", None) or "another process holds its lock"
            raise StoreFailed(
                "FG-budget-unusable",
                "the file that counts requests cannot be used",
                why=f"{self._file}: {reason}",
                fix="check that the folder can be written and that the disk is not full",
            ) from None

    def _read(self) -> bytes:
        try:
            return self._file.read_bytes()
        except FileNotFoundError:
            return b""


class AllBudgets:
    """Several budgets that must all grant a request, such as one of the address and one of the
    account.
    """

    def __init__(self, budgets: Sequence[Budget]) -> None:
        self._budgets = tuple(budgets)

    def acquire(self, n: int = 1) -> float:
        """Return 0.0 if every budget grants ``n`` requests; else return them and the wait."""
        for position, budget in enumerate(self._budgets):
            wait = budget.acquire(n)
            if wait > 0:
                for granted in self._budgets[:position]:
                    granted.give_back(n)
                return wait
        return 0.0

    def give_back(self, n: int = 1) -> None:
        """Return requests to each budget."""
        for budget in self._budgets:
            budget.give_back(n)

    def hold(self, seconds: float) -> None:
        """Hold every budget, because a response does not say which limit was exceeded."""
        for budget in self._budgets:
            budget.hold(seconds)

    def cap(self, report: Report) -> None:
        """Cap only the last budget, which is shared by the fewest.

        A report may be about one account, and must not slow down the others.
        """
        self._budgets[-1].cap(report)


def budget_of(
    policy: HttpPolicy,
    folder: Path,
    *,
    integration: str,
    account: str,
    clock: WaitingClock,
) -> Budget:
    """Return the budget of one connection.

    Args:
        policy: The policy of the session, with the limits of the entry.
        folder: The folder of the files, one for each scope that the entry limits.
        integration: The id of the integration, for limits of the app.
        account: The id of the account, for limits of the account.
        clock: The clock.
    """
    # A server on this machine is a stand-in or the athlete's own.
    if not policy.counted:
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
    # In the order of ``keys``: what most requests share comes first.
    for scope in sorted(by_scope, key=list(keys).index):
        budgets.append(FileBudget(folder, keys[scope], by_scope[scope], clock))
    if len(budgets) == 1:
        return budgets[0]
    return AllBudgets(budgets)


def _worth_waiting(wait_s: float) -> float:
    return max(wait_s, _SHORTEST_WAIT_S) if wait_s > 0 else 0.0


def _file_name(key: str) -> str:
    """Return a readable file name for a key.

    Its digest distinguishes keys that differ only in characters that a file name cannot contain.
    """
    readable = _NOT_IN_A_NAME.sub("-", key)[:60]
    digest = hashlib.sha256(key.encode()).hexdigest()
    return f"{readable}-{digest[:8]}"
