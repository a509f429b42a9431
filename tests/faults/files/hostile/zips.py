"""Zips that are made to do harm."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from functools import partial
from typing import TYPE_CHECKING

from tests.faults.files.conftest import gpx, zipped
from tests.faults.files.hostile.attack import Attack, file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_BOMB = "unpacks to hundreds of times its size"
_PACKING = "unpacks to more bytes than the zip states"
#: Bytes that the member of a bomb unpacks to.
_FULL = 1_000_000_000
_CLAIMED = 1000
#: A nested zip up to this size is no bomb in itself.
_HARMLESS = 15 << 20
#: The beginning of an entry of an index: versions, flags, method, time, date, checksum, two sizes.
_ENTRY = (20, 20, 0, 0, 0, 33, 0, 0, 0)


def _member(size: int, method: int) -> bytes:
    """Return a zip with one member of zeros, packed with a method."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive, archive.open("x.gpx", "w") as member:
        for _ in range(size // 1_000_000):
            member.write(bytes(1_000_000))
    return buffer.getvalue()


def _lying(method: int, share: float) -> bytes:
    """Return a zip whose member unpacks to far more than its index claims."""
    size = int(_FULL * share) // 1_000_000 * 1_000_000
    content = _member(size, method)
    return content.replace(size.to_bytes(4, "little"), _CLAIMED.to_bytes(4, "little"))


def _lying_inside(share: float) -> bytes:
    return zipped({"y.zip": _lying(zipfile.ZIP_BZIP2, share)})


def _many_lying(share: float) -> bytes:
    """Return a zip of thousands of members that unpack to far more than its index claims."""
    one = _lying(zipfile.ZIP_BZIP2, 0.04)
    index = one.index(b"PK\1\2")
    end = one.index(b"PK\5\6")
    member, entry = one[:index], one[index:end]
    count = int(5000 * share)
    entries = []
    for number in range(count):
        # The offset is the last number of an entry before its name.
        changed = entry[:42] + struct.pack("<L", number * len(member)) + entry[46:]
        entries.append(changed.replace(b"x.gpx", b"%05d" % number))
    members = b"".join(member.replace(b"x.gpx", b"%05d" % number) for number in range(count))
    sizes = count, count, sum(map(len, entries)), len(members)
    return members + b"".join(entries) + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, *sizes, 0)


def _huge_dictionary(share: float) -> bytes:
    """Return a zip with a member whose LZMA dictionary has 4 GiB."""
    content = bytearray(_lying(zipfile.ZIP_LZMA, share))
    # The properties come after the header of the member with its name, and four bytes.
    start = 30 + len("x.gpx") + 5
    content[start : start + 4] = b"\xff" * 4
    return bytes(content)


PACKINGS = [
    Attack(
        "a member packed with bzip2", file("x.zip", partial(_lying, zipfile.ZIP_BZIP2)), _PACKING
    ),
    Attack("a member packed with LZMA", file("x.zip", partial(_lying, zipfile.ZIP_LZMA)), _PACKING),
    Attack("a member packed with bzip2 in a zip in a zip", file("x.zip", _lying_inside), _PACKING),
    Attack("a member with an LZMA dictionary of 4 GiB", file("x.zip", _huge_dictionary), _PACKING),
    Attack("thousands of members packed with bzip2", file("x.zip", _many_lying)),
]


def stored(members: Mapping[str, bytes]) -> bytes:
    """Return a zip whose members are not packed."""
    return _zip(members, zipfile.ZIP_STORED)


def _packed(members: Mapping[str, bytes]) -> bytes:
    """Return a zip whose members are packed quickly."""
    return _zip(members, zipfile.ZIP_DEFLATED)


