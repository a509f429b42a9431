"""A ``requests`` adapter with limits for a complete response, including its headers.

Without the limit of time, a server that sends one byte at a time could block a thread for hours.
Without the limit of bytes, one that sends headers, chunks or interim responses endlessly could fill
the memory or keep a core busy, although no body ever arrives. Its connections lead only to
addresses that the policy of the host allows.
"""

from __future__ import annotations

import http.client
import io
import ssl
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import requests.adapters
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from fitglue_registry.transport.allowed_addresses import ChecksAddress
from fitglue_registry.transport.body import BodyTooLarge
from fitglue_registry.transport.never_sent import HandshakeFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_registry.policy import Policy


#: The message of the error for a response that exceeds its total time. ``network_failures`` looks
#: for it in the causes of an exception, because urllib3 wraps the exception in one of its own.
TOTAL_TIME_EXCEEDED = "the response took longer than its total time limit"

#: The same for a response that arrives in so many pieces, and so slowly, that it is made to keep
#: us waiting. A slow computation of the service sends nothing in the meantime, and a slow network
#: has more bytes per second.
TOO_SLOW = "the response arrived byte by byte"
_MANY_READS = 20
_SLOW_AFTER_S = 10.0
_SLOWEST_BYTES_PER_S = 200

#: Bytes of a response in addition to its body: ``http.client`` accepts a hundred header lines of
#: 64 KiB each.
_OVERHEAD = 8_000_000
#: Interim responses ("100 Continue") before the final one. We never ask for any (RFC 9110, 10.1.1).
_MOST_INTERIM = 20
#: A chunk of a chunked body costs some microseconds of computation, whatever its size, so a body of
#: more than a few chunks must have larger ones.
_FEW_CHUNKS = 10_000
_SMALLEST_AVERAGE_CHUNK = 64


@dataclass(frozen=True, slots=True)
class ResponseLimits:
    """The limits of a complete response.

    Attributes:
        total_s: Seconds from the request to the last byte of the response.
        largest_body: Bytes of the body as received.
    """

    total_s: float
    largest_body: int


class BoundedAdapter(requests.adapters.HTTPAdapter):
    """A connection pool whose responses have limits of time and size.

    Args:
        connections: The largest number of connections to one host.
        limits: The limits of each response.
        rules: The policy of the host, which says what addresses may be requested.
    """

    def __init__(
        self,
        connections: int,
        limits: ResponseLimits,
        rules: Policy,
    ) -> None:
        self._settings = {"limits": limits, "rules": rules}
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
    """Return the class with the limits, unless vcrpy has replaced the plain one."""
    if current is not plain:
        return current
    return partial(bounded, **settings)


class _BoundedHttp(ChecksAddress, HTTPConnection):
    def __init__(self, *args: Any, limits: ResponseLimits, rules: Policy, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rules = rules
        self.response_class = cast("Any", partial(_BoundedResponse, limits=limits))


class _BoundedHttps(ChecksAddress, HTTPSConnection):
    def __init__(self, *args: Any, limits: ResponseLimits, rules: Policy, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rules = rules
        self.response_class = cast("Any", partial(_BoundedResponse, limits=limits))

    def connect(self) -> None:
        """Connect and make the connection secret; called by urllib3.

        Raises:
            HandshakeFailed: TLS could not be agreed on, so no request was sent.
        """
        try:
            super().connect()
        except ssl.SSLCertVerificationError:
            raise
        except ssl.SSLError as error:
            raise HandshakeFailed(*error.args) from error


class _BoundedResponse(http.client.HTTPResponse):
    def __init__(self, *args: Any, limits: ResponseLimits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # http.client makes the response right after the request was sent.
        deadline = time.monotonic() + limits.total_s
        most_bytes = limits.largest_body + _OVERHEAD
        self._source = _BoundedSource(self.fp.detach(), deadline, most_bytes)
        self.fp = io.BufferedReader(self._source)
        self._interim = 0
        self._chunks = 0
        self._chunk_bytes = 0

    def begin(self) -> None:
        """Read status and headers.

        Raises:
            http.client.IncompleteRead: The connection ended within the headers; the standard
                library would accept them as complete.
        """
        super().begin()
        if self._source.ended:
            raise http.client.IncompleteRead(b"")

    # The standard library skips any number of interim responses.
    def _read_status(self) -> tuple[str, int, str]:
        self._interim += 1
        if self._interim > _MOST_INTERIM:
            raise http.client.BadStatusLine(f"more than {_MOST_INTERIM} interim responses")
        status: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]
        return status

    # The standard library reads up to the end of the connection if a chunk has the size -1.
    def _read_next_chunk_size(self) -> int:
        size: int = super()._read_next_chunk_size()  # type: ignore[misc]
        self._chunks += 1
        self._chunk_bytes += size
        are_tiny = self._chunk_bytes < self._chunks * _SMALLEST_AVERAGE_CHUNK
        if size < 0 or (are_tiny and self._chunks > _FEW_CHUNKS):
            # The caller expects it for a size that is no number, and ends the response.
            raise ValueError("a chunk of a size that no server should send")
        return size


class _BoundedSource(io.RawIOBase):
    """The bytes of a socket until a deadline, and up to a number.

    The time-out of the socket limits only the time between two reads, not the sum of all reads.
    """

    def __init__(
        self,
        socket_file: io.RawIOBase,
        deadline: float,
        most_bytes: int,
    ) -> None:
        self._file = socket_file
        self._deadline = deadline
        self._left = most_bytes
        self._began: float | None = None
        self._reads = 0
        self._received = 0
        self.ended = False

    def readable(self) -> bool:
        """Return ``True``, as the buffered reader requires."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read available bytes into the buffer.

        Raises:
            TimeoutError: The deadline has passed, or the bytes arrive too slowly.
            BodyTooLarge: The response has more bytes than its body and its headers may have.
        """
        if time.monotonic() > self._deadline:
            raise TimeoutError(TOTAL_TIME_EXCEEDED)
        size = cast("int | None", self._file.readinto(buffer))
        self.ended = size == 0
        self._count(size or 0)
        return size

    def _count(self, size: int) -> None:
        """Count the bytes of one read; raise the errors of ``readinto``."""
        self._left -= size
        if self._left < 0:
            raise BodyTooLarge
        now = time.monotonic()
        if self._began is None:
            self._began = now
        self._reads += 1
        self._received += size
        took_s = now - self._began
        if self._reads <= _MANY_READS or took_s <= _SLOW_AFTER_S:
            return
        if self._received < took_s * _SLOWEST_BYTES_PER_S:
            raise TimeoutError(TOO_SLOW)

    def close(self) -> None:
        """Close the file that holds the last reference to the socket."""
        self._file.close()
        super().close()
