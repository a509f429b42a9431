"""Files of an archive that cannot be read although a row names them, as each command shows them."""

from __future__ import annotations

import gzip
import zlib

import pytest

from tests.cli.test_unusable_files import GPX

HEADER = (
    "Activity ID,Activity Date,Activity Name,Activity Type,Activity Description,Elapsed Time,"
    "Distance,Max Heart Rate,Relative Effort,Commute,Activity Private Note,Activity Gear,Filename"
)
RIDE = '1001,"May 1, 2026, 7:00:00 AM",Morning,Ride,,600,1.1,,,false,,,activities/1001.gpx.gz'


def cut(path):
    """Write a file whose end is missing."""
    path.write_bytes(gzip.compress(GPX)[:60])


def overwrite(path):
    """Write the beginning of a gzip, and then zeros."""
    path.write_bytes(b"\x1f\x8b\x08" + bytes(100))


def damage(path):
    """Write a file with a wrong sum of its bytes."""
    content = bytearray(gzip.compress(GPX))
    content[-8:-4] = (zlib.crc32(GPX) ^ 1).to_bytes(4, "little")
    path.write_bytes(content)


@pytest.fixture(params=[cut, overwrite, damage])
def archive(request, tmp_path):
    """A Strava archive of one ride, whose recording cannot be read."""
    folder = tmp_path / "export_7"
    (folder / "activities").mkdir(parents=True)
    (folder / "activities.csv").write_text(f"{HEADER}\n{RIDE}\n")
    request.param(folder / "activities" / "1001.gpx.gz")
    return folder


def test_each_sync_names_the_file_with_the_reason(fitglue, archive):
    """The import, its dry run and each later sync name the file with the reason, and end with exit
    code 5; nothing is promised for later.
    """
    results = [
        fitglue("import", str(archive), "--dry-run"),
        fitglue("import", str(archive), "--yes"),
        fitglue("sync"),
        fitglue("sync", "--full"),
    ]
    for result in results:
        assert (result.code, "1 could not be read" in result.out) == (5, True)
        assert "1001.gpx.gz cannot be used: " in result.out
        assert result.out.startswith("!") or "\n! " in result.out
        assert "fetched" not in result.out
        assert "path-" not in result.out


def test_all_commands_agree_about_the_file(fitglue, archive):
    """The dashboard, the connections, the remarks and the list of unreadable files have the file;
    none of them counts a download.
    """
    fitglue("import", str(archive), "--yes")
    board = fitglue().out
    assert ("1 could not be read" in board, "to go" in board) == (True, False)
    assert board.rstrip().endswith("Next: fitglue quarantine")
    [connection] = fitglue("connections", "--json").lines
    assert (connection["unreadable"], connection["waiting_parts"]) == (1, 0)
    assert [row["title"] for row in fitglue("activities", "--remarks", "--json").lines] == [
        "Morning"
    ]
    assert len(fitglue("quarantine", "--json").lines) == 1
    assert "1 could not be read" in fitglue("doctor", "--offline").out
    assert "to be fetched" not in fitglue("why", "1001").out


def test_a_retry_reads_the_file_again(fitglue, archive):
    """`quarantine retry` names the file as long as it cannot be read; once it can be read, all
    commands forget the problem.
    """
    fitglue("import", str(archive), "--yes")
    again = fitglue("quarantine", "retry")
    assert (again.code, "1 could not be read" in again.out) == (5, True)
    path = archive / "activities" / "1001.gpx.gz"
    path.unlink()
    path.write_bytes(gzip.compress(GPX))
    assert fitglue("quarantine", "retry").code == 0
    assert fitglue("quarantine", "--json").lines == []
    assert fitglue("sync").code == 0
    assert fitglue("activities", "--remarks", "--json").lines == []
