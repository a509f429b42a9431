"""Runs a plugin's code on a lane of its own, so that what raises, floods or blocks there is named
and hurts nobody else.

A generator fails while it is consumed, outside every hook wrapper, and a thread cannot be killed: a
plugin that shows no sign of life is abandoned on its daemon thread, its lane is never used again,
and the process can still end. Looking at what a plugin raised or gave may run its code once more,
so that is done on its lane too.
"""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from fitglue_registry.plugins.raised import Endless, explain, failed

if TYPE_CHECKING:
    from fitglue_registry.errors import FitglueError, PluginFailed
    from fitglue_registry.redaction.exceptions import Redact

log = logging.getLogger(__name__)

Result = TypeVar("Result")
Item = TypeVar("Item")
SignOfLife = Callable[[], float]

_QUEUED_ITEMS = 64
#: An item of so many bytes waits until the queue is empty: what is ahead of its reader stays within
#: a few of these.
_HEAVY = 2_000_000
#: More items than any window or batch can hold: a generator that goes on is taken to go on for
#: ever.
_MOST_ITEMS = 100_000
_LOOK_EVERY_S = 0.25
#: (job, item or error); the job is ``None`` where a lane has ended.
_Item = tuple[int | None, Any]
#: What follows the last item of a job in the queue.
_END = object()


class Guard:
    """The guard of one plugin; ``sign_of_life`` is the monotonic moment until which it is known to
    be at work (a planned wait).
    """

    def __init__(self, plugin: str, *, time_limit_s: float = 120.0, redact: Redact = str) -> None:
        self.plugin = plugin
        self._redact = redact
        self.time_limit_s = time_limit_s
        self._lane: queue.SimpleQueue[Callable[[], None]] | None = None
        self._process = 0
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
        box: queue.SimpleQueue[tuple[Any, FitglueError | None]] = queue.SimpleQueue()

        def run() -> None:
            try:
                answer: tuple[Any, FitglueError | None] = work(), None
            except BaseException as error:  # noqa: BLE001 - the border: whatever a plugin raises must not end this thread unheard
                answer = None, explain(self.plugin, hook, error, self._redact)
            _put_back(self.plugin, *whole)
            box.put(answer)

        whole = _whole()
        try:
            self._own_lane().put(run)
            result, error = self._wait(
                box, hook, sign_of_life, self.time_limit_s if time_limit_s is None else time_limit_s
            )
        except BaseException:  # Ctrl-C, too: what the lane is at may never end
            self._lane = None
            raise
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]

    def close(self) -> None:
        """Let the lane end once it has done what it was given; a later call begins a new one."""
        if self._lane is not None:
            self._lane.put(_end)
            self._lane = None

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
        items: queue.Queue[_Item] = queue.Queue(_QUEUED_ITEMS)
        stop = threading.Event()
        running = min(lanes, len(jobs))
        room = threading.Semaphore(running + 1)
        pump = _Pump(
            self.plugin, hook, deque(enumerate(jobs)), items, stop, room, weigh, self._redact
        )
        try:
            for number in range(running):
                threading.Thread(
                    target=pump.run, daemon=True, name=f"plugin {self.plugin} {number}"
                ).start()
            while running:
                job, item = self._next(items, hook, sign_of_life)
                if job is None:
                    running -= 1
                elif item is _END:
                    room.release()
                else:
                    yield job, item
        finally:
            stop.set()

    def _next(self, items: queue.Queue[_Item], hook: str, sign_of_life: SignOfLife | None) -> _Item:
        try:
            return self._wait(items, hook, sign_of_life, self.time_limit_s)
        except BaseException:  # Ctrl-C, too: a lane that is abandoned may hold the lock for ever
            self._here = threading.Lock()
            raise

    def call_here(self, hook: str, work: Callable[[], Result]) -> Result:
        """As ``call``, for a thread that is a lane already: whoever waits for its items notices
        where it blocks.
        """
        try:
            with self._here:  # read once: a lane that blocked keeps the lock of its time
                return work()
        except BaseException as error:  # noqa: BLE001 - the border, as in ``call``
            explained = explain(self.plugin, hook, error, self._redact)
        raise explained

    def _own_lane(self) -> queue.SimpleQueue[Callable[[], None]]:
        """The lane of this process: a fork has the queue and not the thread."""
        if self._lane is None or self._process != os.getpid():
            self._lane, self._process = _start_lane(self.plugin), os.getpid()
        return self._lane

    def _wait(
        self, box: Any, hook: str, sign_of_life: SignOfLife | None, limit_s: float
    ) -> tuple[Any, Any]:
        asked = time.monotonic()
        while True:
            try:
                answer: tuple[Any, Any] = box.get(timeout=min(_LOOK_EVERY_S, limit_s))
                return answer
            except queue.Empty:
                alive = max(asked, sign_of_life() if sign_of_life else asked)
                if time.monotonic() - alive > limit_s:
                    raise failed(
                        self.plugin,
                        hook,
                        "FG-plugin-blocked",
                        f"plugin {self.plugin} gave no sign of life for {limit_s:g} s",
                        "its thread cannot be killed; it was abandoned and ends with this process",
                    ) from None

    def refuse(self, hook: str, what: str) -> PluginFailed:
        """The error for an answer that the hook's page does not allow."""
        return failed(
            self.plugin, hook, "FG-plugin-answer", f"plugin {self.plugin} answered {what}"
        )


