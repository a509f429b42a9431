"""The original file completes an activity of the API, and an unreadable file does not harm it."""

from __future__ import annotations

import gzip
import hashlib
from datetime import UTC, datetime

import pytest
from garmin_fit_sdk import Encoder, Profile

#: 05:30:00 on the first of May 2026, in seconds of the FIT epoch: when the ride of the builder
#: begins.
T0 = int(
    (datetime(2026, 5, 1, 5, 30, tzinfo=UTC) - datetime(1989, 12, 31, tzinfo=UTC)).total_seconds()
)


def fit(
    *messages: tuple[str, dict], sessions: tuple[tuple[int, str], ...] = ((0, "cycling"),)
) -> bytes:
    encoder = Encoder()
    device = {
        "type": "activity",
        "manufacturer": "garmin",
        "serial_number": 3_900_000_001,
        "time_created": T0,
    }
    session = {
        "total_elapsed_time": 10.0,
        "total_timer_time": 10.0,
        "total_distance": 30.0,
        "avg_stance_time": 250.0,
    }
    written = [
        ("SESSION", {"timestamp": T0 + at + 10, "start_time": T0 + at, "sport": sport, **session})
        for at, sport in sessions
    ]
    for kind, fields in (("FILE_ID", device), *messages, *written):
        encoder.write_mesg({"mesg_num": Profile["mesg_num"][kind], **fields})
    content: bytes = encoder.close()
    return content


def samples(*seconds: int, start: int = 0) -> list[tuple[str, dict]]:
    return [
        (
            "RECORD",
            {"timestamp": T0 + start + second, "heart_rate": 140, "stance_time": 240.0 + second},
        )
        for second in seconds
    ]


def stream(activity, kind):
    return next((list(stream.values) for stream in activity.streams if stream.type == kind), None)


def channels(**data):
    return [{"type": kind, "data": values} for kind, values in data.items()]


SET = (
    "SET",
    {
        "timestamp": T0 + 45,
        "start_time": T0,
        "duration": 45.0,
        "set_type": "active",
        "repetitions": 12,
        "weight": 40.0,
        "category": ["squat"],
        "category_subtype": [6],
    },
)


def test_sets_and_running_dynamics_come_from_the_file(normalized):
    """Sets and streams of running dynamics, which the API does not have, come from the file."""
    made = normalized(parts={"file": fit(*samples(0, 1), SET)})
    assert [(set_.exercise, set_.reps, set_.weight_kg) for set_ in made.sets] == [
        ("Barbell back squat", 12, 40)
    ]
    assert (made.average_ground_contact_ms, stream(made, "ground_contact_time")) == (
        250,
        [240, 241],
    )
    assert (made.provenance["sets"].by, made.provenance["streams.ground_contact_time"].by) == (
        "original file",
        "original file",
    )


@pytest.mark.parametrize(
    ("distance_m", "elapsed_s", "by"),
    [(45.0, 10, "athlete"), (30.2, 10, None), (45.0, 3700, None)],
)
def test_a_corrected_distance_is_marked(normalized, distance_m, elapsed_s, by):
    """A distance that differs from that of the file of the same length is the athlete's correction;
    a rounded one, and that of a longer recording, is not.
    """
    file = fit(*samples(0, 1))
    made = normalized(
        distance=distance_m, elapsed_time=elapsed_s, icu_distance=None, parts={"file": file}
    )
    origin = made.provenance.get("distance_m")
    assert made.distance_m == distance_m
    assert (origin and origin.by) == by
    assert by is None or origin.note == "the file has 30 m"


def test_what_the_api_says_stays(normalized):
    """Values of the API win over those of the file, because the athlete may have corrected them."""
    made = normalized(
        distance=25_000.0,
        average_stance_time=222.0,
        icu_training_load=50,
        parts={"file": fit(*samples(0, 1))},
    )
    assert (made.title, made.elapsed_s, made.distance_m, made.average_ground_contact_ms) == (
        "Morning ride",
        3700,
        25_000,
        222,
    )
    assert made.training_load == 50


def test_channels_of_the_file_are_put_on_the_clock_of_the_api(normalized):
    """Streams of the file are aligned with the times of the API, and a moment that the file lacks
    is a gap.
    """
    made = normalized(
        parts={
            "streams": channels(time=[0, 1, 2, 3], heartrate=[99, 98, 97, 96]),
            "file": fit(*samples(0, 1, 3, 4)),
        }
    )
    assert (stream(made, "time"), stream(made, "heartrate")) == ([0, 1, 2, 3], [99, 98, 97, 96])
    assert stream(made, "ground_contact_time") == [240, 241, None, 243]


