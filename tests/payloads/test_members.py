"""Tests of reading one value inside of a document, as its exact bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fitglue_registry.payloads import BeyondLimits, value_at

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", b'{"a": {"b": [1, 2 ]}, "c":"x", "a.b": 3}'),
        ("a", b'{"b": [1, 2 ]}'),
        ("a.b", b"[1, 2 ]"),
        ("c", b'"x"'),
        ("d", None),
        ("d.e", None),
        ("a.c", None),
    ],
)
def test_a_value_is_found_by_its_path_as_its_exact_bytes(path, expected):
    """The bytes of a value are as they are in the document, white space included."""
    assert value_at(b'{"a": {"b": [1, 2 ]}, "c":"x", "a.b": 3}', path) == expected


@pytest.mark.parametrize(
    "content",
    [
        b'\xef\xbb\xbf{"other": 1, "data": [1]}',
        b'{"other": NaN, "data": [1]}',
        b'{"other": "\xff", "data": [1]}',
        b'{"other": {"deep": [-Infinity, "}"]}, "data": [1]}',
        b'{"data": [2], "d\\u0061ta": [1], "other": NaN}',
        b'{"data": [2], "data": [1]}',
        b' { "data" : [1] } ',
        b'{"other": ' + b"[" * 5_000 + b"]" * 5_000 + b', "data": [1]}',
    ],
    ids=["bom", "NaN", "broken text", "infinity", "escaped key", "two keys", "blanks", "deep"],
)
def test_odd_values_beside_it_do_not_matter(content):
    """A value is found in a document of which another part is not strict JSON."""
    assert value_at(content, "data") == b"[1]"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[1]",
        b"{",
        b'{"data"',
        b'{"data":',
        b'{"data":}',
        b'{"data": [1]',
        b'{"data": [1],}',
        b'{"data": [1]} x',
        b'{"data" [1]}',
        b"{data: [1]}",
        b"<html></html>",
        b'{"other": "\\',
    ],
)
def test_an_incomplete_document_is_refused(content):
    """A document that is not a complete object is refused, whatever it has at the path."""
    with pytest.raises(ValueError, match="JSON"):
        value_at(content, "data")


def test_a_document_with_too_many_values_is_refused():
    """A document with millions of values is refused before it is read."""
    with pytest.raises(BeyondLimits):
        value_at(b'{"data": [' + b"1," * 5_000_001 + b"1]}", "data")


@given(st.dictionaries(st.text().filter(lambda key: "." not in key and key), values, max_size=4))
def test_every_member_is_found_and_reads_as_in_the_document(document):
    """Each member of any document is found by its key, and its bytes have its value."""
    content = json.dumps(document).encode()
    for key, value in document.items():
        found = value_at(content, key)
        assert found is not None
        assert json.dumps(json.loads(found)) == json.dumps(value)
