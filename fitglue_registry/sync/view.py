"""A connection as its plugin sees it."""

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
    """The state of a connection's view, which changes while its plugin works.

    It is apart from the view, because a plugin must not be able to set an attribute of the view.
    """

    session: HttpSession | None = None
    at_work: float = 0.0
    lock: Lock = field(default_factory=Lock)


def _plugin_log() -> logging.Logger:
    return logging.getLogger("fitglue_registry.plugin")


@dataclass(eq=False, frozen=True)
class ConnectionView:
    """A connection as its plugin sees it (``plugin_api.Connection``), without its secrets.

    A plugin cannot set any of the attributes: the next hook of the run gets the same view.
    """

    id: str
    entry: str
    account: Account | None
    settings: Mapping[str, str]
    clock: Clock
    open_http: Callable[[], HttpSession] | None
    log: logging.Logger = field(default_factory=_plugin_log)
    cache: Path | None = None  # the plugin's own
    _progress: _Progress = field(
        default_factory=_Progress,
        init=False,
        repr=False,
    )

    @property
    def http(self) -> HttpSession:
        """The authenticated session; raises ``PluginFailed`` FG-no-http where the entry has no http
        block.
        """
        if self._progress.session is not None:
            return self._progress.session
        if self.open_http is None:
            raise PluginFailed(
                "FG-no-http",
                f"the entry {self.entry} has no http block, so its plugin may ask no server",
                fix="add an http block to the entry",
            )
        with self._progress.lock:  # several lanes may ask at once, and one session serves all
            if self._progress.session is None:
                self._progress.session = self.open_http()
            return self._progress.session

    @property
    def requests(self) -> int:
        """How many requests the session has sent."""
        session = self._progress.session
        return 0 if session is None else session.sent

    def alive(self) -> None:
        """Note that the plugin is at work."""
        self._progress.at_work = time.monotonic()

    def sign_of_life(self) -> float:
        """The monotonic moment until which plugin or session are known to be at work; who asks also
        hears of a long silence.
        """
        session = self._progress.session
        if session is None:
            return self._progress.at_work
        session.notice_silence()
        return max(self._progress.at_work, session.busy_until)

    def close(self) -> None:
        """Give back the session's connections."""
        if self._progress.session is not None:
            self._progress.session.close()
