"""Files and streams that a person names are read up to a limit, and never waited for."""

from __future__ import annotations

import io
import os

import pytest

from fitglue_files import limits
from fitglue_files.paths import _try_to_read
from fitglue_registry import input_files
from fitglue_registry.dedupe.labeled import read_records
from fitglue_registry.errors import UserMistake
from fitglue_registry.services.plugin_installing import _distribution

#: Each takes a path and reads the file that is there.
READERS = {
    "dev normalize FILE": lambda host, path: host.imports.normalize_saved("intervals", path),
    "dev normalize --streams": lambda host, path: host.imports.normalize_saved(
        "intervals", io.BytesIO(b"{}"), path
    ),
    "dev match": lambda _, path: read_records(path),
}


@pytest.fixture(params=READERS)
def read(request, host):
    """Read the file at a path, as one of the commands does."""
    return lambda path: READERS[request.param](host, path)


def sparse(path, size):
    """Create a file of a size that takes no space on the disk."""
    with path.open("wb") as file:
        file.truncate(size)
    return path


def code_of(read, path):
    """Return the code of the error for a file."""
    with pytest.raises(UserMistake) as raised:
        read(path)
    assert raised.value.at.file == str(path)
    return raised.value.code


def test_the_limit_is_that_of_an_import():
    """A file that an import reads is read by every other command as well."""
    assert input_files.LARGEST_FILE == limits.LARGEST


@pytest.mark.parametrize("size", [input_files.LARGEST_FILE + 1, 1 << 40])
def test_a_file_that_is_too_large_is_refused(read, tmp_path, size):
    """A file of more than 256 MB, sparse or not, is refused before it is read."""
    assert code_of(read, sparse(tmp_path / "large.json", size)) == "FG-file-too-large"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no FIFOs")
def test_a_pipe_is_refused(read, tmp_path):
    """A FIFO is refused at once, even if nobody writes to it."""
    os.mkfifo(tmp_path / "pipe.json")
    assert code_of(read, tmp_path / "pipe.json") == "FG-file-unreadable"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such device")
def test_a_device_is_refused(read, tmp_path):
    """A link to a device that never ends is refused."""
    (tmp_path / "zeros.json").symlink_to("/dev/zero")
    assert code_of(read, tmp_path / "zeros.json") == "FG-file-unreadable"


def test_a_folder_is_refused(read, tmp_path):
    """A folder is refused with words and not with a number of the system."""
    assert code_of(read, tmp_path) == "FG-file-unreadable"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no FIFOs")
def test_a_pipe_beside_a_payload_is_not_read(host, tmp_path):
    """A FIFO with the name of the file of streams is no file of streams."""
    (tmp_path / "saved.json").write_text('{"id": "i1"}')
    os.mkfifo(tmp_path / "saved.streams.json")
    assert host.imports.normalize_saved("intervals", tmp_path / "saved.json")


def test_streams_beside_a_payload_have_the_same_limit(host, tmp_path):
    """A file of streams beside the payload that is too large is refused with its own name."""
    (tmp_path / "saved.json").write_text('{"id": "i1"}')
    streams = sparse(tmp_path / "saved.streams.json", 1 << 40)
    with pytest.raises(UserMistake) as raised:
        host.imports.normalize_saved("intervals", tmp_path / "saved.json")
    assert (raised.value.code, raised.value.at.file) == ("FG-file-too-large", str(streams))


def test_a_stream_is_read_up_to_the_limit(monkeypatch):
    """Reading a stream stops one byte behind the limit."""
    monkeypatch.setattr(input_files, "LARGEST_FILE", 10)
    stream = io.BytesIO(b"x" * 100)
    with pytest.raises(UserMistake, match="it has more than"):
        input_files.read_stream(stream)
    assert stream.tell() == 11


def test_a_stream_of_the_largest_size_is_read(monkeypatch):
    """A stream of exactly the largest size is returned as a whole."""
    monkeypatch.setattr(input_files, "LARGEST_FILE", 10)
    assert input_files.read_stream(io.BytesIO(b"x" * 10)) == b"x" * 10


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no FIFOs")
def test_a_plugin_folder_with_a_pipe_is_not_waited_for(tmp_path):
    """The pyproject.toml of a folder to install may be a FIFO, which is not opened for long."""
    os.mkfifo(tmp_path / "pyproject.toml")
    assert _distribution(f"{tmp_path}{os.sep}") == tmp_path.name.partition("-")[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with a name")
@pytest.mark.parametrize("open_it", [input_files.try_to_open, _try_to_read])
def test_a_pipe_in_place_of_a_file_is_not_waited_for(tmp_path, open_it):
    """A pipe that takes the place of a file after it was looked at is an error, and never opened
    in a way that waits for somebody who writes to it.
    """
    (tmp_path / "ride.fit").write_bytes(b"x")
    open_it(tmp_path / "ride.fit")
    os.mkfifo(tmp_path / "pipe.fit")
    with pytest.raises(OSError, match="regular file"):
        open_it(tmp_path / "pipe.fit")
