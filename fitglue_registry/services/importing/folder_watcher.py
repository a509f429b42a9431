"""Notices files that appear or change below some paths, once nobody writes to them any more."""

from __future__ import annotations

import logging
import queue
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import UserMistake

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Mapping

log = logging.getLogger(__name__)

#: What distinguishes one state of a file from the next; ``None``: it is missing.
_Mark = tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a file has to be unchanged before it counts as written, and how often to look."""

    quiet_s: float = 2.0
    #: All connections are due after so long, although nothing was noticed: a drive of another
    #: machine reports no changes.
    look_every_s: float = 600.0
    tick_s: float = 0.5
    #: Between two looks through a folder where the system has no more watches to give.
    poll_s: float = 10.0


class FolderWatcher:
    """Watches the ``roots`` of connections, by the ids of these.

    A root may go away and return. A root that is a file is looked at in each tick. What happens
    below ``ignored`` is not noticed: that is our own doing.
    """

    def __init__(self, ignored: Path, timing: Timing) -> None:
        self._ignored = ignored.resolve()
        self._timing = timing
        self._roots: dict[str, tuple[Path, ...]] = {}
        self._marks: dict[Path, _Mark] = {}
        self._resolved: dict[Path, Path] = {}
        #: Connection → when one of its files was last seen to change, and the files that were.
        self._changed_at: dict[str, float] = {}
        self._changed: dict[str, dict[Path, _Mark]] = {}
        self._events: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._observer: Any = None

    def watch(self, roots: Mapping[str, tuple[Path, ...]]) -> None:
        """Watch these roots of connections, and no others."""
        if dict(roots) != self._roots:
            self._roots = dict(roots)
            self._start()

    def close(self) -> None:
        """Stop watching."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observer = None

    def touch(self, connection: str, path: Path) -> None:
        """Treat a path as changed just now."""
        self._changed_at[connection] = time.monotonic()
        self._changed.setdefault(connection, {})[path] = _mark(path)

    def missing(self, connection: str) -> tuple[Path, ...]:
        """The roots of a connection that were missing at the last look."""
        return tuple(root for root in self._roots[connection] if self._marks[root] is None)

    def wait(self, stop: threading.Event) -> set[str]:
        """Wait for connections below whose roots something has changed, and does so no longer.

        Returns all connections where it is time to look, and none where a root went away or
        returned, and where ``stop`` is set.
        """
        look_at = time.monotonic() + self._timing.look_every_s
        while not stop.is_set():
            if self._look_at_roots():
                return set()
            self._take_events()
            settled = self._take_settled()
            if settled:
                return settled
            if time.monotonic() > look_at:
                return set(self._roots)
        return set()

    # -- the roots ---------------------------------------------------------------------------------

    def _start(self) -> None:
        """Watch the folders among the roots from now on."""
        is_restart = self._observer is not None
        self.close()
        self._marks = {}
        self._resolved = {}
        folders = []
        for root in chain.from_iterable(self._roots.values()):
            self._marks[root] = _mark(root)
            self._resolved[root] = root.resolve()
            if root.is_dir():
                folders.append(self._resolved[root])
        try:
            self._observer = _observe(folders, self._events, None)
        except OSError as error:
            log.warning(
                "the system has no more watches to give (%s); folders are looked through "
                "every %g s",
                error,
                self._timing.poll_s,
            )
            self._observer = _observe(folders, self._events, self._timing.poll_s)
        if is_restart:
            self._touch_roots()  # nobody watched for a moment

    def _touch_roots(self) -> None:
        for connection, roots in self._roots.items():
            for root in roots:
                if self._marks[root] is not None:
                    self.touch(connection, root)

    def _look_at_roots(self) -> bool:
        """Notice roots that have become others; returns whether the watch had to start anew.

        A file is another one after each change of it, and is treated as changed. Where a folder is
        another one, or a root went away or returned, the watch starts anew.
        """
        changed = {}
        needs_restart = False
        for root, before in self._marks.items():
            now = _mark(root)
            if now == before or not _is_another(root, before, now):
                continue
            changed[root] = now
            if now is None or before is None or root.is_dir():
                needs_restart = True
        if needs_restart:
            self._start()
            return True
        self._marks |= changed
        for root in changed:
            for connection, roots in self._roots.items():
                if root in roots:
                    self.touch(connection, root)
        return False

    # -- what changes below them -------------------------------------------------------------------

    def _take_events(self) -> None:
        """Take what was noticed within a tick, however much that is."""
        names = set()
        with suppress(queue.Empty):
            names.add(self._events.get(timeout=self._timing.tick_s))
            while True:
                names.add(self._events.get_nowait())
        for path in map(Path, names):
            if path.is_relative_to(self._ignored):
                continue
            for connection, roots in self._roots.items():
                if any(path.is_relative_to(self._resolved[root]) for root in roots):
                    self.touch(connection, path)

    def _take_settled(self) -> set[str]:
        """The connections whose changed files are quiet for long enough; each is returned once."""
        quiet_since = time.monotonic() - self._timing.quiet_s
        candidates = [
            connection for connection, at in self._changed_at.items() if at <= quiet_since
        ]
        settled = set()
        for connection in candidates:
            changed = self._changed[connection]
            growing = [path for path, mark in changed.items() if _mark(path) != mark]
            for path in growing:  # some systems report nothing while a file grows
                self.touch(connection, path)
            if not growing:
                settled.add(connection)
                del self._changed_at[connection]
                del self._changed[connection]
        return settled


def check_library() -> None:
    """Raise ``UserMistake`` where the library that watches folders is not installed."""
    try:
        import watchdog.observers  # noqa: F401
    except ImportError as error:
        raise UserMistake(
            "FG-watch-unavailable",
            "watching folders needs the library watchdog, which is not installed",
            fix="pip install 'fitglue-registry[watch]', or run: fitglue sync --every 5m",
        ) from error


def _observe(
    folders: Iterable[Path],
    events: queue.SimpleQueue[str],
    poll_s: float | None,
) -> Any:
    """Put the path of whatever changes below ``folders`` into ``events``, from another thread.

    With ``poll_s`` the folders are looked through every so often. Raises ``OSError`` where the
    system has no more watches to give.
    """
    from watchdog import events as kinds
    from watchdog.observers import Observer
    from watchdog.observers.polling import PollingObserver

    class Handler(kinds.FileSystemEventHandler):
        def on_any_event(self, event: kinds.FileSystemEvent) -> None:
            events.put(str(event.dest_path or event.src_path))

    # Without what is read, since a sync does that itself, and what is deleted, which is no news.
    news = [
        kinds.FileCreatedEvent,
        kinds.FileModifiedEvent,
        kinds.FileMovedEvent,
        kinds.FileClosedEvent,
        kinds.DirCreatedEvent,
        kinds.DirMovedEvent,
    ]
    observer = Observer() if poll_s is None else PollingObserver(timeout=poll_s)
    try:
        observer.start()
        for folder in folders:
            observer.schedule(
                Handler(),
                str(folder),
                recursive=True,
                event_filter=news,
            )
    except OSError:
        observer.stop()
        raise
    return observer


def _mark(path: Path) -> _Mark:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _is_another(
    root: Path,
    before: _Mark,
    now: _Mark,
) -> bool:
    """Whether a root whose mark has changed is another one.

    Of a folder only that counts: the files in it are noticed one by one.
    """
    if before is None or now is None:
        return True
    return before[0] != now[0] or not root.is_dir()
