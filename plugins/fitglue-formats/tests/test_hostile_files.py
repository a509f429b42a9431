"""The time and the memory that hostile files take: each is read or refused, and none takes more
than a declared share.

A tenth of the size is read in the quick suite, and the full size in the slow one.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from fitglue_formats.fit.frames import file_header
from fitglue_formats.testing import GPX_HEAD, T0, FitFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    sys.platform != "linux",
    reason="it forks, and reads the memory from /proc",
)

_POINT = (
    '<trkpt lat="47.{0:06}" lon="11.1"><time>2026-05-{1:02}T{2:02}:{3:02}:{4:02}Z</time></trkpt>'
)
#: A process of its own forks once for each file, because the highest memory of a process never
#: falls. The time is CPU time, because other tests run at the same time.
_PROGRAM = """
import json, os, resource, sys
from pathlib import Path
import fitglue_formats.fit.reader, fitglue_formats.gpx, fitglue_formats.tcx
from fitglue_formats import activities
from fitglue_registry.errors import RecordRefused
for path in sys.argv[1:]:
    if os.fork() == 0:
        try:
            outcome = f"{len(activities(Path(path).read_bytes()))} workouts"
        except RecordRefused as error:
            outcome = error.code
        usage = resource.getrusage(resource.RUSAGE_SELF)
        memory = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
        print(json.dumps([path, outcome, usage.ru_utime + usage.ru_stime, memory]), flush=True)
        os._exit(0)
    os.wait()
