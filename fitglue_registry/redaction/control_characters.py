"""The characters that text from outside must never bring into a terminal or a web page."""

from __future__ import annotations

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
