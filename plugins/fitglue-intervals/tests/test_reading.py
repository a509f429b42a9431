"""Payloads are read as plain values that every store accepts."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fitglue_intervals.reading import read_json
from fitglue_registry.payloads import split_rows

WORDS = ["NaN", "Infinity", "-Infinity"]
texts = st.lists(st.sampled_from([*WORDS, '"', ":", " ", "\\", "name", "x", ","])).map("".join)
values = st.one_of(
    st.sampled_from(WORDS), texts, st.none(), st.lists(st.sampled_from(WORDS)), st.integers(0, 9)
)


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(
    "text", ['{"load":"%s"}', '{"load" :\n "%s"}', '{"in":{"a\\"":"%s"}}', '[{"xname":"%s"}]']
)
def test_a_word_for_no_number_is_none(text, word):
    """The text NaN, which Java writes for a missing number, is read as null if the key is one for
    numbers.
    """
    assert word not in str(read_json((text % word).encode()))


@pytest.mark.parametrize(
    "text",
    [
        '{"name":"NaN"}',
        '{"label" : "Infinity"}',
        '["NaN"]',
        '{"said":"NaN!"}',
        '{"said":": \\"NaN\\""}',
    ],
)
def test_where_a_text_belongs_it_is_a_word(text):
    """The text NaN is kept if it is a name, because an athlete may call a ride so."""
    assert read_json(text.encode()) == json.loads(text)


def test_a_key_that_ends_like_one_of_a_text_is_another():
    """A key that contains an escaped quote and ends like ``name`` is not the key ``name``."""
    assert read_json(b'{"\\"name":"NaN"}') == {'"name': None}


@pytest.mark.parametrize("depth", [500, 700, 900, 5000])
@pytest.mark.parametrize("word", ["NaN", r'"\\u0000"'])
def test_a_payload_that_is_nested_too_deeply_is_refused_or_read(depth, word):
    """A deeply nested payload is read or raises ``ValueError``, with each of the two parsers."""
    with suppress(ValueError):
        read_json(b"[" * depth + word.encode() + b"]" * depth)


def test_a_number_of_too_many_digits_costs_no_row_beside_it():
    """A number with too many digits does not prevent other rows from being read, even if the slow
    parser reads them.
    """
    rows = split_rows(b'[{"x":NaN},{"id":"i1","y":' + b"9" * 5000 + b"}]")
    assert len(rows) == 2
    assert read_json(rows[1]) == {"id": "i1", "y": None}


@given(
    st.dictionaries(st.one_of(texts, st.sampled_from(["name", "error"])), values, max_size=4),
    st.sampled_from([None, 1]),
)
def test_no_text_is_taken_for_a_number(document, indent):
    """Only a complete value can be a text for a missing number, and never the value of a key for
    texts.
    """
    expected = {
        key: None
        if isinstance(value, str) and value in WORDS and key not in ("name", "error")
        else value
        for key, value in document.items()
    }
    assert read_json(json.dumps(document, indent=indent).encode()) == expected
