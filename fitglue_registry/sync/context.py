"""What the work on one connection needs: the store, the plugins, the connection itself."""

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
    """Processes that work beside this one, and end with it."""

    def submit(self, work: Callable[..., Result], *arguments: Any) -> Future[Result]:
        """Let a process do some work; raises ``BrokenExecutor`` where one ended by itself."""

    def stop(self, *, kill: bool) -> None:
        """End them; ``kill`` whatever they are at."""


class Processes(Protocol):
    """Starts processes (``sync.deriving.processes``)."""

    def count_cores(self) -> int:
        """How many processes can work at a time."""

    def start_workers(self, count: int) -> Workers:
        """So many workers, which are started when the first work comes."""


@dataclass(frozen=True, slots=True)
class SyncContext:
    """Everything that the work on one connection needs."""

    database: Database
    raws: RawStore
    plugins: Plugins
    matcher: Matcher
    clock: Clock
    home: Path
    entry: Entry
    connected: ConnectionRow
    view: ConnectionView
    lanes: int = 1  # so many of the plugin's iterators may run at once
    # Imports what starts processes, which takes 50 ms: called where processes pay. ``None``:
    # everything is derived in this process.
    import_processes: Callable[[], Processes] | None = None

    @property
    def athlete_id(self) -> str:
        """The athlete whose connection it is."""
        return self.connected.athlete_id

    @property
    def connection_id(self) -> str:
        """The id of the connection."""
        return self.connected.id

    @property
    def name(self) -> str:
        """The name of the connection."""
        return self.connected.name

    @property
    def now(self) -> str:
        """Now, as the store writes moments."""
        return clock_text(self.clock.now())

    @property
    def plugin(self) -> EntryPlugin:
        """The entry's plugin, as it works for this connection."""
        return self.plugins.of(self.entry, self.view.sign_of_life)

    @property
    def plugin_version(self) -> str | None:
        """The version of the entry's plugin."""
        return self.plugins.distribution(self.entry.plugin.name).version
