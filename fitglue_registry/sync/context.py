"""The values that all work on one connection needs: store, plugins, clock, and the connection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from fitglue_registry.model.moments import clock_text
from fitglue_registry.policy import Quotas
from fitglue_registry.sync.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from fitglue_registry.matching.matcher import Matcher
    from fitglue_registry.plugin_api import Clock
    from fitglue_registry.plugins import EntryPlugin, Plugins
    from fitglue_registry.registry import Entry
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.store.database import Database
    from fitglue_registry.store.raw_parts import RawStore
    from fitglue_registry.sync.upload import Upload
    from fitglue_registry.sync.view import ConnectionView
    from fitglue_registry.sync.worker_limits import WorkerLimits


class Work(Protocol):
    """Work that was submitted to a worker process."""

    def result(self) -> Any:
        """Wait for the result, and return it.

        Raises:
            WorkerDied: The process ended before the work was done, or was ended by its limits.
            Exception: What the work raised.
        """

    def cancel(self) -> None:
        """Stop the work, by killing its process if it has begun."""

    def when_done(self, call: Callable[[], None]) -> None:
        """Call a function when the work has ended in any way, on another thread."""


class Workers(Protocol):
    """Worker processes that run in parallel with this process and end when it ends."""

    count: int  # how many processes run in parallel

    def submit(
        self,
        work: Callable[..., Any],
        *arguments: Any,
        limits: WorkerLimits,
    ) -> Work:
        """Run a function in one of the worker processes.

        Args:
            work: A function at the top level of a module, so that it can be pickled.
            *arguments: Its arguments, which must be picklable too.
            limits: What it may use.
        """


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
        quotas: What one piece of work may use.
        storage: What the athlete keeps, compared with the quota.
        choices: The options that the athlete has chosen for the connection, and whether their
            parts are fetched. The ``entry`` has them as its defaults.
        upload: The content that is read instead of the paths of the connection, if it is one.
        paths: The files and folders that the connection reads.
        has_places: Whether there is anywhere to look for files: not if all of them were uploaded.
        lanes: How many iterators of the plugin may be consumed at the same time. It equals the
            number of HTTP connections that the entry allows.
        open_workers: Returns the worker processes of the host. The first submitted work starts
            them, so it is called only when there is enough work.
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
    open_workers: Callable[[], Workers]
    quotas: Quotas = field(default_factory=Quotas)
    storage: Storage = field(default_factory=Storage)
    lanes: int = 1
    choices: Mapping[str, bool] = field(default_factory=dict)
    upload: Upload | None = None
    paths: tuple[Path, ...] = ()
    has_places: bool = True

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
