"""A ``requests`` adapter with a time limit for a complete response, including its headers.

Without it, a server that sends one byte at a time could block a thread for hours. Its connections
lead only to addresses that the policy of the host allows.
"""

from __future__ import annotations

import http.client
import io
import time
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import requests.adapters
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from fitglue_registry.transport.allowed_addresses import ChecksAddress

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_registry.policy import Policy


#: The message of the error for a response that exceeds its total time. ``network_failures`` looks
#: for it in the causes of an exception, because urllib3 wraps the exception in one of its own.
TOTAL_TIME_EXCEEDED = "the response took longer than its total time limit"


class BoundedAdapter(requests.adapters.HTTPAdapter):
    """A connection pool whose responses have a total time limit.

    Args:
        connections: The largest number of connections to one host.
        total_s: Seconds from the request to the last byte of the response.
        rules: The policy of the host, which says what addresses may be requested.
    """

    def __init__(
        self,
        connections: int,
        total_s: float,
        rules: Policy,
    ) -> None:
        self._settings = {"total_s": total_s, "rules": rules}
        super().__init__(
            pool_connections=2,
            pool_maxsize=connections,
            # Further threads wait for a connection instead of opening more than the entry allows.
            pool_block=True,
            # The session retries, because it knows which failures can pass and how long to wait.
            max_retries=0,
        )

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of direct connections; called by ``requests``."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools()

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """Make the pools of connections through a proxy; called by ``requests``."""
        proxied = super().proxy_manager_for(*args, **kwargs)
        proxied.pool_classes_by_scheme = self._pools()
        return proxied

    def _pools(self) -> dict[str, Any]:
        return {
            "http": partial(_HttpPool, settings=self._settings),
            "https": partial(_HttpsPool, settings=self._settings),
        }


class _HttpPool(HTTPConnectionPool):
    def __init__(self, *args: Any, settings: dict[str, Any], **kwargs: Any) -> None:
        self._settings = settings
        super().__init__(*args, **kwargs)

    @property
    def ConnectionCls(self) -> Any:  # type: ignore[override]  # noqa: N802 - urllib3's name
        """The class of new connections, which is looked up for each connection.

        While vcrpy records or replays, it replaces the class in urllib3, and that class must be
        used.
        """
        return _bounded(
            HTTPConnectionPool.ConnectionCls, HTTPConnection, _BoundedHttp, self._settings
        )


class _HttpsPool(HTTPSConnectionPool):
    def __init__(self, *args: Any, settings: dict[str, Any], **kwargs: Any) -> None:
        self._settings = settings
        super().__init__(*args, **kwargs)

    @property
    def ConnectionCls(self) -> Any:  # type: ignore[override]  # noqa: N802 - urllib3's name
        """The class of new connections, as in ``_HttpPool``."""
        return _bounded(
            HTTPSConnectionPool.ConnectionCls, HTTPSConnection, _BoundedHttps, self._settings
        )


def _bounded(
    current: Any,
    plain: type,
    bounded: Callable[..., Any],
    settings: dict[str, Any],
) -> Any:
    """Return the class with the time limit, unless vcrpy has replaced the plain one."""
    if current is not plain:
        return current
    return partial(bounded, **settings)


class _BoundedHttp(ChecksAddress, HTTPConnection):
    def __init__(self, *args: Any, total_s: float, rules: Policy, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rules = rules
        self.response_class = cast("Any", partial(_BoundedResponse, total_s=total_s))


class _BoundedHttps(ChecksAddress, HTTPSConnection):
    def __init__(self, *args: Any, total_s: float, rules: Policy, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rules = rules
        self.response_class = cast("Any", partial(_BoundedResponse, total_s=total_s))


class _BoundedResponse(http.client.HTTPResponse):
    def __init__(self, *args: Any, total_s: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # http.client makes the response right after the request was sent.
        deadline = time.monotonic() + total_s
        self._source = _UntilDeadline(self.fp.detach(), deadline)
        self.fp = io.BufferedReader(self._source)

    def begin(self) -> None:
        """Read status and headers.

        Raises:
            http.client.IncompleteRead: The connection ended within the headers; the standard
                library would accept them as complete.
        """
        super().begin()
        if self._source.ended:
            raise http.client.IncompleteRead(b"")


class _UntilDeadline(io.RawIOBase):
    """The bytes of a socket until a deadline.

    The time-out of the socket limits only the time between two reads, not the sum of all reads.
    """

    def __init__(self, socket_file: io.RawIOBase, deadline: float) -> None:
        self._file = socket_file
        self._deadline = deadline
        self.ended = False

    def readable(self) -> bool:
        """Return ``True``, as the buffered reader requires."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read available bytes into the buffer; raise ``TimeoutError`` after the deadline."""
        if time.monotonic() > self._deadline:
            raise TimeoutError(TOTAL_TIME_EXCEEDED)
        size = cast("int | None", self._file.readinto(buffer))
        self.ended = size == 0
        return size

    def close(self) -> None:
        """Close the file that holds the last reference to the socket."""
        self._file.close()
        super().close()
