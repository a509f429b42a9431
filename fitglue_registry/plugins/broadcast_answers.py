"""Checks what a plugin answers to a hook that every plugin is asked, as ``answers`` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.model.stored import Verdict
from fitglue_registry.plugin_api import Opinion, Recognized
from fitglue_registry.plugins.texts import (
    LONGEST_ID,
    are_texts,
    is_sequence,
    is_short_text,
    is_text,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MOST_NOTES = 100
_MOST_RECOGNIZED = 1000
_VERDICTS = frozenset({Verdict.SAME, Verdict.DIFFERENT})


def complaint_of_broadcast(
    hook: str,
    answer: Any,
    arguments: Mapping[str, Any],
) -> str | None:
    """What is wrong with the answer of one plugin, given what it was asked; ``None`` where all is
    well.
    """
    if hook == "fitglue_dedupe":
        return _opinions(answer, len(arguments["pairs"]))
    return _recognitions(answer, arguments["paths"])


def _opinions(answer: Any, pairs: int) -> str | None:
    """An opinion or ``None`` for each pair."""
    if not is_sequence(answer, pairs) or len(answer) < pairs:
        return "without an opinion or None for each pair"
    for opinion in answer:
        wrong = _opinion(opinion)
        if wrong:
            return wrong
    return None


def _opinion(opinion: Any) -> str | None:
    if opinion is None:
        return None
    if type(opinion) is not Opinion:
        return f"with {type(opinion).__name__}, expected Opinion or None"
    verdict: Any = opinion.verdict
    is_verdict = type(verdict) is str and verdict in _VERDICTS
    if not is_verdict or not is_text(opinion.reason):
        return "with an opinion that is neither same nor different, or whose reason is no text"
    return None


def _recognitions(answer: Any, paths: Sequence[str]) -> str | None:
    """A list of what was found at these paths and no others."""
    if not is_sequence(answer, _MOST_RECOGNIZED):
        return f"without a list of at most {_MOST_RECOGNIZED} things that it recognised"
    allowed = frozenset(paths)
    for recognized in answer:
        wrong = _recognized(recognized, allowed)
        if wrong:
            return wrong
    return None


def _recognized(recognized: Any, allowed: frozenset[str]) -> str | None:
    if type(recognized) is not Recognized:
        return f"with {type(recognized).__name__}, expected Recognized"
    if not is_short_text(recognized.entry) or not is_short_text(recognized.name):
        return (
            f"with something recognised whose entry or name is no text of 1 to {LONGEST_ID} "
            "characters"
        )
    entry = shown(recognized.entry)
    if not _are_paths(recognized.paths, allowed):
        return f"for {entry} with paths that are no tuple of those that it was shown"
    if not _is_dict_of_texts(recognized.settings):
        return f"for {entry} with settings that are no dict of texts"
    for notes in (recognized.found, recognized.left_out):
        if not are_texts(notes, _MOST_NOTES):
            return (
                f"for {entry} with what it found or left out as no tuple of at most "
                f"{_MOST_NOTES} texts"
            )
    return None


def _are_paths(value: Any, allowed: frozenset[str]) -> bool:
    if type(value) is not tuple or not value:
        return False
    return all(type(path) is str and path in allowed for path in value)


def _is_dict_of_texts(value: Any) -> bool:
    if type(value) is not dict:
        return False
    texts = [*value.keys(), *value.values()]
    return all(type(text) is str for text in texts)
