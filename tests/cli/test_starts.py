"""How screens show a start whose zone is unknown: in UTC, and marked."""

from __future__ import annotations

import pytest

TCX = """<?xml version="1.0"?>
<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2">
<Activities><Activity Sport="Running"><Id>2024-06-01T22:30:00Z</Id>
<Lap StartTime="2024-06-01T22:30:00Z"><TotalTimeSeconds>600</TotalTimeSeconds>
<DistanceMeters>2000</DistanceMeters></Lap></Activity></Activities></TrainingCenterDatabase>"""


@pytest.fixture
def indoors(fitglue, tmp_path):
    """Import a run whose file has no position, so that its zone is unknown."""
    (tmp_path / "run.tcx").write_text(TCX)
    assert fitglue("import", str(tmp_path / "run.tcx"), "--yes").code == 0


def test_the_list_marks_utc(indoors, fitglue, monkeypatch):
    """The list marks a time in UTC, as a day on a narrow screen and as a time on a wide one."""
    assert "2024-06-01 22:30 UTC  Run" in fitglue("activities").out
    monkeypatch.setenv("COLUMNS", "80")
    assert "2024-06-01 UTC  Run" in fitglue("activities").out


def test_documents_have_no_local_start(indoors, fitglue):
    """JSON and CSV have no local start, and the day of UTC; ``show`` names UTC."""
    [row] = fitglue("activities", "--json").lines
    assert (row["start_local"], row["day"]) == (None, "2024-06-01")
    assert (row["start_is_utc"], row["start_is_estimated"]) == (True, False)
    table = fitglue("activities", "--csv").out
    assert "2024-06-01T22:30:00Z,," in table
    assert "start_is_utc" in table.splitlines()[0]
    assert fitglue("show", "last", "--json").document["day"] == "2024-06-01"
    assert "01 Jun 2024, 22:30 (UTC)" in fitglue("show", "last").out
    [record] = fitglue("why", "last", "--json").document["records"]
    assert (record["start_local"], record["start_utc"]) == (None, "2024-06-01T22:30:00Z")
