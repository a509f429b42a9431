"""Sentences about the contents of paths: counts, years, and what is left out."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from fitglue_formats.refusals import shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: The largest number of names in one sentence.
_SHOWN = 3
#: The characters of a cell that an error quotes, and of a name in a sentence. A cell can have
#: megabytes, and the name of a member 64 kB.
_QUOTED = 80
#: The characters of the longest path, or name of a member, that a message shows. Folders in folders
#: can have a path of any length, and one in which a reason is lost helps nobody.
_LONGEST_PATH = 300
#: The characters of the longest id of an account that the host accepts.
_LONGEST_ID = 500


#: The characters of the longest title and of the longest other text that a row may have, as in GPX.
_LONGEST_TITLE = 500
_LONGEST_TEXT = 20_000


class Contents(NamedTuple):
    """What some paths contain and what of it is left out, as sentences for the athlete."""

    found: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """All sentences, in the order in which they are shown."""
        return self.found + self.left_out


def counted(
    number: int,
    singular: str,
    plural: str | None = None,
) -> str:
    """Return a number with its noun, such as ``1 file`` or ``2,000 files``."""
    noun = plural or f"{singular}s"
    if number == 1:
        noun = singular
    return f"{number:,} {noun}"


def quoted(cell: str | None) -> str:
    """Return the beginning of a cell in quotes, for an error."""
    if cell is not None and len(cell) > _QUOTED:
        return f"{cell[:_QUOTED]!r}…"
    return repr(cell)


def between_years(years: Iterable[int]) -> str:
    """Return ``, 2019 to 2026`` for the end of a sentence; empty if no year is known."""
    known = set(years)
    if not known:
        return ""
    first = min(known)
    last = max(known)
    if first == last:
        return f", {first}"
    return f", {first} to {last}"


def named(names: Sequence[str]) -> str:
    """Return the first names in parentheses, for the end of a sentence, such as `` (a.fit and 2
    more)``.
    """
    shown = ", ".join(map(_shortened, names[:_SHOWN]))
    more = len(names) - _SHOWN
    if more > 0:
        shown += f" and {more:,} more"
    if not shown:
        return ""
    return f" ({shown})"


def short_path(path: str) -> str:
    """Return a path as a message shows it: its beginning and its end if it is very long."""
    if len(path) <= _LONGEST_PATH:
        return path
    half = _LONGEST_PATH // 2
    return f"{path[:half]}…{path[-half:]}"


def account_id(text: str, kind: str) -> str:
    """Return a text from outside as the id of an account.

    Args:
        text: The text, such as a name or paths.
        kind: The word with which the id begins if the host would not accept the text, because it
            is too long or not printable.
    """
    if text.isprintable() and len(text) <= _LONGEST_ID:
        return text
    raw = text.encode("utf-8", "surrogateescape")
    return f"{kind}-{hashlib.sha256(raw).hexdigest()[:32]}"


def short_title(text: str | None) -> str | None:
    """Return a title of a row, shortened if it is longer than any real one."""
    return None if text is None else shortened(text, _LONGEST_TITLE)


def short_text(text: str | None) -> str | None:
    """Return a description or a note of a row, shortened if it is longer than any real one.

    A row of megabytes would take that memory many times while it is stored.
    """
    return None if text is None else shortened(text, _LONGEST_TEXT)


def _shortened(name: str) -> str:
    return name if len(name) <= _QUOTED else f"{name[:_QUOTED]}…"


def left_out(*kinds: str) -> tuple[str, ...]:
    """Return a sentence for each kind of content that is left out."""
    return tuple(f"Left out: {kind}." for kind in kinds)
