"""How `fitglue show` prints a run on a treadmill, of which the device measured no distance."""

from __future__ import annotations

_POINT = (
    "<Trackpoint><Time>2024-06-01T22:3{0}:00Z</Time><Extensions>"
    '<TPX xmlns="http://www.garmin.com/xmlschemas/ActivityExtension/v2"><Speed>0</Speed></TPX>'
    "</Extensions></Trackpoint>"
)
_LAP = (
    '<Lap StartTime="2024-06-01T22:3{0}:00Z"><TotalTimeSeconds>240</TotalTimeSeconds>'
    "<DistanceMeters>0</DistanceMeters><Track>{1}</Track></Lap>"
)


def _tcx() -> str:
    """Return a run of two laps whose speeds and distances are all zero."""
    laps = []
    for first in (0, 4):
        points = "".join(_POINT.format(minute) for minute in range(first, first + 4))
        laps.append(_LAP.format(first, points))
    return (
        '<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2">'
        '<Activities><Activity Sport="Running"><Id>2024-06-01T22:30:00Z</Id>'
        f"{''.join(laps)}</Activity></Activities></TrainingCenterDatabase>"
    )


def test_zeros_do_not_contradict_a_corrected_distance(tmp_path, fitglue):
    """Laps of 0 m and a speed of 0 are not shown beside a distance that the athlete entered."""
    (tmp_path / "treadmill.tcx").write_text(_tcx())
    assert fitglue("import", str(tmp_path / "treadmill.tcx")).code == 0
    assert "0.00" in fitglue("show", "last").out
    assert fitglue("activities", "edit", "last", "--set", "distance_m=2500").code == 0
    shown = fitglue("show", "last").out
    assert "2.50 km" in shown
    assert "0.00" not in shown
    assert "0 to 0" not in shown
    assert "Laps" in shown
