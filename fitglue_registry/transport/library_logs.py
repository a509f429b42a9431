"""Keeps the queries of signed addresses, and webhooks, out of messages of the HTTP library.

urllib3 logs the path and the query of each request on the level DEBUG. Whoever has a signed address
may use it, and its signature is not among the secrets that the filter of our log knows.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOGGER = "urllib3.connectionpool"

#: Whether this thread sends a request whose query must not be shown.
_hidden: ContextVar[bool] = ContextVar("hidden", default=False)
#: Whether its path must not be shown either.
_path_hidden: ContextVar[bool] = ContextVar("path_hidden", default=False)


@contextmanager
def query_hidden(*, hidden: bool, path: bool = False) -> Iterator[None]:
    """Leave queries out of what the library logs on this thread meanwhile, if they are secret.

    Args:
        hidden: Whether the query is a secret.
        path: Whether the path is one as well.
    """
    before = _hidden.set(hidden or path)
    path_before = _path_hidden.set(path)
    try:
        yield
    finally:
        _hidden.reset(before)
        _path_hidden.reset(path_before)


class _WithoutQuery(logging.Filter):
    """A filter that changes only messages about requests of this program with a secret query."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten each address in a message, and let the message pass."""
        if _hidden.get() and isinstance(record.args, tuple):
            record.args = tuple(map(_shortened, record.args))
        return True


def _shortened(value: object) -> object:
    if not isinstance(value, str):
        return value
    if _path_hidden.get() and value.startswith("/"):
        return "/…"
    before, mark, _ = value.partition("?")
    return f"{before}?…" if mark else value


logging.getLogger(_LOGGER).addFilter(_WithoutQuery())
