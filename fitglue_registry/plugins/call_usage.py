"""Counts what one call of a hook requests, so that a list without an end does end."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fitglue_registry.plugins.hook_call import HookCall

#: More requests than any call needs: 2,000 pages of 50 rows are as many rows as a window may have,
#: and some of them may be sent again.
MOST_REQUESTS = 2_500
#: More bytes of unpacked responses than any call needs: a window may have 512 MB of rows, and a
#: batch of original files has a few megabytes for each.
MOST_BYTES = 2_000_000_000


class CallUsage:
    """The requests and the bytes of one call of a hook, on all threads that work for it.

    Args:
        call: The call, for errors.
    """

    def __init__(self, call: HookCall) -> None:
        self._call = call
        self._lock = threading.Lock()
        self._requests = 0
        self._bytes = 0

    def count_request(self) -> None:
        """Count a request before it is sent.

        Raises:
            PluginFailed: FG-plugin-endless.
        """
        with self._lock:
            if self._requests < MOST_REQUESTS:
                self._requests += 1
                return
        self._refuse(f"sent {MOST_REQUESTS:,} requests")

    def count_bytes(self, received: int) -> None:
        """Count the bytes of a response.

        Raises:
            PluginFailed: FG-plugin-endless.
        """
        with self._lock:
            self._bytes += received
            if self._bytes <= MOST_BYTES:
                return
        self._refuse(f"received more than {MOST_BYTES:,} bytes")

    def _refuse(self, what: str) -> None:
        call = self._call
        raise call.failure(
            "FG-plugin-endless",
            f"plugin {call.plugin} {what} in one call of {call.hook} and did not stop",
            "the list of the service has no end, or the plugin asks for the same again; a window "
            "that needs so much must be split",
        )


_current: ContextVar[CallUsage | None] = ContextVar("current", default=None)


def begin_call(call: HookCall) -> None:
    """Count what this thread requests from now on as part of a call."""
    _current.set(CallUsage(call))


def current_usage() -> CallUsage | None:
    """Return the usage of the call that this thread works for, or ``None`` if it works for none."""
    return _current.get()
