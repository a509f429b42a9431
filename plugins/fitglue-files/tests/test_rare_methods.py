"""Tests of zips that are packed with bzip2 or LZMA: they are read, and never beyond what they
state.
"""

from __future__ import annotations

import io
import random
import struct
import tracemalloc
import zipfile

import pytest

from fitglue_files import rare_methods
from fitglue_files.containers import ContainerReader
from fitglue_files.members import Member, Refusal
from fitglue_registry.errors import RecordRefused

METHODS = pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
_LARGE = random.Random(7).randbytes(1_200_000)
#: The offset of the packed bytes in a zip whose first member is called a.fit.
_PACKED = 30 + len("a.fit")


def packed(members, method) -> bytes:
    """Return a zip of some members that are packed with a method."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def claiming(content: bytes, size: int, claimed: int) -> bytes:
    """Return a zip that states another size for a member."""
    return content.replace(struct.pack("<L", size), struct.pack("<L", claimed))


def contents(path):
    """Return the content of each member, or the code because of which it is refused."""
    read = {}
    with ContainerReader() as reader:
        for item in reader.find([path]):
            if isinstance(item, Refusal):
                read[item.name] = item.error.code
                continue
            try:
                read[item.name] = reader.read(item)
            except RecordRefused as error:
                read[item.name] = error.code
    return read


@METHODS
def test_a_member_is_read_whatever_it_is_packed_with(tmp_path, method):
    """Members of any size that are packed with bzip2 or LZMA are read completely."""
    members = {"empty.fit": b"", "small.fit": b"ride" * 100, "large.fit": _LARGE}
    (tmp_path / "a.zip").write_bytes(packed(members, method))
    assert contents(tmp_path) == members


@METHODS
def test_a_zip_in_a_zip_is_read_whatever_it_is_packed_with(tmp_path, method):
    """A zip in a zip is read, also if both are packed with a rare method."""
    inner = packed({"a.fit": b"ride"}, method)
    (tmp_path / "a.zip").write_bytes(packed({"inner.zip": inner}, method))
    assert contents(tmp_path) == {"a.fit": b"ride"}


@METHODS
@pytest.mark.parametrize("claimed", [1_000, 1_500_000])
def test_nothing_is_unpacked_beyond_the_stated_size(tmp_path, method, claimed):
    """A member that unpacks to more than its zip states is refused without unpacking the rest, and
    its neighbor is read.
    """
    size = 20_000_000
    content = packed({"a.fit": bytes(size), "good.fit": b"ride"}, method)
    (tmp_path / "a.zip").write_bytes(claiming(content, size, claimed))
    tracemalloc.start()
    read = contents(tmp_path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert read == {"a.fit": "FG-zip-bomb", "good.fit": b"ride"}
    assert most < 8_000_000


def test_a_member_that_states_a_bomb_is_refused_before_it_is_opened(tmp_path):
    """The ratio of the stated sizes counts for these methods as for others."""
    (tmp_path / "a.zip").write_bytes(packed({"a.fit": bytes(20_000_000)}, zipfile.ZIP_LZMA))
    assert contents(tmp_path) == {"a.fit": "FG-zip-bomb"}


def test_a_dictionary_of_gigabytes_takes_no_more_than_the_member(tmp_path, monkeypatch):
    """LZMA's dictionary, for which a zip can state 4 GiB, is no larger than the member."""
    import lzma

    content = bytearray(packed({"a.fit": b"ride" * 100}, zipfile.ZIP_LZMA))
    properties = _PACKED + 4
    content[properties + 1 : properties + 5] = b"\xff" * 4
    (tmp_path / "a.zip").write_bytes(content)
    made = lzma.LZMADecompressor
    sizes = []

    def note(container, filters):
        sizes.append(filters[0]["dict_size"])
        return made(container, filters=filters)

    monkeypatch.setattr(lzma, "LZMADecompressor", note)
    assert contents(tmp_path) == {"a.fit": b"ride" * 100}
    assert max(sizes) == 4096


@METHODS
@pytest.mark.parametrize("offset", [0, 2, 4, 9, 40])
def test_a_damaged_member_costs_only_itself(tmp_path, method, offset):
    """A member whose packed bytes are damaged anywhere is refused, and its neighbor is read."""
    content = bytearray(packed({"a.fit": b"ride%d" % 4 * 90, "good.fit": b"ride"}, method))
    for position in range(_PACKED + offset, _PACKED + offset + 4):
        content[position] ^= 0x5A
    (tmp_path / "a.zip").write_bytes(content)
    read = contents(tmp_path)
    assert read["good.fit"] == b"ride"
    # The number of LZMA's version is of no importance.
    assert read["a.fit"] in ("FG-zip-broken", "FG-zip-bomb", b"ride4" * 90)


def test_many_members_that_cannot_be_unpacked_cost_little(tmp_path, monkeypatch):
    """After some members of a zip could not be unpacked, no more of them are tried."""
    size = 2_000_000
    members = {f"{number:02}.fit": bytes(size) for number in range(40)}
    content = claiming(packed(members, zipfile.ZIP_BZIP2), size, 1000)
    (tmp_path / "a.zip").write_bytes(content)
    tried = []
    make = rare_methods.METHODS[zipfile.ZIP_BZIP2]
    monkeypatch.setitem(
        rare_methods.METHODS,
        zipfile.ZIP_BZIP2,
        lambda *values: (tried.append(1), make(*values))[1],
    )
    codes = list(contents(tmp_path).values())
    assert (codes.count("FG-zip-bomb"), codes.count("FG-zip-broken")) == (20, 20)
    assert len(tried) == 20


def test_the_beginning_of_a_large_member_is_read_without_the_rest(tmp_path):
    """The first bytes of a large member are read without unpacking all of it."""
    (tmp_path / "a.zip").write_bytes(packed({"a.fit": _LARGE}, zipfile.ZIP_LZMA))
    with ContainerReader() as reader:
        [member] = reader.find([tmp_path])
        assert isinstance(member, Member)
        assert reader.head(member, 100) == _LARGE[:100]
