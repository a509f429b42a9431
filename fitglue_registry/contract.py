"""Checks a document against a published JSON Schema (draft 2020-12): jsonschema-rs decides,
jsonschema explains.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from jsonschema import ValidationError
    from jsonschema.protocols import Validator
    from jsonschema_rs import Draft202012Validator

Path = tuple[str | int, ...]

_LONGEST_QUOTE = 60
_DEEPEST = 100
_NOUNS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
    "array": "a list",
    "object": "a mapping",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that a schema does not allow: where, which keyword of the schema, in our words, and
    the names that are allowed.

    ``path`` ends with the key itself for an unknown key, and with the mapping for a missing one,
    which is ``allowed[0]``.
    """

    path: Path
    keyword: str
    message: str
    allowed: tuple[str, ...] = ()


class Contract:
    """A JSON Schema that documents are held to; nothing is compiled or imported before the first
    question.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = dict(schema)

    def accepts(self, document: Any) -> bool:
        """Whether the document meets the schema; microseconds once compiled, and never a reason."""
        try:
            return self._judge.is_valid(document)
        # Not JSON at all: a key that is no text, a value of a foreign type, nested beyond sense.
        except ValueError:
            return False

    def violations(self, document: Any) -> list[Violation]:
        """Everything that is wrong, in the order of paths; empty exactly when ``accepts`` says
        yes.
        """
        if self.accepts(document):
            return []
        try:
            found = [
                violation
                for error in self._explainer.iter_errors(document)
                for violation in _explain(error)
            ]
        except (RecursionError, TypeError):
            found = []
        if not found:
            return [_strange(document)]
        return sorted(dict.fromkeys(found), key=_in_order)

    @cached_property
    def _judge(self) -> Draft202012Validator:
        import jsonschema_rs

        return jsonschema_rs.Draft202012Validator(self.schema, validate_formats=False)

    @cached_property
    def _explainer(self) -> Validator:
        from jsonschema import Draft202012Validator
        from jsonschema.validators import extend

        # As the judge does.
        types = Draft202012Validator.TYPE_CHECKER.redefine(
            "array", lambda _, value: isinstance(value, list | tuple)
        )
        explainer: Validator = extend(
            Draft202012Validator, {"pattern": _pattern}, type_checker=types
        )(self.schema)  # type: ignore[no-untyped-call]
        return explainer


def _in_order(violation: Violation) -> list[tuple[int, str]]:
    return [(step, "") if isinstance(step, int) else (-1, step) for step in violation.path]


def _strange(document: Any) -> Violation:
    """What the explainer takes and JSON does not have: a number that is not finite, or something
    beyond naming.
    """
    todo: list[tuple[Path, Any]] = [((), document)]
    while todo:
        path, value = todo.pop()
        if isinstance(value, float) and not math.isfinite(value):
            return Violation(path, "json", f"is {value}, which JSON does not have")
        if len(path) < _DEEPEST and isinstance(value, dict | list | tuple):
            todo += [
                ((*path, step), item)
                for step, item in (value.items() if isinstance(value, dict) else enumerate(value))
            ]
    return Violation((), "json", "is not a document of plain JSON values")


def nearest(name: str, allowed: Iterable[str]) -> str | None:
    """The allowed name that somebody who typed ``name`` most likely meant, if any is near."""
    by_folded = {candidate.casefold(): candidate for candidate in allowed}
    close = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


def one_of(allowed: Iterable[str]) -> str:
    """The names as they stand in a sentence: ``a, b or c``."""
    *most, last = list(allowed) or ["nothing"]
    return f"{', '.join(most)} or {last}" if most else last


def describe(value: Any) -> str:
    """A value as a person would name it: short, on one line, and told apart from text that looks
    like it.
    """
    if isinstance(value, str):
        return repr(value if len(value) <= _LONGEST_QUOTE else value[:_LONGEST_QUOTE] + "…")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    return (
        "nothing"
        if value is None
        else f"the number {value}"
        if isinstance(value, int | float)
        else f"a {type(value).__name__}"
    )


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    """JSON Schema means ECMA's expressions: ``$`` is the very end, where Python lets a newline
    follow, and ``\\d`` is 0 to 9.
    """
    from jsonschema import ValidationError

    if isinstance(instance, str) and not re.search(
        re.sub(r"(?<!\\)\$(?=[|)]|\Z)", r"\\Z", pattern), instance, re.ASCII
    ):
        yield ValidationError("does not match")


def _explain(error: ValidationError) -> Iterator[Violation]:
    if error.validator in ("anyOf", "oneOf") and error.context:
        yield from _explain_branches(error)
        return
    path, keyword, given = (
        tuple(error.absolute_path),
        str(error.validator),
        cast("Any", error.validator_value),
    )
    if keyword == "additionalProperties" and given is False:
        yield from _unknown_keys(path, error)
    elif keyword == "required":
        # jsonschema reports each missing key by itself, and names it only in its message.
        for key in given:
            if key not in cast("Any", error.instance) and repr(key) in error.message:
                yield Violation(path, keyword, f"key {describe(key)} is missing", (key,))
    else:
        yield Violation(
            path,
            keyword,
            _message(error),
            tuple(str(value) for value in given) if keyword == "enum" else (),
        )


def _unknown_keys(path: Path, error: ValidationError) -> Iterator[Violation]:
    schema, keys = cast("dict[str, Any]", error.schema), cast("dict[str, Any]", error.instance)
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for key in keys:
        if key not in known and not any(re.search(pattern, key) for pattern in patterns):
            yield Violation(
                (*path, key),
                "additionalProperties",
                f"key {describe(key)} is unknown",
                tuple(sorted(known)),
            )


def _explain_branches(error: ValidationError) -> Iterator[Violation]:
    """Of several allowed shapes, complain about the one that was meant: the one whose outermost
    type fits.
    """
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(inner)
    meant = [
        errors
        for errors in branches.values()
        if not any(e.validator == "type" and not e.path for e in errors)
    ]
    if meant:
        for inner in min(meant, key=len):
            yield from _explain(inner)
        return
    types: list[Any] = [
        e.validator_value
        for errors in branches.values()
        for e in errors
        if e.validator == "type" and not e.path
    ]
    flat = [name for value in types for name in ([value] if isinstance(value, str) else value)]
    yield Violation(
        tuple(error.absolute_path), "type", f"is {describe(error.instance)}, must be {_types(flat)}"
    )


def _types(value: Any) -> str:
    names = [value] if isinstance(value, str) else value
    return one_of(dict.fromkeys(_NOUNS[name] for name in names))


_WORDS: dict[str, Callable[[Any], str]] = {
    "type": lambda value: f"must be {_types(value)}",
    "enum": lambda value: f"must be {one_of(str(name) for name in value)}",
    "const": lambda value: f"must be {value}",
    "minimum": lambda value: f"must be {value} or more",
    "maximum": lambda value: f"must be {value} or less",
    "exclusiveMinimum": lambda value: f"must be more than {value}",
    "exclusiveMaximum": lambda value: f"must be less than {value}",
    "minLength": lambda value: (
        "must not be empty" if value == 1 else f"must have at least {value} characters"
    ),
    "maxLength": lambda value: f"must have at most {value} characters",
    "minItems": lambda value: (
        "must not be empty" if value == 1 else f"must have at least {value} items"
    ),
    "maxItems": lambda value: f"must have at most {value} items",
    "minProperties": lambda value: (
        "must not be empty" if value == 1 else f"must have at least {value} keys"
    ),
    "uniqueItems": lambda _: "must not say the same thing twice",
    "pattern": lambda value: f"must have the form {value}",
}


def _message(error: ValidationError) -> str:
    keyword = str(error.validator)
    if keyword not in _WORDS:
        return error.message[:200]
    sample = (
        error.schema.get("examples")
        if isinstance(error.schema, dict) and keyword == "pattern"
        else None
    )
    such_as = f", such as {one_of(sample)}" if sample else ""
    return f"is {describe(error.instance)}, {_WORDS[keyword](error.validator_value)}{such_as}"
