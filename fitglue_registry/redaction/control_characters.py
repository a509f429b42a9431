"""The characters that text from outside must never bring into a terminal or a web page."""

from __future__ import annotations

import re

#: Pattern for one such character: a control character, a change of the writing direction, an
#: invisible character, or half of a surrogate pair. It is not compiled, because some callers use
#: it as one alternative of a longer pattern.
CONTROL_CHARACTER = (
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff"
    "\ud800-\udfff"
    "]"
)


def escape_control_characters(text: str) -> str:
    r"""Return a text with each control character written as ``\x1b`` or ``\u202e``.

    Line feeds and tabs stay.
    """
    return re.sub(CONTROL_CHARACTER, _numbered, text)


def has_control_characters(text: str) -> bool:
    """Return whether a text has a character that must not reach a terminal or a web page."""
    return re.search(CONTROL_CHARACTER, text) is not None


def _numbered(match: re.Match[str]) -> str:
    number = ord(match[0])
    if number < 256:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}"
