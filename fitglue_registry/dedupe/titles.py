"""Distinguishes a title that a person wrote from a default title."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.registry import DefaultTitles

_WORD = re.compile(r"[^\W\d_]+")


def is_default_title(activity: SourceActivity, known: DefaultTitles) -> bool:
    """Return whether a device or a service made the title.

    Such a title is empty, is the name of a file, or consists only of words for the time of day, the
    sport and the place. ``known`` has these words in many languages, and patterns of file names.
    """
    title = (activity.title or "").strip().casefold()
    vocabulary, patterns = _compiled(known)
    if any(pattern.fullmatch(title) for pattern in patterns):
        return True
    return vocabulary.union(_own_words(activity)).issuperset(_WORD.findall(title))


def _own_words(activity: SourceActivity) -> list[str]:
    """Return the words of the activity's sport and place, which a default title may repeat."""
    texts = [activity.sport, activity.sport_raw, activity.sub_type]
    if activity.location is not None:
        texts.append(activity.location.name)
    joined = " ".join(text or "" for text in texts)
    return _WORD.findall(joined.casefold().replace("_", " "))


# The default titles come from the registry, and a process rarely loads more than one registry.
@lru_cache(maxsize=4)
def _compiled(known: DefaultTitles) -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    vocabulary = frozenset(word.casefold() for word in known.words)
    patterns = tuple(re.compile(pattern) for pattern in known.patterns)
    return vocabulary, patterns
