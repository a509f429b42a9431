"""Names and paths of any length: a message shows their beginning and their end."""

from __future__ import annotations

import zipfile

import pytest

from fitglue_files.containers import ContainerReader
from fitglue_files.members import Refusal, display_path
from fitglue_files.refusals import refusal_of
from fitglue_files.wording import account_id

_LONG = "x" * 60_000
#: The host accepts texts of this length.
_LONGEST = 4_000


@pytest.mark.parametrize("name", [f"/{_LONG}.gpx", f"../{_LONG}.gpx", f"{_LONG}.zip"])
def test_a_long_name_is_shortened_in_a_reason(tmp_path, zipped, name):
    """The reason why a member with a long name is refused shows how the name begins and ends."""
    zipped(tmp_path / "a.zip", {name: b"x"})
    with ContainerReader() as reader:
        [refused] = reader.find([tmp_path])
    assert isinstance(refused, Refusal)
    assert len(refused.error.what) < _LONGEST
    assert name[:5] in refused.error.what
    assert name[-9:] in refused.error.what


@pytest.mark.parametrize("error", [OSError(_LONG), zipfile.BadZipFile(_LONG), ValueError(_LONG)])
def test_what_an_error_repeats_is_shortened(error):
    """A name that the system or zipfile repeats in an error is shortened, and so is the path."""
    refused = refusal_of(f"/{_LONG}", error)
    assert len(refused.what) < _LONGEST
    assert refused.at is not None
    assert len(str(refused.at)) < _LONGEST


def test_the_path_through_several_zips_is_shown():
    """Of a member in a zip in a zip, each name is shortened alone, so that all are shown."""
    shown = display_path((f"/a{_LONG}b.zip", f"c{_LONG}d.zip", f"e{_LONG}f.gpx"))
    assert len(shown) < _LONGEST
    assert all(part in shown for part in ("/a", "b.zip > c", "d.zip > e", "f.gpx"))


@pytest.mark.parametrize("text", [_LONG, "a\nb", "\udc80"])
def test_a_long_text_becomes_no_id_of_an_account(text):
    """A text that is too long or not printable is replaced by its hash, which tells it apart."""
    assert account_id(text, "archive").startswith("archive-")
    assert len(account_id(text, "archive")) < 100
    assert account_id(text, "archive") != account_id(text + "x", "archive")
    assert account_id("archive:export", "archive") == "archive:export"
