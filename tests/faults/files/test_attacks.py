"""Tests of files that are made to do harm: each costs only itself, and little time and memory.

Each attack lies beside a good file in a folder, which a child process imports. The quick tests use
a tenth of the size of the slow ones.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.faults.files.conftest import gpx, zipped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: The most time and resident memory that an attack at full size may take.
_MOST_S = 40.0
_MOST_MIB = 700
CHILD = """
import json, resource, sys, time
from fitglue_registry import Host, Policy

started = time.perf_counter()
with Host(sys.argv[1], policy=Policy.personal()) as host:
    for event in host.import_paths([sys.argv[2]]):
        pass
    titles = [activity["title"] for activity in host.activities()]
    left = [record["code"] for record in host.records.quarantine()]
who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
used = [resource.getrusage(processes).ru_maxrss for processes in who]
took_s = time.perf_counter() - started
print(json.dumps({"titles": titles, "codes": left, "took_s": took_s, "mib": max(used) / 1024}))
"""


def member(content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip with one member ``x.gpx``, packed with a method."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("x.gpx", content)
    return buffer.getvalue()


def claiming(content: bytes, size: int) -> bytes:
    """Return a zip with one member whose index claims that it unpacks to 1,000 bytes."""
    return content.replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little"))


def packed(scale: int, method: int) -> bytes:
    """Return a zip whose member unpacks to far more than it claims."""
    size = scale * 20_000_000
    return claiming(member(bytes(size), method), size)


def nested_zips(scale: int) -> dict[str, bytes]:
    """Return a zip of zips, each of which unpacks to many times its size."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("zeros.fit", bytes(20_000_000))
    parts = {f"{number}.zip": inner.getvalue() for number in range(scale)}
    return {"zips.zip": zipped(parts)}


def trackpoints(scale: int) -> bytes:
    """Return a GPX whose track points are inside one another."""
    point = b'<trkpt lat="47" lon="11">'
    return b'<gpx version="1.1"><trk><trkseg>' + point * (20_000 * scale)


def long_name(scale: int) -> bytes:
    """Return a GPX whose name is a page of a million spaces."""
    name = b"&lt;p&gt;" + b" " * (100_000 * scale) + b"&lt;/p&gt;"
    return gpx(9).replace(b"<trk>", b"<trk><name>" + name + b"</name>")


def in_code_page(_: int) -> bytes:
    """Return a GPX that hides a document type in an encoding that only some parsers know."""
    text = '<?xml version="1.0" encoding="unicode_escape"?>\\x3c!DOCTYPE gpx\\x3e<gpx/>'
    return text.encode()


#: Attack → what makes its files from the scale, 1 for the quick test and 10 for the slow one.
ATTACKS: dict[str, Callable[[int], dict[str, bytes]]] = {
    "bzip2 that unpacks to gigabytes": lambda scale: {"x.zip": packed(scale, zipfile.ZIP_BZIP2)},
    "LZMA that unpacks to gigabytes": lambda scale: {"x.zip": packed(scale, zipfile.ZIP_LZMA)},
    "a GPX that repeats xmlns": lambda scale: {
        "x.gpx.gz": gzip.compress(b"<gpx" + b" xmlns" * (60_000 * scale) + b">")
    },
    "track points inside track points": lambda scale: {"x.gpx": trackpoints(scale)},
    "a GPX of gigabytes of zeros": lambda scale: {
        "x.gpx.gz": gzip.compress(bytes(1 << 20)) * (100 * scale)
    },
    "zips that unpack to gigabytes": nested_zips,
    "an encoding that hides a document type": lambda scale: {"x.gpx": in_code_page(scale)},
    "a title of a million spaces": lambda scale: {"x.gpx": long_name(scale)},
}


def attack(tmp_path: Path, files: dict[str, bytes]) -> dict[str, object]:
    """Import a folder with these files and a good one, and return what became of them."""
    folder = tmp_path / "rides"
    folder.mkdir(exist_ok=True)
    (folder / "good.gpx").write_bytes(gpx(0).replace(b"<trk>", b"<trk><name>good</name>"))
    for name, content in files.items():
        (folder / name).write_bytes(content)
    arguments = [sys.executable, "-c", CHILD, str(tmp_path / "home"), str(folder)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=240, check=True)
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_costs_only_itself(tmp_path, name):
    """A file that is made to do harm is refused or read, and a good file beside it arrives."""
    result = attack(tmp_path, ATTACKS[name](1))
    assert "good" in result["titles"]
    assert result["mib"] <= _MOST_MIB


@pytest.mark.long
@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_at_full_size_is_bounded(tmp_path, name, reliability):
    """A large file that is made to do harm takes at most 40 seconds and 700 MiB, and a good file
    beside it arrives.
    """
    result = attack(tmp_path, ATTACKS[name](10))
    assert "good" in result["titles"]
    assert result["took_s"] <= _MOST_S
    assert result["mib"] <= _MOST_MIB
    reliability(
        "files",
        f"{name}, beside a good file",
        lost=0,
        seen="at most 40 s and 700 MiB; the good file arrives",
    )


def test_a_link_brings_nothing_into_the_store(tmp_path):
    """A link in an imported folder, such as one to a key, brings nothing into the store."""
    secret = tmp_path / "id_ed25519"
    secret.write_text("a private key")
    folder = tmp_path / "rides"
    folder.mkdir()
    (folder / "ride.fit").symlink_to(secret)
    (folder / "environ.gpx").symlink_to("/proc/self/environ")
    result = attack(tmp_path, {})
    assert result["titles"] == ["good"]
    assert result["codes"] == []
    for path in (tmp_path / "home").rglob("*"):
        if path.is_file():
            assert b"a private key" not in path.read_bytes()


def test_a_sparse_file_takes_no_time(tmp_path):
    """A sparse file of a terabyte is refused by its size, and the good file beside it arrives."""
    folder = tmp_path / "rides"
    folder.mkdir()
    with (folder / "x.gpx").open("wb") as file:
        file.truncate(1 << 40)
    assert attack(tmp_path, {})["titles"] == ["good"]


def test_very_deep_folders_are_read(tmp_path):
    """Folders that are nested more deeply than Python can call functions are searched."""
    folder = tmp_path / "rides"
    folder.mkdir()
    handle = os.open(folder, os.O_RDONLY)
    for _ in range(1300):
        os.mkdir("deep", dir_fd=handle)
        following = os.open("deep", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = following
    os.close(handle)
    try:
        assert attack(tmp_path, {})["titles"] == ["good"]
    finally:
        # The functions of Python that remove folders call themselves for each level.
        subprocess.run(["rm", "-rf", str(folder / "deep")], check=True)
