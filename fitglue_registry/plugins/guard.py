"""Runs a plugin's code on a lane of its own, so that what raises, floods or blocks there is named and hurts nobody else.

A generator fails while it is consumed, outside every hook wrapper, and a thread cannot be killed: a plugin that shows no sign
of life is abandoned on its daemon thread, its lane is never used again, and the process can still end.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from fitglue_registry.errors import FitglueError, Place, PluginFailed
from fitglue_registry.plugins.cleaning import Redact, clean_exception, words_of

log = logging.getLogger(__name__)

Result = TypeVar("Result")
Item = TypeVar("Item")
SignOfLife = Callable[[], float]

_QUEUED_ITEMS = 64
#: More items than any window or batch can hold: a generator that goes on is taken to go on for ever.
_MOST_ITEMS = 100_000
_LOOK_EVERY_S = 0.25
_Item = tuple[tuple[int | None, Any], BaseException | None]


class Guard:
    """The guard of one plugin; ``sign_of_life`` is the monotonic moment until which it is known to be at work (a planned wait)."""

    def __init__(self, plugin: str, *, time_limit_s: float = 120.0, redact: Redact = str) -> None:
        self.plugin = plugin
        self._redact = redact
        self.time_limit_s = time_limit_s
        self._lane: queue.SimpleQueue[Callable[[], None]] | None = None

    def call(self, hook: str, work: Callable[[], Result], sign_of_life: SignOfLife | None = None) -> Result:
        """The result of ``work``; raises what it raised if that is a ``FitglueError``, else ``PluginFailed``."""
        box: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()

        def run() -> None:
            try:
                box.put((work(), None))
            except BaseException as error:  # noqa: BLE001 - the border: whatever a plugin raises must not end this thread unheard
                box.put((None, error))

        if self._lane is None:
            self._lane = _start_lane(self.plugin)
        self._lane.put(run)
        try:
            result, error = self._wait(box, hook, sign_of_life)
        except PluginFailed:
            self._lane = None
            raise
        if error is not None:
            explained = self.explain(hook, error)
            raise explained from (error if explained is not error else error.__cause__)
        return result  # type: ignore[no-any-return]

    def iterate(self, hook: str, jobs: Sequence[Callable[[], Iterable[Item]]], *, lanes: int = 1,
                sign_of_life: SignOfLife | None = None) -> Iterator[tuple[int, Item | FitglueError]]:
        """(job, item) of all ``jobs``, each consumed on one of ``lanes`` threads, at most 64 items ahead of the caller.

        A job that raises gives its error as its last item and the next job begins; whether to go on is the caller's choice.
        Closing the iteration stops each job after its current item. Raises ``PluginFailed`` where no lane shows a sign of life.
        """
        items: queue.Queue[_Item] = queue.Queue(_QUEUED_ITEMS)
        todo = deque(enumerate(jobs))
        stop = threading.Event()
        running = min(lanes, len(jobs))
        for number in range(running):
            threading.Thread(target=_pump, args=(todo, items, stop), daemon=True, name=f"plugin {self.plugin} {number}").start()
        try:
            while running:
                (job, item), error = self._wait(items, hook, sign_of_life)
                if job is None:
                    running -= 1
                else:
                    yield job, item if error is None else self.explain(hook, error)
        finally:
            stop.set()

    def _wait(self, box: Any, hook: str, sign_of_life: SignOfLife | None) -> tuple[Any, BaseException | None]:
        asked = time.monotonic()
        while True:
            try:
                answer: tuple[Any, BaseException | None] = box.get(timeout=min(_LOOK_EVERY_S, self.time_limit_s))
                return answer
            except queue.Empty:
                alive = max(asked, sign_of_life() if sign_of_life else asked)
                if time.monotonic() - alive > self.time_limit_s:
                    raise self._failed(
                        "FG-plugin-blocked", hook, f"plugin {self.plugin} gave no sign of life for {self.time_limit_s:g} s",
                        why="its thread cannot be killed; it was abandoned and ends with this process",
                    ) from None

    def explain(self, hook: str, error: BaseException) -> FitglueError:
        """The error as the caller reports it: the plugin's own if it speaks our language, else one that names plugin and line.

        A plugin may quote what its server sent or what its environment holds: no secret goes on, neither in the error nor behind it.
        """
        clean_exception(error, self._redact)
        if isinstance(error, FitglueError):
            return error
        if isinstance(error, _Endless):
            return self._failed("FG-plugin-endless", hook, f"plugin {self.plugin} gave {_MOST_ITEMS:,} items and went on",
                                why="a window of so many rows is to be split, and a batch has no more answers than ids")
        log.debug("plugin %s raised in %s", self.plugin, hook, exc_info=error)
        frames = traceback.extract_tb(error.__traceback__)
        at = Place(frames[-1].filename, frames[-1].lineno, field=f"{self.plugin}: {hook}") if frames else None
        return PluginFailed(
            "FG-plugin-raised", f"plugin {self.plugin} raised {type(error).__name__} in {hook}", at=at,
            why=words_of(error, self._redact)[:500] or None, fix="report it to the plugin's author; the other plugins work on",
        )

    def _failed(self, code: str, hook: str, what: str, why: str | None = None) -> PluginFailed:
        return PluginFailed(code, what, at=Place(field=f"{self.plugin}: {hook}"), why=why,
                            fix="report it to the plugin's author; the other plugins work on")

    def refuse(self, hook: str, what: str, why: str | None = None) -> PluginFailed:
        """The error for an answer that the hook's page does not allow."""
        return self._failed("FG-plugin-answer", hook, f"plugin {self.plugin} answered {what}", why)

    def must_be(self, hook: str, value: object, kinds: type | tuple[type, ...]) -> None:
        """Refuse a value of the wrong type, naming what was expected."""
        if not isinstance(value, kinds):
            names = " or ".join(kind.__name__ for kind in (kinds if isinstance(kinds, tuple) else (kinds,)))
            raise self.refuse(hook, f"with {type(value).__name__}, expected {names}")


class _Endless(Exception):
    """A job that gave more items than any job can have."""


def _start_lane(plugin: str) -> queue.SimpleQueue[Callable[[], None]]:
    lane: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def serve() -> None:
        while True:
            lane.get()()

    threading.Thread(target=serve, daemon=True, name=f"plugin {plugin}").start()
    return lane


def _pump(todo: deque[tuple[int, Callable[[], Iterable[Any]]]], items: queue.Queue[_Item], stop: threading.Event) -> None:
    while todo and not stop.is_set():
        try:
            job, work = todo.popleft()
        except IndexError:  # another lane was quicker
            break
        try:
            for number, item in enumerate(work()):
                if number >= _MOST_ITEMS:
                    raise _Endless
                if not _offer(items, ((job, item), None), stop):
                    return
        except BaseException as error:  # noqa: BLE001 - the border: it is explained where the items are consumed
            _offer(items, ((job, None), error), stop)
    _offer(items, ((None, None), None), stop)


def _offer(items: queue.Queue[_Item], item: _Item, stop: threading.Event) -> bool:
    while not stop.is_set():
        try:
            items.put(item, timeout=_LOOK_EVERY_S)
            return True
        except queue.Full:
            continue
    return False
