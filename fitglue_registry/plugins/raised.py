"""Makes an error of ours out of whatever a plugin raised; called on the plugin's lane, because
looking at an exception runs its code.
"""

from __future__ import annotations

import logging
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

_FIX = "report it to the plugin's author; the other plugins work on"
_OURS = str(Path(errors.__file__).parent)
_LONGEST = 2000
_LONGEST_WHY = 500


class Endless(Exception):
    """A job that gave more items than any job can have."""


@dataclass(frozen=True, slots=True)
class HookCall:
    """A call of one hook of one plugin, as the errors that come of it name it; ``redact`` takes
    secrets out of their texts.
    """

    plugin: str
    hook: str
    redact: Redact = str

    def failure(
        self,
        code: str,
        what: str,
        why: str | None = None,
    ) -> PluginFailed:
        """The error for what the host itself noticed about the call."""
        return PluginFailed(
            code,
            what,
            at=self._place(),
            why=why,
            fix=_FIX,
        )

    def refusal(self, what: str) -> PluginFailed:
        """The error for an answer that the hook's page does not allow."""
        return self.failure("FG-plugin-answer", f"plugin {self.plugin} answered {what}")

    def explain(self, error: BaseException) -> FitglueError:
        """The error as the caller reports it: the plugin's own if it speaks our language, else one
        that names plugin and line.

        A plugin may quote what its server sent or what its environment holds: no secret goes on,
        neither in the error nor behind it.
        """
        try:
            redact_exception(error, self.redact)
            explained = self._explained(error)
        except BaseException as second:  # noqa: BLE001 - an exception that cannot even be printed
            explained = self.failure(
                "FG-plugin-raised",
                f"plugin {self.plugin} raised in {self.hook} what cannot be shown",
                f"showing it raised {_name_of_type(second)}",
            )
        if explained is not error:
            explained.__cause__ = error
        return explained

    def _explained(self, error: BaseException) -> FitglueError:
        if isinstance(error, Endless):
            return self.failure(
                "FG-plugin-endless",
                f"plugin {self.plugin} gave {error.args[0]:,} items and went on",
                "a window of so many rows is to be split, and a batch has no more answers than ids",
            )
        frame = _innermost(error.__traceback__)
        if isinstance(error, FitglueError):
            own = _own_words(error, is_ours=_file(frame).startswith(_OURS))
            if own is not None:
                return own
        log.debug("plugin %s raised in %s", self.plugin, self.hook, exc_info=error)
        return PluginFailed(
            "FG-plugin-raised",
            f"plugin {self.plugin} raised {type(error).__name__} in {self.hook}",
            at=self._place(frame) if frame else None,
            why=self.redact(str(error))[:_LONGEST_WHY] or None,
            fix=_FIX,
        )

    def _place(self, frame: TracebackType | None = None) -> Place:
        field = f"{self.plugin}: {self.hook}"
        if frame is None:
            return Place(field=field)
        return Place(_file(frame), frame.tb_lineno, field=field)


def _own_words(error: FitglueError, *, is_ours: bool) -> FitglueError | None:
    """What a plugin says in our language, in our own types and of bounded length; ``None`` where it
    has no right to say it, or it makes no sense.
    """
    kind = _our_type(error)
    if kind is FitglueError:
        return None  # what is in no branch of the tree says nothing
    if issubclass(kind, StoreFailed | Busy) and not is_ours:
        return None  # only the host speaks of its store and its locks
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
    """The nearest class of the error's that is not the plugin's own."""
    for kind in type(error).__mro__:
        if kind.__module__ == errors.__name__ and issubclass(kind, FitglueError):
            return kind
    return FitglueError


def _is_too_long(error: FitglueError) -> bool:
    texts = (error.code, error.what, error.why or "", error.fix or "")
    return any(len(text) > _LONGEST for text in texts)


def _is_well_formed(error: FitglueError) -> bool:
    """Whether every part has exactly the type that it should have; nothing else is trusted."""
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
    return frame.tb_frame.f_code.co_filename if frame else ""


def _name_of_type(error: BaseException) -> str:
    try:
        return str(type(error).__name__)
    except BaseException:  # noqa: BLE001 - a class may lie about its name, too
        return "something nameless"
