"""The regular expressions of entries, matched with a time limit.

Third parties write entries, and some regular expressions take exponential time.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import regex

from fitglue_registry.errors import EntryInvalid

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_S = 0.5
#: The number of characters up to which a simple pattern needs no time limit. A search with one
#: repetition can take a time that grows with the square of the length.
_SHORT = 1_000
#: Every quantifier except the question mark of a group such as (?:…).
_QUANTIFIER = re.compile(r"(?<!\()[*+?{]")
#: A quantified group, three alternatives or more, or a backreference.
_COMPLEX = re.compile(r"\)[*+?{]|\|[^|]*\|[^|]*\||\\[1-9]")


def search(pattern: str, text: str) -> str | None:
    """Return the only group of a pattern at its first match, or ``None`` if it does not match.

    Raises:
        EntryInvalid: If matching takes too long (FG-entry-bad-pattern).
    """
    if len(text) <= _SHORT and _is_simple(pattern):
        match: Any = re.search(pattern, text)
    else:
        match = _within_limit(pattern, compiled(pattern).search, text)
    return match[1] if match else None


def matches(pattern: str, text: str) -> bool:
    """Return whether a pattern matches the complete text; it raises the errors of ``search``."""
    if len(text) <= _SHORT and _is_simple(pattern):
        return re.fullmatch(pattern, text) is not None
    return _within_limit(pattern, compiled(pattern).fullmatch, text) is not None


def _is_simple(pattern: str) -> bool:
    """Return whether a pattern can match in so few ways that it needs no time limit.

    Such a pattern has at most one repetition, which is not of a group, and few alternatives.
    """
    quantifiers = _QUANTIFIER.findall(pattern)
    if len(quantifiers) > 4:
        return False
    repetitions = len(quantifiers) - quantifiers.count("?")
    return repetitions <= 1 and not _COMPLEX.search(pattern)


def fault_of(pattern: str) -> str | None:
    """Return why a pattern is not a regular expression, or ``None`` if it is one."""
    try:
        with warnings.catch_warnings():
            # Python warns of a set such as [[a], whose meaning a later version may change. The
            # author of the entry has to know that, not the athlete at every command.
            warnings.simplefilter("error", FutureWarning)
            re.compile(pattern)
    except FutureWarning as warning:
        return f"{warning}, which is ambiguous; write \\[ for a bracket"
    # Deep nesting raises RecursionError, and a repetition count that is too large OverflowError.
    except (re.error, RecursionError, OverflowError) as error:
        return str(error)
    return None


@lru_cache(64)
def compiled(pattern: str) -> Any:
    """Return a compiled pattern.

    Raises:
        EntryInvalid: If it is not a regular expression (FG-entry-bad-pattern).
    """
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
            f"matching the pattern {pattern!r} takes more than {_LONGEST_S} s",
            why="it can match in too many ways, as (a+)+ does",
            fix="rewrite it so that a text can match in only one way",
        ) from error
