"""One reader for every format: what a file is, what a glance says, and what a stored glance gives back."""

from __future__ import annotations

import json

import pytest

from fitglue_files.reading import activities, activities_of_glance, glance, kind_of
from fitglue_registry.errors import RecordRefused


@pytest.mark.parametrize(("head", "kind"), [
    (b"\x1f\x8b\x08", "gzip"), (b"PK\x03\x04", "zip"), (b"\x0e\x10\x00\x00\x00\x00\x00\x00.FIT", "fit"),
    (b"  \n<?xml version='1.0'?><TrainingCenterDatabase>", "tcx"), (b"<?xml version='1.0'?><gpx>", "gpx"),
    ("<gpx>".encode("utf-16"), "gpx"), (b"hello", None), (b"", None),
])
def test_a_file_is_known_by_its_content(head, kind):
    """Suffixes are wrong often enough."""
    assert kind_of(head) == kind


def test_a_glance_can_be_stored_and_read_again(gpx):
    """As JSON; the claim of the content is made from its id."""
    seen = glance(gpx(), "Evening.gpx")
    [again] = activities_of_glance(json.loads(json.dumps(seen.workouts)), "0" * 64)
    [whole] = activities(gpx())
    assert (seen.kind, seen.problem, again.start_utc, again.distance_m) == ("gpx", None, whole.start_utc, whole.distance_m)
    assert (again.claims, again.streams, again.completeness.parts) == ((f"file:sha256:{'0' * 64}#0",), (), ("summary",))


@pytest.mark.parametrize(("content", "code", "word"), [
    (b"", "FG-file-empty", "empty"), (b"\xff\xd8\xff\xe0JFIF", "FG-not-a-workout", "JPEG"), (b"%PDF-1.7", "FG-not-a-workout", "PDF"),
    (b"Salted__0000", "FG-not-a-workout", "encrypted"), (b"hello", "FG-not-a-workout", "no FIT"),
])
def test_what_is_no_workout_is_refused_by_its_name(content, code, word):
    """Whatever its suffix says."""
    problem = glance(content, "ride.fit").problem
    assert (problem.code, word in problem.what) == (code, True)
    with pytest.raises(RecordRefused):
        activities(content, "ride.fit")


@pytest.mark.parametrize("workout", [{}, {"start": "yesterday"}, {"start": None}, {"start": "2026-05-01T06:00:00Z", "elapsed_s": "long"}])
def test_a_stored_glance_that_makes_no_sense_is_refused(workout):
    """An older version may have written it."""
    with pytest.raises(RecordRefused) as caught:
        activities_of_glance([workout], "0" * 64)
    assert caught.value.code == "FG-glance-invalid"
