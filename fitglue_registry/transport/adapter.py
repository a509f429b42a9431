"""The ``requests`` adapter that bounds a whole answer in time, its headers too: a server that drips
cannot hold a thread.
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

if TYPE_CHECKING:
    from collections.abc import Callable


class BoundedAdapter(requests.adapters.HTTPAdapter):
    """A pool of ``connections`` whose answers must be over ``total_s`` seconds after they were
    asked for.
    """

    def __init__(self, connections: int, total_s: float) -> None:
        self._total_s = total_s
        # A thread beyond the pool waits for a connection instead of opening one more.
        super().__init__(
            pool_connections=2, pool_maxsize=connections, pool_block=True, max_retries=0
        )

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of direct connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools()

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """Make the pools of connections through a proxy."""
        proxied = super().proxy_manager_for(*args, **kwargs)
        proxied.pool_classes_by_scheme = self._pools()
        return proxied

    def _pools(self) -> dict[str, Any]:
        return {
            "http": partial(_HttpPool, total_s=self._total_s),
            "https": partial(_HttpsPool, total_s=self._total_s),
        }


class _HttpPool(HTTPConnectionPool):
    def __init__(self, *args: Any, total_s: float, **kwargs: Any) -> None:
        self._total_s = total_s
        super().__init__(*args, **kwargs)

    @property
    def ConnectionCls(self) -> Any:  # type: ignore[override]  # noqa: N802 - urllib3's name
        """Asked for each connection: vcrpy puts its own class in place of urllib3's, and must
        win.
        """
        return _bounded(
            HTTPConnectionPool.ConnectionCls, HTTPConnection, _BoundedHttp, self._total_s
        )


class _HttpsPool(HTTPSConnectionPool):
    def __init__(self, *args: Any, total_s: float, **kwargs: Any) -> None:
        self._total_s = total_s
        super().__init__(*args, **kwargs)

    @property
    def ConnectionCls(self) -> Any:  # type: ignore[override]  # noqa: N802 - urllib3's name
        """As above."""
        return _bounded(
            HTTPSConnectionPool.ConnectionCls, HTTPSConnection, _BoundedHttps, self._total_s
        )


def _bounded(
    current: Any,
    plain: type,
    bounded: Callable[..., Any],
    total_s: float,
) -> Any:
    if current is not plain:
        return current
    return partial(bounded, total_s=total_s)


class _BoundedHttp(HTTPConnection):
    def __init__(self, *args: Any, total_s: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.response_class = cast("Any", partial(_BoundedResponse, total_s=total_s))


class _BoundedHttps(HTTPSConnection):
    def __init__(self, *args: Any, total_s: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.response_class = cast("Any", partial(_BoundedResponse, total_s=total_s))


class _BoundedResponse(http.client.HTTPResponse):
    def __init__(self, *args: Any, total_s: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        deadline = time.monotonic() + total_s
        self._source = _UntilDeadline(self.fp.detach(), deadline)
        self.fp = io.BufferedReader(self._source)

    def begin(self) -> None:
        """Read status and headers; the standard library takes headers that break off for whole."""
        super().begin()
        if self._source.ended:
            raise http.client.IncompleteRead(b"")


class _UntilDeadline(io.RawIOBase):
    """The bytes of a socket until a moment; the socket's own time-out bounds each silence, not
    their sum.
    """

    def __init__(self, socket_file: io.RawIOBase, deadline: float) -> None:
        self._file = socket_file
        self._deadline = deadline
        self.ended = False

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what is there; raises ``TimeoutError`` once the moment has passed."""
        if time.monotonic() > self._deadline:
            raise TimeoutError("the answer took too long as a whole")
        size = cast("int | None", self._file.readinto(buffer))
        self.ended = size == 0
        return size

    def close(self) -> None:
        """Close the socket's file, and with it the socket's last reference."""
        self._file.close()
        super().close()
