"""Explanations of what is invalid in a document, made with jsonschema in our own wording."""

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

#: A document can contain itself, so the search for a value that is not JSON must end somewhere.
_DEEPEST = 100
#: Type in JSON Schema → how messages call it.
_NOUNS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
    "array": "a list",
    "object": "a mapping",
}
#: Keyword of a schema → the requirement in words, with the keyword's value.
_REQUIREMENTS = {
    "const": "must be {}",
    "minimum": "must be {} or more",
    "maximum": "must be {} or less",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "uniqueItems": "must not have duplicates",
    "pattern": "must have the form {}",
}
#: Keyword that requires a minimum number → what it counts.
_AT_LEAST = {
    "minLength": "character",
    "minItems": "item",
    "minProperties": "key",
}
#: Keyword that requires a maximum number → what it counts.
_AT_MOST = {
    "maxLength": "character",
    "maxItems": "item",
}


class Explainer:
    """The slow half of a validator, which finds every violation and says what would be valid."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._validator: Validator = _Draft(schema)

    def accepts(self, document: Any) -> bool:
        """Return whether jsonschema finds the document valid.

        A test compares this answer with the answer of the fast validator.
        """
        return self._validator.is_valid(document)

    def violations(self, document: Any) -> list[Violation]:
        """Return every violation in a document that the fast validator rejects, in order of paths.

        The list is never empty, even if jsonschema itself finds nothing wrong with the document.
        """
        violations: list[Violation] = []
        try:
            for error in self._validator.iter_errors(document):
                violations += _explain(error)
        # jsonschema raises them for a document that is nested too deep, and for a key that is not
        # text, which it cannot match with patternProperties. Its errors until then are incomplete.
        except (RecursionError, TypeError):
            violations.clear()
        if not violations:
            return [_not_json(document)]
        # Two branches of an anyOf can report the same violation; dict.fromkeys removes duplicates.
        return sorted(dict.fromkeys(violations), key=_position)


def _position(violation: Violation) -> list[tuple[int, str]]:
    """Return a sort key for a violation's path: keys alphabetically, positions by number."""
    position: list[tuple[int, str]] = []
    for step in violation.path:
        if isinstance(step, int):
            position.append((step, ""))
        else:
            position.append((-1, step))
    return position


def _not_json(document: Any) -> Violation:
    """Return the violation in a document that jsonschema accepts although it is not JSON.

    It is an infinite number or NaN; otherwise the violation is about the document as a whole.
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


# -- differences between jsonschema and jsonschema-rs ----------------------------------------------


def _is_array(_: Any, value: Any) -> bool:
    """Return whether a value is an array; jsonschema alone would not accept a tuple."""
    return isinstance(value, list | tuple)


def _pattern(
    _: Any,
    pattern: str,
    instance: Any,
    __: Any,
) -> Iterator[ValidationError]:
    """Check a pattern as ECMA 262 defines it, which JSON Schema requires.

    In ECMA 262, ``$`` matches only at the end of the text, while Python's also matches before a
    final newline; and ``\\d`` matches only the digits 0 to 9.
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
    """Yield the missing key of an error.

    jsonschema reports each missing key in a separate error, and names it only in the message.
    """
    path = tuple(error.absolute_path)
    required = cast("list[str]", error.validator_value)
    instance = cast("dict[str, Any]", error.instance)
    for key in required:
        if key not in instance and repr(key) in error.message:
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
    """Explain an ``anyOf`` or ``oneOf`` by the branch that the author of the document meant.

    That is the branch whose outermost type fits the value. If several fit, it is the one with the
    fewest errors; if none fits, the explanation lists the types that are allowed.
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
    message = f"is {describe(error.instance)}, but must be {_nouns(types)}"
    yield Violation(path, "type", message)


def _is_outermost_type(error: ValidationError) -> bool:
    return error.validator == "type" and not error.path


def _message(error: ValidationError, keyword: str) -> str:
    requirement = _titled(error, keyword) or _requirement(keyword, error.validator_value)
    if requirement is None:
        # jsonschema's message quotes the value, which can be as long as the document.
        return error.message[:200]
    message = f"is {describe(error.instance)}, but {requirement}"
    examples = _examples(error, keyword)
    if examples:
        message += f", such as {one_of(examples)}"
    return message


def _titled(error: ValidationError, keyword: str) -> str | None:
    """Return what is required in the words of the schema's own title for the value, or ``None``.

    They replace a regular expression, which says little to a person.
    """
    if keyword not in ("pattern", "type") or not isinstance(error.schema, dict):
        return None
    title = error.schema.get("title")
    if title is None or "pattern" not in error.schema:
        return None
    return f"must be {title}"


def _examples(error: ValidationError, keyword: str) -> list[str] | None:
    """Return the examples that the schema gives for a pattern, or ``None``."""
    if keyword not in ("pattern", "type") or not isinstance(error.schema, dict):
        return None
    if keyword == "type" and _titled(error, keyword) is None:
        return None
    return error.schema.get("examples")


def _requirement(keyword: str, value: Any) -> str | None:
    """Return what a keyword requires, in words, or ``None`` for a keyword that has no wording."""
    if keyword == "type":
        return f"must be {_nouns(_type_names(value))}"
    if keyword == "enum":
        return f"must be {one_of(map(str, value))}"
    if keyword in _AT_LEAST:
        if value == 1:
            return "must not be empty"
        return f"must have at least {_counted(value, _AT_LEAST[keyword])}"
    if keyword in _AT_MOST:
        return f"must have at most {_counted(value, _AT_MOST[keyword])}"
    requirement = _REQUIREMENTS.get(keyword)
    if requirement is None:
        return None
    return requirement.format(value)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _allowed(error: ValidationError) -> tuple[str, ...]:
    if error.validator != "enum":
        return ()
    return tuple(map(str, cast("list[Any]", error.validator_value)))


def _type_names(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _nouns(types: list[str]) -> str:
    return one_of(dict.fromkeys(_NOUNS[name] for name in types))
