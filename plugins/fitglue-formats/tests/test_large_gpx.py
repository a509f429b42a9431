"""The time and the memory that a large GPX takes."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="it reads the memory from /proc"),
]

_SIZE = 100_000_000
_POINT = """   <trkpt lat="{:.7f}" lon="{:.7f}">
    <ele>{}.0</ele>
    <time>{}</time>
{}   </trkpt>
"""
_MEASURED = """    <extensions>
     <x:TrackPointExtension>
      <x:hr>{}</x:hr>
      <x:cad>{}</x:cad>
     </x:TrackPointExtension>
    </extensions>
"""
#: A process of its own, because the highest memory of a process never falls. It is read from
#: ``/proc``: ``getrusage`` also counts the parent from which the process was forked. CPU time is
#: compared, because other tests run at the same time.
_PROGRAM = """
import json, sys, time
from pathlib import Path
from fitglue_formats import activities
content = Path(sys.argv[1]).read_bytes()
begin = time.process_time()
[workout] = activities(content)
seconds = time.process_time() - begin
memory = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
print(json.dumps([seconds, memory, len(workout.streams[0].values), workout.elapsed_s]))
"""


def write(path: Path, measured: str) -> int:
    """Write a GPX of 100 MB with a point per second, and return the number of points."""
    start = datetime(2024, 6, 1, 8, tzinfo=UTC)
    count = 0
    with path.open("w", encoding="utf-8") as file:
        size = file.write('<?xml version="1.0"?>\n<gpx version="1.1" xmlns:x="x"><trk><trkseg>\n')
        while size < _SIZE:
            time = start + timedelta(seconds=count)
            size += file.write(
                _POINT.format(
                    47 + count % 9000 * 1e-5,
                    8 + count % 7000 * 1e-5,
                    400 + count % 50,
                    f"{time:%Y-%m-%dT%H:%M:%SZ}",
                    measured.format(120 + count % 30, 80 + count % 5),
                )
            )
            count += 1
        file.write("</trkseg></trk></gpx>\n")
    return count


@pytest.mark.parametrize("measured", ["", _MEASURED], ids=["positions", "positions and heart rate"])
def test_a_gpx_of_100_megabytes_takes_at_most_ten_seconds_and_250_mebibytes(tmp_path, measured):
    """A GPX of 100 MB takes at most 10 s and 250 MiB, the bytes of the file included."""
    count = write(tmp_path / "large.gpx", measured)
    answer = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(tmp_path / "large.gpx")],
        capture_output=True,
        check=True,
    )
    seconds, mebibytes, points, elapsed_s = json.loads(answer.stdout)
    assert (points, elapsed_s) == (count, count - 1)
    assert seconds <= 10
    assert mebibytes <= 250
