"""The connection as its plugin sees it."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from fitglue_registry.errors import PluginFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from fitglue_registry.plugin_api import Account, Clock
    from fitglue_registry.transport.session import HttpSession


@dataclass(eq=False)
class _Progress:
    """The state of a connection's view that changes while its plugin works.

    It is apart from the view, because a plugin must not be able to set an attribute of the view.
    """

    session: HttpSession | None = None
    at_work: float = 0.0
    lock: Lock = field(default_factory=Lock)


def _plugin_log() -> logging.Logger:
    return logging.getLogger("fitglue_registry.plugin")


@dataclass(eq=False, frozen=True)
class ConnectionView:
    """A connection as its plugin sees it; it implements ``plugin_api.Connection``.

    It has settings, an authenticated session, a clock and a log, but never a secret. A plugin
    cannot set any of the attributes, because the next hook of the run gets the same view.

    Attributes:
        id: The id of the connection.
        entry: The id of the source's entry.
        account: The account at the source; ``None`` until it is connected.
        settings: The settings of the connection, without secrets.
        clock: The clock of the host.
        open_http: Opens the session; ``None`` if the entry has no ``http`` block.
        log: The log for the plugin's messages.
        cache: A folder for files that may be lost; it belongs to the plugin.
        renewed_ref: Returns the reference of the secret of the connection if this view has renewed
            the token in it. The reference is not secret.
    """

    id: str
    entry: str
    account: Account | None
    settings: Mapping[str, str]
    clock: Clock
    open_http: Callable[[], HttpSession] | None
    log: logging.Logger = field(default_factory=_plugin_log)
    cache: Path | None = None
    renewed_ref: Callable[[], str | None] = lambda: None
    _progress: _Progress = field(
        default_factory=_Progress,
        init=False,
        repr=False,
    )

    @property
    def http(self) -> HttpSession:
        """The authenticated session, which is opened when it is first used.

        Raises:
            PluginFailed: FG-no-http if the entry has no ``http`` block.
        """
        if self._progress.session is not None:
            return self._progress.session
        if self.open_http is None:
            raise PluginFailed(
                "FG-no-http",
                f"the entry {self.entry} has no http block, so its plugin may not send requests",
                fix="add an http block to the entry",
            )
        # Several lanes may get here at once. They must share one session, because it counts the
        # requests and keeps the budget of the connection.
        with self._progress.lock:
            if self._progress.session is None:
                self._progress.session = self.open_http()
            return self._progress.session

    @property
    def requests(self) -> int:
        """How many requests the session has sent."""
        session = self._progress.session
        return 0 if session is None else session.sent

    @property
    def pace_s(self) -> float:
        """The seconds between two of many requests, if the session has sent any; else 0."""
        session = self._progress.session
        return 0.0 if session is None else session.pace_s

    def alive(self) -> None:
        """Note that the plugin is at work, although it sends no request and yields no item."""
        self._progress.at_work = time.monotonic()

    def sign_of_life(self) -> float:
        """Return the monotonic time until which the plugin or its session is known to be at work.

        A planned wait of the session counts as work, so the time can be in the future. The guard of
        the plugin calls this while it waits, so a long silence of the server is reported here too.
        """
        session = self._progress.session
        if session is None:
            return self._progress.at_work
        session.report_silence()
        return max(self._progress.at_work, session.busy_until)

    def close(self) -> None:
        """Close the session, if one was opened."""
        if self._progress.session is not None:
            self._progress.session.close()
