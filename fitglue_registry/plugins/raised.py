"""Makes an error of ours out of whatever a plugin raised; called on the plugin's lane, for to look
at an exception runs its code.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fitglue_registry import errors
from fitglue_registry.errors import Busy, FitglueError, Place, PluginFailed, Retryable, StoreFailed
from fitglue_registry.redaction.exceptions import clean_exception

if TYPE_CHECKING:
    from types import TracebackType

    from fitglue_registry.redaction.exceptions import Redact

log = logging.getLogger(__name__)

_FIX = "report it to the plugin's author; the other plugins work on"
_OURS = str(Path(errors.__file__).parent)
_CODE = re.compile(r"FG-[a-z0-9]+(-[a-z0-9]+)*\Z")
_LONGEST = 2000


class Endless(Exception):
    """A job that gave more items than any job can have."""


def explain(plugin: str, hook: str, error: BaseException, redact: Redact = str) -> FitglueError:
    """The error as the caller reports it: the plugin's own if it speaks our language, else one that
    names plugin and line.

    A plugin may quote what its server sent or what its environment holds: no secret goes on,
    neither in the error nor behind it.
    """
    try:
        clean_exception(error, redact)
        explained = _explained(plugin, hook, error, redact)
    except BaseException as second:  # noqa: BLE001 - an exception that cannot even be printed
        explained = failed(
            plugin,
            hook,
            "FG-plugin-raised",
            f"plugin {plugin} raised in {hook} what cannot be shown",
            f"showing it raised {_name(second)}",
        )
    if explained is not error:
        explained.__cause__ = error
    return explained


def failed(plugin: str, hook: str, code: str, what: str, why: str | None = None) -> PluginFailed:
    """A breach of the contract that the host itself noticed."""
    return PluginFailed(code, what, at=Place(field=f"{plugin}: {hook}"), why=why, fix=_FIX)


def _explained(plugin: str, hook: str, error: BaseException, redact: Redact) -> FitglueError:
    if isinstance(error, Endless):
        return failed(
            plugin,
            hook,
            "FG-plugin-endless",
            f"plugin {plugin} gave {error.args[0]:,} items and went on",
            "a window of so many rows is to be split, and a batch has no more answers than ids",
        )
    frame = _last(error.__traceback__)
    file = frame.tb_frame.f_code.co_filename if frame else ""
    if isinstance(error, FitglueError):
        spoken = _spoken(error, ours=file.startswith(_OURS))
        if spoken is not None:
            return spoken
    log.debug("plugin %s raised in %s", plugin, hook, exc_info=error)
    at = Place(file, frame.tb_lineno, field=f"{plugin}: {hook}") if frame else None
    return PluginFailed(
        "FG-plugin-raised",
        f"plugin {plugin} raised {type(error).__name__} in {hook}",
        at=at,
        why=redact(str(error))[:500] or None,
        fix=_FIX,
    )


def _spoken(error: FitglueError, *, ours: bool) -> FitglueError | None:
    """What a plugin says in our language, in our own words and types; ``None`` where it has no
    right or no sense to say it.
    """
    kind: Any = next(cls for cls in type(error).__mro__ if cls.__module__ == errors.__name__)
    if kind is FitglueError or (issubclass(kind, StoreFailed | Busy) and not ours):
        # A store and its locks are the host's to speak of, and what is in no branch of the tree
        # says nothing.
        return None
    told, more = (error.code, error.what), (error.why, error.fix)
    if not all(type(part) is str for part in told) or not all(
        part is None or type(part) is str for part in more
    ):
        return None
    if not _CODE.match(error.code) or type(error.at) not in (Place, type(None)):
        return None
    if kind is type(error) and all(part is None or len(part) <= _LONGEST for part in told + more):
        return error
    plain: FitglueError = kind(
        error.code,
        error.what[:_LONGEST],
        at=error.at,
        why=error.why and error.why[:_LONGEST],
        fix=error.fix and error.fix[:_LONGEST],
    )
    if (
        isinstance(plain, Retryable)
        and isinstance(error, Retryable)
        and type(error.retry_after_s) in (int, float)
    ):
        plain.retry_after_s = error.retry_after_s
    return plain


def _last(frame: TracebackType | None) -> TracebackType | None:
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return frame


def _name(error: BaseException) -> str:
    try:
        return str(type(error).__name__)
    except BaseException:  # noqa: BLE001 - a class may lie about its name, too
        return "something nameless"
