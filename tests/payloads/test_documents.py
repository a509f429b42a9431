"""Tests that a JSON document is decoded only if it is small enough."""

from __future__ import annotations

import json
import math

import pytest

from fitglue_registry.payloads import (
    DEEPEST,
    LARGEST_ROW,
    BeyondLimits,
    TooDeep,
    check_row,
    decode_leniently,
    decode_strictly,
)

DECODERS = [decode_strictly, decode_leniently]


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize("item", [b"1", b"{}", b"[]", b'{"a":{}}', b'"text"'])
def test_a_document_of_too_many_values_is_not_decoded(decode, item):
    """A document has at most half a million values, of whatever type they are."""
    assert len(decode(b"[" + b",".join([item] * 100_000) + b"]")) == 100_000
    with pytest.raises(BeyondLimits, match="more than 500,000 values"):
        decode(b"[" + b",".join([item] * 600_000) + b"]")


@pytest.mark.parametrize("decode", DECODERS)
def test_a_document_of_too_many_bytes_is_not_decoded(decode):
    """A document of one long text is refused by its size, since a text may take four bytes of
    memory for each of its own.
    """
    with pytest.raises(BeyondLimits, match="at most 16,000,000 are read"):
        decode(b'"' + b"a" * 16_000_000 + b'"')


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize("pair", [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")])
def test_a_document_of_too_many_levels_is_refused(decode, pair):
    """A document has at most a hundred levels; deeper ones are refused at any depth."""
    opening, closing = pair
    levels = DEEPEST // sum(map(opening.count, (b"[", b"{")))
    assert decode(opening * levels + b"1" + closing * levels)
    for depth in (levels + 1, 900, 100_000):
        with pytest.raises(TooDeep, match="more than 100 levels"):
            decode(opening * depth + b"1" + closing * depth)


def test_many_brackets_beside_one_another_are_not_deep():
    """The number of levels counts, not that of brackets, and brackets within texts do not."""
    assert len(decode_strictly(b"[" + b"[[]]," * 200 + b"1]")) == 201
    assert decode_strictly(json.dumps("[" * 500).encode()) == "[" * 500


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"9" * 1_000_000, math.inf),
        (b"-" + b"9" * 5_000, -math.inf),
        (b"1e400", math.inf),
        (b"0." + b"0" * 1_000_000 + b"1", 0.0),
        (b'"' + b"\\u0041" * 1_000_000 + b'"', "A" * 1_000_000),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b"\xef\xbb\xbf[1]", [1]),
        (b'"\\ud800"', "\ud800"),
    ],
)
def test_odd_values_are_decoded_leniently(content, value):
    """A number of a million digits, a million escapes and a repeated key are read, and so on."""
    assert decode_leniently(content) == value


def test_a_row_has_its_own_limit():
    """A row of a list may have four megabytes and half a million values."""
    check_row(b" " * LARGEST_ROW)
    for content in (b" " * (LARGEST_ROW + 1), b"{}," * 300_000):
        with pytest.raises(BeyondLimits, match=r"\S"):
            check_row(content)
