"""The points at which a process can be killed: each commit, each change of tables, and each step of
writing or removing a file.
"""

from __future__ import annotations

import json
import mmap
import os
import signal
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: The phases of a process. The shared memory that survives it holds an index into this tuple.
PHASES = ("between", "transaction", "commit", "blob", "secret", "request")
_FOLDERS = {"blobs": "blob", "secrets": "secret"}
_SYNCED = 16  # offset of the JSON of flushed files in the shared memory


class Shared:
    """A page of memory that a child shares with its parent, which reads it after the child's
    death.
    """

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, 1 << 16)

    @property
    def phase(self) -> str:
        """The phase that the child is in, or was in when it died."""
        return PHASES[self._page[0]]

    @phase.setter
    def phase(self, phase: str) -> None:
        self._page[0] = PHASES.index(phase)

    @property
    def synced(self) -> dict[str, int]:
        """The number of bytes of each file that Python flushed with ``fsync``."""
        text = self._page[_SYNCED:].partition(b"\0")[0]
        return dict(json.loads(text)) if text else {}

    @synced.setter
    def synced(self, synced: dict[str, int]) -> None:
        text = json.dumps(synced).encode() + b"\0"
        self._page[_SYNCED : _SYNCED + len(text)] = text


class Points:
    """Counts the points that this process passes, and kills it with SIGKILL at number ``last`` (0:
    never).

    If ``instead`` is given, it is called at that point and the process lives on.
    """

    def __init__(
        self, shared: Shared, last: int, instead: Callable[[], object] | None = None
    ) -> None:
        self.names: list[str] = []
        self._shared, self._last, self._instead = shared, last, instead
        self._counting = threading.Lock()

    def passed(self, name: str, at_death: Callable[[], object] = lambda: None) -> None:
        """Count one more point. ``at_death`` is called just before the process is killed here."""
        with self._counting:
            self.names.append(name)
            if len(self.names) != self._last:
                return
            if self._instead:
                self._instead()
                return
            at_death()
            os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def inside(self, phase: str) -> Iterator[None]:
        """Set the phase while the block runs."""
        before = self._shared.phase
        self._shared.phase = phase
        try:
            yield
        finally:
            self._shared.phase = before

    def watch(self) -> None:
        """Watch every transaction and every file of blobs and secrets from now on.

        This is never undone, because the process exists only for one job.
        """
        self._watch_transactions()
        self._watch_statements()
        self._watch_files()
        self._watch_stores()
        self._watch_requests()

    def keep_the_log(self) -> None:
        """Keep SQLite from checkpointing its write-ahead log, so that a power cut can take back all
        of it.
        """

        @event.listens_for(Engine, "connect")
        def _connected(connection: Any, _record: object) -> None:
            connection.execute("PRAGMA wal_autocheckpoint=0")

    def _watch_transactions(self) -> None:
        shared, commit = self._shared, DefaultDialect.do_commit

        @event.listens_for(Engine, "begin")
        def _begun(connection: Any) -> None:
            if connection.get_execution_options().get("fitglue_write"):
                shared.phase = "transaction"

        @event.listens_for(Engine, "commit")
        def _about_to_commit(connection: Any) -> None:
            if connection.get_execution_options().get("fitglue_write"):
                self.passed("commit")
                shared.phase = "commit"

        def commit_and_record(dialect: Any, connection: Any) -> None:
            commit(dialect, connection)
            shared.phase = "between"

        DefaultDialect.do_commit = commit_and_record  # type: ignore[method-assign]

    def _watch_statements(self) -> None:
        @event.listens_for(Engine, "before_cursor_execute")
        def _about_to_execute(_db: Any, _cursor: Any, statement: str, *_: object) -> None:
            if statement.lstrip().upper().startswith(("CREATE", "DROP", "ALTER")):
                self.passed("change of the format")

    def _watch_files(self) -> None:
        make, sync, synced = tempfile.mkstemp, os.fsync, self._shared.synced
        unfinished: dict[int, str] = {}

        def make_and_record(*args: Any, **options: Any) -> tuple[int, str]:
            kind = _kind(Path(options.get("dir") or ""))
            self._passed(kind, "before its temporary file")
            handle, name = make(*args, **options)
            if kind:
                unfinished[handle] = kind
            return handle, name

        def sync_and_record(handle: int) -> None:
            # A process that dies while it writes leaves only a part of the file.
            self._passed(
                unfinished.pop(handle, None),
                "half of its temporary file",
                lambda: os.ftruncate(handle, os.fstat(handle).st_size // 2),
            )
            sync(handle)
            with suppress(OSError):
                synced[str(Path(f"/proc/self/fd/{handle}").readlink())] = os.fstat(handle).st_size
                self._shared.synced = synced

        tempfile.mkstemp, os.fsync = make_and_record, sync_and_record  # type: ignore[assignment]
        self._watch_names()

    def _watch_names(self) -> None:
        replace, unlink = Path.replace, Path.unlink

        def replace_and_record(path: Path, target: Any) -> Path:
            self._passed(_kind(path), "between temporary file and rename")
            moved = replace(path, target)
            self._passed(_kind(path), "after its rename")
            return moved

        def unlink_and_record(path: Path, *, missing_ok: bool = False) -> None:
            self._passed(_kind(path), "before it is removed")
            unlink(path, missing_ok=missing_ok)
            self._passed(_kind(path), "after it was removed")

        Path.replace, Path.unlink = replace_and_record, unlink_and_record  # type: ignore[method-assign]

    def _passed(
        self, kind: str | None, step: str, at_death: Callable[[], object] = lambda: None
    ) -> None:
        if kind:
            self.passed(f"{kind}: {step}", at_death)

    def _watch_stores(self) -> None:
        from fitglue_registry.secrets.file_store import FileSecretStore
        from fitglue_registry.store.file_blobs import FileBlobStore

        for store, phase in ((FileBlobStore, "blob"), (FileSecretStore, "secret")):
            for method in ("put", "get", "delete"):
                setattr(store, method, self._inside_phase(getattr(store, method), phase))

    def _watch_requests(self) -> None:
        """Watch each request to a destination that has its account in a file."""
        from tests.faults.kill import piped

        carry_out = piped.carry_out

        def carry_out_and_record(file: Path, request: dict[str, Any]) -> None:
            with self.inside("request"):
                self.passed("request: before it is carried out")
                carry_out(file, request)
                self.passed("request: after it was carried out")

        piped.carry_out = carry_out_and_record

    def _inside_phase(self, method: Callable[..., Any], phase: str) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            with self.inside(phase):
                return method(*args, **options)

        return call


def _kind(path: Path) -> str | None:
    """Return whether a path is below the blobs or the secrets of a home, or ``None`` if it is
    below neither of them.
    """
    return next((_FOLDERS[name] for name in reversed(path.parts) if name in _FOLDERS), None)
