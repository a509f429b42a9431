"""The values that all work on one connection needs: store, plugins, clock, and the connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from fitglue_registry.model.moments import clock_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

    from fitglue_registry.matching.matcher import Matcher
    from fitglue_registry.plugin_api import Clock
    from fitglue_registry.plugins import EntryPlugin, Plugins
    from fitglue_registry.registry import Entry
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.store.database import Database
    from fitglue_registry.store.raw_parts import RawStore
    from fitglue_registry.sync.view import ConnectionView

Result = TypeVar("Result")


class Workers(Protocol):
    """Worker processes that run in parallel with this process and end when it ends."""

    def submit(self, work: Callable[..., Result], *arguments: Any) -> Future[Result]:
        """Run a function in one of the worker processes.

        Args:
            work: A function at the top level of a module, so that it can be pickled.
            *arguments: Its arguments, which must be picklable too.

        Returns:
            The future of its result.

        Raises:
            BrokenExecutor: A worker process ended unexpectedly before this call.
        """

    def stop(self, *, kill: bool) -> None:
        """End the worker processes; with ``kill``, do not wait for their current work."""


class Processes(Protocol):
    """The module that starts worker processes (``sync.deriving.processes``)."""

    def count_cores(self) -> int:
        """Return how many processes can run in parallel."""

    def start_workers(self, count: int) -> Workers:
        """Return workers whose ``count`` processes are started by the first submitted work."""


@dataclass(frozen=True, slots=True)
class SyncContext:
    """Everything that the work on one connection needs.

    Attributes:
        database: The store.
        raws: The raw parts of the store.
        plugins: All plugins; also used in worker processes and for matching.
        matcher: Assigns source activities to activities.
        clock: The clock of the host, which tests replace.
        home: The home folder, where locks are kept if the database has no folder of its own.
        entry: The entry of the source.
        connection: The row of the connection, as it was when the work began.
        view: The connection as its plugin sees it.
        lanes: How many iterators of the plugin may be consumed at the same time. It equals the
            number of HTTP connections that the entry allows.
        import_processes: Imports the module that starts worker processes. The import takes 50 ms,
            so it happens only when there is enough work. ``None`` derives everything in this
            process.
    """

    database: Database
    raws: RawStore
    plugins: Plugins
    matcher: Matcher
    clock: Clock
    home: Path
    entry: Entry
    connection: ConnectionRow
    view: ConnectionView
    lanes: int = 1
    import_processes: Callable[[], Processes] | None = None

    @property
    def athlete_id(self) -> str:
        """The athlete who owns the connection."""
        return self.connection.athlete_id

    @property
    def connection_id(self) -> str:
        """The id of the connection."""
        return self.connection.id

    @property
    def name(self) -> str:
        """The name of the connection."""
        return self.connection.name

    @property
    def now(self) -> str:
        """The current moment in the form in which the store writes moments (UTC, milliseconds)."""
        return clock_text(self.clock.now())

    @property
    def plugin(self) -> EntryPlugin:
        """The entry's plugin, whose calls are limited by the sign of life of this connection."""
        return self.plugins.of(self.entry, self.view.sign_of_life)

    @property
    def plugin_version(self) -> str | None:
        """The version of the plugin's distribution; ``None`` if the plugin has no distribution."""
        return self.plugins.distribution(self.entry.plugin.name).version
