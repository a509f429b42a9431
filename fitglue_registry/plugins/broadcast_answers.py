"""Checks the answers of hooks that are called in every plugin, in the same way as ``answers``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import CODE
from fitglue_registry.model.stored import Verdict
from fitglue_registry.plugin_api import Opinion, Recognized, Refused
from fitglue_registry.plugins.texts import (
    LONGEST_ID,
    are_texts,
    is_sequence,
    is_short_text,
    is_text,
    quoted,
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
    """Return what is wrong with the answer of one plugin, or ``None`` if it is correct.

    Args:
        hook: The name of the hook.
        answer: The value that the hook returned.
        arguments: The arguments of the call, which the answer has to match.
    """
    if hook == "fitglue_dedupe":
        return _opinions(answer, len(arguments["pairs"]))
    return _recognitions(answer, arguments["paths"])


def _opinions(answer: Any, pairs: int) -> str | None:
    """Check that the answer has an opinion or ``None`` for each pair."""
    if not is_sequence(answer, pairs) or len(answer) < pairs:
        return "without an opinion or None for each pair"
    for opinion in answer:
        problem = _opinion(opinion)
        if problem:
            return problem
    return None


def _opinion(opinion: Any) -> str | None:
    if opinion is None:
        return None
    if type(opinion) is not Opinion:
        return f"with {type(opinion).__name__}, expected Opinion or None"
    verdict: Any = opinion.verdict
    is_verdict = type(verdict) is str and verdict in _VERDICTS
    if not is_verdict or not is_text(opinion.reason):
        return "with an opinion that is neither same nor different, or whose reason is not text"
    return None


def _recognitions(answer: Any, paths: Sequence[str]) -> str | None:
    """Check that the answer is a list of recognized items that name only the given paths."""
    if not is_sequence(answer, _MOST_RECOGNIZED):
        return f"without a list of at most {_MOST_RECOGNIZED} recognized items"
    allowed = frozenset(paths)
    for item in answer:
        if type(item) is Refused:
            problem = _refused(item, allowed)
        else:
            problem = _recognized(item, allowed)
        if problem:
            return problem
    return None


def _refused(refused: Refused, allowed: frozenset[str]) -> str | None:
    if type(refused.path) is not str or refused.path not in allowed:
        return "with a refused path that is not one of the paths that it was given"
    code: Any = refused.code
    if type(code) is not str or not CODE.fullmatch(code):
        return f"with a refused path whose code {quoted(code)} is not FG- and a kebab-case name"
    fix: Any = refused.fix
    if not is_text(refused.reason) or not (fix is None or is_text(fix)):
        return "with a refused path whose reason or fix is not text"
    return None


def _recognized(recognized: Any, allowed: frozenset[str]) -> str | None:
    if type(recognized) is not Recognized:
        return f"with {type(recognized).__name__}, expected Recognized or Refused"
    if not is_short_text(recognized.entry) or not is_short_text(recognized.name):
        return (
            f"with a recognized item whose entry or name is not text of 1 to {LONGEST_ID} "
            "characters"
        )
    entry = quoted(recognized.entry)
    if not _are_paths(recognized.paths, allowed):
        return f"for {entry} with paths that are not a tuple of the paths that it was given"
    if not _is_dict_of_texts(recognized.settings):
        return f"for {entry} with settings that are not a dict of texts"
    for notes in (recognized.found, recognized.left_out):
        if not are_texts(notes, _MOST_NOTES):
            return (
                f"for {entry} with found or left_out that is not a tuple of at most "
                f"{_MOST_NOTES} texts"
            )
    return None


def _are_paths(value: Any, allowed: frozenset[str]) -> bool:
    # A plugin must not lead ``import`` to a path that the athlete did not name.
    if type(value) is not tuple or not value:
        return False
    return all(type(path) is str and path in allowed for path in value)


def _is_dict_of_texts(value: Any) -> bool:
    if type(value) is not dict:
        return False
    texts = [*value.keys(), *value.values()]
    return all(type(text) is str for text in texts)
