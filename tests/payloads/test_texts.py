"""Texts of services, in a form that every store accepts."""

from __future__ import annotations

import pytest

from fitglue_registry.payloads import clean_text


@pytest.mark.parametrize("number", [0, 0xD800, 0xDFFF])
def test_characters_that_cannot_be_stored_are_replaced(number):
    """NUL and each lone surrogate become U+FFFD, and the text around them stays."""
    assert clean_text(f"a{chr(number)}b") == "a\ufffdb"


@pytest.mark.parametrize("text", ["", "Weg über den Kamm ⛰️", "\t\n\x01\x7f"])
def test_all_other_characters_stay(text):
    """Emoji, white space and other control characters can be stored."""
    assert clean_text(text) == text
