"""What a damaged FIT file becomes: everything readable is kept and marked, and nothing harms the
reader.
"""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitglue_formats import activities, is_activity
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import problems

T0 = 1_145_000_000


def samples(activity) -> int:
    return len(activity.streams[0].values) if activity.streams else 0


def test_a_file_that_was_cut_gives_what_is_in_front_of_the_cut(ride):
    """A file that is truncated before its session becomes a workout with the values of its
    samples.
    """
    [activity] = activities(ride[:300])
    assert 0 < samples(activity) < 11
    assert activity.provenance["elapsed_s"].how == "computed"
    assert "it was read up to there" in activity.completeness.missing["rest of the file"]


def test_a_recording_that_was_never_finished_is_read(fit):
    """A recording whose header states a size of 0, because the device ran out of power, is read."""
    [activity] = activities(
        fit().file_id().record(0).record(10).content(stated_size=0, checksum=b"")
    )
    assert (samples(activity), activity.elapsed_s) == (2, 10)
    assert "never finished" in activity.completeness.missing["rest of the file"]


def test_nothing_behind_undecodable_bytes_is_read(fit):
    """A message without a definition ends the file, and its position is reported."""
    made = fit().file_id().record(0).record(10).session()
    made.body += b"\x05" + b"\xee" * 50
    [activity] = activities(made.content())
    assert (samples(activity), activity.distance_m) == (2, 30)
    assert "it cannot be decoded after byte" in activity.completeness.missing["rest of the file"]


def test_a_wrong_checksum_is_marked_and_costs_nothing(ride):
    """A file with a wrong checksum, as some apps write it, is read completely, and the fact is
    noted.
    """
    [activity] = activities(ride[:-2] + b"\x12\x34")
    assert (samples(activity), list(activity.completeness.missing)) == (11, ["right checksum"])


def test_settings_that_are_chained_behind_an_activity_are_no_workout(ride, fit):
    """Settings that are chained after an activity do not become a workout."""
    [activity] = activities(ride + fit().file_id(2).content())
    assert (samples(activity), activity.completeness.missing) == (11, {})


def test_samples_with_an_impossible_moment_are_left_out_and_counted(fit):
    """Samples whose clock jumped by sixty years are left out and counted."""
    odd = {253: ("u4", T0 + 2 * 10**9), 3: ("u1", 99)}
    [activity] = activities(fit().file_id().record(0).write(20, odd).record(10).session().content())
    assert (samples(activity), "1 of them" in activity.completeness.missing["stray samples"]) == (
        2,
        True,
    )


def test_a_message_that_cannot_be_read_costs_itself(ride, fit):
    """A message that cannot be decoded is left out and counted; the session after it is read."""
    made = fit().file_id().record(0).record(10)
    made.write(206, {0: ("u1", 9), 1: ("u1", 0), 2: ("u1", 200), 3: ("text", "of nobody")})
    [activity] = activities(made.session().content())
    assert (activity.distance_m, "damaged messages" in activity.completeness.missing) == (30, True)


def test_fields_that_do_not_fit_their_type_are_left_out(fit):
    """A field whose size does not fit its type, as one watch writes it, is left out."""
    made = fit().file_id()
    made.body += (
        bytes([0x40, 0, 0, 20, 0, 3, 253, 4, 0x86, 3, 1, 2, 7, 3, 0x84])
        + b"\0"
        + T0.to_bytes(4, "little")
        + b"\x8c\1\2\3"
    )
    [activity] = activities(made.session().content())
    assert [stream.type for stream in activity.streams] == ["time", "heartrate"]


def test_times_are_put_in_order(fit):
    """Samples are put in the order of time when the clock was set back by a second."""
    [activity] = activities(
        fit().file_id().record(0).record(2).record(1).record(3).session().content()
    )
    assert list(activity.streams[0].values) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\x0e\x20\0\0\xff\xff\xff\xff.FIT\0\0", "FG-fit-unreadable"),
        (b"\x02\x20\0\0\0\0\0\0.FIT" + b"\0" * 50, "FG-fit-unreadable"),
        (b"\x0e\x20\0\0\x0a\0\0\0.FIT\0\0" + b"\xff" * 12, "FG-fit-unreadable"),
        (
            b"\x0e\x20\0\0\x10\0\0\0.FIT\0\0" + bytes([0x40, 0, 0, 20, 0, 255]) + b"\xff" * 10,
            "FG-fit-unreadable",
        ),
    ],
)
def test_headers_that_lie_are_refused(content, code):
    """A file whose headers state wrong sizes or numbers of fields is refused with a fix."""
    with pytest.raises(RecordRefused) as caught:
        activities(content)
    assert caught.value.code == code
    assert caught.value.fix