"""


def repeated(unit: str | bytes, size: float) -> bytes:
    """Return a unit as often as it fits into a size."""
    raw = unit.encode() if isinstance(unit, str) else unit
    return raw * max(int(size) // len(raw), 1)


def points(size: float) -> bytes:
    """Return track points of one recording with a sample each second."""
    made = []
    for index in range(int(size) // 83):
        minutes, second = divmod(index, 60)
        hours, minute = divmod(minutes, 60)
        day, hour = divmod(hours, 24)
        made.append(_POINT.format(index % 1000, day % 28 + 1, hour, minute, second))
    return "".join(made).encode()


_GOOD = points(83 * 5)


def gpx(inside: bytes = b"", before: bytes = b"") -> bytes:
    """Return a GPX with five good points, more in its segment, and more in front of its track."""
    head = GPX_HEAD.encode() + before
    return head + b"<trk><trkseg>" + _GOOD + inside + b"</trkseg></trk></gpx>"


def tcx(inside: bytes, end: bytes = b"</Track></Lap></Activity></TrainingCenterDatabase>") -> bytes:
    """Return a TCX with one lap."""
    return b'<TrainingCenterDatabase><Activity Sport="Biking"><Lap><Track>' + inside + end


def numbered(pattern: str, size: float) -> bytes:
    """Return a pattern with growing numbers, up to a size."""
    count = int(size) // len(pattern.format(1_000_000))
    return "".join(map(pattern.format, range(count))).encode()


def fit(more: bytes) -> bytes:
    """Return a FIT with a good ride, and more messages after it."""
    body = bytes(FitFile().file_id().record(0).record(10).session().body) + more
    return file_header(len(body)) + body + b"\0\0"


def defined(number: int, fields: list[tuple[int, int, int]], data: bytes) -> tuple[bytes, bytes]:
    """Return the definition of a message, and one message."""
    definition = b"".join(map(bytes, fields))
    return struct.pack("<BBBHB", 0x41, 0, 0, number, len(fields)) + definition, b"\1" + data


def many(number: int, fields: list[tuple[int, int, int]], data: bytes, size: float) -> bytes:
    """Return a FIT with many messages of one shape."""
    definition, message = defined(number, fields, data)
    return fit(definition + repeated(message, size))


def wide(number: int, size: float, *, width: int = 1) -> bytes:
    """Return a FIT with many messages that have 255 fields."""
    fields = [(field, width, 2) for field in range(255)]
    return many(number, fields, bytes(range(255)) * width, size)


_TIME = (253, 4, 0x86)
_NOW = struct.pack("<I", T0 + 5)
_UNSAFE = "FG-file-unsafe"
_BEYOND = "FG-file-beyond-limits"
_ONE = "1 workouts"

#: Row of the table of findings → its hostile file and two relatives, each with the bytes at full
#: size, what makes it, and its outcome.
ROWS: dict[str, list[tuple[float, Callable[[float], bytes], str]]] = {
    "xmlns without an equals sign": [
        (
            250e6,
            lambda size: gpx(before=b"<name>" + repeated(" xmlns", size) + b"</name>"),
            _BEYOND,
        ),
        (250e6, lambda size: gpx(before=b"<a" + repeated(" xmlns", size) + b"/>"), _BEYOND),
        (250e6, lambda size: gpx(before=numbered('<a xmlns:n{0}="u"/>', size)), _BEYOND),
    ],
    "points inside points": [
        (250e6, lambda size: tcx(repeated("<Trackpoint>", size), b""), _UNSAFE),
        (250e6, lambda size: gpx(repeated(b"<trkpt>" * 90 + b"</trkpt>" * 90, size)), _UNSAFE),
        (250e6, lambda size: gpx(repeated("<a>", size / 2) + repeated("</a>", size / 2)), _UNSAFE),
    ],
    "messages of FIT": [
        (120e6, lambda size: many(99, [], b"", size), _BEYOND),
        (120e6, lambda size: repeated(many(99, [], b"", 900_000), size), _BEYOND),
        (120e6, lambda size: fit(b"") + repeated(fit(b""), size), _BEYOND),
    ],
    "definitions of FIT": [
        (120e6, lambda size: fit(repeated(defined(99, [], b"")[0], size)), _BEYOND),
        (120e6, lambda size: fit(numbered_definitions(size)), _BEYOND),
        (120e6, lambda size: many(20, [_TIME], _NOW, size), _BEYOND),
    ],
    "sessions of FIT": [
        (120e6, lambda size: wide(18, size), _BEYOND),
        (120e6, lambda size: wide(18, size, width=255), _BEYOND),
        (6e6, lambda size: many(78, [(0, 10, 0x84)], struct.pack("<5H", *[800] * 5), size), _ONE),
    ],
    "fields of samples of FIT": [
        (86e6, lambda size: samples(size / 2) + samples(size / 2), _ONE),
        (86e6, lambda size: samples(size), _ONE),
        (86e6, lambda size: samples(size / 3) * 3, _ONE),
    ],
    "laps of FIT and TCX": [
        (120e6, lambda size: many(19, [_TIME, (2, 4, 0x86)], _NOW * 2, size), _BEYOND),
        (60e6, lambda size: wide(20, size), _ONE),
        (2e6, lambda size: tcx(numbered_laps(size)), _ONE),
    ],
    "memory of GPX": [
        (250e6, lambda size: gpx(before=repeated("<a/>", size)), _BEYOND),
        (250e6, lambda size: gpx(before=repeated(b"<d>" + b"x" * 10**6 + b"</d>", size)), _BEYOND),
        (250e6, lambda size: gpx(b"<trkpt>" + repeated('<a b="c"/>', size)), _BEYOND),
    ],
    "long texts and attributes": [
        (250e6, lambda size: gpx(before=b"<name>" + repeated(" ", size) + b"</name>"), _BEYOND),
        (250e6, lambda size: gpx(before=b"<!--" + repeated("x", size) + b"-->"), _BEYOND),
        (250e6, lambda size: gpx(before=b"<a " + numbered('n{0}="" ', size) + b"/>"), _BEYOND),
    ],
    "real recordings": [
        (80e6, lambda size: gpx(points(size))[:-20], _ONE),
        (160e6, lambda size: gpx(points(size)), _ONE),
        (120e6, lambda size: gpx(points(size)).decode().encode("utf-16"), _ONE),
    ],
}


def numbered_definitions(size: float) -> bytes:
    """Return different definitions of 255 fields each."""
    made = []
    for index in range(int(size) // 771):
        low, high = index & 0xFF, index >> 8 & 0xFF
        fields = [(field, 1, 2) for field in range(253)]
        made.append(defined(99, [(low, 1, 2), (high, 1, 2), *fields], b"")[0])
    return b"".join(made)


def samples(size: float) -> bytes:
    """Return a FIT with a sample each second, all of which have 82 fields."""
    fields = [_TIME, *((field, 1, 2) for field in range(3, 85))]
    values = bytes(range(82))
    definition, _ = defined(20, fields, b"")
    made = [definition]
    for second in range(int(size) // 87):
        made.append(b"\1" + struct.pack("<I", T0 + second) + values)
    return fit(b"".join(made))


def numbered_laps(size: float) -> bytes:
    """Return laps of one point each, whose starts are not stated."""
    made = [b"</Track></Lap>"]
    for index in range(int(size) // 130):
        hour, minute = divmod(index // 60 % 1440, 60)
        time = f"2026-05-03T{hour:02}:{minute:02}:{index % 60:02}Z"
        point = f"<Trackpoint><Time>{time}</Time></Trackpoint>"
        made.append(f"<Lap><Calories>1</Calories><Track>{point}</Track></Lap>".encode())
    return b"".join(made) + b"<Lap><Track>"


def outcomes(paths: list[Path]) -> list[tuple[str, str, float, float]]:
    """Return the name, the outcome, the seconds and the mebibytes of each file."""
    answer = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *map(str, paths)],
        capture_output=True,
        check=True,
    )
    return [tuple(json.loads(line)) for line in answer.stdout.splitlines()]


def written(folder: Path, share: float, row: str, most: int = 3) -> dict[str, str]:
    """Write the files of a row, and return the outcome that each must have."""
    expected = {}
    for index, (size, make, outcome) in enumerate(ROWS[row][:most]):
        path = folder / f"{row.replace(' ', '-')}-{index}"
        path.write_bytes(make(size * share))
        expected[str(path)] = outcome
    return expected


def test_hostile_files_of_a_tenth_of_the_size_take_seconds(tmp_path):
    """Each hostile file of a tenth of its size is read or refused with a fraction of the memory and
    the time that the full size may take.
    """
    expected = {}
    for row in ROWS:
        expected |= written(tmp_path, 0.1, row, 1)
    measured = outcomes(list(expected))
    assert {path: outcome for path, outcome, _, _ in measured} == expected
    assert [row for row in measured if row[2] > 10 or row[3] > 400] == []


@pytest.mark.long
@pytest.mark.parametrize("row", ROWS)
def test_a_hostile_file_of_full_size_takes_at_most_40_seconds_and_700_mebibytes(tmp_path, row):
    """A hostile file of the largest size, and two relatives of it, are read or refused within 40 s
    of CPU time and 700 MiB of memory, the bytes of the file included.
    """
    expected = written(tmp_path, 1, row)
    measured = outcomes(list(expected))
    assert {path: outcome for path, outcome, _, _ in measured} == expected
    assert [file for file in measured if file[2] > 40 or file[3] > 700] == []
