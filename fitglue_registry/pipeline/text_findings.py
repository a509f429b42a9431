"""The findings of conditions about texts, sports and sources.

A workout without a title does not have the title that is asked for, so that its answer is known.
"""

from __future__ import annotations

import unicodedata
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from fitglue_registry.model import family
from fitglue_registry.pipeline.finding import Finding, listed
from fitglue_registry.validation.wording import describe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.pipeline.candidate import Candidate
    from fitglue_registry.pipeline.conditions import Source, Sport, TextKey, Words


def sport_finding(condition: Sport, candidate: Candidate) -> Finding:
    """Return whether the workout has one of some sports."""
    wanted = listed(condition.names)
    sport = candidate.activity.sport
    if sport is None:
        return Finding(
            None,
            "its sport is not known",
            wanted,
        )
    names = {sport, family(sport)}
    return Finding(
        not names.isdisjoint(condition.names),
        f"its sport is {sport}",
        wanted,
    )


def source_finding(condition: Source, candidate: Candidate) -> Finding:
    """Return whether one of some sources has the workout."""
    wanted = f"workouts from {listed(condition.names)}"
    connections = sorted(candidate.sources)
    fact = "no source has it"
    if connections:
        fact = f"it comes from {listed(connections, 'and')}"
    # A connection and its source in the registry often have the same name.
    names = {*connections, *candidate.sources.values()}
    return Finding(
        not names.isdisjoint(condition.names),
        fact,
        wanted,
    )


# -- words -----------------------------------------------------------------------------------------

#: Key → what one text and several texts are called.
_NOUNS = {
    "title": ("title", "titles"),
    "description": ("description", "descriptions"),
    "tags": ("tag", "tags"),
    "device": ("device", "devices"),
    "gear": ("gear", "gear"),
}
_COMPARISONS = {
    "contains": "with",
    "is": "that are exactly",
    "pattern": "of the form",
}


def words_finding(condition: Words, candidate: Candidate) -> Finding:
    """Return whether a text of the workout fits."""
    noun, plural = _NOUNS[condition.key]
    comparison = _COMPARISONS[condition.comparison]
    wanted = f"{plural} {comparison} {listed(_quoted(condition.texts))}"
    texts = list(filter(None, _texts(condition.key, candidate.activity)))
    fact = f"it has no {noun}"
    if texts:
        shown = listed(_quoted(texts), "and")
        fact = f"its {noun} is {shown}"
    if condition.key == "tags" and len(texts) > 1:
        fact = f"its tags are {shown}"
    return Finding(
        any(_fits(condition, text) for text in texts),
        fact,
        wanted,
    )


def _quoted(texts: Iterable[str]) -> list[str]:
    return list(map(describe, texts))


def _texts(key: TextKey, activity: SourceActivity) -> tuple[str | None, ...]:
    """Return the texts that a condition is about; ``None`` is an absent one."""
    device = activity.device
    gear = activity.gear
    if key == "tags":
        return activity.tags
    if key == "device" and device:
        return (
            device.name,
            device.manufacturer,
            device.product,
        )
    if key == "gear" and gear:
        return (gear.name,)
    if key == "title":
        return (activity.title,)
    if key == "description":
        return (activity.description,)
    return ()


def _fits(condition: Words, text: str) -> bool:
    folded = _folded(text)
    for wanted in map(_folded, condition.texts):
        if condition.comparison == "contains":
            fits = wanted in folded
        elif condition.comparison == "is":
            fits = wanted == folded
        else:
            # Brackets have no meaning here. Python matches such a pattern in linear time.
            literal = wanted.replace("[", "[[]")
            fits = fnmatchcase(folded, literal)
        if fits:
            return True
    return False


def _folded(text: str) -> str:
    """Return a text in a form in which case and the encoding of accents make no difference."""
    return unicodedata.normalize("NFC", text.casefold())
