"""What is read from folders and zips, and what is refused by name while the other files are
read.
"""

from __future__ import annotations

import io
import os
import struct
import subprocess
import zipfile

import pytest

from fitglue_files import limits, opening, zips
from fitglue_files.containers import ContainerReader
from fitglue_files.members import Member, Refusal, read_order
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


def test_a_nested_zip_is_unpacked_once_for_all_its_members(tmp_path, zipped, monkeypatch):
    """A nested zip is unpacked once for all of its members, not once for each of them."""
    zipped(tmp_path / "a.zip", {"part.zip": zipped(None, {"a.fit": b"x", "b.fit": b"y"})})
    first, second = members_of(tmp_path)
    with ContainerReader() as reader:
        assert reader.read(first) == b"x"
        monkeypatch.setattr(zips.shutil, "copyfileobj", lambda *_: pytest.fail("unpacked again"))
        assert reader.read(second) == b"y"


def test_only_a_few_nested_zips_are_unpacked_at_a_time(tmp_path, zipped):
    """Of many nested zips, as many as there may be levels are unpacked at the same time."""
    parts = {f"part{number}.zip": zipped(None, {"a.fit": b"x"}) for number in range(9)}
    zipped(tmp_path / "a.zip", parts)
    with ContainerReader() as reader:
        members = list(reader.find([tmp_path]))
        assert len(members) == 9
        assert len(reader._spools._zips._open) == limits.DEEPEST


def test_members_of_a_nested_zip_are_read_one_after_the_other():
    """Members of nested zips are grouped by their zip, at the place of the newest of them, so that
    each zip is unpacked once.
    """
    newest = Member(("a.zip", "1.zip", "a.fit"), 9.0, 1, "")
    oldest = Member(("a.zip", "1.zip", "b.fit"), 1.0, 1, "")
    between = Member(("a.zip", "2.zip", "c.fit"), 5.0, 1, "")
    plain = Member(("d.fit",), 4.0, 1, "")
    assert read_order([oldest, plain, between, newest]) == [newest, oldest, between, plain]


def test_a_nested_zip_that_unpacks_to_many_times_its_size_is_refused(tmp_path, zipped):
    """A zip that shrinks when it is put into another one is a bomb, because a real one is
    compressed already.
    """
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("zeros.fit", bytes(20 << 20))
    zipped(tmp_path / "a.zip", {"inner.zip": inner.getvalue(), "good.gpx": b"x"})
    assert codes(tmp_path) == {"inner.zip": "FG-zip-bomb"}
    assert names(tmp_path) == ["good.gpx"]


def test_zips_in_zips_have_one_budget(tmp_path, zipped, monkeypatch):
    """Nested zips that are harmless alone are refused if they unpack to too much together, on
    whichever level they are; what was within the budget is read.
    """
    monkeypatch.setattr(limits, "BOMB_SIZE", 10_000)
    monkeypatch.setattr(limits, "BOMB_RATIO", 30)
    noise = os.urandom(300)
    inner = zipped(None, {"x.fit": noise + bytes(9_000)})
    middle = {f"{number}.zip": inner for number in range(3)}
    outer = {f"{number}.zip": zipped(None, middle) for number in range(30)}
    zipped(tmp_path / "a.zip", outer | {"good.gpx": b"x"})
    refused = codes(tmp_path)
    assert set(refused.values()) == {"FG-zip-bomb"}
    assert 0 < len(refused) < 90
    assert {"good.gpx", "x.fit"} <= set(names(tmp_path))


def test_a_zip_with_more_members_than_an_archive_is_refused(tmp_path, zipped, monkeypatch):
    """A zip with more members than any archive of its size is refused, also if they are in zips in
    it; another file is read.
    """
    monkeypatch.setattr(limits, "MANY_MEMBERS", 100)
    many = zipped(None, {f"{number}.fit": b"" for number in range(101)})
    (tmp_path / "a.zip").write_bytes(many)
    zipped(tmp_path / "b.zip", {"inner.zip": many, "other.zip": many})
    (tmp_path / "good.gpx").write_bytes(b"x")
    refused = codes(tmp_path)
    assert list(map(os.path.basename, refused)) == ["a.zip", "inner.zip", "other.zip"]
    assert set(refused.values()) == {"FG-zip-bomb"}
    assert names(tmp_path) == [str(tmp_path / "good.gpx")]


