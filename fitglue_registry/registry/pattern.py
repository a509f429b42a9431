"""Runs the regular expressions of entries, each held to a time: an entry is somebody else's, and
some expressions never end.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import EntryInvalid

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_S = 0.5
_QUANTIFIER = re.compile(r"(?<!\()[*+?{]")


def search(pattern: str, text: str) -> str | None:
    """The one group of a pattern where it is first found; raises ``EntryInvalid``
    FG-entry-bad-pattern where it takes too long.
    """
    found = (
        re.search(pattern, text)
        if _is_simple(pattern)
        else _held(pattern, compiled(pattern).search, text)
    )
    return found[1] if found else None


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text has the form; raises as ``search`` does."""
    found = (
        re.fullmatch(pattern, text)
        if _is_simple(pattern)
        else _held(pattern, compiled(pattern).fullmatch, text)
    )
    return found is not None


def _is_simple(pattern: str) -> bool:
    """Whether there are so few ways to match that the time needs no holding: one repetition, of no
    group, and few choices.
    """
    quantifiers = _QUANTIFIER.findall(pattern)
    repetitions = [one for one in quantifiers if one != "?"]
    return (
        len(repetitions) <= 1
        and len(quantifiers) <= 4
        and not re.search(r"\)[*+?{]|\|[^|]*\|[^|]*\||\\[1-9]", pattern)
    )


@lru_cache(64)
def compiled(pattern: str) -> Any:
    """The pattern, ready; raises ``EntryInvalid`` FG-entry-bad-pattern where it is none."""
    import regex  # dear, and few entries need it

    try:
        return regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError) as error:
        raise EntryInvalid(
            "FG-entry-bad-pattern", f"{pattern!r} is not a regular expression: {error}"
        ) from error


def _held(pattern: str, run: Callable[..., Any], text: str) -> Any:
    try:
        return run(text, timeout=_LONGEST_S)
    except TimeoutError as error:
        raise EntryInvalid(
            "FG-entry-bad-pattern",
            f"the pattern {pattern!r} takes more than {_LONGEST_S} s to say yes or no",
            why="it can be matched in too many ways, as in (a+)+",
            fix="write it so that each text fits in one way only",
        ) from error