def test_a_trimmed_activity_keeps_its_own_start(normalized):
    """An activity that was trimmed keeps its start, although its file begins earlier."""
    made = normalized(
        start_date="2026-05-01T05:30:02Z",
        parts={"streams": channels(time=[0, 1]), "file": fit(*samples(0, 1, 2, 3))},
    )
    assert (made.start_utc.second, stream(made, "ground_contact_time")) == (2, [242, 243])


def test_channels_of_another_time_are_left_out(normalized):
    """Streams of the file are left out if most samples of the activity have no partner in it."""
    made = normalized(
        parts={"streams": channels(time=[100, 101, 102]), "file": fit(*samples(0, 1))}
    )
    assert [stream_.type for stream_ in made.streams] == ["time"]


def test_device_laps_are_beside_detected_intervals(normalized, activity):
    """The device's laps are added to the detected intervals, with their positions in the activity's
    samples.
    """
    lap = (
        "LAP",
        {
            "timestamp": T0 + 2,
            "start_time": T0 + 1,
            "total_elapsed_time": 2.0,
            "total_timer_time": 2.0,
        },
    )
    detail = activity(icu_intervals=[{"type": "WORK", "start_index": 0, "end_index": 3}])
    made = normalized(
        parts={
            "detail": detail,
            "streams": channels(time=[0, 1, 2, 3]),
            "file": fit(*samples(0, 1, 2, 3), lap),
        }
    )
    assert [(lap.kind, lap.start_index, lap.end_index) for lap in made.laps] == [
        ("interval", 0, 3),
        ("lap", 1, 3),
    ]


def test_the_device_gets_its_serial_number(normalized):
    """The device has the serial number of the file and the name that the source shows."""
    made = normalized(device_name="Garmin Edge 840", parts={"file": fit(*samples(0, 1))})
    assert (made.device.name, made.device.serial) == ("Garmin Edge 840", "3900000001")


@pytest.mark.parametrize("pack", [lambda content: content, gzip.compress])
def test_the_file_is_claimed_as_it_would_be_in_a_folder(normalized, pack):
    """The claims are the unpacked content with its session, and the device with the start, as for a
    file in a folder.
    """
    content = fit(*samples(0, 1))
    made = normalized(parts={"file": pack(content)})
    assert made.claims[1:] == (
        f"file:sha256:{hashlib.sha256(content).hexdigest()}#0",
        "device:3900000001@2026-05-01T05:30:00Z",
    )


def test_of_a_multisport_file_the_leg_that_began_then_is_taken(normalized):
    """The session of a multisport file is found by its start, because the source may leave out
    transitions when it counts.
    """
    content = fit(
        *samples(0, 1),
        *samples(0, 1, start=1000),
        sessions=((0, "swimming"), (500, "transition"), (1000, "cycling")),
    )
    made = normalized(
        start_date="2026-05-01T05:46:40Z", file_sport_index=1, parts={"file": content}
    )
    assert (made.claims[1].endswith("#2"), stream(made, "time")) == (True, [0, 1])


@pytest.mark.parametrize("start", ["2026-05-03T05:30:00", "2026-05-01T13:30:00"])
def test_a_file_of_another_time_adds_nothing(normalized, start):
    """A file of another day or hour, which must be that of another workout, adds nothing."""
    made = normalized(
        start_date=f"{start}Z",
        start_date_local=start,
        parts={"file": fit(*samples(0, 1), SET)},
    )
    assert (made.sets, made.claims) == ((), ("intervals:i7",))
    assert "no session of the file" in made.completeness.missing["file"]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"junk", "not a FIT"),
        (fit()[:40], "no sample can be read"),
        (b"\x1f\x8bnothing", "gzip"),
        (b"<gpx/>", "points"),
    ],
)
def test_where_the_file_cannot_be_read_the_values_of_the_api_stay(normalized, content, word):
    """If the file cannot be read, the values of the API stay, and the completeness says why."""
    made = normalized(parts={"file": content})
    assert (made.title, made.elapsed_s, word in made.completeness.missing["file"]) == (
        "Morning ride",
        3700,
        True,
    )


def test_a_gpx_is_an_original_too(normalized):
    """An original file may be a GPX file."""
    points = "".join(
        f'<trkpt lat="47.0{second}" lon="11"><time>2026-05-01T05:30:0{second}Z</time></trkpt>'
        for second in range(3)
    )
    made = normalized(
        parts={
            "file": (
                f'<gpx version="1.1" creator="x"><trk><trkseg>{points}</trkseg></trk></gpx>'
            ).encode()
        }
    )
    assert (stream(made, "time"), made.title) == ([0, 1, 2], "Morning ride")
