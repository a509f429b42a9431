"""Derives many records on every core, in processes of their own; a few are derived here, since a process takes time to start."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from fitglue_registry.errors import FitglueError, Place, PluginFailed
from fitglue_registry.plugins import Plugins
from fitglue_registry.plugins.cleaning import clean_exception
from fitglue_registry.sync.derive import Derived, Deriver

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from concurrent.futures import Future

    from fitglue_registry.hookspecs import Record
    from fitglue_registry.plugins.cleaning import Redact
    from fitglue_registry.registry import Entry
    from fitglue_registry.sync.context import Context

Label = TypeVar("Label")
#: Fewer records are sooner derived than a process has imported what it needs.
_WORTH_A_PROCESS = 200
_LOOK_EVERY_S = 1.0


def derive_batches(context: Context, batches: Iterable[tuple[Label, Sequence[Record]]],
                   total: int) -> Iterator[tuple[Label, list[Derived]]]:
    """What each batch of records says, in their order, with the label that it came with; ``total`` is how many records there are.

    Plugins that an application handed over as objects are not known to another process, and work here.
    """
    from loky import cpu_count

    cores = cpu_count()
    if total < _WORTH_A_PROCESS or cores < 2 or not context.plugins.from_environment:
        for label, records in batches:
            yield label, list(context.deriver.derive_all(context.entry, records))
    else:
        yield from _on_every_core(context.entry, batches, cores, context.plugins.redact)


def _on_every_core(entry: Entry, batches: Iterable[tuple[Label, Sequence[Record]]], cores: int,
                   redact: Redact) -> Iterator[tuple[Label, list[Derived]]]:
    from loky import ProcessPoolExecutor
    from loky.process_executor import BrokenProcessPool

    executor = ProcessPoolExecutor(max_workers=cores, initializer=end_with, initargs=(os.getpid(),))
    waiting: deque[tuple[Label, Future[list[Derived]]]] = deque()
    try:
        for label, records in batches:
            waiting.append((label, executor.submit(derive_there, entry, records)))
            if len(waiting) > 2 * cores:
                yield _next(waiting, redact)
        while waiting:
            yield _next(waiting, redact)
    except BrokenProcessPool as error:
        raise PluginFailed(
            "FG-plugin-died", f"a process that ran plugin {entry.plugin.name} ended by itself",
            at=Place(field=f"{entry.plugin.name}: fitglue_normalize"),
            why="the plugin ended it, crashed it, or used more memory than there is",
            fix="report it to the plugin's author") from error
    finally:
        executor.shutdown(kill_workers=bool(waiting))


def _next(waiting: deque[tuple[Label, Future[list[Derived]]]], redact: Redact) -> tuple[Label, list[Derived]]:
    """The next result; a worker knows no secret, so what plugins said there is cleared of them here."""
    label, future = waiting[0]
    try:
        derived = future.result()
    except FitglueError as error:
        clean_exception(error, redact)
        raise
    waiting.popleft()
    for one in derived:
        if one.refused is not None:
            clean_exception(one.refused, redact)
    return label, derived


def end_with(parent: int) -> None:
    """Let this worker end soon after the process that it works for, which may be killed without a chance to say so."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_EVERY_S)  # nothing tells a process that its parent is gone
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="end with the parent").start()


@cache
def _deriver() -> Deriver:
    return Deriver(Plugins())


def derive_there(entry: Entry, records: Sequence[Record]) -> list[Derived]:
    """Derive a batch in a worker, which finds its plugins by itself; errors travel without what a plugin may have hung on them."""
    try:
        derived = list(_deriver().derive_all(entry, records))
    except FitglueError as error:
        raise _bare(error) from None
    return [replace(one, refused=_bare(one.refused)) if one.refused else one for one in derived]


def _bare(error: FitglueError) -> FitglueError:
    return type(error)(error.code, error.what, at=error.at, why=error.why, fix=error.fix)
