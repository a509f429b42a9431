"""Files that cannot be used, as the athlete sees them: named with the reason and the next step."""

from __future__ import annotations

import pytest

GPX = (
    b'<gpx xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>'
    b'<trkpt lat="46" lon="7"><time>2026-05-01T07:00:00Z</time></trkpt>'
    b'<trkpt lat="46.01" lon="7"><time>2026-05-01T07:10:00Z</time></trkpt>'
    b"</trkseg></trk></gpx>"
)
PRIVATE_KEY = b"-----BEGIN OPENSSH PRIVATE KEY-----\nSECRET\n"
PICTURE = b"\xff\xd8\xff\xe0JFIF"


@pytest.fixture
def rides(tmp_path):
    """Return a folder with one ride."""
    folder = tmp_path / "rides"
    folder.mkdir()
    (folder / "good.gpx").write_bytes(GPX)
    return folder


@pytest.mark.parametrize("content", [PRIVATE_KEY, PICTURE], ids=["a private key", "a picture"])
def test_nothing_is_kept_of_a_file_that_is_not_a_workout(fitglue, rides, tmp_path, content):
    """A file that is not a workout is named by the import and by the next sync, is not counted as
    new, and leaves no bytes in the store.
    """
    (rides / "ride.fit").write_bytes(content)
    first = fitglue("import", str(rides), "--yes")
    again = fitglue("sync")
    assert "files: 1 new, 1 could not be read" in first.out
    assert "files: nothing new, 1 could not be read" in again.out
    for result in (first, again):
        assert (result.code, f"{rides / 'ride.fit'} cannot be used" in result.out) == (5, True)
        assert "fetch" not in result.out + result.err
    kept = [path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert not any(content in stored for stored in kept)
