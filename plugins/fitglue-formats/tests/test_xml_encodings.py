"""The encodings of GPX and TCX that are read, and those that are refused before parsing."""

from __future__ import annotations

import pytest

from fitglue_formats import activities
from fitglue_formats.testing import gpx_file
from fitglue_registry.errors import RecordRefused

_HEAD = '<?xml version="1.0" encoding="{}"?>'
_TEXT = gpx_file(trk="<name>Föhn</name>").decode().partition("?>")[2]
_DOCTYPE = '<!DOCTYPE gpx [<!ENTITY a "aaaa">]>'


def document(declared: str, encoding: str, before: str = "") -> bytes:
    """Return a GPX that declares one encoding and is written in another."""
    text = _HEAD.format(declared) + before + _TEXT
    return text.encode(encoding, "xmlcharrefreplace")


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("UTF-8", "utf-8"),
        ("utf8", "utf-8-sig"),
        ("UTF-16", "utf-16"),
        ("UTF-16", "utf-16-le"),
        ("UTF-16", "utf-16-be"),
        ("UTF-16", "utf-8"),
        ("ISO-8859-1", "latin-1"),
        ("latin1", "latin-1"),
        ("US-ASCII", "ascii"),
        ("windows-1252", "cp1252"),
    ],
)
def test_four_encodings_are_read(declared, encoding):
    """UTF-8, UTF-16, Latin-1 and ASCII are read, whichever name declares them."""
    [workout] = activities(document(declared, encoding))
    assert workout.title == "Föhn"


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("unicode_escape", "ascii"),
        ("raw_unicode_escape", "ascii"),
        ("UTF-7", "ascii"),
        ("UTF-32", "ascii"),
        ("UTF-32", "utf-32"),
        ("UTF-32", "utf-32-le"),
        ("cp037", "ascii"),
        ("idna", "ascii"),
        ("rot13", "ascii"),
        ("hz", "ascii"),
        ("iso2022_jp", "ascii"),
        ("klingon", "ascii"),
        ("k" * 150, "ascii"),
    ],
)
def test_every_other_encoding_is_refused(declared, encoding):
    """Another encoding is refused, and the message names it in at most a line."""
    with pytest.raises(RecordRefused, match="only UTF-8, UTF-16, Latin-1 and ASCII") as caught:
        activities(document(declared, encoding))
    assert caught.value.code == "FG-not-gpx"
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
@pytest.mark.parametrize("before", [_DOCTYPE, f"<!-- <gpx > -->{_DOCTYPE}", _DOCTYPE.lower()])
def test_a_document_type_is_refused_in_every_encoding(encoding, before):
    """A document type is refused in every encoding, also behind a comment that shows a root."""
    with pytest.raises(RecordRefused) as caught:
        activities(document("UTF-8", encoding, before))
    assert caught.value.code == "FG-file-unsafe"


def test_long_names_and_descriptions_are_shortened():
    """A name and a description of a megabyte are shortened, and end with an ellipsis."""
    long = f"<name>{'n' * 10**6}</name><desc>{'d' * 10**6}</desc>"
    [workout] = activities(gpx_file(trk=long))
    assert (len(workout.title), workout.title[-1]) == (500, "…")
    assert (len(workout.description), workout.description[-1]) == (20_000, "…")
