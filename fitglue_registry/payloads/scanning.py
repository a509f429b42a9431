"""Finding the end of a JSON value without decoding it.

The value need not be strict JSON: it is only read as far as needed to find its end.
"""

from __future__ import annotations

import re

# Every quantifier is possessive, and each pattern is matched at one position only, never searched
# for. So no byte is examined again after a match failed, whatever the content is.
_BLANKS = re.compile(rb"[ \t\r\n]*+")
TEXT = rb'"(?:[^"\\]++|\\.)*+"'
#: Everything before the next bracket. A text that does not end is left over.
_UP_TO_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|%s)*+' % TEXT, re.DOTALL)
#: A value without brackets. NaN and infinities are not JSON, but some services write them.
_SCALAR = re.compile(rb"%s|-?+[0-9][0-9.eE+-]*+|true|false|null|NaN|-?+Infinity" % TEXT, re.DOTALL)
_OPENING = frozenset(b"[{")
_CLOSING = frozenset(b"]}")


def end_of_value(content: bytes, position: int) -> int:
    """Return the position after the value that begins at a position."""
    if content[position : position + 1] in (b"[", b"{"):
        return _end_of_brackets(content, position)
    scalar = _SCALAR.match(content, position)
    if scalar is None:
        raise ValueError("a value of the JSON document is missing or broken")
    return scalar.end()


def _end_of_brackets(content: bytes, position: int) -> int:
    """Return the position after the list or object that begins at a position.

    Its content is only read as far as needed to find its end. If it is not JSON, the reader of the
    row refuses it.
    """
    depth = 0
    up_to_bracket = _UP_TO_BRACKET.match
    size = len(content)
    while True:
        skipped = up_to_bracket(content, position)
        assert skipped is not None  # the pattern matches the empty text
        position = skipped.end()
        if position == size:
            raise ValueError("a value of the JSON document is incomplete")
        bracket = content[position]
        position += 1
        if bracket in _OPENING:
            depth += 1
        elif bracket in _CLOSING:
            depth -= 1
            if depth == 0:
                return position
        else:
            raise ValueError("a text of the JSON document is incomplete")


def after_blanks(content: bytes, position: int) -> int:
    """Return the position of the next byte that is not white space."""
    blanks = _BLANKS.match(content, position)
    assert blanks is not None  # the pattern matches the empty text
    return blanks.end()
