"""What is read from folders and zips, and what is refused by name while the other files are
read.
"""

from __future__ import annotations

import io
import os
import zipfile

import pytest

from fitglue_files import limits, zips
from fitglue_files.containers import ContainerReader
from fitglue_files.members import Member, Refusal
from fitglue_registry.errors import RecordRefused


def members_of(*paths):
    with ContainerReader() as reader:
        return list(reader.find(paths))


def codes(*paths):
    return {
        item.location[-1]: item.error.code
        for item in members_of(*paths)
        if isinstance(item, Refusal)
    }


def names(*paths):
    return [item.location[-1] for item in members_of(*paths) if isinstance(item, Member)]


def test_hidden_files_and_resource_forks_are_skipped(tmp_path, zipped):
    """Hidden files and the resource forks of macOS are skipped in folders and in zips."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "a.fit").write_bytes(b"x")
    zipped(tmp_path / "a.zip", {"__MACOSX/._b.fit": b"x", ".c.fit": b"x", "d.fit": b"x"})
    assert names(tmp_path) == ["d.fit"]


def test_a_zip_is_known_by_its_content(tmp_path, zipped):
    """A zip is recognized by its content, even if its name has another suffix."""
    zipped(tmp_path / "archive.bin", {"a.fit": b"x"})
    assert names(tmp_path) == ["a.fit"]


def test_a_time_of_day_in_a_name_leads_nowhere(tmp_path, zipped):
    """A colon in the name of a member is accepted, because only one letter and a colon are a
    drive.
    """
    zipped(tmp_path / "a.zip", {"2026-05-03T06:30:00.fit": b"x"})
    assert names(tmp_path) == ["2026-05-03T06:30:00.fit"]


@pytest.mark.parametrize(
    "name", ["../evil.gpx", "/etc/evil.gpx", "a/../../evil.gpx", "C:\\evil.gpx"]
)
def test_a_name_that_leads_out_is_refused(tmp_path, zipped, name):
    """A member whose name leads out of the archive is refused, although nothing is unpacked to a
    name.
    """
    zipped(tmp_path / "a.zip", {name: b"x", "good.gpx": b"x"})
    assert list(codes(tmp_path).values()) == ["FG-zip-path"]
    assert names(tmp_path) == ["good.gpx"]


def test_a_bomb_is_refused_before_it_is_opened(tmp_path, zipped):
    """A decompression bomb is refused by the sizes in the central directory, without opening it."""
    zipped(tmp_path / "a.zip", {"bomb.gpx": bytes(20 << 20), "good.gpx": b"x"})
    assert codes(tmp_path) == {"bomb.gpx": "FG-zip-bomb"}
    assert names(tmp_path) == ["good.gpx"]


def test_an_index_that_lies_about_sizes_unpacks_to_no_more_than_it_says(tmp_path, zipped):
    """A member whose stated size is too small is unpacked only so far, and refused by its
    checksum.
    """
    content = zipped(None, {"a.gpx": bytes(5 << 20)})
    size = (5 << 20).to_bytes(4, "little")
    (tmp_path / "a.zip").write_bytes(content.replace(size, (100).to_bytes(4, "little")))
    [member] = members_of(tmp_path / "a.zip")
    with ContainerReader() as reader, pytest.raises(RecordRefused) as caught:
        reader.read(member)
    assert caught.value.code == "FG-zip-broken"


def test_a_member_larger_than_any_workout_is_refused(tmp_path, zipped, monkeypatch):
    """A member that states a size above the limit is refused without reading it."""
    monkeypatch.setattr(limits, "LARGEST", 1000)
    zipped(tmp_path / "a.zip", {"large.gpx": os.urandom(2000), "good.gpx": b"x"})
    assert codes(tmp_path) == {"large.gpx": "FG-file-too-large"}


def test_a_large_file_is_read_no_further_than_the_limit(tmp_path, monkeypatch):
    """A sparse file of a terabyte is read only up to the limit, and refused."""
    monkeypatch.setattr(limits, "LARGEST", 1000)
    with (tmp_path / "a.gpx").open("wb") as file:
        file.truncate(1 << 40)
    [member] = members_of(tmp_path)
    with ContainerReader() as reader, pytest.raises(RecordRefused) as caught:
        reader.read(member)
    assert caught.value.code == "FG-file-too-large"


def test_deeply_nested_zips_are_refused(tmp_path, zipped):
    """Zips are read down to the third level, and a zip on the fourth is refused."""
    content = zipped(None, {"a.fit": b"x"})
    for _ in range(4):
        content = zipped(None, {"next.zip": content, "b.fit": b"x"})
    (tmp_path / "a.zip").write_bytes(content)
    assert codes(tmp_path) == {"next.zip": "FG-zip-too-deep"}
    assert names(tmp_path) == ["b.fit"] * 3


def test_an_encrypted_member_is_refused(tmp_path, zipped):
    """An encrypted member is refused by the flag in its header, and its neighbors are read."""
    content = bytearray(zipped(None, {"a.fit": b"x", "b.fit": b"y"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    (tmp_path / "a.zip").write_bytes(content)
    assert codes(tmp_path) == {"a.fit": "FG-file-encrypted"}
    assert names(tmp_path) == ["b.fit"]


@pytest.mark.parametrize("keep", [0.3, 0.98])
def test_a_truncated_zip_is_refused_and_the_others_are_read(tmp_path, zipped, keep):
    """A zip whose download ended early has no central directory and is refused; other zips are
    read.
    """
    content = zipped(None, {f"{number}.fit": os.urandom(500) for number in range(20)})
    (tmp_path / "cut.zip").write_bytes(content[: int(len(content) * keep)])
    zipped(tmp_path / "good.zip", {"a.fit": b"x"})
    assert codes(tmp_path) == {str(tmp_path / "cut.zip"): "FG-zip-broken"}
    assert names(tmp_path) == ["a.fit"]


def test_a_broken_zip_in_a_zip_costs_itself(tmp_path, zipped):
    """A damaged zip in a zip is refused, and its neighbors are read."""
    zipped(tmp_path / "a.zip", {"part.zip": b"PK\x03\x04 and nothing more", "a.fit": b"x"})
    assert codes(tmp_path) == {"part.zip": "FG-zip-broken"}
    assert names(tmp_path) == ["a.fit"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"PK\x03\x04 and nothing more", "the zip is cut off before its end"),
        (b"", "it is empty, as after an interrupted download"),
        (b"<html>Please sign in</html>", "it is not a zip, although its name says so"),
    ],
)
@pytest.mark.parametrize("is_nested", [False, True])
def test_a_zip_that_cannot_be_opened_says_only_what_is_true(
    tmp_path, zipped, content, why, is_nested
):
    """A file that is named as a zip and has no index is cut off, empty or something else. Its
    refusal says which, and that it has to be downloaded again.
    """
    if is_nested:
        zipped(tmp_path / "a.zip", {"part.zip": content})
    else:
        (tmp_path / "part.zip").write_bytes(content)
    with ContainerReader() as reader:
        [refusal] = reader.find([tmp_path])
    assert why in refusal.error.what
    assert refusal.error.fix == "download it again"


def test_an_unsupported_compression_method_is_named(tmp_path, zipped):
    """A member that is compressed with Deflate64, as Windows can do, is refused with a code of its
    own.
    """
    content = bytearray(zipped(None, {"a.fit": b"x" * 100}))
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        content[content.index(signature) + offset] = 9
    (tmp_path / "a.zip").write_bytes(content)
    [member] = members_of(tmp_path)
    with ContainerReader() as reader, pytest.raises(RecordRefused) as caught:
        reader.head(member)
    assert caught.value.code == "FG-zip-packing"


def test_a_pipe_is_skipped(tmp_path):
    """A named pipe in a folder is skipped, because opening it would block."""
    os.mkfifo(tmp_path / "a.fit")
    assert members_of(tmp_path) == []


def test_a_nested_zip_is_unpacked_once_for_all(tmp_path, zipped, monkeypatch):
    """A nested zip is unpacked once for several readers."""
    zipped(tmp_path / "a.zip", {"part.zip": zipped(None, {"a.fit": b"x"})})
    [member] = members_of(tmp_path)
    monkeypatch.setattr(zips.shutil, "copyfileobj", lambda *_: pytest.fail("unpacked again"))
    with ContainerReader() as reader:
        assert reader.read(member) == b"x"


def test_a_member_whose_bytes_broke_is_refused_when_it_is_read(tmp_path):
    """A member with changed bytes is refused by its checksum when it is read."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.gpx", b"some content")
    (tmp_path / "a.zip").write_bytes(buffer.getvalue().replace(b"some content", b"some cOntent"))
    [member] = members_of(tmp_path)
    with ContainerReader() as reader, pytest.raises(RecordRefused) as caught:
        reader.read(member)
    assert caught.value.code == "FG-zip-broken"


def test_a_nested_zip_that_is_too_large_names_the_limit_of_zips(tmp_path, monkeypatch):
    """The limit for a zip in a zip is another one than that for a workout, and the text says so."""
    outer = tmp_path / "outer.zip"
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("inner.zip", b"x" * 10)
    monkeypatch.setattr("fitglue_files.limits.LARGEST_ZIP", 1)
    with zipfile.ZipFile(outer) as archive, pytest.raises(RecordRefused, match="a zip of more"):
        zips.spooled((str(outer), "inner.zip"), archive)
