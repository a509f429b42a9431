"""The reader for all formats: detection of the format, refusals, and the titles and claims of
activities.
"""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitglue_formats import activities, kind_of
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
    """The format of a file is detected from its content, because suffixes are often wrong."""
    assert kind_of(head) == kind


def test_an_activity_claims_the_content_of_its_file(gpx):
    """An activity claims the checksum of its file, and is complete up to the part ``file``."""
    content = gpx()
    [activity] = activities(content, "Evening.gpx")
    content_id = hashlib.sha256(content).hexdigest()
    assert activity.claims == (f"file:sha256:{content_id}#0",)
    assert activity.completeness.parts == ("file",)


@pytest.mark.parametrize(
    ("content", "code", "word"),
    [
        (b"", "FG-file-empty", "empty"),
        (b"\xff\xd8\xff\xe0JFIF", "FG-not-a-workout", "JPEG"),
        (b"%PDF-1.7", "FG-not-a-workout", "PDF"),
        (b"Salted__0000", "FG-not-a-workout", "encrypted"),
        (b"hello", "FG-not-a-workout", "not a FIT"),
    ],
)
def test_other_kinds_of_files_are_refused_by_their_name(content, code, word):
    """The refusal of a file that is not a workout names its kind, even if its suffix is
    ``.fit``.
    """
    with pytest.raises(RecordRefused) as caught:
        activities(content, "ride.fit")
    assert (caught.value.code, word in caught.value.what) == (code, True)


def test_a_title_has_no_folders_in_it(gpx):
    """A title that is made from a path has neither folders nor suffix."""
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
    """A GPX or TCX file that is changed anywhere or truncated is read or refused; no other error
    escapes.
    """
    content = bytearray(data.draw(st.sampled_from(TEXTS)))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(
            st.sampled_from(b"0123456789eE.-+:TZ<>&xN ")
        )
    content = content[: data.draw(st.sampled_from([len(content)] * 9 + [len(content) // 2]))]
    try:
        workouts = activities(bytes(content), "x")
    except RecordRefused as refused:
        assert refused.code.startswith("FG-")  # noqa: PT017 - both a refusal and a result are right
        return
    assert [problem for activity in workouts for problem in problems(activity)] == []
