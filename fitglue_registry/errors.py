"""Every failure that crosses a room, as one value with a code, what, where, why and fix; this
module imports nothing of ours.

The tree is cut by what the caller does next, not by where the failure arose::

    FitglueError
    ├── Retryable          wait and try again later; the sync stops cleanly and resumes  (exit 4)
    ├── RecordRefused      keep the record in quarantine and go on with the next one     (exit 5)
    ├── ConnectionStopped  stop this connection, go on with the others                   (exit 5)
    │   └── AthleteNeeded  … until the athlete has done something (a new key, say)       (exit 3)
    ├── UserMistake        say what was wrong with the input, and change nothing         (exit 2)
    │   └── EntryInvalid   … in a registry entry, with file:line:column                  (exit 8)
    ├── PluginFailed       a plugin broke its contract: name it, leave it out, go on     (exit 8)
    ├── Busy               somebody else holds the lock                                  (exit 6)
    └── StoreFailed        the local store cannot be read or written                     (exit 7)
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, NamedTuple

CODE = re.compile(r"FG-[a-z0-9]+(-[a-z0-9]+)*")
"""The form of a code; match the whole text with it (``fullmatch``)."""


class Place(NamedTuple):
    """Where something was found: a file with 1-based line and column, or a URL without secrets, or
    a field, or several.
    """

    file: str | None = None
    line: int | None = None
    column: int | None = None
    url: str | None = None
    field: str | None = None

    def __str__(self) -> str:
        parts = (self._in_file(), self.url, self.field)
        return ", ".join(part for part in parts if part)

    def _in_file(self) -> str | None:
        """``file:line:column``, as far as they are known."""
        if not self.file:
            return None
        numbers = (self.line, self.column)
        position = [str(number) for number in numbers if number is not None]
        return ":".join([self.file, *position])

    def as_dict(self) -> dict[str, Any]:
        """The parts that are known, for ``--json``."""
        return {name: value for name, value in self._asdict().items() if value is not None}


class FitglueError(Exception):
    """One failure in parts, so that the terminal, ``--json`` and a web page render the same object.

    ``code`` is stable and documented in ``docs/errors.md``; ``what`` is one sentence without its
    full stop; ``why`` and ``fix`` may be left out, a ``fix`` names the next thing to do. Raises
    ``ValueError`` for a code that is not ``FG-kebab``.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        code: str,
        what: str,
        *,
        at: Place | None = None,
        why: str | None = None,
        fix: str | None = None,
    ) -> None:
        if not CODE.fullmatch(code):
            raise ValueError(f"an error code is FG- and a kebab name, not {code!r}")
        super().__init__(code, what)
        self.code = code
        self.what = what
        self.at = at
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        text = f"{self.code}: {self.what}"
        place = str(self.at or "")
        return f"{text} ({place})" if place else text

    def __reduce__(self) -> tuple[Any, ...]:
        # Not by ``args``: whoever raised the error may have changed them.
        return type(self), (self.code, self.what), vars(self)

    def as_dict(self) -> dict[str, Any]:
        """The error as plain values: code, what, and where, why, fix when known."""
        parts: dict[str, Any] = {"code": self.code, "what": self.what}
        if self.at:
            parts["where"] = self.at.as_dict()
        if self.why:
            parts["why"] = self.why
        if self.fix:
            parts["fix"] = self.fix
        return parts


class Retryable(FitglueError):
    """The source is not there just now (network, limit, outage); ``retry_after_s`` says how long it
    asked to be left alone.
    """

    exit_code = 4
    retry_after_s: float | None = None


class RecordRefused(FitglueError):
    """One record cannot be understood; it is kept in quarantine and the rest goes on."""

    exit_code = 5


class ConnectionStopped(FitglueError):
    """This connection cannot go on; the others can."""

    exit_code = 5


class AthleteNeeded(ConnectionStopped):
    """Only the athlete can mend it: a rejected key, a missing permission."""

    exit_code = 3


class UserMistake(FitglueError):
    """What was typed or configured cannot be done; nothing was changed."""

    exit_code = 2


class EntryInvalid(UserMistake):
    """A registry entry is wrong; ``at`` holds file, line, column and the path inside the entry."""

    exit_code = 8


class PluginFailed(FitglueError):
    """A plugin broke its contract; ``at.field`` names plugin and hook."""

    exit_code = 8


class Busy(FitglueError):
    """Another process works on the same connection."""

    exit_code = 6


class StoreFailed(FitglueError):
    """The local store cannot be read or written, or was made by a newer version."""

    exit_code = 7
