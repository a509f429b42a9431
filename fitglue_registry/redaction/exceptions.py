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


def clean_exception(error: BaseException, redact: Redact) -> None:
    """Redact the texts of the exception, and of every one behind it."""
    for one in _chain(error):
        try:
            if isinstance(one, FitglueError):
                one.at = _clean_place(one.at, redact)
            one.args = tuple(_clean(value, redact) for value in one.args)
            for name in (*_OF_THE_SYSTEM, *vars(one)):
                if isinstance(value := getattr(one, name, None), str | bytes | list | tuple | dict):
                    setattr(one, name, _clean(value, redact))
        except Exception:  # noqa: BLE001 - an exception of a plugin's own making may refuse; what is shown of it is redacted anyway
            log.debug("an exception of type %s cannot be changed", type(one).__name__)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and everything behind it, each once."""
    todo: list[Any] = [error]
    seen: set[int] = set()
    while todo:
        one = todo.pop()
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            todo += (one.__cause__, one.__context__, *getattr(one, "exceptions", ()), *one.args)


def _clean_place(at: Place | None, redact: Redact) -> Place | None:
    if at is None:
        return None
    texts = {name: redact(value) for name, value in at.as_dict().items() if isinstance(value, str)}
    return Place(line=at.line, column=at.column, **texts)


def _clean(value: Any, redact: Redact) -> Any:
    """The same value where there is nothing to take out of it."""
    if isinstance(value, bytes):
        return _clean(value.decode("latin-1"), redact).encode("latin-1", "replace")
    if type(value) in (list, tuple):
        return type(value)(_clean(one, redact) for one in value)
    text = value if isinstance(value, str) else repr(value) if isinstance(value, dict) else ""
    clean = redact(text)
    return value if clean == text else clean
