"""Tests that ``why`` and ``show`` say which values were corrected or computed, in every format."""

from __future__ import annotations

import gzip
from datetime import timedelta

import pytest

from tests.sync.test_archives import START, gpx, import_paths, strava
from tests.sync.test_crops import tcx

NAMED = gpx().replace(b"<trk>", b"<trk><name>Ridge path</name><type>hiking</type>")


def remarks(host) -> dict[str, str]:
    """Return field → remark of the only activity."""
    return {remark["field"]: remark["note"] for remark in host.why("last")["remarks"]}


@pytest.fixture
def from_file(host, tmp_path):
    """A function that imports a file from a folder and returns the remarks about its workout."""

    def call(name: str, content: bytes) -> dict[str, str]:
        (tmp_path / "files").mkdir()
        (tmp_path / "files" / name).write_bytes(content)
        import_paths(host, tmp_path / "files")
        return remarks(host)

    return call


def test_a_title_from_the_name_of_a_file_is_remarked(from_file):
    """A title that nobody wrote is marked as the name of the file."""
    assert from_file("track.gpx", gpx())["title"] == "the name of the file"


def test_what_was_computed_from_the_points_is_remarked(from_file):
    """A GPX states no totals, and the remark says that they were computed."""
    assert from_file("track.gpx", gpx())["distance_m"] == "from the points"


def test_a_total_of_zero_beside_samples_is_remarked(from_file):
    """A total that the samples contradict is corrected, and the remark names what the file has."""
    content = tcx().replace(b"<DistanceMeters>660.0</DistanceMeters><Cal", b"<Cal")
    zero = content.replace(b"<Calories>", b"<DistanceMeters>0</DistanceMeters><Calories>")
    assert from_file("run.tcx", zero)["distance_m"] == "from the samples, because the laps state 0"


def test_a_clock_that_was_set_while_recording_is_remarked(from_file):
    """A start by a clock that was fast is corrected, and the remark says by how much."""
    content = gpx()
    for second in range(0, 50, 10):
        time = START + timedelta(seconds=second)
        fast = time + timedelta(hours=1)
        content = content.replace(f"{time:%H:%M:%SZ}".encode(), f"{fast:%H:%M:%SZ}".encode())
    assert "moved 1 hour earlier" in from_file("track.gpx", content)["start_utc"]


def test_what_the_athlete_changed_at_the_service_shows_what_the_file_has(host, tmp_path):
    """A title, a sport and a distance that differ between a row and its own file are remarked with
    the value of the file.
    """
    files = {"activities/9.gpx.gz": gzip.compress(NAMED)}
    row = (7, START, "Lake", "activities/9.gpx.gz")
    import_paths(host, strava(tmp_path / "s.zip", row, files=files))
    activity = host.activities.get("last").activity
    assert (activity.title, activity.sport) == ("Lake", "Run")
    assert remarks(host)["title"] == "the file has Ridge path"
    assert remarks(host)["sport"] == "the file has Hike"


def test_a_title_beside_the_name_of_a_file_was_not_changed(host, tmp_path):
    """The name of a file is no title, so a row replaces it without a remark."""
    files = {"activities/9.gpx.gz": gzip.compress(gpx())}
    row = (7, START, "Lake", "activities/9.gpx.gz")
    import_paths(host, strava(tmp_path / "s.zip", row, files=files))
    assert "title" not in remarks(host)


def test_remarks_are_in_the_provenance_that_show_prints(from_file, host):
    """The provenance of ``show --json`` has the same remarks."""
    expected = from_file("track.gpx", gpx())
    provenance = host.activities.provenance(host.activities.get("last"))
    assert {name: provenance[name]["note"] for name in expected} == expected
