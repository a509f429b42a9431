"""Hears of files that appear or change below some paths, and says so when nobody writes to them any
more.
"""

from __future__ import annotations

import logging
import queue
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import UserMistake

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Mapping

log = logging.getLogger(__name__)

#: What tells one state of a file from the next; ``None``: it is not there.
_Mark = tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a file has to lie still before it counts as written; how often to look although
    nothing was heard.
    """

    quiet_s: float = 2.0
    look_every_s: float = 600.0  # a drive of another machine tells nobody of its changes
    tick_s: float = 0.5
    poll_s: float = 10.0  # where the system has no more watches to give


class FolderWatcher:
    """Listens at the ``roots`` of connections, by id.

    A root may go away and come back; one that is a file is looked at.

    What happens below ``ignored`` is not heard: that is our own doing.
    """

    def __init__(self, ignored: Path, timing: Timing) -> None:
        self._ignored, self._timing = ignored.resolve(), timing
        self._roots: dict[str, tuple[Path, ...]] = {}
        self._states: dict[Path, _Mark] = {}
        self._resolved: dict[Path, Path] = {}
        self._heard: dict[str, float] = {}
        self._touched: dict[str, dict[Path, _Mark]] = {}
        self._paths: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._observer: Any = None

    def watch(self, roots: Mapping[str, tuple[Path, ...]]) -> None:
        """Listen at these, and at no others."""
        if dict(roots) != self._roots:
            self._roots = dict(roots)
            self._begin()

    def close(self) -> None:
        """Listen no more."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observer = None

    def touch(self, connection: str, path: Path) -> None:
        """Take a path for changed just now."""
        self._heard[connection] = time.monotonic()
        self._touched.setdefault(connection, {})[path] = _mark(path)

    def missing(self, connection: str) -> tuple[Path, ...]:
        """The roots of a connection that were not there at the last look."""
        return tuple(root for root in self._roots[connection] if self._states[root] is None)

    def wait(self, stop: threading.Event) -> set[str]:
        """The connections below whose roots something changed and lies still now; all of them where
        it is time to look.

        Comes back with none where a root went away, and where ``stop`` is set.
        """
        until = time.monotonic() + self._timing.look_every_s
        while not stop.is_set():
            if self._root_went_or_came():
                return set()
            self._take()
            ready = self._settled()
            if ready:
                return ready
            if time.monotonic() > until:
                return set(self._roots)
        return set()

    # -- what is heard -----------------------------------------------------------------------------

    def _begin(self) -> None:
        again = self._observer is not None
        self.close()
        self._states = {root: _mark(root) for roots in self._roots.values() for root in roots}
        self._resolved = {root: root.resolve() for root in self._states}
        folders = [self._resolved[root] for root in self._states if root.is_dir()]
        try:
            self._observer = self._observe(folders)
        except OSError as error:
            log.warning(
                "the system has no more watches to give (%s); folders are looked through "
                "every %g s",
                error,
                self._timing.poll_s,
            )
            self._observer = self._observe(folders, poll=True)
        # Nobody listened for a moment.
        for connection, roots in self._roots.items() if again else ():
            for root in roots:
                if self._states[root] is not None:
                    self.touch(connection, root)

    def _observe(self, folders: Iterable[Path], *, poll: bool = False) -> Any:
        from watchdog import events
        from watchdog.observers import Observer
        from watchdog.observers.polling import PollingObserver

        paths = self._paths

        class Handler(events.FileSystemEventHandler):
            def on_any_event(self, event: events.FileSystemEvent) -> None:
                paths.put(str(event.dest_path or event.src_path))

        observer = PollingObserver(timeout=self._timing.poll_s) if poll else Observer()
        # Neither what is read, which we do ourselves, nor what is deleted, which is no news.
        heard = [
            events.FileCreatedEvent,
            events.FileModifiedEvent,
            events.FileMovedEvent,
            events.FileClosedEvent,
            events.DirCreatedEvent,
            events.DirMovedEvent,
        ]
        try:
            observer.start()
            for folder in folders:
                observer.schedule(Handler(), str(folder), recursive=True, event_filter=heard)
        except OSError:
            observer.stop()
            raise
        return observer

    def _root_went_or_came(self) -> bool:
        """A file is another one after each change of it, and is taken for changed; for all else the
        ears begin anew.
        """
        changed = {
            root: mark
            for root, before in self._states.items()
            if (mark := _mark(root)) != before and _is_new(root, before, mark)
        }
        if any(
            mark is None or self._states[root] is None or root.is_dir()
            for root, mark in changed.items()
        ):
            self._begin()
            return True
        self._states |= changed
        for connection, roots in self._roots.items() if changed else ():
            for root in changed.keys() & set(roots):
                self.touch(connection, root)
        return False

    def _take(self) -> None:
        """What was heard within a tick, however much that is."""
        heard = set()
        with suppress(queue.Empty):
            heard.add(self._paths.get(timeout=self._timing.tick_s))
            while True:
                heard.add(self._paths.get_nowait())
        for path in map(Path, heard):
            if path.is_relative_to(self._ignored):
                continue
            for connection, roots in self._roots.items():
                if any(path.is_relative_to(self._resolved[root]) for root in roots):
                    self.touch(connection, path)

    def _settled(self) -> set[str]:
        now, ready = time.monotonic(), set()
        for connection, heard in list(self._heard.items()):
            if now - heard < self._timing.quiet_s:
                continue
            grown = [
                path for path, mark in self._touched[connection].items() if _mark(path) != mark
            ]
            if grown:  # some systems are silent while a file grows
                for path in grown:
                    self.touch(connection, path)
                continue
            ready.add(connection)
            del self._heard[connection], self._touched[connection]
        return ready


def _mark(path: Path) -> _Mark:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _is_new(root: Path, before: _Mark, now: _Mark) -> bool:
    """Of a folder only whether it is another one counts: its files are heard."""
    return before is None or now is None or before[0] != now[0] or not root.is_dir()


def check_library() -> None:
    """Raises ``UserMistake`` where the library that listens is not installed."""
    try:
        import watchdog.observers  # noqa: F401
    except ImportError as error:
        raise UserMistake(
            "FG-watch-unavailable",
            "watching folders needs the library watchdog, which is not installed",
            fix="pip install 'fitglue-registry[watch]', or run: fitglue sync --every 5m",
        ) from error
