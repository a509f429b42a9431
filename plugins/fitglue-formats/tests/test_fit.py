"""What an intact FIT file becomes."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from fitglue_formats import activities, is_activity
from fitglue_formats.fit.clock import EPOCH
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import decode, encode, problems

T0 = 1_145_000_000
START = EPOCH + timedelta(seconds=T0)


def only(content: bytes):
    [activity] = activities(content)
    assert problems(activity) == []
    return activity


def stream(activity, kind):
    return next((list(item.values) for item in activity.streams if item.type == kind), None)


def test_a_session_becomes_a_workout_with_its_values(ride):
    """A session becomes a workout with the values that the device wrote."""
    activity = only(ride)
    assert (activity.sport, activity.sport_raw, activity.start_utc) == ("Ride", "cycling", START)
    assert (activity.elapsed_s, activity.moving_s, activity.recording_s, activity.distance_m) == (
        10,
        10,
        10,
        30,
    )
    assert (
        activity.average_heartrate_bpm,
        activity.max_heartrate_bpm,
        activity.leg_no,
        activity.parent,
    ) == (140, 150, 0, None)
    assert decode(encode(activity)) == activity


def test_samples_become_streams_of_one_time_base(ride):
    """Samples become streams in seconds after the start, degrees and meters."""
    activity = only(ride)
    assert stream(activity, "time") == list(range(11))
    assert stream(activity, "latlng")[1] == pytest.approx((47.00001, 11.0), abs=1e-6)
    assert (
        stream(activity, "heartrate")[0],
        stream(activity, "watts")[0],
        stream(activity, "distance")[10],
    ) == (140, 200, 30)


def test_claims_are_of_the_content_and_of_the_device(ride):
    """A workout claims its content, and its device at the second of its start."""
    assert [claim.partition(":")[0] for claim in only(ride).claims] == ["file", "device"]
    assert only(ride).claims[1] == f"device:3900000001@{START:%Y-%m-%dT%H:%M:%SZ}"


def test_the_device_has_name_serial_and_software(fit):
    """If a file lists several devices, the device of the workout is the one that wrote the file."""
    made = (
        fit()
        .file_id()
        .write(23, {0: ("u1", 1), 5: ("u2", 999)})
        .write(23, {0: ("u1", 0), 5: ("u2", 1250)})
        .session()
    )
    device = only(made.content()).device
    assert (device.manufacturer, device.serial, device.software) == ("garmin", "3900000001", "12.5")


def test_the_zone_is_the_files_own(ride):
    """The offset is the one that the file states; if it fits the place, the zone has the place's
    name.
    """
    activity = only(ride)
    assert (activity.utc_offset_s, activity.start_local) == (
        7200,
        (START + timedelta(hours=2)).replace(tzinfo=None),
    )
    assert activity.timezone in {"Europe/Vienna", "Europe/Berlin"}


@pytest.mark.parametrize("offset_s", [12_345, 0, 200_000])
def test_a_local_time_that_makes_no_sense_gives_way_to_the_place(fit, offset_s):
    """If the stated local time is UTC or nonsense, as some apps write it, the place decides the
    offset.
    """
    assert (
        only(
            fit().file_id().record(0).record(10).session().activity(offset_s=offset_s).content()
        ).utc_offset_s
        == 7200
    )


def test_a_drawn_world_has_no_zone(fit):
    """A virtual ride has no time zone, because its coordinates lie in a virtual world."""
    activity = only(fit().file_id().record(0).record(10).session(sub_sport=58).content())
    assert (activity.sport, activity.trainer, activity.timezone, activity.start_local) == (
        "VirtualRide",
        True,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("sport", "sub_sport", "expected"),
    [
        (1, 0, "Run"),
        (1, 3, "TrailRun"),
        (1, 1, "Run"),
        (1, 45, "Run"),
        (1, 58, "VirtualRun"),
        (4, 1, "Run"),
        (2, 8, "MountainBikeRide"),
        (5, 17, "Swim"),
        (5, 18, "OpenWaterSwim"),
        (10, 20, "WeightTraining"),
        (4, 15, "Elliptical"),
        (12, 42, "NordicSki"),
        (3, 0, "Transition"),
        (0, 0, "Other"),
        (200, 0, "Other"),
    ],
)
def test_sports_have_our_names(fit, sport, sub_sport, expected):
    """The sport and sub-sport of FIT decide our sport."""
    assert (
        only(fit().file_id().session(sport=sport, sub_sport=sub_sport).content()).sport == expected
    )


def test_a_run_on_a_treadmill_is_indoors(fit):
    """A treadmill makes a run an indoor one, which is not a virtual one."""
    activity = only(fit().file_id().session(sport=1, sub_sport=1).content())
    assert (activity.sport, activity.trainer) == ("Run", True)


def test_each_leg_of_a_multisport_file_is_a_workout(fit):
    """Each leg of a multisport file, including transitions, is a workout with its own samples and
    laps.
    """
    made = (
        fit()
        .file_id()
        .record(0)
        .record(10)
        .lap(0)
        .session(0, 20, sport=5)
        .record(20)
        .session(20, 5, sport=3)
    )
    legs = activities(
        made.record(25).record(40).lap(25).session(25, 30, sport=2).activity(55).content()
    )
    assert [(leg.sport, leg.leg_no, stream(leg, "time"), len(leg.laps)) for leg in legs] == [
        ("Swim", 0, [0, 10], 1),
        ("Transition", 1, [0], 0),
        ("Ride", 2, [0, 15], 1),
    ]
    assert len({leg.parent for leg in legs}) == 1
    assert len({claim for leg in legs for claim in leg.claims}) == 6


def test_the_way_of_each_leg_is_its_own(fit):
    """The distance of each leg begins at 0, even if the device counts it through the whole race."""
    made = (
        fit()
        .file_id()
        .record(0)
        .record(10)
        .session(0, 20, sport=5)
        .record(20)
        .record(30)
        .session(20, 20, sport=2)
    )
    assert [stream(leg, "distance") for leg in activities(made.content())] == [[0, 30], [30, 60]]


def swim_and_ride(fit, *, counted_on_m=0, swam_s=20):
    """Return the legs of a file whose device wrote the last sample of a swim and the first one of a
    ride in the same second.
    """
    made = fit().file_id()
    for second in (0, 10, 20):
        made.record(second, hr=150)
    made.session(0, swam_s, sport=5)
    for second in (20, 30, 40):
        moved_m = counted_on_m + second - 20
        made.record(second, {5: ("u4", moved_m * 100)}, hr=120)
    return activities(made.session(20, 20, sport=2).content())


@pytest.mark.parametrize("counted_on_m", [0, 60])
def test_two_samples_on_the_border_belong_to_one_leg_each(fit, counted_on_m):
    """Of two samples in the second between two legs, the first is the last one of the leg before,
    whether or not the device counts the distance on.
    """
    swim, ride = swim_and_ride(fit, counted_on_m=counted_on_m)
    assert (stream(swim, "time"), stream(swim, "heartrate")) == ([0, 10, 20], [150] * 3)
    assert (stream(ride, "time"), stream(ride, "heartrate")) == ([0, 10, 20], [120] * 3)
    assert (stream(swim, "distance"), stream(ride, "distance")) == ([0, 30, 60], [0, 10, 20])


def test_one_sample_on_the_border_belongs_to_the_leg_that_begins(fit):
    """The only sample in the second between two legs is the first one of the later leg, also if it
    was written in two parts.
    """
    made = fit().file_id().record(0).record(10).session(0, 20, sport=5)
    made.write(20, {253: ("u4", T0 + 20), 3: ("u1", 120)})
    made.write(20, {253: ("u4", T0 + 20), 5: ("u4", 6000)})
    swim, ride = activities(made.record(30, hr=121).session(20, 20, sport=2).content())
    assert stream(swim, "time") == [0, 10]
    assert (stream(ride, "time"), stream(ride, "heartrate")) == ([0, 10], [120, 121])


def test_a_sample_that_is_written_twice_on_the_border_is_no_sample_of_the_leg_before(fit):
    """Some watches write the first sample of a leg twice, and both belong to that leg."""
    made = fit().file_id().record(0).record(10).session(0, 20, sport=5)
    for second in (20, 20, 30):
        made.record(second, {5: ("u4", (second - 20) * 100)})
    swim, ride = activities(made.session(20, 20, sport=2).content())
    assert (stream(swim, "time"), stream(swim, "distance")) == ([0, 10], [0, 30])
    assert (stream(ride, "time"), stream(ride, "distance")) == ([0, 0, 10], [0, 0, 10])


def test_a_leg_that_ended_earlier_has_no_sample_on_the_border(fit):
    """Two samples in the second in which a leg starts belong to it if the leg before ended
    earlier.
    """
    swim, ride = swim_and_ride(fit, swam_s=15)
    assert (stream(swim, "time"), stream(ride, "time")) == ([0, 10], [0, 0, 10, 20])


def test_legs_that_begin_in_one_second_are_not_claimed_to_be_one(fit):
    """Two legs that begin in the same second do not share a claim, because equal claims join."""
    legs = activities(fit().file_id().session(0, 0, sport=3).session(0, 30).content())
    assert len({claim for leg in legs for claim in leg.claims}) == 3


def test_laps_have_their_place_in_the_samples(fit):
    """A lap has the index of its first sample and the index after its last one."""
    made = fit().file_id()
    for second in range(21):
        made.record(second)
    activity = only(
        made.lap(0, 10, {23: ("enum", 2)}).lap(10, 10, {19: ("u2", 250)}).session(0, 20).content()
    )
    assert [
        (lap.start_s, lap.elapsed_s, lap.start_index, lap.end_index) for lap in activity.laps
    ] == [(0, 10, 0, 10), (10, 10, 10, 20)]
    assert (activity.laps[0].intensity, activity.laps[1].average_watts) == ("warmup", 250)


def test_pool_lengths_are_laps_of_their_own_kind(fit):
    """A pool length is a lap of the kind ``length`` with its stroke, and a rest at the wall has
    none.
    """
    made = fit().file_id().session(0, 60, {44: ("u2", 2500), 47: ("u2", 1)}, sport=5, sub_sport=17)
    swim = {253: ("u4", T0 + 30), 2: ("u4", T0), 3: ("u4", 30_000), 7: ("enum", 0), 12: ("enum", 1)}
    made.write(101, swim).write(101, {**swim, 2: ("u4", T0 + 30), 12: ("enum", 0)})
    activity = only(made.content())
    assert [(lap.kind, lap.label, lap.intensity) for lap in activity.laps] == [
        ("length", "freestyle", None),
        ("length", None, "rest"),
    ]
    assert (activity.pool_length_m, activity.pool_lengths) == (25, 1)


def test_sets_of_strength_work_name_their_exercise(fit):
    """A set has the name that the athlete's plan or the FIT profile gives its exercise; rests are
    sets.
    """
    made = fit().file_id()
    heavy = {0: ("u4", 45_000), 3: ("u2", 12), 4: ("u2", 60 * 16), 5: ("u1", 1)}
    bench = {**heavy, 6: ("u4", T0), 7: ("u2", [0, 0xFFFF]), 8: ("u2", [1, 0xFFFF])}
    made.write(225, bench).write(225, {6: ("u4", T0 + 45), 0: ("u4", 90_000), 5: ("u1", 0)})
    made.write(225, {**heavy, 6: ("u4", T0 + 135), 7: ("u2", [28]), 8: ("u2", [6])})
    made.write(264, {0: ("u2", 28), 1: ("u2", 6), 2: ("text", "Deep squat")})
    activity = only(made.session(0, 300, sport=10, sub_sport=20).content())
    assert [
        (item.exercise, item.kind, item.reps, item.weight_kg, item.elapsed_s)
        for item in activity.sets
    ] == [
        ("Barbell bench press", "normal", 12, 60, 45),
        ("Rest", "rest", None, None, 90),
        ("Deep squat", "normal", 12, 60, 45),
    ]


def test_pauses_are_what_the_timer_says(fit):
    """The recorded time is the time in which the timer ran, which is less than the elapsed time."""
    made = (
        fit()
        .file_id()
        .timer(0, start=True)
        .timer(30, start=False)
        .timer(50, start=True)
        .timer(100, start=False)
    )
    assert only(made.session(0, 100).content()).recording_s == 80


def test_running_dynamics_are_streams_and_averages(fit):
    """Running dynamics become streams and averages in the units of the model."""
    more = {39: ("u2", 803), 41: ("u2", 2500), 83: ("u2", 812), 85: ("u2", 11_500)}
    averages = {91: ("u2", 2490), 134: ("u2", 11_000)}
    activity = only(
        fit().file_id().record(0, more).record(1, more).session(0, 1, averages, sport=1).content()
    )
    kinds = ("vertical_oscillation", "ground_contact_time", "vertical_ratio", "stride_length")
    assert [stream(activity, kind)[0] for kind in kinds] == pytest.approx([80.3, 250, 8.12, 1.15])
    assert (
        activity.average_ground_contact_ms,
        activity.average_stride_m,
        activity.cadence_per_leg,
    ) == (249, 1.1, None)


def developer_field(made, number, base, name, unit, native=None):
    description = {
        0: ("u1", 0),
        1: ("u1", number),
        2: ("u1", base),
        3: ("text", name),
        8: ("text", unit),
    }
    return made.write(206, description | ({15: ("u1", native)} if native is not None else {}))


def test_developer_fields_are_kept(fit):
    """A developer field becomes a stream of the model if its meaning is known, and keeps its name
    if it is not, or if the device measured the same thing itself.
    """
    made = fit().file_id().write(207, {3: ("u1", 0), 1: ("byte", [7] * 16)})
    for number, name, unit in (
        (0, "core_temperature", "°C"),
        (1, "Form Power", "Watts"),
        (2, "Power", "Watts"),
    ):
        developer_field(made, number, 0x88, name, unit)
    for second in range(2):
        made.record(
            second, developer={(0, 0): ("f4", 37.5), (0, 1): ("f4", 80), (0, 2): ("f4", 222)}
        )
    activity = only(made.session(0, 1).content())
    streams = [
        stream(activity, kind) for kind in ("core_temperature", "Form Power", "watts", "Power")
    ]
    assert streams == [[37.5] * 2, [80] * 2, [200] * 2, [222] * 2]
    assert [item.type for item in activity.streams if item.custom] == ["Form Power", "Power"]


def test_intervals_between_beats_belong_to_the_sample_before_them(fit):
    """The intervals between heart beats are a list at the sample that they follow."""
    made = (
        fit()
        .file_id()
        .record(0)
        .write(78, {0: ("u2", [810, 820, 0xFFFF])})
        .record(1)
        .record(2)
        .write(78, {0: ("u2", [790])})
    )
    assert stream(only(made.session(0, 2).content()), "hrv") == [(810, 820), None, (790,)]


def test_heart_rates_that_a_strap_kept_are_filled_in(fit):
    """Heart rates that a strap stored under water, with its own clock, fill the gaps of the
    samples.
    """
    made = fit().file_id()
    for second in range(4):
        made.record(second, hr=0xFF)
    made.write(132, {253: ("u4", T0), 0: ("u2", 0), 9: ("u4", 5000), 6: ("u1", 120)})
    first, second = (5000 + 1024) & 0xFFF, (5000 + 2048) & 0xFFF
    packed = [first & 0xFF, first >> 8 | (second & 0xF) << 4, second >> 4]
    made.write(132, {10: ("byte", packed), 6: ("u1", [125, 130])})
    assert stream(only(made.session(0, 3).content()), "heartrate") == [120, 125, 130, 130]


def test_no_heart_beats_zero_times(fit):
    """A heart rate of 0 is a gap, because devices write it without a strap; other zeros are
    values.
    """
    activity = only(
        fit()
        .file_id()
        .record(0, {7: ("u2", 0)}, hr=0)
        .record(1, hr=150)
        .session(0, 1, {16: ("u1", 0)})
        .content()
    )
    assert (
        stream(activity, "heartrate"),
        stream(activity, "watts"),
        activity.average_heartrate_bpm,
    ) == ([None, 150], [0, 200], 150)


def test_position_and_distance_that_were_written_apart_are_one_sample(fit):
    """Position and distance of one second that an app wrote as two messages become one sample."""
    made = fit().file_id()
    for second in range(3):
        made.write(20, {253: ("u4", T0 + second), 3: ("u1", 120)}).write(
            20, {253: ("u4", T0 + second), 5: ("u4", second * 100)}
        )
    activity = only(made.session(0, 2).content())
    assert (
        stream(activity, "time"),
        stream(activity, "distance"),
        stream(activity, "heartrate"),
    ) == ([0, 1, 2], [0, 1, 2], [120] * 3)


def test_what_the_session_leaves_out_comes_from_the_samples(fit):
    """A value that the session leaves out is computed from the samples and marked as computed."""
    made = fit().file_id().record(0).record(10, hr=160).write(18, {5: ("enum", 2)})
    activity = only(made.content())
    assert (
        activity.start_utc,
        activity.elapsed_s,
        activity.distance_m,
        activity.max_heartrate_bpm,
    ) == (START, 10, 30, 160)
    assert activity.provenance["elapsed_s"].how == "computed"


def test_big_endian_files_are_read(fit):
    """A big-endian file, as older devices write it, is read like any other."""
    activity = only(fit(big_endian=True).file_id().record(0).record(10).session().content())
    assert (activity.distance_m, stream(activity, "heartrate")) == (30, [140, 140])


def test_a_definition_that_says_the_wrong_order_of_bytes_is_seen_through(fit):
    """A definition with the wrong byte order is corrected, because its message number exists in one
    order.
    """
    content = fit().file_id().record(0).session().content()
    at = content.index(b"\x40\x00\x00\x14\x00")
    assert len(activities(content[: at + 2] + b"\x01" + content[at + 3 :])) == 1


def test_compressed_times_are_counted_on(fit):
    """The five bits of time in a compressed header are added to the last full time."""
    made = fit().file_id().record(0, place=False)
    made.body += bytes(
        [0x40, 0, 0, 20, 0, 1, 3, 1, 2]
    )  # from here on, samples have only a heart rate
    for second in (5, 20, 40):
        made.body += bytes([0x80 | (T0 + second) & 31, 130])
    assert stream(only(made.session(0, 40).content()), "time") == [0, 5, 20, 40]


def test_a_clock_that_nobody_set_is_marked(fit):
    """A start that counts from when the battery was inserted is marked as estimated."""
    made = fit().file_id().write(18, {2: ("u4", 10_000_000), 7: ("u4", 60_000), 5: ("enum", 1)})
    activity = only(made.content())
    assert (activity.start_utc.year, activity.provenance["start_utc"].how) == (1990, "estimated")


def best_of_five(work) -> float:
    """Return the shortest processor time of five runs in seconds; other tests may run at the same
    time.
    """
    durations = []
    for _ in range(5):
        began = time.process_time()
        work()
        durations.append(time.process_time() - began)
    return min(durations)


def test_an_hour_is_read_in_no_time(fit):
    """An hour takes less than 500 ms of processor time (measured: 25), so that a thousand files are
    read within minutes.
    """
    made = fit().file_id().record(0)
    size = 4 + 8 + 1 + 4 + 2
    for second in range(1, 3600):
        made.body += b"\0" + (T0 + second).to_bytes(4, "little") + made.body[-size + 4 :]
    content = made.session(0, 3600, {3: ("i4", 560_000_000), 4: ("i4", 131_000_000)}).content()
    assert len(stream(only(content), "time")) == 3600
    assert best_of_five(lambda: activities(content)) < 0.5


def test_the_title_is_the_name_of_the_file_and_marked_so(ride):
    """The name of the file becomes the title, marked as estimated so that any other title wins."""
    [activity] = activities(ride, "2026-04-01-morning.fit.gz")
    assert (activity.title, activity.provenance["title"].how) == ("2026-04-01-morning", "estimated")


@pytest.mark.parametrize(
    ("kind", "name"), [(32, "monitoring_b"), (2, "settings"), (6, "course"), (9, "weight")]
)
def test_other_kinds_of_fit_files_are_recognized_by_their_first_bytes(fit, kind, name):
    """The first bytes show that a FIT file is not an activity; an archive contains thousands of
    those.
    """
    content = fit().file_id(kind).record(0).content()
    assert is_activity(content[:80]) is False
    with pytest.raises(RecordRefused) as caught:
        activities(content)
    assert (caught.value.code, f"({name})" in caught.value.what) == ("FG-fit-other-kind", True)


def test_an_activity_is_recognized_by_its_first_bytes(ride):
    """The first bytes show that a FIT file is an activity; if there are too few, the answer is
    unknown.
    """
    assert (is_activity(ride[:80]), is_activity(ride[:20]), is_activity(b"x")) == (True, None, None)


def test_looking_at_the_first_bytes_does_not_import_numpy(ride, tmp_path):
    """Files are told apart without NumPy, for which a person who imports an archive would wait."""
    (tmp_path / "ride.fit").write_bytes(ride)
    code = (
        "import sys, pathlib, fitglue_formats\n"
        f"content = pathlib.Path({str(tmp_path / 'ride.fit')!r}).read_bytes()\n"
        "print(fitglue_formats.is_activity(content[:80]), 'numpy' in sys.modules)"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert process.stdout.split() == ["True", "False"]


def test_an_activity_without_anything_in_it_is_refused(fit):
    """A recording that was stopped before it began is refused as empty."""
    with pytest.raises(RecordRefused) as caught:
        activities(fit().file_id().content())
    assert caught.value.code == "FG-fit-empty"


def test_a_summary_without_samples_is_a_workout(fit):
    """A session without samples is a workout without streams."""
    activity = only(fit().file_id().session().content())
    assert (activity.streams, activity.elapsed_s, activity.start_utc.tzinfo) == ((), 10, UTC)
    assert isinstance(activity.start_utc, datetime)
