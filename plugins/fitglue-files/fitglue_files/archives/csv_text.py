"""Decoding of tables, whose bytes may be in any encoding that spreadsheets write, or damaged."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

#: A character of two or more bytes in UTF-8.
_MULTIBYTE = re.compile(rb"[\xc3-\xf4][\x80-\xbf]")
#: How many bytes show whether a table is in UTF-16 without a byte order mark.
_ENOUGH = 256


class Text(NamedTuple):
    """The text of a table.

    Attributes:
        text: The text.
        guessed: The lines with bytes that are not valid in the encoding of the table, in which
            letters may be wrong. The first line has the number 1.
    """

    text: str
    guessed: list[int]


def decode(content: bytes) -> Text:
    """Return the text of a table in UTF-8, UTF-16 or Windows-1252.

    The content may end in the middle of a character.
    """
    encoding = _utf_16(content)
    if encoding is not None:
        return Text(content.decode(encoding, "replace"), [])
    try:
        return Text(codecs.getincrementaldecoder("utf-8-sig")().decode(content), [])
    except UnicodeDecodeError:
        # Without a single character of UTF-8, the complete table is in another encoding.
        if not _MULTIBYTE.search(content):
            return Text(content.decode("cp1252", "replace"), [])
    return _by_line(content.removeprefix(codecs.BOM_UTF8))


def _utf_16(content: bytes) -> str | None:
    """Return the name of an encoding with two bytes for each character, or ``None``."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    beginning = content[:_ENOUGH]
    # The names of columns are mostly ASCII, so every second byte is zero.
    half = len(beginning) // 2
    if beginning[1::2].count(0) > half * 0.9:
        return "utf-16-le"
    if beginning[::2].count(0) > half * 0.9:
        return "utf-16-be"
    return None


def _by_line(content: bytes) -> Text:
    """Return the text of a table in UTF-8, some lines of which are not.

    Such a line may have been added by another program, or a few of its bytes may be damaged.
    """
    lines = []
    guessed = []
    for number, line in enumerate(content.splitlines(keepends=True), 1):
        try:
            lines.append(line.decode())
        except UnicodeDecodeError:
            encoding = "utf-8" if _MULTIBYTE.search(line) else "cp1252"
            lines.append(line.decode(encoding, "replace"))
            guessed.append(number)
    return Text("".join(lines), guessed)
