"""Starts worker processes without the main module of the application, until they are stopped."""

from __future__ import annotations

import sys
import threading
import weakref
from contextlib import suppress
from multiprocessing import spawn
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

if sys.platform != "win32":
    from fitglue_registry.sync.deriving.process_groups import GroupPopen

#: What pebble is told instead of exit code 0; no process can end with it.
EXIT_CODE_0 = 1 << 40
_starting = threading.local()
_preparation_data_of_python = spawn.get_preparation_data


def _preparation_data(name: str) -> dict[str, Any]:
    """Return what a new process needs to know; for a worker of ours, without the main module.

    multiprocessing imports the main module of the parent into each process that it starts. A worker
    needs nothing from it, and the script of an embedding application would run a second time if it
    has no ``if __name__ == "__main__"``.
    """
    data = _preparation_data_of_python(name)
    if getattr(_starting, "is_ours", False):
        data.pop("init_main_from_name", None)
        data.pop("init_main_from_path", None)
    return data


# There is no parameter for it. Only processes that ``_WorkerProcess`` starts are affected.
spawn.get_preparation_data = _preparation_data


class _WorkerProcess(SpawnProcess):
    """A process that is started without the main module of its parent."""

    if sys.platform != "win32":
        # multiprocessing calls it with the process.
        _Popen = GroupPopen

    #: The context that the process belongs to; ``None`` in the process itself.
    context: WorkerContext | None = None

    def start(self) -> None:
        assert self.context is not None
        with self.context.starting:
            # pebble starts another process in place of one that ended, also while it is stopped.
            if self.context.is_closed:
                raise OSError("the worker processes are being stopped")
            _starting.is_ours = True
            try:
                super().start()
            finally:
                _starting.is_ours = False

    @property
    def exitcode(self) -> int | None:
        """The exit code, which is never 0: ``None`` while the process runs.

        A worker never ends on its own. pebble takes exit code 0 for an orderly end, and would wait
        for the result of a file or a plugin that ended the process with it until the time limit.
        """
        code = super().exitcode
        return EXIT_CODE_0 if code == 0 else code

    def __getstate__(self) -> dict[str, Any]:
        # What the new process gets; a lock cannot be pickled.
        return {name: value for name, value in self.__dict__.items() if name != "context"}


class WorkerContext(SpawnContext):
    """The context in which pebble starts the processes of one pool.

    Attributes:
        starting: Held while a process is started.
        is_closed: Whether no process may be started any more.
    """

    def __init__(self) -> None:
        super().__init__()
        self.starting = threading.Lock()
        self.is_closed = False
        # Weak, because pebble starts another process for each one that it kills, and a process that
        # is kept keeps its pipes open.
        self._processes: weakref.WeakSet[_WorkerProcess] = weakref.WeakSet()

    # pebble calls it like the class that it replaces.
    def Process(self, *arguments: Any, **named: Any) -> _WorkerProcess:  # type: ignore[override]  # noqa: N802
        """Return a new process, and remember it."""
        process = _WorkerProcess(*arguments, **named)
        process.context = self
        self._processes.add(process)
        return process

    def kill_all(self) -> None:
        """Kill every process that is running, and let no other start."""
        with self.starting:
            self.is_closed = True
            for process in list(self._processes):
                with suppress(ValueError, AttributeError):  # it was not started, or is closed
                    process.kill()
