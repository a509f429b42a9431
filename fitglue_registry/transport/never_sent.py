"""Decides whether a request failed before any of its bytes can have reached the service."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import urllib3.exceptions as uex

from fitglue_registry.errors import FitglueError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Failures to connect: an unknown name, a refused connection, no answer to it, a proxy that cannot
#: be reached, and a certificate or a handshake that failed.
_BEFORE_SENDING = (
    uex.NewConnectionError,
    uex.ConnectTimeoutError,
    uex.ProxyError,
    ssl.SSLCertVerificationError,
)


class HandshakeFailed(ssl.SSLError):
    """Raised if no encrypted connection could be made."""


def was_never_sent(error: BaseException) -> bool:
    """Return whether an exception of an attempt proves that its request was not sent.

    Any other failure, such as a connection that is closed before the response, leaves it open
    whether the service has received the request.
    """
    # Raised by the check of an address, which comes before the connection.
    if isinstance(error, FitglueError):
        return True
    # Not the context, because a plugin may send a request while it handles another failure.
    certain = (*_BEFORE_SENDING, HandshakeFailed)
    return any(isinstance(cause, certain) for cause in causes(error, with_context=False))


def causes(error: BaseException, *, with_context: bool = True) -> Iterator[BaseException]:
    """Yield an exception and its causes, outermost first.

    requests and urllib3 keep a cause as an argument, as the attribute ``reason``, as
    ``__cause__`` or as ``__context__``.

    Args:
        error: The exception.
        with_context: Whether an exception that was being handled counts as a cause.
    """
    # An exception may be contained in itself by way of its context.
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None:
        seen.add(id(current))
        yield current
        current = _cause(current, seen, with_context=with_context)


def _cause(
    error: BaseException,
    seen: set[int],
    *,
    with_context: bool,
) -> BaseException | None:
    inside = [getattr(error, "reason", None), *reversed(error.args), error.__cause__]
    if with_context:
        inside.append(error.__context__)
    for candidate in inside:
        if isinstance(candidate, BaseException) and id(candidate) not in seen:
            return candidate
    return None