class _Pump:
    """Consumes the jobs of one iteration, from as many threads as call ``run``."""

    def __init__(
        self,
        plugin: str,
        hook: str,
        todo: deque[tuple[int, Callable[[], Iterable[Any]]]],
        items: queue.Queue[_Item],
        stop: threading.Event,
        room: threading.Semaphore,
        weigh: Callable[[Any], int] | None,
        redact: Redact,
    ) -> None:
        self._plugin, self._hook, self._todo, self._items, self._stop, self._weigh = (
            plugin,
            hook,
            todo,
            items,
            stop,
            weigh,
        )
        self._room, self._redact, self._whole = room, redact, _whole()

    def run(self) -> None:
        while self._todo and self._has_room():
            try:
                job, work = self._todo.popleft()
            except IndexError:  # another lane was quicker
                break
            try:
                self._consume(job, work)
            except BaseException as error:  # noqa: BLE001 - the border: it is explained where the plugin's code may run
                self._offer((job, explain(self._plugin, self._hook, error, self._redact)))
            self._offer((job, _END))
        self._offer((None, None))

    def _has_room(self) -> bool:
        while not self._stop.is_set():
            if self._room.acquire(timeout=_LOOK_EVERY_S):
                return True
        return False

    def _consume(self, job: int, work: Callable[[], Iterable[Any]]) -> None:
        produced = iter(work())
        try:
            for number, item in enumerate(produced):
                hold_count(number)
                if self._weigh is not None and self._weigh(item) > _HEAVY:
                    self._let_the_queue_run_empty()
                if not self._offer((job, item)):
                    return
        finally:
            _put_back(self._plugin, *self._whole)
            if hasattr(produced, "close"):
                produced.close()

    def _let_the_queue_run_empty(self) -> None:
        while not (self._items.empty() or self._stop.is_set()):
            self._stop.wait(0.005)

    def _offer(self, item: _Item) -> bool:
        while not self._stop.is_set():
            try:
                self._items.put(item, timeout=_LOOK_EVERY_S)
                return True
            except queue.Full:
                _end_as_child(self._whole[0])
        return False


def hold_count(number: int) -> None:
    """Raise ``Endless`` where there were more items than any job can have."""
    if number >= _MOST_ITEMS:
        raise Endless(number)


def _whole() -> tuple[int, int]:
    """What belongs to the whole process and can be put back."""
    return os.getpid(), sys.getrecursionlimit()


def _put_back(plugin: str, process: int, depth: int) -> None:
    """Put it back; a child that a plugin forked, and let return, ends here."""
    _end_as_child(process)
    if sys.getrecursionlimit() != depth:
        sys.setrecursionlimit(depth)
        log.warning(
            "plugin %s changed the recursion limit of this process; it was put back", plugin
        )


def _end_as_child(process: int) -> None:
    if os.getpid() != process:
        os._exit(0)


def _end() -> None:
    """Given to a lane, it is the last."""


def _start_lane(plugin: str) -> queue.SimpleQueue[Callable[[], None]]:
    lane: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def serve() -> None:
        while (work := lane.get()) is not _end:
            work()
            del work  # and with it what it was called with, which may be large, before a long wait

    threading.Thread(target=serve, daemon=True, name=f"plugin {plugin}").start()
    return lane
