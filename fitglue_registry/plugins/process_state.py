"""The process-wide settings that are restored after code of a plugin has run."""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProcessState:
    """The process and its settings before code of a plugin runs."""

    process: int
    recursion_limit: int

    @classmethod
    def now(cls) -> ProcessState:
        """Return the current state."""
        return cls(os.getpid(), sys.getrecursionlimit())

    def restore(self, plugin: str) -> None:
        """Restore the settings, and end the process if it is a child that the plugin forked."""
        self.end_child()
        if sys.getrecursionlimit() != self.recursion_limit:
            sys.setrecursionlimit(self.recursion_limit)
            log.warning(
                "plugin %s changed the recursion limit of this process; it was restored", plugin
            )

    def end_child(self) -> None:
        """End this process if it is a fork of the process in which the state was taken.

        A plugin that calls ``os.fork`` and returns in both processes would let the host continue
        twice, with two writers for one database.
        """
        if os.getpid() != self.process:
            # Without ``atexit`` functions and without flushing: both belong to the parent.
            os._exit(0)
