"""Runs a plugin's code on threads of its own, so that what raises, floods or blocks there is named
and hurts nobody else.

A generator fails while it is consumed, outside every hook wrapper, and a thread cannot be killed: a
plugin that shows no sign of life is abandoned on its daemon thread, that thread is never used
again, and the process can still end. Looking at what a plugin raised or gave may run its code once
more, so that is done on its threads too.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from fitglue_registry.plugins.lane import Lane
from fitglue_registry.plugins.process_state import ProcessState
from fitglue_registry.plugins.pump import END, Pump
from fitglue_registry.plugins.raised import HookCall

if TYPE_CHECKING:
    from fitglue_registry.errors import FitglueError, PluginFailed
    from fitglue_registry.redaction.exceptions import Redact

Result = TypeVar("Result")
Item = TypeVar("Item")
SignOfLife = Callable[[], float]
"""The monotonic moment until which a plugin is known to be at work (a planned wait)."""

_LOOK_EVERY_S = 0.25


class Guard:
    """The guard of one plugin."""

    def __init__(
        self,
        plugin: str,
        *,
        time_limit_s: float = 120.0,
        redact: Redact = str,
    ) -> None:
        self.plugin = plugin
        self.time_limit_s = time_limit_s
        self._redact = redact
        self._lane: Lane | None = None
        # Nobody asks of a plugin to be pure and safe among threads, too.
        self._here = threading.Lock()

    def call(
        self,
        hook: str,
        work: Callable[[], Result],
        sign_of_life: SignOfLife | None = None,
        *,
        time_limit_s: float | None = None,
    ) -> Result:
        """The result of ``work``; raises what it raised if that is a ``FitglueError``, else
        ``PluginFailed``.
        """
        call = self._call(hook)
        state = ProcessState.now()
        box: queue.SimpleQueue[tuple[Any, FitglueError | None]] = queue.SimpleQueue()

        def run() -> None:
            try:
                outcome: tuple[Any, FitglueError | None] = work(), None
            # The border: whatever a plugin raises must not end this thread unnoticed.
            except BaseException as error:  # noqa: BLE001
                outcome = None, call.explain(error)
            state.restore(self.plugin)
            box.put(outcome)

        limit_s = self.time_limit_s if time_limit_s is None else time_limit_s
        try:
            self._own_lane().put(run)
            result, error = _wait(box, call, sign_of_life, limit_s)
        except BaseException:  # Ctrl-C, too: what the lane is at may never end
            self._lane = None
            raise
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]

    def call_here(self, hook: str, work: Callable[[], Result]) -> Result:
        """As ``call``, for a thread that is a lane already: whoever waits for its items notices
        where it blocks.
        """
        try:
            with self._here:  # read once: a lane that blocked keeps the lock of its time
                return work()
        except BaseException as error:  # noqa: BLE001 - the border, as in ``call``
            explained = self._call(hook).explain(error)
        raise explained

    def iterate(
        self,
        hook: str,
        jobs: Sequence[Callable[[], Iterable[Item]]],
        *,
        lanes: int = 1,
        sign_of_life: SignOfLife | None = None,
        weigh: Callable[[Item], int] | None = None,
    ) -> Iterator[tuple[int, Item | FitglueError]]:
        """(job, item) of all ``jobs``, each consumed on one of ``lanes`` threads, at most 64 items
        ahead of the caller.

        A job that raises gives its error as its last item and the next job begins; whether to go on
        is the caller's choice. By asking on, the caller says that it has dealt with what it was
        given: at any time one job more than there are lanes is begun and not dealt with, so that a
        process that is killed has little to ask for again. Items that ``weigh`` calls heavy are not
        queued behind others. Closing the iteration stops each job after its current item. Raises
        ``PluginFailed`` where no lane shows a sign of life.
        """
        call = self._call(hook)
        running = min(lanes, len(jobs))
        pump = Pump(call, jobs, running, weigh)
        try:
            pump.start()
            while running:
                job, item = self._next(pump, call, sign_of_life)
                if job is None:
                    running -= 1
                elif item is END:
                    pump.begin_another()
                else:
                    yield job, item
        finally:
            pump.stop()

    def refuse(self, hook: str, what: str) -> PluginFailed:
        """The error for an answer that the hook's page does not allow."""
        return self._call(hook).refusal(what)

    def refuse_if(self, hook: str, complaint: str | None) -> None:
        """Raise that error, if there is a complaint about an answer."""
        if complaint is not None:
            raise self.refuse(hook, complaint)

    def close(self) -> None:
        """Let the lane end once it has done what it was given; a later call begins a new one."""
        if self._lane is not None:
            self._lane.close()
            self._lane = None

    def _call(self, hook: str) -> HookCall:
        return HookCall(self.plugin, hook, self._redact)

    def _own_lane(self) -> Lane:
        if self._lane is None or not self._lane.can_work:
            self._lane = Lane(self.plugin)
        return self._lane

    def _next(
        self,
        pump: Pump,
        call: HookCall,
        sign_of_life: SignOfLife | None,
    ) -> tuple[int | None, Any]:
        try:
            return _wait(pump.items, call, sign_of_life, self.time_limit_s)
        except BaseException:  # Ctrl-C, too: a lane that is abandoned may hold the lock for ever
            self._here = threading.Lock()
            raise


def _wait(
    box: Any,
    call: HookCall,
    sign_of_life: SignOfLife | None,
    limit_s: float,
) -> tuple[Any, Any]:
    """What comes into the box; raises ``PluginFailed`` where the plugin shows no sign of life for
    so long.
    """
    asked = time.monotonic()
    while True:
        try:
            pair: tuple[Any, Any] = box.get(timeout=min(_LOOK_EVERY_S, limit_s))
            return pair
        except queue.Empty:
            alive = asked
            if sign_of_life is not None:
                alive = max(asked, sign_of_life())
            if time.monotonic() - alive > limit_s:
                raise call.failure(
                    "FG-plugin-blocked",
                    f"plugin {call.plugin} gave no sign of life for {limit_s:g} s",
                    "its thread cannot be killed; it was abandoned and ends with this process",
                ) from None
