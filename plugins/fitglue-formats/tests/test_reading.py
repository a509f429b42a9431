"""One reader for every format: what a file is, what a glance says, and what a stored glance gives
back.
"""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitglue_formats import activities, activities_of_glance, glance, kind_of
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import problems


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x1f\x8b\x08", "gzip"),
        (b"PK\x03\x04", "zip"),
        (b"\x0e\x10\x00\x00\x00\x00\x00\x00.FIT", "fit"),
        (b"  \n<?xml version='1.0'?><TrainingCenterDatabase>", "tcx"),
        (b"<?xml version='1.0'?><gpx>", "gpx"),
        ("<gpx>".encode("utf-16"), "gpx"),
        (b"hello", None),
        (b"", None),
    ],
)
def test_a_file_is_known_by_its_content(head, kind):
    """Suffixes are wrong often enough."""
    assert kind_of(head) == kind


def test_a_glance_can_be_stored_and_read_again(gpx):
    """As JSON; the claim of the content is made from its id."""
    seen = glance(gpx(), "Evening.gpx")
    [again] = activities_of_glance(json.loads(json.dumps(seen.workouts)), "0" * 64)
    [whole] = activities(gpx())
    assert (seen.kind, seen.problem, again.start_utc, again.distance_m) == (
        "gpx",
        None,
        whole.start_utc,
        whole.distance_m,
    )
    assert (again.claims, again.streams, again.completeness.parts) == (
        (f"file:sha256:{'0' * 64}#0",),
        (),
        ("summary",),
    )


@pytest.mark.parametrize(
    ("content", "code", "word"),
    [
        (b"", "FG-file-empty", "empty"),
        (b"\xff\xd8\xff\xe0JFIF", "FG-not-a-workout", "JPEG"),
        (b"%PDF-1.7", "FG-not-a-workout", "PDF"),
        (b"Salted__0000", "FG-not-a-workout", "encrypted"),
        (b"hello", "FG-not-a-workout", "no FIT"),
    ],
)
def test_what_is_no_workout_is_refused_by_its_name(content, code, word):
    """Whatever its suffix says."""
    problem = glance(content, "ride.fit").problem
    assert (problem.code, word in problem.what) == (code, True)
    with pytest.raises(RecordRefused):
        activities(content, "ride.fit")


def test_a_file_that_breaks_its_reader_costs_itself(gpx, monkeypatch):
    """Whatever a library of a format trips over."""
    monkeypatch.setattr("fitglue_formats.gpx.summaries", lambda content: 1 / 0)
    problem = glance(gpx(), "Evening.gpx").problem
    assert (problem.code, "ZeroDivisionError" in problem.what) == ("FG-reader-failed", True)


@pytest.mark.parametrize(
    "workout",
    [
        {},
        {"start": "yesterday"},
        {"start": None},
        {"start": "2026-05-01T06:00:00Z", "elapsed_s": "long"},
    ],
)
def test_a_stored_glance_that_makes_no_sense_is_refused(workout):
    """An older version may have written it."""
    with pytest.raises(RecordRefused) as caught:
        activities_of_glance([workout], "0" * 64)
    assert caught.value.code == "FG-glance-invalid"


def test_a_title_has_no_folders_in_it(gpx):
    """A path may have come with the name."""
    assert {
        activities(gpx(), name)[0].title
        for name in ("Evening.gpx", "/home/me/Evening.gpx", "C:\\rides\\Evening.GPX")
    } == {"Evening"}


TEXTS = [
    (
        b'<gpx version="1.1" '
        b'creator="x"><trk><name>A</name><type>running</type><trkseg><trkpt lat="47.1" '
        b'lon="11.1"><ele>500</ele>'
        b"<time>2026-05-01T05:30:00Z</time><extensions><hr>120</hr></extensions></trkpt><trkpt "
        b'lat="47.2" lon="11.2"><ele>501</ele>'
        b"<time>2026-05-01T05:30:09Z</time></trkpt></trkseg></trk></gpx>"
    ),
    (
        b"<TrainingCenterDatabase><Activities><Activity "
        b'Sport="Running"><Id>2026-05-01T05:30:00Z</Id><Lap StartTime="2026-05-01T05:30:00Z">'
        b"<TotalTimeSeconds>10</TotalTimeSeconds><DistanceMeters>30</DistanceMeters><Track><Trackpoint><Time>2026-05-01T05:30:00Z</Time>"
        b"<Position><LatitudeDegrees>47</LatitudeDegrees><LongitudeDegrees>11</LongitudeDegrees></Position><HeartRateBpm><Value>120</Value>"
        b"</HeartRateBpm></Trackpoint></Track></Lap></Activity></Activities></TrainingCenterDatabase>"
    ),
]


@settings(max_examples=300, deadline=20_000)
@given(data=st.data())
def test_text_that_was_changed_never_raises_anything_but_a_refusal(data):
    """Digits and letters anywhere, or a cut."""
    content = bytearray(data.draw(st.sampled_from(TEXTS)))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(
            st.sampled_from(b"0123456789eE.-+:TZ<>&xN ")
        )
    content = content[: data.draw(st.sampled_from([len(content)] * 9 + [len(content) // 2]))]
    try:
        found = activities(bytes(content), "x")
    except RecordRefused as refused:
        assert refused.code.startswith("FG-")  # noqa: PT017 - either is right, and nothing else is
        return
    assert [problem for activity in found for problem in problems(activity)] == []
