"""Plain scalars of YAML: their value by YAML 1.2, and how a reader of YAML 1.1 takes them."""

from __future__ import annotations

import re
from typing import Any

from yaml.resolver import Resolver

OldRule = tuple[str, re.Pattern[str]]

_LONGEST_NUMBER = 100
_NULL = re.compile(r"(?:null|Null|NULL|~|)\Z")
_TRUE = re.compile(r"(?:true|True|TRUE)\Z")
_FALSE = re.compile(r"(?:false|False|FALSE)\Z")
_DECIMAL = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL_OR_HEX = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")
_OCTAL_IN_OLD = re.compile(r"[-+]?0[0-9]")

#: First character → (tag, pattern) of the scalars that begin with it.
_OLD_RULES: dict[str, list[OldRule]] = Resolver.yaml_implicit_resolvers
#: Type of a value here → what YAML 1.1 calls the same.
_OLD_TYPES = {
    "NoneType": "null",
    "str": "str",
    "bool": "bool",
    "int": "int",
    "float": "float",
}
_OLD_NOUNS = {
    "bool": "true or false",
    "int": "another number",
    "float": "a number in base sixty",
    "timestamp": "a date",
    "str": "text",
    "value": "a special key",
}


def value_of(text: str) -> Any:
    """A plain scalar by the core schema of YAML 1.2."""
    if _NULL.match(text):
        return None
    if _TRUE.match(text):
        return True
    if _FALSE.match(text):
        return False
    if _DECIMAL.match(text):
        return _whole_number(text, 10)
    if _OCTAL_OR_HEX.match(text):
        return _whole_number(text, 0)
    if _FLOAT.match(text):
        return float(text)
    if _SPECIAL_FLOAT.match(text):
        return float(text.replace(".", "", 1))
    return text


def _whole_number(text: str, base: int) -> int | str:
    """The number; the text itself where no number is that long."""
    if len(text) >= _LONGEST_NUMBER:
        return text
    return int(text, base)


def other_reading(text: str, value: Any) -> str | None:
    """What a reader of YAML 1.1 takes a plain scalar for, where that is not this ``value``."""
    old = _old_type(text)
    is_same_type = old == _OLD_TYPES[type(value).__name__]
    is_octal = old == "int" and _OCTAL_IN_OLD.match(text)
    if is_same_type and not is_octal:
        return None
    return _OLD_NOUNS.get(old, "something else")


def _old_type(text: str) -> str:
    """The type that a reader of YAML 1.1 sees in a plain scalar."""
    if text in ("y", "Y", "n", "N"):  # in the standard 1.1, though PyYAML leaves them out
        return "bool"
    for tag, pattern in _OLD_RULES.get(text[:1], ()):
        if pattern.match(text):
            _, _, name = tag.rpartition(":")
            return name
    return "str"
