"""Redacts exceptions in place and along their chain, so that they can be printed later.

A plugin never receives a key, but its exceptions can still quote one that its server sent or that
is in its environment.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

from fitglue_registry.errors import FitglueError, Place

log = logging.getLogger(__name__)

Redact = Callable[[str], str]

#: Attributes that Python's own exceptions print in addition to their arguments.
_PRINTED_ATTRIBUTES = ("filename", "filename2", "strerror", "__notes__")
_MAY_HOLD_TEXT = (str, bytes, list, tuple, dict)


def redact_exception(error: BaseException, redact: Redact) -> None:
    """Redact the texts of an exception and of every exception in its chain.

    Args:
        error: Exception to change in place.
        redact: Function that returns a text without secrets.
    """
    for member in _chain(error):
        # A plugin's own exception class can raise anything when its attributes are set. That is
        # not an error, because every text is redacted again before it is shown.
        try:
            _redact_texts(member, redact)
        except Exception:  # noqa: BLE001
            log.debug("an exception of type %s cannot be changed", type(member).__name__)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and every exception in its chain, its groups and its arguments, each once."""
    unseen: list[Any] = [error]
    seen: set[int] = set()
    while unseen:
        candidate = unseen.pop()
        if not isinstance(candidate, BaseException) or id(candidate) in seen:
            continue
        seen.add(id(candidate))
        yield candidate
        unseen += [candidate.__cause__, candidate.__context__]
        unseen += getattr(candidate, "exceptions", ())
        unseen += candidate.args


def _redact_texts(error: BaseException, redact: Redact) -> None:
    if isinstance(error, FitglueError):
        error.at = _clean_place(error.at, redact)
    error.args = tuple(_clean(value, redact) for value in error.args)
    for name in (*_PRINTED_ATTRIBUTES, *vars(error)):
        value = getattr(error, name, None)
        if isinstance(value, _MAY_HOLD_TEXT):
            setattr(error, name, _clean(value, redact))


def _clean_place(at: Place | None, redact: Redact) -> Place | None:
    if at is None:
        return None
    texts: dict[str, str] = {}
    for name, value in at.as_dict().items():
        if isinstance(value, str):
            texts[name] = redact(value)
    return Place(line=at.line, column=at.column, **texts)


def _clean(value: Any, redact: Redact) -> Any:
    """Return a value without secrets; return the same object if it has none."""
    if isinstance(value, bytes):
        # Latin-1 maps every byte to one character, so any bytes survive the round trip.
        clean = _clean(value.decode("latin-1"), redact)
        return clean.encode("latin-1", "replace")
    if type(value) in (list, tuple):
        return type(value)(_clean(item, redact) for item in value)
    if isinstance(value, str):
        text = value
    # A dict becomes its repr, because its keys and its nested values can be secrets as well.
    elif isinstance(value, dict):
        text = repr(value)
    else:
        return value
    clean = redact(text)
    return value if clean == text else clean