def _zip(members: Mapping[str, bytes], method: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _large_index(
    index: int,
    folder: Path,
    share: float,
    *,
    hidden: bool = False,
) -> None:
    """Write a zip of 4 GB that takes no space on the disk, and whose end states a huge index.

    If it is hidden, the place that is stated for the record with its size is another one, which
    zipfile does not look at.
    """
    size = int(index * share)
    whole = (4 << 30) - 1
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, size, whole - size)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, 4 if hidden else whole, 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 0 if hidden else 2**32 - 1, 0, 0)
    with (folder / "x.zip").open("wb") as file:
        file.write(b"PK\3\4")
        file.truncate(whole)
        file.seek(whole)
        file.write(record + locator + end)


def _many_entries(share: float) -> bytes:
    """Return a zip with an index of 1.5 million members, none of which is there."""
    number = int(1_500_000 * share)
    entries = []
    for position in range(number):
        name = b"%06x.fit" % position
        entries.append(struct.pack("<4s6H3L5H2L", b"PK\1\2", *_ENTRY, len(name), *[0] * 6) + name)
    index = b"".join(entries)
    start = b"PK\3\4"
    record = struct.pack(
        "<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, number, number, len(index), len(start)
    )
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(start) + len(index), 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, *[2**16 - 1] * 2, *[2**32 - 1] * 2, 0)
    return start + index + record + locator + end


INDEXES = [
    Attack("a sparse zip with an index of 3 GB", partial(_large_index, 3 << 30), "more files"),
    Attack(
        "a sparse zip that hides that its index has 900 MB",
        partial(_large_index, 900 << 20, hidden=True),
        "more files",
    ),
    Attack("a zip with an index of 1.5 million files", file("x.zip", _many_entries), "more files"),
]


def _zips_of_zeros(share: float) -> bytes:
    """Return a zip of zips, each of which unpacks to many times its size."""
    inner = stored({"zeros.fit": bytes(20_000_000)})
    return _packed({f"{number}.zip": inner for number in range(int(90 * share))})


def _harmless_zips(share: float) -> bytes:
    """Return a zip of zips that are small enough to be harmless, but so many that they are not."""
    inner = stored({"zeros.fit": bytes(_HARMLESS)})
    return _packed({f"{number}.zip": inner for number in range(int(150 * share))})


def _zips_in_zips(share: float) -> bytes:
    """Return a zip of zips of zips, in which none shrinks by more than real files, and which
    together unpack to hundreds of gigabytes.
    """
    noise = random.Random(15).randbytes(24_000)
    inner = stored({"zeros.fit": noise + bytes(4_000_000)})
    middle = zipped({f"{number:03}.zip": inner for number in range(500)})
    return zipped({f"{number:03}.zip": middle for number in range(int(60 * share))})


def _many_members(share: float) -> bytes:
    """Return a zip of zips with so many members that their names would fill the memory."""
    count = int(140_000 * share)
    inner = stored({f"{number:06}.fit": b"" for number in range(count)})
    return _packed({f"{number}.zip": inner for number in range(10)})


def _empty_members(share: float) -> bytes:
    """Return a zip with as many empty members as a small file may have."""
    return _packed({f"{number:05}.fit": b"" for number in range(int(9_900 * share))})


def _unpackable(share: float) -> bytes:
    """Return a zip of zips that do not shrink, as those of a real archive."""
    noise = random.Random(15)
    zips = {}
    for number in range(int(60 * share)):
        content = stored({"noise.fit": noise.randbytes(3_000_000), f"{number}.gpx": gpx(number)})
        zips[f"{number}.zip"] = content
    return stored(zips)


NESTED = [
    Attack("zips that unpack to gigabytes", file("x.zip", _zips_of_zeros), _BOMB),
    Attack("many zips that are harmless alone", file("x.zip", _harmless_zips), _BOMB),
    Attack("zips in zips that are harmless alone", file("x.zip", _zips_in_zips), _BOMB),
    Attack("zips of hundreds of thousands of members", file("x.zip", _many_members), "more files"),
    Attack("a zip of thousands of empty files", file("x.zip", _empty_members)),
    Attack("zips that do not shrink", file("x.zip", _unpackable)),
]
