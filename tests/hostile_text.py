"""Texts that make a regular expression try as many ways as it can, derived from the expression."""

from __future__ import annotations

import re
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Units that bring many patterns into their middle, whatever their form.
_UNITS = (" ", "a", "0", "\t \n", "<", '"', "'a", "=", ":00.0", "1,", "-", "_", "/", "é", "\\")
#: The characters that are tried for a class.
_CHARACTERS = "a0 _-./:\"'<\\,;=A\n\té~\x01"
#: Comes after each text. Hardly any pattern matches it, so that a pattern has to try every other
#: way before it fails.
END = "\x01"
_MANY = 20
_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)


def hostile_texts(pattern: re.Pattern[Any]) -> Iterator[tuple[str, str]]:
    """Yield pairs of a beginning and a unit that is to be repeated many times.

    Each repetition of the pattern is brought about by the shortest text that precedes it. What it
    repeats is one unit; the preceding text together with it is another, for patterns that begin
    again at each place.
    """
    pairs = {("", unit) for unit in _UNITS}
    for before, repeated in _repetitions(parser.parse(pattern.pattern, pattern.flags)):
        for unit in repeated:
            pairs |= {(before, unit), ("", unit), ("", before + unit)}
        pairs |= {("", before)} if before else set()
        pairs |= {(before, before + unit) for unit in repeated[:1]}
    yield from sorted(pairs)


def _repetitions(sequence: Any, before: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yield each repetition without a small limit: the text before it, and what it repeats."""
    for code, argument in sequence:
        if code in _REPEATS:
            _, most, body = argument
            if most > _MANY:
                yield before, _examples(body)
            yield from _repetitions(body, before)
        for inner in _inside(code, argument):
            yield from _repetitions(inner, before)
        before += _example(code, argument)


def _inside(code: Any, argument: Any) -> list[Any]:
    """Return the sequences inside a group, an assertion or an alternative."""
    if code is codes.SUBPATTERN:
        return [argument[-1]]
    if code is codes.BRANCH:
        return list(argument[1])
    if code in (codes.ASSERT, codes.ASSERT_NOT):
        return [argument[1]]
    if code is codes.ATOMIC_GROUP:
        return [argument]
    return []


def _examples(body: Any) -> list[str]:
    """Return some short texts that a sequence matches."""
    if len(body) == 1 and body[0][0] is codes.IN:
        return [*_members(body[0][1])][:6]
    if len(body) == 1 and body[0][0] is codes.BRANCH:
        return [_of(branch) for branch in body[0][1][1] if _of(branch)]
    if len(body) == 1 and body[0][0] is codes.SUBPATTERN:
        return _examples(body[0][1][-1])
    return [_of(body)] if _of(body) else []


def _of(sequence: Any) -> str:
    return "".join(_example(code, argument) for code, argument in sequence)


def _example(code: Any, argument: Any) -> str:
    """Return a short text that one element of a pattern matches."""
    if code is codes.LITERAL:
        return chr(argument)
    if code is codes.NOT_LITERAL:
        return "b" if argument == ord("a") else "a"
    if code is codes.ANY:
        return "a"
    if code is codes.IN:
        return next(_members(argument), "a")
    if code in _REPEATS:
        least, _, body = argument
        return _of(body) * least
    if code in (codes.ASSERT, codes.ASSERT_NOT):
        return ""
    inside = _inside(code, argument)
    return _of(inside[0]) if inside else ""


def _members(items: Any) -> Iterator[str]:
    """Yield characters that a class contains."""
    tried = list(_CHARACTERS)
    for code, argument in items:
        if code is codes.LITERAL:
            tried.append(chr(argument))
        elif code is codes.RANGE:
            tried.append(chr(argument[0]))
    for character in tried:
        if _contains(items, character):
            yield character


def _contains(items: Any, character: str) -> bool:
    negated = any(code is codes.NEGATE for code, _ in items)
    number = ord(character)
    for code, argument in items:
        if code is codes.LITERAL and number == argument:
            return not negated
        if code is codes.RANGE and argument[0] <= number <= argument[1]:
            return not negated
        if code is codes.CATEGORY and _is_in_category(argument, character):
            return not negated
    return negated


def _is_in_category(category: Any, character: str) -> bool:
    name = str(category).removeprefix("CATEGORY_")
    word = name.removeprefix("NOT_")
    belongs = {
        "DIGIT": character.isdigit(),
        "SPACE": character.isspace(),
        "WORD": character.isalnum() or character == "_",
    }[word]
    return belongs is (name == word)