@pytest.mark.parametrize("comment", [b"", b"a comment"])
def test_a_zip_whose_index_would_fill_the_memory_is_not_opened(
    tmp_path, zipped, monkeypatch, comment
):
    """A zip is refused by the stated size of its index, before the index is read."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.comment = comment
        archive.writestr("a.gpx", b"x")
    assert names(tmp_path) == ["a.gpx"]
    monkeypatch.setattr(limits, "LARGEST_INDEX", 50)
    assert set(codes(tmp_path).values()) == {"FG-zip-bomb"}


def test_the_index_of_a_zip_of_more_than_4_gigabytes_is_measured(tmp_path, monkeypatch):
    """A zip that states the size of its index in the zip64 record is refused by that size."""
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.gpx", b"x")
        archive.writestr("b.gpx", b"x")
    assert names(tmp_path) == ["a.gpx", "b.gpx"]
    monkeypatch.setattr(limits, "LARGEST_INDEX", 60)
    assert set(codes(tmp_path).values()) == {"FG-zip-bomb"}


@pytest.mark.parametrize("hidden_by", ["a second signature", "a misleading place"])
def test_a_hidden_size_of_an_index_is_bounded_too(tmp_path, monkeypatch, hidden_by):
    """A large index is not read if the record that states its size can be missed: because the
    signature of a record is repeated in it, or because the stated place of the record is wrong.
    """
    signature = int.from_bytes(b"PK\5\6", "little")
    index = 1 << 20
    at = index + 4
    record = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, index, 4)
    place = at if hidden_by == "a second signature" else 0
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, place, 1)
    offset = signature if hidden_by == "a second signature" else 0xFFFFFFFF
    end = struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, 1, 1, 0xFFFFFFFF, offset, 0)
    with (tmp_path / "a.zip").open("wb") as file:
        file.write(b"PK\3\4")
        file.truncate(at)
        file.seek(at)
        file.write(record + locator + end)
    monkeypatch.setattr(limits, "SMALL_INDEX", index - 1)
    monkeypatch.setattr(limits, "LARGEST_INDEX", index - 1)
    assert set(codes(tmp_path).values()) == {"FG-zip-bomb"}


def test_a_zip_that_takes_too_much_memory_costs_only_itself(tmp_path, zipped, monkeypatch):
    """A zip whose opening ends with a MemoryError is refused by name, and the others are read."""
    zipped(tmp_path / "a.zip", {"a.gpx": b"x"})
    zipped(tmp_path / "b.zip", {"b.gpx": b"x", "c.gpx": b"x"})
    opened = zipfile.ZipFile

    def open_or_fail(file):
        if file.seek(0, os.SEEK_END) == (tmp_path / "a.zip").stat().st_size:
            raise MemoryError
        return opened(file)

    monkeypatch.setattr(zipfile, "ZipFile", open_or_fail)
    assert codes(tmp_path) == {str(tmp_path / "a.zip"): "FG-file-too-large"}
    assert names(tmp_path) == ["b.gpx", "c.gpx"]


def test_only_some_zips_of_a_folder_are_open_at_a_time(tmp_path, zipped, monkeypatch):
    """A folder may have more zips than a process may have open files, and each can be read after
    all were found.
    """
    monkeypatch.setattr(limits, "MOST_OPEN", 2)
    for number in range(5):
        zipped(tmp_path / f"{number}.zip", {f"{number}.gpx": str(number).encode()})
    with ContainerReader() as reader:
        members = list(reader.find([tmp_path]))
        assert [reader.read(member) for member in members] == [b"0", b"1", b"2", b"3", b"4"]
        assert len(reader._zips._open) == 2


def test_a_link_in_a_folder_is_skipped_and_counted(tmp_path):
    """A symbolic link inside a folder is not followed, whether it leads to a file or a folder."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_bytes(b"key")
    folder = tmp_path / "rides"
    folder.mkdir()
    (folder / "ride.fit").symlink_to(secret / "key")
    (folder / "more").symlink_to(secret)
    (folder / "good.fit").write_bytes(b"x")
    with ContainerReader() as reader:
        members = list(reader.find([folder]))
        assert [member.location[-1] for member in members] == [str(folder / "good.fit")]
        assert reader.links == [(str(folder / "more"),), (str(folder / "ride.fit"),)]


def test_a_file_that_became_a_link_is_not_read(tmp_path):
    """A file that is replaced by a link after it was listed is refused when it is read."""
    (tmp_path / "secret").write_bytes(b"key")
    (tmp_path / "ride.fit").write_bytes(b"x")
    member = next(item for item in members_of(tmp_path) if item.name.endswith("ride.fit"))
    (tmp_path / "ride.fit").unlink()
    (tmp_path / "ride.fit").symlink_to(tmp_path / "secret")
    with ContainerReader() as reader, pytest.raises(RecordRefused):
        reader.read(member)


