"""Remarks: what is missing or in doubt is counted by `import`, listed, and explained by `why`."""

from __future__ import annotations

import pytest

from fitglue_registry.model import Completeness
from tests.sync.test_crops import archive

_POINT = '<trkpt lat="47.{0:03}" lon="8.5"><time>2022-03-10T07:{1}Z</time></trkpt>'


def _gpx(odd: str = "") -> str:
    """Return a track with one point in each of 30 minutes, and possibly an odd point."""
    points = "".join(_POINT.format(minute, f"{minute:02}:00") for minute in range(30))
    return (
        '<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>'
        f"{points}{odd}</trkseg></trk></gpx>"
    )


@pytest.fixture
def folder(tmp_path):
    """A folder with one track without faults, and one with a point a year too early."""
    path = tmp_path / "tracks"
    path.mkdir()
    (path / "good.gpx").write_text(_gpx())
    odd = _POINT.format(99, "10:30").replace("2022", "2021")
    (path / "odd.gpx").write_text(_gpx(odd).replace("2022-03-10", "2022-03-11"))
    return path


@pytest.fixture
def imported(folder, fitglue):
    """The output of the import of that folder."""
    done = fitglue("import", str(folder))
    assert done.code == 0
    return done.out


def test_an_import_says_how_many_new_workouts_have_remarks(imported):
    """The summary counts the new workouts with remarks, and names the command that lists them."""
    assert "2 new, 1 of them with remarks" in imported
    assert "fitglue activities --remarks" in imported


def test_only_activities_with_remarks_are_listed(imported, fitglue):
    """`activities --remarks` lists the track with the odd point, and not the other one."""
    rows = fitglue("activities", "--remarks", "--json").lines
    assert [row["start_utc"][:10] for row in rows] == ["2022-03-11"]
    assert len(fitglue("activities", "--json").lines) == 2


def test_why_says_what_is_missing_or_in_doubt(imported, fitglue):
    """`why` of an activity with remarks prints each of them, and the JSON names the record."""
    assert "Missing or in doubt" in fitglue("why", "2022-03-11").out
    (doubt,) = fitglue("why", "2022-03-11", "--json").document["doubts"]
    assert doubt["what"] == "use of all points"
    assert "far from all others" in doubt["reason"]
    assert "Missing or in doubt" not in fitglue("why", "2022-03-10").out


def test_an_activity_that_a_file_lost_is_a_remark(tmp_path, fitglue):
    """If one activity of a TCX file cannot be read, the import of the others says so."""
    trackpoints = "".join(
        f"<Trackpoint><Time>2022-05-08T07:0{minute}:00Z</Time></Trackpoint>" for minute in range(9)
    )
    activity = (
        '<Activity Sport="Running"><Id>2022-05-08T07:00:00Z</Id><Lap '
        f'StartTime="2022-05-08T07:00:00Z"><Track>{trackpoints}</Track></Lap></Activity>'
    )
    path = tmp_path / "two.tcx"
    path.write_text(
        '<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2">'
        f"<Activities>{activity}{activity.replace('2022-05-08T', 'x')}</Activities>"
        "</TrainingCenterDatabase>"
    )
    assert "1 new, 1 of them with remarks" in fitglue("import", str(path)).out
    assert "· use of all activities: of 2, activity 2 " in fitglue("why", "last").out


def test_remarks_read_well_whatever_their_key_names(imported, fitglue):
    """`why` and `show` put no word in front of a key that makes it say the opposite: keys name what
    is missing, is in doubt or was left out.
    """
    reason = "use of all points: dropped 1 of 31"
    assert f"Missing or in doubt\n  · {reason}" in fitglue("why", "2022-03-11").out
    assert f"without {reason}" in fitglue("show", "2022-03-11").out


def test_an_archive_without_faults_has_no_remarks(tmp_path, fitglue):
    """Where nothing is missing or in doubt, nothing is said about remarks."""
    path = archive(tmp_path / "s.zip", 0, 600, 1980.0)
    assert "remarks" not in fitglue("import", str(path)).out


@pytest.mark.parametrize(
    ("completeness", "remarks"),
    [
        (Completeness(("summary",), {"file": "nothing was recorded"}), []),
        (Completeness(("summary",), {"file": "FG-fit-damaged: it is damaged"}), ["file"]),
        (Completeness(("summary", "file"), {"file": "it is of another workout"}), ["file"]),
        (Completeness(("summary",), {"consistent laps": "they do not fit"}), ["consistent laps"]),
    ],
)
def test_a_part_that_does_not_exist_is_not_a_remark(completeness, remarks):
    """A workout without a recording needs no file, but a file that cannot be used is a remark."""
    assert list(completeness.remarks) == remarks
