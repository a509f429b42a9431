"""Notices files that appear or change below some paths, once they are no longer being written."""

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

#: The state of a file: inode, size and time of the last change, or ``None`` if it is missing.
_Mark = tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a file must be unchanged before it is read, and how often to check; in seconds.

    Attributes:
        quiet_s: A file counts as complete if it has not changed for this time.
        look_every_s: All connections are synced after this time even if nothing was noticed,
            because a network drive may not report changes.
        tick_s: How often changes are collected.
        poll_s: How often folders are searched if the system has no more watches.
        patience_s: A file whose end is missing is waited for until it has not changed for this
            time.
    """

    quiet_s: float = 2.0
    look_every_s: float = 600.0
    tick_s: float = 0.5
    poll_s: float = 10.0
    patience_s: float = 60.0


class FolderWatcher:
    """Watches the roots (folders and files) of connections.

    A root may disappear and come back. Folders are watched by the operating system, and each root
    is also checked in every tick.

    Args:
        ignored: A folder in which changes are ignored, because they are our own.
        timing: How long to wait for what.
    """

    def __init__(self, ignored: Path, timing: Timing) -> None:
        self._ignored = ignored.resolve()
        self._timing = timing
        self._roots: dict[str, tuple[Path, ...]] = {}
        self._marks: dict[Path, _Mark] = {}
        self._resolved: dict[Path, Path] = {}
        #: Connection → when one of its files was last seen to change, and which files changed.
        self._changed_at: dict[str, float] = {}
        self._changed: dict[str, dict[Path, _Mark]] = {}
        #: Connection → when to look at it again, although nothing has changed.
        self._look_at: dict[str, float] = {}
        self._events: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._observer: Any = None

    def watch(self, roots: Mapping[str, tuple[Path, ...]]) -> None:
        """Watch these roots, by the ids of connections, and no others."""
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
        """Treat a path as if it had changed just now."""
        self._changed_at[connection] = time.monotonic()
        self._changed.setdefault(connection, {})[path] = _mark(path)

    def look_later(self, connection: str, seconds: float) -> None:
        """Treat a connection as changed after some seconds, even if nothing is noticed."""
        self._look_at[connection] = time.monotonic() + seconds

    def missing(self, connection: str) -> tuple[Path, ...]:
        """Return the roots of a connection that were missing at the last check."""
        return tuple(root for root in self._roots[connection] if self._marks[root] is None)

    def wait(self, stop: threading.Event) -> set[str]:
        """Wait until files of a connection have changed and are complete.

        Args:
            stop: Ends the wait when it is set.

        Returns:
            The ids of the connections whose files have changed, or of all connections after
            ``look_every_s``. It is empty if ``stop`` was set, or if a root disappeared or came
            back, which the caller reports.
        """
        look_at = time.monotonic() + self._timing.look_every_s
        while not stop.is_set():
            if self._look_at_roots():
                return set()
            self._take_events()
            settled = self._take_settled() | self._take_due()
            if settled:
                return settled
            if time.monotonic() > look_at:
                return set(self._roots)
        return set()

    # -- the roots ---------------------------------------------------------------------------------

    def _start(self) -> None:
        """Start, or restart, to watch the folders among the roots."""
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
                "the system has no more watches (%s); folders are searched every %g s instead",
                error,
                self._timing.poll_s,
            )
            self._observer = _observe(folders, self._events, self._timing.poll_s)
        if is_restart:
            self._touch_roots()  # changes between the two observers were not seen

    def _touch_roots(self) -> None:
        for connection, roots in self._roots.items():
            for root in roots:
                if self._marks[root] is not None:
                    self.touch(connection, root)

    def _look_at_roots(self) -> bool:
        """Check each root itself, and return whether the watch had to be restarted.

        A root that is a file is treated as changed when its state differs. The watch is restarted
        if a folder was replaced by another one, or if a root disappeared or came back.
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
        """Collect the changes of one tick."""
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

    def _take_due(self) -> set[str]:
        """Return the connections that had to be looked at again by now."""
        now = time.monotonic()
        due = {connection for connection, at in self._look_at.items() if at <= now}
        for connection in due:
            del self._look_at[connection]
        return due & self._roots.keys()

    def _take_settled(self) -> set[str]:
        """Return the connections whose changed files are complete; each change is reported once."""
        quiet_since = time.monotonic() - self._timing.quiet_s
        candidates = [
            connection for connection, at in self._changed_at.items() if at <= quiet_since
        ]
        settled = set()
        for connection in candidates:
            changed = self._changed[connection]
            growing = [path for path, mark in changed.items() if _mark(path) != mark]
            # Some systems report nothing while a file grows, so its state is compared again.
            for path in growing:
                self.touch(connection, path)
            if not growing:
                settled.add(connection)
                del self._changed_at[connection]
                del self._changed[connection]
        return settled


def check_library() -> None:
    """Raise ``UserMistake`` FG-watch-unavailable if the library watchdog is not installed."""
    try:
        import watchdog.observers  # noqa: F401
    except ImportError as error:
        raise UserMistake(
            "FG-watch-unavailable",
            "the library watchdog, which watches folders, is not installed",
            fix="pip install 'fitglue-registry[watch]', or run: fitglue sync --every 5m",
        ) from error


def _observe(
    folders: Iterable[Path],
    events: queue.SimpleQueue[str],
    poll_s: float | None,
) -> Any:
    """Start an observer that puts the paths of changes below ``folders`` into ``events``.

    Args:
        folders: The folders, which are watched with their subfolders.
        events: Receives the paths, from another thread.
        poll_s: How often the folders are searched, or ``None`` to use the system's watches.

    Raises:
        OSError: The system has no more watches.
    """
    from watchdog import events as kinds
    from watchdog.observers import Observer
    from watchdog.observers.polling import PollingObserver

    class Handler(kinds.FileSystemEventHandler):
        def on_any_event(self, event: kinds.FileSystemEvent) -> None:
            events.put(str(event.dest_path or event.src_path))

    # Reads are left out, because a sync reads the files itself. So are deletions, because a missing
    # file is not the deletion of a record.
    relevant = [
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
                event_filter=relevant,
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
    """Return whether the change of a root matters.

    For a folder, only its replacement by another folder matters, because the files in it are
    noticed one by one.
    """
    if before is None or now is None:
        return True
    return before[0] != now[0] or not root.is_dir()