def test_a_folder_that_became_a_link_is_not_read(tmp_path):
    """A file is refused if a folder on its path is replaced by a link after it was listed."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "ride.fit").write_bytes(b"key")
    (tmp_path / "rides").mkdir()
    (tmp_path / "rides" / "ride.fit").write_bytes(b"x")
    [member] = members_of(tmp_path / "rides")
    (tmp_path / "rides").rename(tmp_path / "moved")
    (tmp_path / "rides").symlink_to(tmp_path / "secret")
    with ContainerReader() as reader, pytest.raises(RecordRefused):
        reader.read(member)


def test_a_link_that_the_athlete_names_is_followed(tmp_path):
    """A path that is itself a link is resolved once, because the athlete named it."""
    (tmp_path / "rides").mkdir()
    (tmp_path / "rides" / "a.fit").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "rides")
    assert names(tmp_path / "link") == [str(tmp_path / "rides" / "a.fit")]


@pytest.fixture
def deepest(tmp_path):
    """A file below more folders than Python can call functions, and than a path can have."""
    handle = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1300):
        os.mkdir("deep", dir_fd=handle)
        following = os.open("deep", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = following
    file = os.open("a.fit", os.O_WRONLY | os.O_CREAT, dir_fd=handle)
    os.write(file, b"x")
    os.close(file)
    os.close(handle)
    yield tmp_path
    # The functions of Python that remove folders call themselves for each level.
    subprocess.run(["rm", "-rf", str(tmp_path / "deep")], check=True)


def test_folders_may_nest_in_any_depth(deepest):
    """A file below very many folders is found and read."""
    [member] = members_of(deepest)
    with ContainerReader() as reader:
        assert reader.read(member) == b"x"


def test_a_file_below_many_folders_is_opened_from_the_nearest(deepest, monkeypatch):
    """The folders on the way to a file stay open for the next one, as many as a process may have,
    so that folders of any depth take a time in proportion to their number.
    """
    opened = []
    open_one = os.open

    def counting(path, flags, **options):
        opened.append(path)
        return open_one(path, flags, **options)

    monkeypatch.setattr(os, "open", counting)
    [member] = members_of(deepest)
    with ContainerReader() as reader:
        assert reader.read(member) == reader.read(member) == b"x"
    # Two for each folder while it is searched, and one when it is read.
    assert len(opened) < 4 * 1_300


def test_siblings_of_folders_of_any_depth_are_searched(deepest):
    """A folder beside each folder on the way down is searched, from handles that are still open or
    were closed meanwhile.
    """
    handle = os.open(deepest, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("side", dir_fd=handle)
        side = os.open("side", os.O_RDONLY, dir_fd=handle)
        os.close(os.open("b.fit", os.O_WRONLY | os.O_CREAT, dir_fd=side))
        following = os.open("deep", os.O_RDONLY, dir_fd=handle)
        os.close(side)
        os.close(handle)
        handle = following
    os.close(handle)
    found = members_of(deepest)
    assert len(found) == 301
    assert all(isinstance(member, Member) for member in found)


def test_paths_that_would_fill_the_memory_are_refused(deepest, monkeypatch):
    """If the paths of the files below nested folders have too many characters together, a folder
    is refused by name; the files above it are found.
    """
    monkeypatch.setattr(opening, "_MOST_CHARACTERS", 10_000)
    handle = os.open(deepest, os.O_RDONLY)
    for _ in range(1_200):
        os.close(os.open("b.fit", os.O_WRONLY | os.O_CREAT, dir_fd=handle))
        following = os.open("deep", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = following
    os.close(handle)
    refused = [item for item in members_of(deepest) if isinstance(item, Refusal)]
    assert len(refused) == 1
    assert "its path is too long" in refused[0].error.what
    assert len(members_of(deepest)) > 800


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
    [refused] = members_of(outer)
    assert "a zip of more" in refused.error.what


# -- sizes on the disk -----------------------------------------------------------------------------


def packed_sizes(path):
    return {item.name: item.packed_size for item in members_of(path) if isinstance(item, Member)}


def test_a_member_states_how_much_of_its_zip_it_takes(tmp_path, zipped):
    """The size of a member in its zip is known, because what a zip may take depends on it."""
    path = tmp_path / "a.zip"
    zipped(path, {"small.fit": b"x", "zeros.fit": bytes(100_000)})
    sizes = packed_sizes(path)
    assert sizes["small.fit"] < sizes["zeros.fit"] < path.stat().st_size


def test_members_take_no_more_than_their_zip_whatever_it_states(tmp_path, zipped):
    """A member whose stated size is larger than its zip takes no more than the zip."""
    path = tmp_path / "a.zip"
    zipped(path, {"a.fit": b"x" * 9, "b.fit": b"y" * 9})
    content = path.read_bytes()
    stated = content.rindex(b"PK\x01\x02") + 20
    path.write_bytes(content[:stated] + struct.pack("<L", 50_000_000) + content[stated + 4 :])
    assert sum(packed_sizes(path).values()) <= path.stat().st_size


def test_members_of_a_zip_in_a_zip_take_what_the_inner_one_takes(tmp_path, zipped):
    """A zip in a zip that shrinks gives its members no more than the bytes on the disk."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("zeros.fit", bytes(1_000_000))
    path = tmp_path / "a.zip"
    zipped(path, {"inner.zip": inner.getvalue()})
    assert packed_sizes(path)["zeros.fit"] < path.stat().st_size < 10_000
