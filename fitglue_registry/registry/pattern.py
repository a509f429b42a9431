"""Runs the regular expressions of entries, each with a time limit: an entry is somebody else's, and
some expressions never end.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import regex

from fitglue_registry.errors import EntryInvalid

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_S = 0.5
_QUANTIFIER = re.compile(r"(?<!\()[*+?{]")
#: A quantified group, three choices or more, or a reference back to a group.
_COMPLEX = re.compile(r"\)[*+?{]|\|[^|]*\|[^|]*\||\\[1-9]")


def search(pattern: str, text: str) -> str | None:
    """The one group of a pattern where it is first found; raises ``EntryInvalid``
    FG-entry-bad-pattern where it takes too long.
    """
    if _is_simple(pattern):
        match: Any = re.search(pattern, text)
    else:
        match = _within_limit(pattern, compiled(pattern).search, text)
    return match[1] if match else None


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text has the form; raises as ``search`` does."""
    if _is_simple(pattern):
        return re.fullmatch(pattern, text) is not None
    return _within_limit(pattern, compiled(pattern).fullmatch, text) is not None


def _is_simple(pattern: str) -> bool:
    """Whether there are so few ways to match that no time limit is needed: one repetition, of no
    group, and few choices.
    """
    quantifiers = _QUANTIFIER.findall(pattern)
    if len(quantifiers) > 4:
        return False
    repetitions = len(quantifiers) - quantifiers.count("?")
    return repetitions <= 1 and not _COMPLEX.search(pattern)


@lru_cache(64)
def compiled(pattern: str) -> Any:
    """The pattern, ready; raises ``EntryInvalid`` FG-entry-bad-pattern where it is none."""
    try:
        return regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError) as error:
        raise EntryInvalid(
            "FG-entry-bad-pattern", f"{pattern!r} is not a regular expression: {error}"
        ) from error


def _within_limit(
    pattern: str,
    run: Callable[..., Any],
    text: str,
) -> Any:
    try:
        return run(text, timeout=_LONGEST_S)
    except TimeoutError as error:
        raise EntryInvalid(
            "FG-entry-bad-pattern",
            f"the pattern {pattern!r} takes more than {_LONGEST_S} s to say yes or no",
            why="it can be matched in too many ways, as in (a+)+",
            fix="write it so that each text fits in one way only",
        ) from error
