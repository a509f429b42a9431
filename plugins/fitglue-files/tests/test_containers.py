"""What of a folder or an archive can be read, and what is refused by name while the rest goes
on.
"""

from __future__ import annotations

import io
import os
import zipfile

import pytest

from fitglue_files import limits, zips
from fitglue_files.containers import Box
from fitglue_files.members import Member, Refusal
from fitglue_registry.errors import RecordRefused


def walked(*paths):
    with Box() as box:
        return list(box.walk(paths))


def codes(*paths):
    return {
        item.location[-1]: item.error.code for item in walked(*paths) if isinstance(item, Refusal)
    }


def names(*paths):
    return [item.location[-1] for item in walked(*paths) if isinstance(item, Member)]


def test_hidden_files_and_shadows_are_passed_over(tmp_path, zipped):
    """In folders as in zips."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "a.fit").write_bytes(b"x")
    zipped(tmp_path / "a.zip", {"__MACOSX/._b.fit": b"x", ".c.fit": b"x", "d.fit": b"x"})
    assert names(tmp_path) == ["d.fit"]


def test_a_zip_is_known_by_its_content(tmp_path, zipped):
    """Whatever it is called."""
    zipped(tmp_path / "archive.bin", {"a.fit": b"x"})
    assert names(tmp_path) == ["a.fit"]


def test_a_time_of_day_in_a_name_leads_nowhere(tmp_path, zipped):
    """Recorders call their files so; only one letter and a colon are a drive."""
    zipped(tmp_path / "a.zip", {"2026-05-03T06:30:00.fit": b"x"})
    assert names(tmp_path) == ["2026-05-03T06:30:00.fit"]


@pytest.mark.parametrize(
    "name", ["../evil.gpx", "/etc/evil.gpx", "a/../../evil.gpx", "C:\\evil.gpx"]
)
def test_a_name_that_leads_out_is_refused(tmp_path, zipped, name):
    """Nothing is ever unpacked to a name, and yet it says what the archive is."""
    zipped(tmp_path / "a.zip", {name: b"x", "good.gpx": b"x"})
    assert list(codes(tmp_path).values()) == ["FG-zip-path"]
    assert names(tmp_path) == ["good.gpx"]


def test_a_bomb_is_refused_before_it_is_opened(tmp_path, zipped):
    """By what its index says of it."""
    zipped(tmp_path / "a.zip", {"bomb.gpx": bytes(20 << 20), "good.gpx": b"x"})
    assert codes(tmp_path) == {"bomb.gpx": "FG-zip-bomb"}
    assert names(tmp_path) == ["good.gpx"]


def test_an_index_that_lies_about_sizes_unpacks_to_no_more_than_it_says(tmp_path, zipped):
    """Then the check sum is wrong, and the member is refused."""
    content = zipped(None, {"a.gpx": bytes(5 << 20)})
    size = (5 << 20).to_bytes(4, "little")
    (tmp_path / "a.zip").write_bytes(content.replace(size, (100).to_bytes(4, "little")))
    [member] = walked(tmp_path / "a.zip")
    with Box() as box, pytest.raises(RecordRefused) as caught:
        box.read(member)
    assert caught.value.code == "FG-zip-broken"


def test_a_member_larger_than_any_workout_is_refused(tmp_path, zipped, monkeypatch):
    """Two gigabytes are never read."""
    monkeypatch.setattr(limits, "LARGEST", 1000)
    zipped(tmp_path / "a.zip", {"large.gpx": os.urandom(2000), "good.gpx": b"x"})
    assert codes(tmp_path) == {"large.gpx": "FG-file-too-large"}


def test_a_large_file_is_read_no_further_than_the_limit(tmp_path, monkeypatch):
    """A sparse file of a terabyte costs nothing."""
    monkeypatch.setattr(limits, "LARGEST", 1000)
    with (tmp_path / "a.gpx").open("wb") as file:
        file.truncate(1 << 40)
    [member] = walked(tmp_path)
    with Box() as box, pytest.raises(RecordRefused) as caught:
        box.read(member)
    assert caught.value.code == "FG-file-too-large"


def test_zips_nested_without_end_are_refused(tmp_path, zipped):
    """At the fourth."""
    content = zipped(None, {"a.fit": b"x"})
    for _ in range(4):
        content = zipped(None, {"next.zip": content, "b.fit": b"x"})
    (tmp_path / "a.zip").write_bytes(content)
    assert codes(tmp_path) == {"next.zip": "FG-zip-too-deep"}
    assert names(tmp_path) == ["b.fit"] * 3


def test_an_encrypted_member_is_refused(tmp_path, zipped):
    """By the flag in its header."""
    content = bytearray(zipped(None, {"a.fit": b"x", "b.fit": b"y"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    (tmp_path / "a.zip").write_bytes(content)
    assert codes(tmp_path) == {"a.fit": "FG-file-encrypted"}
    assert names(tmp_path) == ["b.fit"]


@pytest.mark.parametrize("keep", [0.3, 0.98])
def test_a_cut_zip_is_refused_and_the_others_are_read(tmp_path, zipped, keep):
    """A download that ended early has no index."""
    content = zipped(None, {f"{number}.fit": os.urandom(500) for number in range(20)})
    (tmp_path / "cut.zip").write_bytes(content[: int(len(content) * keep)])
    zipped(tmp_path / "good.zip", {"a.fit": b"x"})
    assert codes(tmp_path) == {str(tmp_path / "cut.zip"): "FG-zip-broken"}
    assert names(tmp_path) == ["a.fit"]


def test_a_broken_zip_in_a_zip_costs_itself(tmp_path, zipped):
    """Its neighbours are read."""
    zipped(tmp_path / "a.zip", {"part.zip": b"PK\x03\x04 and nothing more", "a.fit": b"x"})
    assert codes(tmp_path) == {"part.zip": "FG-zip-broken"}
    assert names(tmp_path) == ["a.fit"]


def test_a_packing_that_python_cannot_read_says_so(tmp_path, zipped):
    """Deflate64 comes from Windows."""
    content = bytearray(zipped(None, {"a.fit": b"x" * 100}))
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        content[content.index(signature) + offset] = 9
    (tmp_path / "a.zip").write_bytes(content)
    [member] = walked(tmp_path)
    with Box() as box, pytest.raises(RecordRefused) as caught:
        box.head(member)
    assert caught.value.code == "FG-zip-packing"


def test_a_pipe_is_not_waited_for(tmp_path):
    """A folder may hold anything."""
    os.mkfifo(tmp_path / "a.fit")
    assert walked(tmp_path) == []


def test_a_nested_zip_is_unpacked_once_for_all(tmp_path, zipped, monkeypatch):
    """A part of two gigabytes, a hundred files at a time."""
    zipped(tmp_path / "a.zip", {"part.zip": zipped(None, {"a.fit": b"x"})})
    [member] = walked(tmp_path)
    monkeypatch.setattr(zips.shutil, "copyfileobj", lambda *_: pytest.fail("unpacked again"))
    with Box() as box:
        assert box.read(member) == b"x"


def test_a_member_whose_bytes_broke_is_refused_when_it_is_read(tmp_path):
    """By its check sum."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.gpx", b"some content")
    (tmp_path / "a.zip").write_bytes(buffer.getvalue().replace(b"some content", b"some cOntent"))
    [member] = walked(tmp_path)
    with Box() as box, pytest.raises(RecordRefused) as caught:
        box.read(member)
    assert caught.value.code == "FG-zip-broken"
