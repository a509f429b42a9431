"""The errors that cross from one room to another, each with a code, what, where, why and fix.

This module imports no other module of the project, so every room can raise its errors. The tree is
divided by what the caller does next, not by where the failure arose::

    FitglueError
    ├── Retryable          wait and try again later; the sync stops cleanly and resumes  (exit 4)
    ├── RecordRefused      keep the record in quarantine, continue with the next one     (exit 5)
    ├── ConnectionStopped  stop this connection, continue with the others                (exit 5)
    │   └── AthleteNeeded  … until the athlete has acted (for example, given a new key)  (exit 3)
    │       └── KeyUnavailable  … in this process; another one may be able to use the key
    ├── UserMistake        report what is wrong with the input, and change nothing       (exit 2)
    │   └── EntryInvalid   … in a registry entry, with file:line:column                  (exit 8)
    ├── PluginFailed       a plugin broke its contract: name it, leave it out, continue  (exit 8)
    ├── Busy               another process holds the lock                                (exit 6)
    └── StoreFailed        the local store cannot be read or written                     (exit 7)
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, NamedTuple

CODE = re.compile(r"FG-[a-z0-9]+(-[a-z0-9]+)*")
"""The form of an error code; use it with ``fullmatch``."""


class Place(NamedTuple):
    """The place that an error is about: a file, a URL, a field, or a combination of them.

    Attributes:
        file: Path of the file as it was given.
        line: Line in the file, counted from 1.
        column: Column in the line, counted from 1.
        url: URL without its secrets.
        field: Name of a field, or the dotted path of a value in a document.
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
        """Return ``file:line:column`` without the numbers that are unknown."""
        if not self.file:
            return None
        numbers = (self.line, self.column)
        position = [str(number) for number in numbers if number is not None]
        return ":".join([self.file, *position])

    def as_dict(self) -> dict[str, Any]:
        """Return the attributes that are known, for ``--json``."""
        return {name: value for name, value in self._asdict().items() if value is not None}


class FitglueError(Exception):
    """One failure in parts, so that the terminal, ``--json`` and a web page can each render it.

    Args:
        code: Stable code, such as ``FG-key-rejected``; ``docs/errors.md`` lists all of them.
        what: What happened, as one sentence without its final period.
        at: Place that the failure is about.
        why: Reason, if it is known.
        fix: What the reader should do next.

    Raises:
        ValueError: If ``code`` does not have the form ``FG-kebab-case``.
    """

    exit_code: ClassVar[int] = 1
    from_entry: bool = False
    """Whether the reason and the fix are texts of an entry, which may look like a secret."""

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
            raise ValueError(f"an error code is FG- and a kebab-case name, not {code!r}")
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
        # Workers pickle errors. The default would rebuild an error from ``args``, which whoever
        # raised it may have changed.
        return type(self), (self.code, self.what), vars(self)

    def as_dict(self) -> dict[str, Any]:
        """Return the error as plain values: code and what; where, why and fix if they are known."""
        parts: dict[str, Any] = {"code": self.code, "what": self.what}
        if self.at:
            parts["where"] = self.at.as_dict()
        if self.why:
            parts["why"] = self.why
        if self.fix:
            parts["fix"] = self.fix
        return parts


class Retryable(FitglueError):
    """The source is temporarily unavailable: no network, a rate limit, or an outage.

    ``retry_after_s`` is the number of seconds that the source asked the client to wait, or ``None``
    if it did not say.
    """

    exit_code = 4
    retry_after_s: float | None = None


class RecordRefused(FitglueError):
    """One record cannot be normalized; it goes to quarantine, and the other records continue."""

    exit_code = 5


class ConnectionStopped(FitglueError):
    """This connection cannot continue; other connections can."""

    exit_code = 5


class AthleteNeeded(ConnectionStopped):
    """Only the athlete can fix the failure: a rejected key, or a missing permission."""

    exit_code = 3


class KeyUnavailable(AthleteNeeded):
    """This process cannot use the newest key, which says nothing about the key itself.

    Another process may have the key file, the keyring or the key that this one lacks, so the
    connection is not marked as rejected.
    """


class UserMistake(FitglueError):
    """The request or the configuration cannot be carried out; nothing was changed."""

    exit_code = 2


class EntryInvalid(UserMistake):
    """A registry entry is invalid; ``at`` has file, line, column and the path inside the entry."""

    exit_code = 8


class PluginFailed(FitglueError):
    """A plugin broke its contract; ``at.field`` names the plugin and the hook."""

    exit_code = 8


class Busy(FitglueError):
    """Another process is working on the same connection."""

    exit_code = 6


class StoreFailed(FitglueError):
    """The local store cannot be read or written, or a newer version made it."""

    exit_code = 7
