"""Tests that a list is split into the exact bytes of its rows, and in linear time."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fitglue_registry.payloads import BeyondLimits, iter_rows, rows, split_rows

#: Each attack takes a fraction of a second. A quadratic reader takes minutes.
MOST_S = 10.0
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def spans(content):
    """Return the rows as the reader for lists that are not strict JSON finds them."""
    return [content[start:end] for start, end in rows._spans(content, 1_000)]


@given(st.lists(values, max_size=5), st.sampled_from([None, 1]))
def test_each_row_has_exactly_the_bytes_of_the_list(items, indent):
    """Any list of JSON values is split into as many rows, each of which is the same value."""
    content = json.dumps(items, indent=indent).encode()
    assert [json.dumps(json.loads(row)) for row in split_rows(content)] == list(
        map(json.dumps, items)
    )


@given(st.lists(st.integers() | st.text() | st.lists(st.booleans()), max_size=5))
def test_both_readers_find_the_same_rows(items):
    """The reader that accepts anything finds the same rows in strict JSON as the fast one."""
    content = json.dumps(items, indent=1, ensure_ascii=False).encode()
    assert spans(content) == split_rows(content)


@given(st.text('[]{}",:\\ 1aN', max_size=30).map(str.encode))
def test_any_content_is_split_or_refused(content):
    """Content of any kind is split into rows that join to it, or refused with a ``ValueError``."""
    try:
        found = split_rows(b"[%s]" % content)
    except ValueError:
        return
    position = 0
    for row in found:
        position = (b"[%s]" % content).index(row, position) + len(row)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[]", []),
        (b" [ ] ", []),
        (b"\xef\xbb\xbf[1]", [b"1"]),
        (b'[{"a":NaN}, {"b":1}]', [b'{"a":NaN}', b'{"b":1}']),
        (b'[NaN,-Infinity,1e400,"\xff"]', [b"NaN", b"-Infinity", b"1e400", b'"\xff"']),
        (b'[{"a":"] \\" }"},NaN]', [b'{"a":"] \\" }"}', b"NaN"]),
        (b"[" + b"[" * 5_000 + b"]" * 5_000 + b",1]", [b"[" * 5_000 + b"]" * 5_000, b"1"]),
        (b'[{"a":1,"a":2},NaN]', [b'{"a":1,"a":2}', b"NaN"]),
        (b'[{"a":"\\ud800"},NaN]', [b'{"a":"\\ud800"}', b"NaN"]),
    ],
)
def test_an_odd_value_costs_no_other_row(content, expected):
    """Values that are not strict JSON, or nested too deeply, are rows as any other."""
    assert split_rows(content) == expected


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"1",
        b"<html>",
        b"[",
        b"[1",
        b"[1,",
        b"[1,]",
        b"[NaN,]",
        b"[,1]",
        b"[1 2]",
        b"[NaN] 1",
        b"[1]]",
        b'["a',
        b'[NaN,"a\\',
        b'[NaN,{"a":"b}]',
        b"[NaN,[1}",
        b"[error]",
        b"[NaN,{]",
    ],
)
def test_what_is_no_complete_list_is_refused(content):
    """Content that is not a list, is incomplete, or has something after its end has no rows."""
    with pytest.raises(ValueError, match=r"\S"):
        iter_rows(content)


@pytest.mark.parametrize("row", [b"1", b"{}", b"NaN", b'{"a":[1,2,3]}', b'""'])
def test_a_list_of_too_many_rows_is_refused_before_any_is_made(row):
    """A list has at most the given number of rows, and one more is refused without the others."""
    assert len(split_rows(b"[" + b",".join([row] * 50) + b"]", most_rows=50)) == 50
    with pytest.raises(BeyondLimits, match="more than 50 rows"):
        iter_rows(b"[" + b",".join([row] * 51) + b"]", most_rows=50)


ATTACKS = {
    "brackets, and a text without an end": b"[" * 6_000 + b'"' + b'\\"' * 200_000,
    "rows, and a text without an end": b"[NaN," + b"[]," * 6_000 + b'"' + b'\\"' * 200_000,
    "quotes": b"[NaN," + b'"' * 400_001,
    "texts without a comma": b"[NaN" + b'""' * 200_000,
    "objects in objects": b'[{"a":' * 100_000,
    "backslashes": b'[NaN,"' + b"\\" * 400_001,
    "white space": b"[NaN," + b" " * 400_000,
    "digits": b"[NaN," + b"9" * 400_000,
    "minus signs": b"[NaN," + b"-" * 400_000,
    "closing brackets": b"[NaN" + b"]" * 400_000,
    "a million ones": b"[" + b"1," * 1_000_000 + b"1]",
    "a million objects": b"[" + b"{}," * 1_000_000 + b"{}]",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_content_that_is_made_to_do_harm_is_refused_in_linear_time(name):
    """A list that a backtracking reader would read for minutes is refused at once."""
    began = time.monotonic()
    with pytest.raises(ValueError, match=r"\S"):
        iter_rows(ATTACKS[name])
    assert time.monotonic() - began < MOST_S


def test_a_list_has_a_bounded_number_of_values_in_all_rows():
    """A list of few rows with millions of values is refused before its rows are made."""
    with pytest.raises(BeyondLimits, match="more than 5,000,000 values"):
        iter_rows(b"[[" + b"1," * 5_000_000 + b"1]]")
