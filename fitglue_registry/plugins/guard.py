"""Runs the code of a plugin on separate threads, so that code that raises, floods or blocks is
reported by name and affects nothing else.

A generator fails while it is consumed, which is outside every hook wrapper. A thread cannot be
killed, so a plugin that does not respond is abandoned on its daemon thread: the thread is never
used again, and the process can still end. Inspecting an exception or a value of a plugin may run
its code again, so that also happens on its threads.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from fitglue_registry.plugins.call_usage import begin_call
from fitglue_registry.plugins.consumer import Consumer
from fitglue_registry.plugins.hook_call import HookCall
from fitglue_registry.plugins.lane import Lane
from fitglue_registry.plugins.process_state import ProcessState

if TYPE_CHECKING:
    from fitglue_registry.errors import FitglueError, PluginFailed
    from fitglue_registry.redaction.exceptions import Redact

Result = TypeVar("Result")
Item = TypeVar("Item")
#: Pairs of the number of a job and an item.
Group: TypeAlias = "list[tuple[int, Item | FitglueError]]"
SignOfLife = Callable[[], float]
"""Returns the monotonic time until which a plugin is known to be working, as in a planned wait."""

#: How often the time limit is checked while the host waits for a plugin.
_POLL_S = 0.25


class Guard:
    """The guard of one plugin, which calls its code within a time limit and translates exceptions.

    Args:
        plugin: The name of the plugin, for errors.
        time_limit_s: Seconds without a response after which the plugin counts as blocked.
        redact: Removes secrets from the texts of errors.
        quotes: Whether errors quote the plugin's exceptions, which may contain a response.
    """

    def __init__(
        self,
        plugin: str,
        *,
        time_limit_s: float = 120.0,
        redact: Redact = str,
        quotes: bool = True,
    ) -> None:
        self.plugin = plugin
        self.time_limit_s = time_limit_s
        self._redact = redact
        self._quotes = quotes
        self._lane: Lane | None = None
        # Several threads may derive at once, and ``fitglue_normalize`` need not be thread-safe.
        self._inline_lock = threading.Lock()

    def call(
        self,
        hook: str,
        work: Callable[[], Result],
        sign_of_life: SignOfLife | None = None,
        *,
        time_limit_s: float | None = None,
    ) -> Result:
        """Call ``work`` on the plugin's thread and return its result.

        Args:
            hook: The name of the hook, for errors.
            work: Calls the plugin and reads what it returned.
            sign_of_life: Returns the time until which the plugin is known to be working.
            time_limit_s: Replaces the time limit of the guard.

        Raises:
            FitglueError: The plugin raised it.
            PluginFailed: The plugin raised anything else (FG-plugin-raised), or did not respond in
                time (FG-plugin-blocked).
        """
        call = self._call(hook)
        state = ProcessState.now()
        outcomes: queue.SimpleQueue[tuple[Any, FitglueError | None]] = queue.SimpleQueue()

        def run() -> None:
            begin_call(call)
            try:
                outcome: tuple[Any, FitglueError | None] = work(), None
            # The boundary to plugins: no exception, not even SystemExit, may end the thread, since
            # the caller would then wait until the time limit.
            except BaseException as error:  # noqa: BLE001
                outcome = None, call.translate(error)
            state.restore(self.plugin)
            outcomes.put(outcome)

        limit_s = self.time_limit_s
        if time_limit_s is not None:
            limit_s = time_limit_s
        try:
            self._own_lane().put(run)
            result, error = _wait_for(outcomes, call, sign_of_life, limit_s)
        # Even after Ctrl-C, the current work of the lane may never end, so it gets no other work.
        except BaseException:
            self._lane = None
            raise
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]

    def call_here(self, hook: str, work: Callable[[], Result]) -> Result:
        """Call ``work`` on the current thread, which must belong to the plugin already.

        This has no time limit of its own: the reader of the thread's items notices if it blocks.
        """
        try:
            # ``_next`` replaces the lock if a thread blocks; that thread still holds the old one.
            with self._inline_lock:
                return work()
        except BaseException as error:  # noqa: BLE001 - the boundary to plugins, as in ``call``
            translated = self._call(hook).translate(error)
        # Outside the handler, so that the error does not get the original exception as its context.
        raise translated

    def iterate(
        self,
        hook: str,
        jobs: Sequence[Callable[[], Iterable[Item]]],
        *,
        lanes: int = 1,
        sign_of_life: SignOfLife | None = None,
        weigh: Callable[[Item], int] | None = None,
    ) -> Iterator[tuple[int, Item | FitglueError]]:
        """Consume several iterators of the plugin on threads, and yield their items as they arrive.

        This is ``iterate_in_groups`` with groups of one item.
        """
        groups = self.iterate_in_groups(
            hook,
            jobs,
            lanes=lanes,
            sign_of_life=sign_of_life,
            weigh=weigh,
        )
        with closing(groups):
            for group in groups:
                yield from group

    def iterate_in_groups(
        self,
        hook: str,
        jobs: Sequence[Callable[[], Iterable[Item]]],
        *,
        most: int = 1,
        lanes: int = 1,
        sign_of_life: SignOfLife | None = None,
        weigh: Callable[[Item], int] | None = None,
    ) -> Generator[Group[Item], None, None]:
        """Consume several iterators of the plugin on threads, and yield items that arrive together.

        The threads run at most 64 items ahead of the caller. A caller that asks for the next group
        has stored the previous one: at any time, at most ``lanes`` + 1 jobs have begun and are not
        completely stored, so that little has to be requested again if the process is killed.
        Closing the iteration stops each job after its current item.

        Args:
            hook: The name of the hook, for errors.
            jobs: Functions that return an iterable of the plugin.
            most: How many items a group has at most. An item waits for the next one of its group
                for half a second only.
            lanes: How many threads consume the jobs.
            sign_of_life: Returns the time until which the plugin is known to be working.
            weigh: Returns the size of an item in bytes; large items wait for an empty queue.

        Yields:
            Pairs of the number of a job and an item. A job that fails yields its error as its last
                item, which ends a group, and the next job begins; the caller decides whether to
                continue.

        Raises:
            PluginFailed: FG-plugin-blocked if no thread produces an item in time.
        """
        call = self._call(hook)
        running = min(lanes, len(jobs))
        consumer = Consumer(call, jobs, running, weigh)
        try:
            consumer.start()
            # More jobs do not begin before the first ones are stored.
            most = min(most, running + 1)
            while running:
                first = self._next(consumer, call, sign_of_life)
                arrived = consumer.arrived_with(first, most, running)
                running -= arrived.ended_threads
                if arrived.group:
                    yield arrived.group
                # Only now has the caller stored what they yielded.
                for _ in range(arrived.ended_jobs):
                    consumer.allow_next_job()
        finally:
            consumer.stop()

    def refuse(self, hook: str, what: str) -> PluginFailed:
        """Return the error for an answer that the specification of the hook does not allow.

        Args:
            hook: The name of the hook.
            what: The end of a sentence that begins with "plugin … answered".
        """
        return self._call(hook).refusal(what)

    def refuse_if(self, hook: str, complaint: str | None) -> None:
        """Raise the error of ``refuse`` if there is a complaint about an answer."""
        if complaint is not None:
            raise self.refuse(hook, complaint)

    def close(self) -> None:
        """End the plugin's thread after its current work; a later call starts a new one."""
        if self._lane is not None:
            self._lane.close()
            self._lane = None

    def _call(self, hook: str) -> HookCall:
        return HookCall(self.plugin, hook, self._redact, self._quotes)

    def _own_lane(self) -> Lane:
        if self._lane is None or not self._lane.can_work:
            self._lane = Lane(self.plugin)
        return self._lane

    def _next(
        self,
        consumer: Consumer,
        call: HookCall,
        sign_of_life: SignOfLife | None,
    ) -> tuple[int | None, Any]:
        try:
            return _wait_for(consumer.items, call, sign_of_life, self.time_limit_s)
        # This also applies after Ctrl-C: an abandoned thread may hold the lock forever.
        except BaseException:
            self._inline_lock = threading.Lock()
            raise


def _wait_for(
    pairs: Any,
    call: HookCall,
    sign_of_life: SignOfLife | None,
    limit_s: float,
) -> tuple[Any, Any]:
    """Return the next pair of a queue; raise ``PluginFailed`` if the plugin does not respond for
    ``limit_s`` seconds.
    """
    asked_at = time.monotonic()
    while True:
        try:
            pair: tuple[Any, Any] = pairs.get(timeout=min(_POLL_S, limit_s))
            return pair
        except queue.Empty:
            # The limit counts from the last sign of life, so that a planned wait for a rate limit
            # does not look like a block.
            alive_at = asked_at
            if sign_of_life is not None:
                alive_at = max(asked_at, sign_of_life())
            if time.monotonic() - alive_at > limit_s:
                raise call.failure(
                    "FG-plugin-blocked",
                    f"plugin {call.plugin} did not respond for {limit_s:g} s",
                    "its thread cannot be killed; it was abandoned and ends with this process",
                ) from None
