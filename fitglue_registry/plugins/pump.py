"""Consumes the iterators of a plugin on several threads, a bounded number of items ahead of whoever
reads them.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from fitglue_registry.plugins.process_state import ProcessState
from fitglue_registry.plugins.raised import Endless

if TYPE_CHECKING:
    from fitglue_registry.plugins.raised import HookCall

Job = Callable[[], Iterable[Any]]
Item = tuple[int | None, Any]
"""(job, item or error); the job is ``None`` where a thread has ended."""

#: What follows the last item of a job in the queue.
END = object()

_QUEUED_ITEMS = 64
#: An item of so many bytes waits until the queue is empty: what is ahead of its reader stays within
#: a few of these.
_HEAVY = 2_000_000
#: More items than any window or batch can hold: a generator that goes on is taken to go on for
#: ever.
_MOST_ITEMS = 100_000
_LOOK_EVERY_S = 0.25


class Pump:
    """Consumes jobs on ``lanes`` threads; ``items`` is read by whoever started it."""

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
        # At any time one job more than there are lanes is begun and not dealt with.
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

    def begin_another(self) -> None:
        """Let one job more begin: whoever reads has dealt with one."""
        self._room.release()

    # -- on a thread of the plugin's ---------------------------------------------------------------

    def _run(self) -> None:
        while self._jobs and self._has_room():
            try:
                number, job = self._jobs.popleft()
            except IndexError:  # another thread was quicker
                break
            try:
                self._consume(number, job)
            # The border: it is explained where the plugin's code may run.
            except BaseException as error:  # noqa: BLE001
                self._offer(number, self._call.explain(error))
            self._offer(number, END)
        self._offer(None, None)

    def _has_room(self) -> bool:
        while not self._stop.is_set():
            if self._room.acquire(timeout=_LOOK_EVERY_S):
                return True
        return False

    def _consume(self, number: int, job: Job) -> None:
        produced = iter(job())
        try:
            for count, item in enumerate(produced):
                check_item_limit(count)
                if self._weigh is not None and self._weigh(item) > _HEAVY:
                    self._wait_for_empty_queue()
                if not self._offer(number, item):
                    return
        finally:
            self._state.restore(self._call.plugin)
            if hasattr(produced, "close"):
                produced.close()

    def _wait_for_empty_queue(self) -> None:
        while not (self.items.empty() or self._stop.is_set()):
            self._stop.wait(0.005)

    def _offer(self, number: int | None, item: Any) -> bool:
        """Put an item into the queue; says whether anybody still wants it."""
        while not self._stop.is_set():
            try:
                self.items.put((number, item), timeout=_LOOK_EVERY_S)
                return True
            except queue.Full:
                self._state.end_child()
        return False


def check_item_limit(count: int) -> None:
    """Raise ``Endless`` where there were more items than any job can have."""
    if count >= _MOST_ITEMS:
        raise Endless(count)
