"""Translates the exceptions of a plugin into errors of the host.

This runs on the plugin's thread, because inspecting an exception may run code of the plugin.
"""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fitglue_registry.errors as errors
from fitglue_registry.errors import (
    CODE,
    Busy,
    FitglueError,
    Place,
    PluginFailed,
    Retryable,
    StoreFailed,
)
from fitglue_registry.redaction.exceptions import redact_exception

if TYPE_CHECKING:
    from types import TracebackType

    from fitglue_registry.redaction.exceptions import Redact

log = logging.getLogger(__name__)

_FIX = "report it to the plugin's author; the other plugins keep working"
_IN_THE_LOG = "its message is only in the log of this server"
_OURS = str(Path(errors.__file__).parent)
#: The characters of a text that a plugin's own ``FitglueError`` may have, and of the message of any
#: other exception: a plugin may put a complete response into either.
_LONGEST = 2000
_LONGEST_WHY = 500


class TooManyItems(Exception):
    """Raised if an iterator yields more items than any window or batch contains."""


@dataclass(frozen=True, slots=True)
class HookCall:
    """A call of one hook of one plugin, which makes the errors that name both."""

    plugin: str
    hook: str
    redact: Redact = str  # removes secrets from the texts of errors
    # Whether an error quotes an exception of the plugin, which may contain a response.
    quotes: bool = True

    def failure(
        self,
        code: str,
        what: str,
        why: str | None = None,
    ) -> PluginFailed:
        """Return the error for a failure that the host noticed, such as a time-out.

        Args:
            code: The ``FG-`` code.
            what: What happened, in a sentence that names the plugin.
            why: The reason, if the host knows one.
        """
        return PluginFailed(
            code,
            what,
            at=self._place(),
            why=why,
            fix=_FIX,
        )

    def refusal(self, what: str) -> PluginFailed:
        """Return the error for an answer that the specification of the hook does not allow."""
        return self.failure("FG-plugin-answer", f"plugin {self.plugin} answered {what}")

    def translate(self, error: BaseException) -> FitglueError:
        """Return the error that the caller reports for an exception of the plugin.

        A ``FitglueError`` of the plugin is returned unchanged, as far as a plugin may raise it. Any
        other exception becomes a ``PluginFailed`` that names plugin, hook, file and line.

        Secrets are removed from the texts of the exception and of its causes, because a plugin may
        quote a response of its server or a value of its environment.
        """
        try:
            redact_exception(error, self.redact)
            translated = self._translated(error)
        # An exception whose ``__str__`` or attributes raise when they are read.
        except BaseException as second:  # noqa: BLE001
            translated = self.failure(
                "FG-plugin-raised",
                f"plugin {self.plugin} raised an exception in {self.hook} that cannot be shown",
                f"showing it raised {_name_of_type(second)}",
            )
        if translated is not error:
            translated.__cause__ = error
        _release_values(error)
        return translated

    def _translated(self, error: BaseException) -> FitglueError:
        if isinstance(error, TooManyItems):
            return self.failure(
                "FG-plugin-endless",
                f"plugin {self.plugin} yielded {error.args[0]:,} items and did not stop",
                "a window with so many rows must be split, and a batch has one answer for each id",
            )
        frame = _innermost(error.__traceback__)
        if isinstance(error, FitglueError):
            own_error = _own_error(error, is_ours=_file(frame).startswith(_OURS))
            if own_error is not None:
                return own_error
        log.debug("plugin %s raised in %s", self.plugin, self.hook, exc_info=error)
        # Redacted before it is shortened, because a part of a secret would not be recognized.
        message = self.redact(str(error))[:_LONGEST_WHY]
        what = f"plugin {self.plugin} raised {type(error).__name__} in {self.hook}"
        if not self.quotes:
            at = self._place(frame) if frame else self._place()
            log.warning("%s at %s: %s", what, at, " ".join(message.split()))
            return self.failure("FG-plugin-raised", what, _IN_THE_LOG)
        return PluginFailed(
            "FG-plugin-raised",
            what,
            at=self._place(frame) if frame else None,
            why=message or None,
            fix=_FIX,
        )

    def _place(self, frame: TracebackType | None = None) -> Place:
        field = f"{self.plugin}: {self.hook}"
        if frame is None:
            return Place(field=field)
        return Place(_file(frame), frame.tb_lineno, field=field)


def _release_values(error: BaseException) -> None:
    """Release the local values of the calls that an exception and its causes went through.

    The host keeps the errors of a sync until its end. Each would keep the response that it is
    about, which may have many megabytes.
    """
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        traceback.clear_frames(current.__traceback__)
        current = current.__cause__ or current.__context__


def _own_error(error: FitglueError, *, is_ours: bool) -> FitglueError | None:
    """Return a ``FitglueError`` of a plugin in the host's own types and of bounded length.

    Args:
        error: The error.
        is_ours: Whether code of the host raised it, such as the HTTP session.

    Returns:
        The error itself or a copy; ``None`` if a plugin must not raise it or its parts are invalid.
    """
    kind = _our_type(error)
    if kind is FitglueError:
        return None  # the base class does not say what the caller does next
    if issubclass(kind, StoreFailed | Busy) and not is_ours:
        return None  # only the host knows about failures of its store and its locks
    if not _is_well_formed(error):
        return None
    if kind is type(error) and not _is_too_long(error):
        return error
    plain = kind(
        error.code,
        error.what[:_LONGEST],
        at=error.at,
        why=error.why and error.why[:_LONGEST],
        fix=error.fix and error.fix[:_LONGEST],
    )
    if isinstance(error, Retryable) and isinstance(plain, Retryable):
        plain.retry_after_s = _seconds(error.retry_after_s)
    return plain


def _our_type(error: FitglueError) -> type[FitglueError]:
    """Return the most specific class of an error that is defined by the host."""
    for kind in type(error).__mro__:
        if kind.__module__ == errors.__name__ and issubclass(kind, FitglueError):
            return kind
    return FitglueError


def _is_too_long(error: FitglueError) -> bool:
    texts = (error.code, error.what, error.why or "", error.fix or "")
    return any(len(text) > _LONGEST for text in texts)


def _is_well_formed(error: FitglueError) -> bool:
    """Return whether every part has exactly the expected type; a subclass may contain code."""
    if type(error.code) is not str or not CODE.fullmatch(error.code):
        return False
    if type(error.what) is not str or not _is_none_or_exactly(error.at, Place):
        return False
    return _is_none_or_exactly(error.why, str) and _is_none_or_exactly(error.fix, str)


def _is_none_or_exactly(value: Any, kind: type) -> bool:
    return value is None or type(value) is kind


def _seconds(value: Any) -> float | None:
    return value if type(value) in (int, float) else None


def _innermost(frame: TracebackType | None) -> TracebackType | None:
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return frame


def _file(frame: TracebackType | None) -> str:
    if frame is None:
        return ""
    return frame.tb_frame.f_code.co_filename


def _name_of_type(error: BaseException) -> str:
    try:
        return str(type(error).__name__)
    except BaseException:  # noqa: BLE001 - a metaclass can make the name raise, too
        return "an exception without a name"
