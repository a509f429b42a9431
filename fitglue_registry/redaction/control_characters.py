"""The characters that no text from elsewhere may bring into a terminal or a page."""

from __future__ import annotations

#: A pattern for one of them: control characters, what turns the direction of writing, what is
#: invisible, and halves of characters. It is a text, to be compiled alone or within another.
CONTROL_CHARACTER = (
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff"
    "\ud800-\udfff"
    "]"
)
