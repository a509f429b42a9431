"""What one sync works with: the store, the plugins, and the connection as its plugin sees it."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from fitglue_registry.errors import PluginFailed
from fitglue_registry.model.moments import clock_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date
    from pathlib import Path

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.matching.matcher import Matcher
    from fitglue_registry.plugin_api import Account, Clock
    from fitglue_registry.plugins import Plugins
    from fitglue_registry.registry import Entry
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.store.database import Database
    from fitglue_registry.store.raw_parts import RawStore
    from fitglue_registry.store.runs import RunLog
    from fitglue_registry.sync.deriving.deriver import Deriver
    from fitglue_registry.transport.session import HttpSession


@dataclass(frozen=True, slots=True)
class Options:
    """What somebody asked of a sync; days are the athlete's local ones, both included."""

    since: date | None = None
    until: date | None = None
    full: bool = False
    streams: bool = True
    files: bool = False
    dry_run: bool = False

    def wants(self, part_option: str | None, *, default: bool) -> bool:
        """Whether a part of the entry is wanted of records that were never asked for it."""
        return default or bool(part_option and getattr(self, part_option, False))


@dataclass(eq=False, frozen=True)
class ConnectionView:
    """A connection as its plugin sees it (``plugin_api.Connection``): settings, session, clock and
    log, never a secret.
    """

    id: str
    entry: str
    account: Account | None
    settings: Mapping[str, str]
    clock: Clock
    open_http: Callable[[], HttpSession] | None
    log: logging.Logger = field(
        default_factory=lambda: logging.getLogger("fitglue_registry.plugin")
    )
    cache: Path | None = None  # the plugin's own

    @cached_property
    def http(self) -> HttpSession:
        """The authenticated session; raises ``PluginFailed`` FG-no-http where the entry has no http
        block.
        """
        if self.open_http is None:
            raise PluginFailed(
                "FG-no-http",
                f"the entry {self.entry} has no http block, so its plugin may ask no server",
                fix="add an http block to the entry",
            )
        return self.open_http()

    @property
    def requests(self) -> int:
        """How many requests the session has sent."""
        return self.http.sent if "http" in self.__dict__ else 0

    def alive(self) -> None:
        """Note that the plugin is at work."""
        self.__dict__["at_work"] = time.monotonic()

    def sign_of_life(self) -> float:
        """The monotonic moment until which plugin or session are known to be at work; who asks also
        hears of a long silence.
        """
        at_work: float = self.__dict__.get("at_work", 0.0)
        if "http" not in self.__dict__:
            return at_work
        self.http.notice_silence()
        return max(at_work, self.http.busy_until)

    def close(self) -> None:
        """Give back the session's connections."""
        if "http" in self.__dict__:
            self.http.close()


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that the sync of one connection needs."""

    database: Database
    raws: RawStore
    plugins: Plugins
    deriver: Deriver
    matcher: Matcher
    clock: Clock
    home: Path
    entry: Entry
    connected: ConnectionRow
    view: ConnectionView
    lanes: int = 1  # so many of the plugin's iterators may run at once

    @contextmanager
    def writing(self, log: RunLog) -> Iterator[Db]:
        """A transaction that carries out decisions; rolled back, the run has not decided and the
        store has not learnt.
        """
        before = log.id, dict(log.counts)
        try:
            with self.database.write() as db:
                yield db
        except BaseException:
            log.rolled_back(*before)
            self.raws.forget()
            raise

    @property
    def now(self) -> str:
        """Now, as the store writes moments."""
        return clock_text(self.clock.now())

    @property
    def plugin_version(self) -> str | None:
        """The version of the entry's plugin."""
        return self.plugins.distribution(self.entry.plugin.name)[1]
