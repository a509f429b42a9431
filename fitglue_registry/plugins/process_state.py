"""What the code of a plugin may change in the whole process, and what is put back after it."""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProcessState:
    """The process and its settings before a plugin's code ran."""

    process: int
    recursion_limit: int

    @classmethod
    def now(cls) -> ProcessState:
        """The state as it is."""
        return cls(os.getpid(), sys.getrecursionlimit())

    def restore(self, plugin: str) -> None:
        """Put it back; a child that the plugin forked, and let return, ends here."""
        self.end_child()
        if sys.getrecursionlimit() != self.recursion_limit:
            sys.setrecursionlimit(self.recursion_limit)
            log.warning(
                "plugin %s changed the recursion limit of this process; it was put back", plugin
            )

    def end_child(self) -> None:
        """End this process, if it is not the one of the state but a fork of it."""
        if os.getpid() != self.process:
            os._exit(0)
