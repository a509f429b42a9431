"""Tests of spans of time in words."""

import pytest

from fitglue_formats.spans import in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1_728_000, "20 days"),
        (-3600, "1 hour"),
        (5400, "1 hour 30 minutes"),
        (90_061, "1 day 1 hour"),
        (45.4, "45 seconds"),
        (0.2, "0 seconds"),
    ],
)
def test_a_span_has_its_two_largest_units(seconds, words):
    """A span is written for people, without its sign."""
    assert in_words(seconds) == words