def test_many_shapes_of_samples_do_not_keep_the_reader_busy(fit):
    """Thousands of shapes of samples, each of which would cost a decoding of its own, are
    limited.
    """
    made = fit().file_id()
    for number in range(3_000):
        made.write(
            20, {253: ("u4", T0 + number), number % 250: ("u1", 1), number // 250 + 100: ("u1", 1)}
        )
    began = time.process_time()
    [activity] = activities(made.session().content())
    assert time.process_time() - began < 5
    assert "stray samples" in activity.completeness.missing


@pytest.mark.long
def test_a_file_of_nothing_but_headers_is_refused(fit):
    """A file with more than a million one-byte messages, which fit into a small zip, is refused."""
    made = fit().file_id().session()
    made.body += bytes([0x41, 0, 0, 99, 0, 0]) + b"\x01" * 1_100_000
    with pytest.raises(RecordRefused, match="more than 1,000,000 messages") as caught:
        activities(made.content())
    assert caught.value.code == "FG-file-beyond-limits"


def test_thousands_of_sessions_are_not_thousands_of_workouts(fit):
    """A file with hundreds of sessions becomes at most 100 workouts, and says so."""
    made = fit().file_id()
    for number in range(500):
        made.session(number * 10)
    workouts = activities(made.content())
    assert len(workouts) == 100
    assert "first 100 of its 500" in workouts[0].completeness.missing["all sessions"]


@pytest.fixture(scope="session")
def whole(fit) -> bytes:
    """A file with every kind of message, for the tests to damage."""
    made = fit().file_id().timer(0, start=True).write(207, {3: ("u1", 0), 1: ("byte", [7] * 16)})
    made.write(
        206,
        {
            0: ("u1", 0),
            1: ("u1", 0),
            2: ("u1", 0x88),
            3: ("text", "Form Power"),
            8: ("text", "Watts"),
        },
    )
    for second in range(5):
        made.record(second, developer={(0, 0): ("f4", 80)}).write(78, {0: ("u2", [810, 820])})
    made.write(132, {253: ("u4", T0), 9: ("u4", 5000), 6: ("u1", 120)}).write(
        132, {10: ("byte", [1, 2, 3]), 6: ("u1", [125, 130])}
    )
    made.write(
        225,
        {
            6: ("u4", T0),
            0: ("u4", 45_000),
            3: ("u2", 12),
            7: ("u2", [0, 0xFFFF]),
            8: ("u2", [1, 0xFFFF]),
        },
    )
    made.write(
        101, {253: ("u4", T0 + 3), 2: ("u4", T0), 3: ("u4", 3000), 7: ("enum", 0), 12: ("enum", 1)}
    )
    made.write(23, {0: ("u1", 0), 5: ("u2", 1250), 27: ("text", "Watch")}).write(
        264, {0: ("u2", 0), 1: ("u2", 1), 2: ("text", "Bench")}
    )
    return (
        made.timer(4, start=False)
        .lap(0, 4)
        .session(0, 4, {193: ("u1", 70), 192: ("u1", 75)})
        .activity(4)
        .content()
    )


def _read_or_refused(content: bytes) -> None:
    """Fail for any error other than a refusal, and for an activity that the host would not
    store.
    """
    is_activity(content[:100])
    try:
        workouts = activities(content, "x.fit")
    except RecordRefused as refused:
        assert refused.code.startswith("FG-")  # noqa: PT017 - both a refusal and a result are right
        return
    assert [problem for activity in workouts for problem in problems(activity)] == []


@settings(max_examples=300, deadline=20_000)
@given(data=st.data())
def test_bytes_that_were_changed_never_raise_anything_but_a_refusal(whole, data):
    """A file with changed bytes, anywhere and in any number, is read or refused; no other error
    escapes.
    """
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    _read_or_refused(bytes(content))


@settings(max_examples=100, deadline=20_000)
@given(data=st.data())
def test_a_file_that_was_cut_never_raises_anything_but_a_refusal(whole, data):
    """A file that is truncated at any byte is read or refused; no other error escapes."""
    _read_or_refused(whole[: data.draw(st.integers(0, len(whole)))])


@pytest.mark.parametrize("odd", [-1_000_000_000, 10_000_000, 2_000_000_000])
def test_one_sample_far_from_all_others_moves_neither_start_nor_end(fit, odd):
    """In a file without a session, a single sample that lies far from all others is left out and
    counted, even if it is the first one.
    """
    made = fit().file_id().write(20, {253: ("u4", T0 + odd), 3: ("u1", 99)})
    for second in range(60):
        made.record(second)
    [activity] = activities(made.content())
    assert (samples(activity), activity.elapsed_s) == (60, 59)
    assert list(activity.streams[0].values) == list(range(60))
    assert "1 of them" in activity.completeness.missing["stray samples"]
