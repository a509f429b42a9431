"""Consumes the iterators of a plugin on several threads, a bounded number of items ahead of the
reader.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import FitglueError
from fitglue_registry.payloads import MOST_ROWS
from fitglue_registry.plugins.call_usage import begin_call
from fitglue_registry.plugins.hook_call import TooManyItems
from fitglue_registry.plugins.process_state import ProcessState

if TYPE_CHECKING:
    from fitglue_registry.plugins.hook_call import HookCall

Job = Callable[[], Iterable[Any]]
Item = tuple[int | None, Any]
"""(number of the job, item or error); (``None``, ``None``) if a thread has ended."""

#: The value that follows the last item of a job in the queue.
END = object()

_QUEUED_ITEMS = 64
#: An item of more bytes waits until the queue is empty, so that only a few of them are in memory.
_HEAVY = 2_000_000
_POLL_S = 0.25
#: How long an item waits for the next one of its group. The next response of a service is there by
#: then, unless the host has to pause, and progress that is shown late by so little is not noticed.
_SOON_S = 0.5


@dataclass(slots=True)
class Arrived:
    """What was taken from the queue at once.

    Attributes:
        group: The items, with the numbers of their jobs.
        ended_jobs: How many jobs have yielded all their items.
        ended_threads: How many threads have ended.
    """

    group: list[tuple[int, Any]] = field(default_factory=list)
    ended_jobs: int = 0
    ended_threads: int = 0

    def add(self, job: int | None, item: Any) -> None:
        """Add what was taken from the queue."""
        if job is None:
            self.ended_threads += 1
        elif item is END:
            self.ended_jobs += 1
        else:
            self.group.append((job, item))

    def is_complete(self, most: int) -> bool:
        """Return whether nothing is to be added to the group."""
        if not self.group or len(self.group) >= most:
            return True
        return isinstance(self.group[-1][1], FitglueError)


class Consumer:
    """The threads that consume jobs and put their items into a queue.

    Args:
        call: The hook call that the jobs belong to, for errors.
        jobs: Functions that return an iterable of the plugin.
        lanes: How many threads consume the jobs.
        weigh: Returns the size of an item in bytes.
    """

    def __init__(
        self,
        call: HookCall,
        jobs: Sequence[Job],
        lanes: int,
        weigh: Callable[[Any], int] | None = None,
    ) -> None:
        self.items: queue.Queue[Item] = queue.Queue(_QUEUED_ITEMS)
        self._call = call
        self._jobs = deque(enumerate(jobs))
        self._lanes = lanes
        self._weigh = weigh
        self._stop = threading.Event()
        # Limits the jobs that have begun and are not completely stored: what they fetched is lost
        # if the process dies. One more than there are threads keeps the threads busy meanwhile.
        self._room = threading.Semaphore(lanes + 1)
        self._state = ProcessState.now()

    def start(self) -> None:
        """Start the threads."""
        for number in range(self._lanes):
            name = f"plugin {self._call.plugin} {number}"
            thread = threading.Thread(
                target=self._run,
                daemon=True,
                name=name,
            )
            thread.start()

    def stop(self) -> None:
        """Stop each job after its current item."""
        self._stop.set()

    def allow_next_job(self) -> None:
        """Let another job begin, because the reader has stored one completely."""
        self._room.release()

    def arrived_with(self, first: Item, most: int, running: int) -> Arrived:
        """Return what arrives together, without waiting for long.

        Args:
            first: What the reader has just taken from the queue.
            most: How many items a group has at most.
            running: How many threads have not ended.
        """
        arrived = Arrived()
        arrived.add(*first)
        while not arrived.is_complete(most) and arrived.ended_threads < running:
            if self._is_heavy(arrived.group[-1][1]):
                break
            try:
                arrived.add(*self.items.get(timeout=_SOON_S))
            except queue.Empty:
                break
        return arrived

    # -- on a thread of the plugin -----------------------------------------------------------------

    def _run(self) -> None:
        while self._jobs and self._has_room():
            try:
                number, job = self._jobs.popleft()
            except IndexError:  # another thread has taken the last job
                break
            try:
                self._consume(number, job)
            # The boundary to plugins. Translating an exception may run code of the plugin, so it
            # happens on this thread and not in the reader.
            except BaseException as error:  # noqa: BLE001
                self._offer(number, self._call.translate(error))
            self._offer(number, END)
        self._offer(None, None)

    def _has_room(self) -> bool:
        while not self._stop.is_set():
            if self._room.acquire(timeout=_POLL_S):
                return True
        return False

    def _consume(self, number: int, job: Job) -> None:
        begin_call(self._call)
        iterator = iter(job())
        try:
            for count, item in enumerate(iterator):
                check_item_limit(count)
                if self._is_heavy(item):
                    self._wait_for_empty_queue()
                if not self._offer(number, item):
                    return
        finally:
            self._state.restore(self._call.plugin)
            # A generator of the plugin runs its clean-up now and on this thread, not when the
            # garbage collector finds it.
            if hasattr(iterator, "close"):
                iterator.close()

    def _is_heavy(self, item: Any) -> bool:
        return self._weigh is not None and self._weigh(item) > _HEAVY

    def _wait_for_empty_queue(self) -> None:
        while not (self.items.empty() or self._stop.is_set()):
            self._stop.wait(0.005)

    def _offer(self, number: int | None, item: Any) -> bool:
        """Put an item into the queue; return ``False`` if the reader has stopped the consumer."""
        while not self._stop.is_set():
            try:
                self.items.put((number, item), timeout=_POLL_S)
                return True
            except queue.Full:
                # In a child that the plugin forked, no reader ever empties the queue.
                self._state.end_child()
        return False


def check_item_limit(count: int) -> None:
    """Raise ``TooManyItems`` if a job has yielded more items than any window or batch contains."""
    if count >= MOST_ROWS:
        raise TooManyItems(count)
