"""Texts as every format can hold them: without control characters and halves of characters."""

from __future__ import annotations

import unicodedata

#: The categories of control characters and of surrogates, which are halves of characters.
_UNUSABLE = frozenset({"Cc", "Cs"})
_LAYOUT = frozenset("\n\t")
#: XML 1.0, production ``Char``: the two code points that it forbids besides those above.
_NO_CHARACTERS = frozenset("\ufffe\uffff")


def safe_text(text: str | None) -> str | None:
    """Return a text without characters that XML forbids or a terminal interprets.

    Line breaks and tabs remain. The result is ``None`` if nothing else is left.

    Args:
        text: A text of the athlete or of a source.
    """
    if text is None:
        return None
    joined = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(filter(_is_safe, joined))
    return kept.strip() or None


def one_line(text: str | None) -> str | None:
    """Return a safe text without line breaks."""
    safe = safe_text(text)
    return None if safe is None else " ".join(safe.split())


def cut_to_bytes(text: str, most: int) -> str:
    """Return the beginning of a text that has at most so many bytes in UTF-8."""
    return text.encode()[:most].decode(errors="ignore")


def _is_safe(character: str) -> bool:
    if character in _LAYOUT:
        return True
    if character in _NO_CHARACTERS:
        return False
    return unicodedata.category(character) not in _UNUSABLE
