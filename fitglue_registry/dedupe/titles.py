"""Ranks titles: a person wrote it, a device or a service did, or it comes from a file name."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.registry import DefaultTitles

    Patterns = tuple[re.Pattern[str], ...]

#: No file system has longer names. Without this limit, a hostile title of many megabytes would take
#: minutes, because a pattern looks at each of its characters several times.
_LONGEST = 255
_WORD = re.compile(r"[^\W\d_]+")


def title_rank(activity: SourceActivity, known: DefaultTitles) -> int:
    """Return how much a title is worth: the smaller the number, the better the title.

    0 is a title that a person wrote. 1 is a default title: it consists only of words for the time
    of day, the sport and the place, of which ``known`` has many in many languages. 2 is a title
    made from the name of a file, from an id or from an e-mail address. 3 is an empty title.
    """
    title = (activity.title or "").strip().casefold()
    if not title:
        return 3
    vocabulary, patterns, derived = _compiled(known)
    if _is_guessed(activity) or _is_like(title, derived):
        return 2
    if _is_like(title, patterns):
        return 1
    words = _WORD.findall(title)
    return int(vocabulary.union(_own_words(activity)).issuperset(words))


def _is_like(title: str, patterns: Patterns) -> bool:
    """Return whether a title matches one of the patterns completely."""
    return len(title) <= _LONGEST and any(pattern.fullmatch(title) for pattern in patterns)


def _is_guessed(activity: SourceActivity) -> bool:
    """Return whether the source states that nobody wrote the title.

    Readers of files say so of a title that they made from the name of the file. No pattern could
    recognize such a title, because people give files any name.
    """
    provenance = activity.provenance.get("title")
    return provenance is not None and provenance.how == "estimated"


def _own_words(activity: SourceActivity) -> list[str]:
    """Return the words of the activity's sport and place, which a default title may repeat."""
    texts = [activity.sport, activity.sport_raw, activity.sub_type]
    if activity.location is not None:
        texts.append(activity.location.name)
    joined = " ".join(text or "" for text in texts)
    return _WORD.findall(joined.casefold().replace("_", " "))


# The default titles come from the registry, and a process rarely loads more than one registry.
@lru_cache(maxsize=4)
def _compiled(known: DefaultTitles) -> tuple[frozenset[str], Patterns, Patterns]:
    vocabulary = frozenset(word.casefold() for word in known.words)
    patterns = tuple(re.compile(pattern) for pattern in known.patterns)
    derived = tuple(re.compile(pattern) for pattern in known.derived)
    return vocabulary, patterns, derived
