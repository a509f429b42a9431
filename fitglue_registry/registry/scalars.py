"""Plain scalars of YAML: their value by YAML 1.2, and their meaning in YAML 1.1."""

from __future__ import annotations

import re
from typing import Any

from yaml.resolver import Resolver

OldRule = tuple[str, re.Pattern[str]]

#: Python takes quadratic time for long numbers, and refuses those of more than 4,300 digits.
_LONGEST_NUMBER = 100
# The core schema of YAML 1.2 (YAML 1.2.2, section 10.3.2).
_NULL = re.compile(r"(?:null|Null|NULL|~|)\Z")
_TRUE = re.compile(r"(?:true|True|TRUE)\Z")
_FALSE = re.compile(r"(?:false|False|FALSE)\Z")
_DECIMAL = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL_OR_HEX = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")
_DATE_OR_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z|[0-9]{1,2}:[0-9]{2}\Z")
_OCTAL_IN_OLD = re.compile(r"[-+]?0[0-9]")

#: First character → the tags and patterns of YAML 1.1 for scalars that begin with it.
_OLD_RULES: dict[str, list[OldRule]] = Resolver.yaml_implicit_resolvers
#: Type of a Python value → tag of the same type in YAML 1.1.
_OLD_TYPES = {
    "NoneType": "null",
    "str": "str",
    "bool": "bool",
    "int": "int",
    "float": "float",
}
#: Tag in YAML 1.1 → how a message calls a value of that type.
_OLD_NOUNS = {
    "bool": "true or false",
    "int": "another number",
    "float": "a number in base sixty",
    "timestamp": "a date",
    "str": "text",
    "value": "a special key",
}


def value_of(text: str) -> Any:
    """Return the value of a plain scalar by the core schema of YAML 1.2."""
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
    """Return the number, or the text itself if it is too long to be a number."""
    if len(text) >= _LONGEST_NUMBER:
        return text
    return int(text, base)


def is_date_or_time(text: str) -> bool:
    """Return whether a plain scalar is a date such as 2026-05-01 or a time such as 16:30."""
    return _DATE_OR_TIME.match(text) is not None


def yaml_1_1_meaning(text: str, value: Any) -> str | None:
    """Return what a plain scalar means in YAML 1.1, or ``None`` if that is the same ``value``."""
    old = _old_type(text)
    is_same_type = old == _OLD_TYPES[type(value).__name__]
    # 010 is an integer in both versions, but it is 8 in YAML 1.1 and 10 in YAML 1.2.
    is_octal = old == "int" and _OCTAL_IN_OLD.match(text)
    if is_same_type and not is_octal:
        return None
    return _OLD_NOUNS.get(old, "something else")


def _old_type(text: str) -> str:
    """Return the type of a plain scalar in YAML 1.1."""
    if text in ("y", "Y", "n", "N"):  # booleans in the standard, although not in PyYAML
        return "bool"
    for tag, pattern in _OLD_RULES.get(text[:1], ()):
        if pattern.match(text):
            _, _, name = tag.rpartition(":")
            return name
    return "str"
