"""Explains with jsonschema what a document violates in its JSON Schema, in the words of our own
messages.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, cast

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from fitglue_registry.validation.violation import KeyPath, Violation
from fitglue_registry.validation.wording import describe, one_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jsonschema.protocols import Validator

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
#: Keyword of a schema → what it asks for.
_REQUIREMENTS = {
    "const": "must be {}",
    "minimum": "must be {} or more",
    "maximum": "must be {} or less",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "maxLength": "must have at most {} characters",
    "maxItems": "must have at most {} items",
    "uniqueItems": "must not say the same thing twice",
    "pattern": "must have the form {}",
}
#: Keyword that asks for at least so many → of what.
_AT_LEAST = {
    "minLength": "characters",
    "minItems": "items",
    "minProperties": "keys",
}


class Explainer:
    """The slow half of a validator: it finds every violation and says what would be right."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._validator: Validator = _Draft(schema)

    def accepts(self, document: Any) -> bool:
        """Whether jsonschema finds nothing wrong; a test compares it with the fast validator."""
        return self._validator.is_valid(document)

    def violations(self, document: Any) -> list[Violation]:
        """Everything that is wrong with a document that the fast validator refuses, in the order of
        paths; never empty.
        """
        violations: list[Violation] = []
        try:
            for error in self._validator.iter_errors(document):
                violations += _explain(error)
        except (RecursionError, TypeError):
            violations.clear()
        if not violations:
            return [_not_json(document)]
        return sorted(dict.fromkeys(violations), key=_position)


def _position(violation: Violation) -> list[tuple[int, str]]:
    """The path as a key to sort by: keys in the order of their letters, positions as numbers."""
    position: list[tuple[int, str]] = []
    for step in violation.path:
        if isinstance(step, int):
            position.append((step, ""))
        else:
            position.append((-1, step))
    return position


def _not_json(document: Any) -> Violation:
    """What jsonschema accepts and JSON does not have: a number that is not finite, or something
    that cannot be named.
    """
    todo: list[tuple[KeyPath, Any]] = [((), document)]
    while todo:
        path, value = todo.pop()
        if isinstance(value, float) and not math.isfinite(value):
            return Violation(path, "json", f"is {value}, which JSON does not have")
        if len(path) < _DEEPEST:
            for step, part in _parts(value):
                todo.append(((*path, step), part))
    return Violation((), "json", "is not a document of plain JSON values")


def _parts(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, list | tuple):
        return list(enumerate(value))
    return []


# -- jsonschema, brought in line with jsonschema-rs ------------------------------------------------


def _is_array(_: Any, value: Any) -> bool:
    return isinstance(value, list | tuple)


def _pattern(
    _: Any,
    pattern: str,
    instance: Any,
    __: Any,
) -> Iterator[ValidationError]:
    """JSON Schema means ECMA's expressions: ``$`` is the very end, where Python lets a newline
    follow, and ``\\d`` is 0 to 9.
    """
    if not isinstance(instance, str):
        return
    in_python = re.sub(r"(?<!\\)\$(?=[|)]|\Z)", r"\\Z", pattern)
    if not re.search(in_python, instance, re.ASCII):
        yield ValidationError("does not match")


_Draft = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {"pattern": _pattern},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("array", _is_array),
)


# -- from jsonschema's errors to violations --------------------------------------------------------


def _explain(error: ValidationError) -> Iterator[Violation]:
    if error.validator in ("anyOf", "oneOf") and error.context:
        yield from _explain_branches(error)
    elif error.validator == "additionalProperties" and error.validator_value is False:
        yield from _unknown_keys(error)
    elif error.validator == "required":
        yield from _missing_keys(error)
    else:
        path = tuple(error.absolute_path)
        keyword = str(error.validator)
        yield Violation(path, keyword, _message(error, keyword), _allowed(error))


def _missing_keys(error: ValidationError) -> Iterator[Violation]:
    """The key that is missing: jsonschema reports each in an error of its own, and names it only in
    its message.
    """
    path = tuple(error.absolute_path)
    required = cast("list[str]", error.validator_value)
    given = cast("dict[str, Any]", error.instance)
    for key in required:
        if key not in given and repr(key) in error.message:
            message = f"key {describe(key)} is missing"
            yield Violation(path, "required", message, (key,))


def _unknown_keys(error: ValidationError) -> Iterator[Violation]:
    schema = cast("dict[str, Any]", error.schema)
    known = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    for key in cast("dict[str, Any]", error.instance):
        if key in known or any(re.search(pattern, key) for pattern in patterns):
            continue
        path = (*error.absolute_path, key)
        message = f"key {describe(key)} is unknown"
        yield Violation(path, "additionalProperties", message, tuple(sorted(known)))


def _explain_branches(error: ValidationError) -> Iterator[Violation]:
    """Of several allowed shapes, explain the one that was meant: the one whose outermost type
    fits.
    """
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(inner)
    meant = [errors for errors in branches.values() if not any(map(_is_outermost_type, errors))]
    if meant:
        for inner in min(meant, key=len):
            yield from _explain(inner)
        return
    types: list[str] = []
    for inner in error.context or ():
        if _is_outermost_type(inner):
            types += _type_names(inner.validator_value)
    path = tuple(error.absolute_path)
    message = f"is {describe(error.instance)}, must be {_nouns(types)}"
    yield Violation(path, "type", message)


def _is_outermost_type(error: ValidationError) -> bool:
    return error.validator == "type" and not error.path


def _message(error: ValidationError, keyword: str) -> str:
    requirement = _requirement(keyword, error.validator_value)
    if requirement is None:
        return error.message[:200]
    message = f"is {describe(error.instance)}, {requirement}"
    examples = _examples(error, keyword)
    if examples:
        message += f", such as {one_of(examples)}"
    return message


def _examples(error: ValidationError, keyword: str) -> list[str] | None:
    """The texts that the schema names as examples of a pattern."""
    if keyword != "pattern" or not isinstance(error.schema, dict):
        return None
    return error.schema.get("examples")


def _requirement(keyword: str, value: Any) -> str | None:
    """What the keyword asks for; ``None`` for a keyword that we have no words for."""
    if keyword == "type":
        return f"must be {_nouns(_type_names(value))}"
    if keyword == "enum":
        return f"must be {one_of(map(str, value))}"
    if keyword in _AT_LEAST:
        if value == 1:
            return "must not be empty"
        return f"must have at least {value} {_AT_LEAST[keyword]}"
    requirement = _REQUIREMENTS.get(keyword)
    if requirement is None:
        return None
    return requirement.format(value)


def _allowed(error: ValidationError) -> tuple[str, ...]:
    if error.validator != "enum":
        return ()
    return tuple(map(str, cast("list[Any]", error.validator_value)))


def _type_names(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _nouns(types: list[str]) -> str:
    return one_of(dict.fromkeys(_NOUNS[name] for name in types))
