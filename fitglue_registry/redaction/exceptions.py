"""Takes secrets out of exceptions, in place and to the end of their chain: whoever prints one later
finds none there.

A plugin never has a key, and may still quote one: from what its server sent, or from its
environment.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

from fitglue_registry.errors import FitglueError, Place

log = logging.getLogger(__name__)

Redact = Callable[[str], str]

#: What the system's own exceptions print, beside their arguments.
_OF_THE_SYSTEM = ("filename", "filename2", "strerror", "__notes__")
_MAY_HOLD_TEXT = (str, bytes, list, tuple, dict)


def clean_exception(error: BaseException, redact: Redact) -> None:
    """Redact the texts of the exception, and of every one behind it."""
    for member in _chain(error):
        # An exception of a plugin's own making may refuse to be changed; what is shown of it is
        # redacted anyway.
        try:
            _clean_one(member, redact)
        except Exception:  # noqa: BLE001
            log.debug("an exception of type %s cannot be changed", type(member).__name__)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and everything behind it, each once."""
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


def _clean_one(error: BaseException, redact: Redact) -> None:
    if isinstance(error, FitglueError):
        error.at = _clean_place(error.at, redact)
    error.args = tuple(_clean(value, redact) for value in error.args)
    for name in (*_OF_THE_SYSTEM, *vars(error)):
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
    """Return the same value where there is nothing to take out of it."""
    if isinstance(value, bytes):
        clean = _clean(value.decode("latin-1"), redact)
        return clean.encode("latin-1", "replace")
    if type(value) in (list, tuple):
        return type(value)(_clean(item, redact) for item in value)
    if isinstance(value, str):
        text = value
    elif isinstance(value, dict):
        text = repr(value)
    else:
        return value
    clean = redact(text)
    return value if clean == text else clean
