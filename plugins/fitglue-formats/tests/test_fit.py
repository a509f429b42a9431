"""What becomes of one FIT file that is whole."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from fitglue_formats import activities, activities_of_glance, glance, is_activity
from fitglue_formats.fit.clock import EPOCH
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import decode, encode, problems

T0 = 1_145_000_000
START = EPOCH + timedelta(seconds=T0)


SAID_AT_A_GLANCE = (
    "title",
    "sport",
    "start_utc",
    "start_local",
    "elapsed_s",
    "moving_s",
    "distance_m",
    "average_heartrate_bpm",
    "leg_no",
)


def only(content: bytes):
    [activity] = activities(content)
    assert problems(activity) == []
    return activity


def stream(activity, kind):
    return next((list(found.values) for found in activity.streams if found.type == kind), None)


def test_a_session_is_a_workout_with_its_figures(ride):
    """As the device said them."""
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
    """Seconds since the start, degrees, metres."""
    activity = only(ride)
    assert stream(activity, "time") == list(range(11))
    assert stream(activity, "latlng")[1] == pytest.approx((47.00001, 11.0), abs=1e-6)
    assert (
        stream(activity, "heartrate")[0],
        stream(activity, "watts")[0],
        stream(activity, "distance")[10],
    ) == (140, 200, 30)


def test_claims_are_of_the_content_and_of_the_device(ride):
    """The same device cannot have begun twice in one second."""
    assert [claim.partition(":")[0] for claim in only(ride).claims] == ["file", "device"]
    assert only(ride).claims[1] == f"device:3900000001@{START:%Y-%m-%dT%H:%M:%SZ}"


def test_the_device_has_name_serial_and_software(fit):
    """Of several devices the one that wrote the file."""
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
    """Where its local time fits the place, the place names it."""
    activity = only(ride)
    assert (activity.utc_offset_s, activity.start_local) == (
        7200,
        (START + timedelta(hours=2)).replace(tzinfo=None),
    )
    assert activity.timezone in {"Europe/Vienna", "Europe/Berlin"}


@pytest.mark.parametrize("offset_s", [12_345, 0, 200_000])
def test_a_local_time_that_makes_no_sense_gives_way_to_the_place(fit, offset_s):
    """Some apps write UTC twice, or anything."""
    assert (
        only(
            fit().file_id().record(0).record(10).session().activity(offset_s=offset_s).content()
        ).utc_offset_s
        == 7200
    )


def test_a_drawn_world_has_no_zone(fit):
    """Its islands lie where nobody rides."""
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
        (1, 1, "VirtualRun"),
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
    """By sport and sub-sport."""
    assert (
        only(fit().file_id().session(sport=sport, sub_sport=sub_sport).content()).sport == expected
    )


def test_each_leg_of_a_multisport_file_is_a_workout(fit):
    """With its own samples and laps; transitions too."""
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
    """Some devices count it through the whole race."""
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


def test_legs_that_begin_in_one_second_are_not_claimed_to_be_one(fit):
    """Equal claims join."""
    legs = activities(fit().file_id().session(0, 0, sport=3).session(0, 30).content())
    assert len({claim for leg in legs for claim in leg.claims}) == 3


def test_laps_have_their_place_in_the_samples(fit):
    """The sample after the last one ends it."""
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
    """With stroke and rests."""
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
    """By the profile, or as the athlete's plan calls it; rests are sets too."""
    made = fit().file_id()
    heavy = {0: ("u4", 45_000), 3: ("u2", 12), 4: ("u2", 60 * 16), 5: ("u1", 1)}
    bench = {**heavy, 6: ("u4", T0), 7: ("u2", [0, 0xFFFF]), 8: ("u2", [1, 0xFFFF])}
    made.write(225, bench).write(225, {6: ("u4", T0 + 45), 0: ("u4", 90_000), 5: ("u1", 0)})
    made.write(225, {**heavy, 6: ("u4", T0 + 135), 7: ("u2", [28]), 8: ("u2", [6])})
    made.write(264, {0: ("u2", 28), 1: ("u2", 6), 2: ("text", "Deep squat")})
    activity = only(made.session(0, 300, sport=10, sub_sport=20).content())
    assert [
        (one.exercise, one.kind, one.reps, one.weight_kg, one.elapsed_s) for one in activity.sets
    ] == [
        ("Barbell bench press", "normal", 12, 60, 45),
        ("Rest", "rest", None, None, 90),
        ("Deep squat", "normal", 12, 60, 45),
    ]


def test_pauses_are_what_the_timer_says(fit):
    """Recorded is less than elapsed."""
    made = (
        fit()
        .file_id()
        .timer(0, start=True)
        .timer(30, start=False)
        .timer(50, start=True)
        .timer(100, start=False)
    )
    assert only(made.session(0, 100).content()).recording_s == 80


def test_running_dynamics_are_streams_and_figures(fit):
    """In the units of the model."""
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
    said = {0: ("u1", 0), 1: ("u1", number), 2: ("u1", base), 3: ("text", name), 8: ("text", unit)}
    return made.write(206, said | ({15: ("u1", native)} if native is not None else {}))


def test_developer_fields_are_kept(fit):
    """Those with a known meaning as our streams, others by their own names; what the device
    measured itself comes first.
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
    found = [
        stream(activity, kind) for kind in ("core_temperature", "Form Power", "watts", "Power")
    ]
    assert found == [[37.5] * 2, [80] * 2, [200] * 2, [222] * 2]
    assert [found.type for found in activity.streams if found.custom] == ["Form Power", "Power"]


def test_intervals_between_beats_stand_with_the_second_they_were_heard_in(fit):
    """As lists."""
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
    """A strap under water hands them over at the end, on a clock of its own in twelve bits."""
    made = fit().file_id()
    for second in range(4):
        made.record(second, hr=0xFF)
    made.write(132, {253: ("u4", T0), 0: ("u2", 0), 9: ("u4", 5000), 6: ("u1", 120)})
    one, two = (5000 + 1024) & 0xFFF, (5000 + 2048) & 0xFFF
    made.write(
        132,
        {10: ("byte", [one & 0xFF, one >> 8 | (two & 0xF) << 4, two >> 4]), 6: ("u1", [125, 130])},
    )
    assert stream(only(made.session(0, 3).content()), "heartrate") == [120, 125, 130, 130]


def test_no_heart_beats_zero_times(fit):
    """Zero is how a device says that it has no strap; every other zero is data."""
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
    """An app does so in every second."""
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
    """And is marked so."""
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
    """Older devices write them."""
    activity = only(fit(big_endian=True).file_id().record(0).record(10).session().content())
    assert (activity.distance_m, stream(activity, "heartrate")) == (30, [140, 140])


def test_a_definition_that_says_the_wrong_order_of_bytes_is_seen_through(fit):
    """The numbers of messages that exist are few."""
    content = fit().file_id().record(0).session().content()
    at = content.index(b"\x40\x00\x00\x14\x00")
    assert len(activities(content[: at + 2] + b"\x01" + content[at + 3 :])) == 1


def test_compressed_times_are_counted_on(fit):
    """Five bits in the header of a sample."""
    made = fit().file_id().record(0, place=False)
    made.body += bytes([0x40, 0, 0, 20, 0, 1, 3, 1, 2])  # from here on: heart rate alone
    for second in (5, 20, 40):
        made.body += bytes([0x80 | (T0 + second) & 31, 130])
    assert stream(only(made.session(0, 40).content()), "time") == [0, 5, 20, 40]


def test_a_clock_that_nobody_set_is_marked(fit):
    """The watch counts from when its battery was put in."""
    made = fit().file_id().write(18, {2: ("u4", 10_000_000), 7: ("u4", 60_000), 5: ("enum", 1)})
    activity = only(made.content())
    assert (activity.start_utc.year, activity.provenance["start_utc"].how) == (1990, "estimated")


def best_of_five(work) -> float:
    """Seconds of the processor; other tests run beside this one."""
    took = []
    for _ in range(5):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return min(took)


def test_an_hour_is_read_in_no_time(fit):
    """The list of a thousand of them stands in minutes; measured are 5 ms for a glance and 25 for
    everything.
    """
    made = fit().file_id().record(0)
    size = 4 + 8 + 1 + 4 + 2
    for second in range(1, 3600):
        made.body += b"\0" + (T0 + second).to_bytes(4, "little") + made.body[-size + 4 :]
    content = made.session(0, 3600, {3: ("i4", 560_000_000), 4: ("i4", 131_000_000)}).content()
    assert len(stream(only(content), "time")) == 3600
    assert best_of_five(lambda: glance(content, "x")) < 0.05
    assert best_of_five(lambda: activities(content)) < 0.5


def test_a_glance_says_what_the_whole_file_says(ride, fit):
    """Without decoding the samples."""
    content = (
        fit()
        .file_id()
        .record(0)
        .record(10)
        .session(0, 20, sport=5)
        .session(20, 30)
        .activity(50)
        .content()
    )
    for whole in (ride, content):
        seen = glance(whole, "Ride.fit")
        again, full = activities_of_glance(seen.workouts, "x" * 64), activities(whole, "Ride.fit")
        assert (seen.kind, seen.file_type, len(seen.workouts)) == ("fit", "activity", len(full))
        for small, big in zip(again, full, strict=True):
            for field in SAID_AT_A_GLANCE:
                assert getattr(small, field) == getattr(big, field), field
            assert small.claims[1:] == big.claims[1:]


def test_the_title_is_the_name_of_the_file_and_marked_so(ride):
    """It is no word of the athlete, so any other title is better."""
    [activity] = activities(ride, "2026-04-01-morning.fit.gz")
    assert (activity.title, activity.provenance["title"].how) == ("2026-04-01-morning", "estimated")


@pytest.mark.parametrize(
    ("kind", "name"), [(32, "monitoring_b"), (2, "settings"), (6, "course"), (9, "weight")]
)
def test_other_kinds_of_fit_files_are_told_from_the_first_bytes(fit, kind, name):
    """Thousands of them lie in an archive."""
    content = fit().file_id(kind).record(0).content()
    seen = glance(content, "x")
    assert (is_activity(content[:80]), seen.file_type, seen.problem.code) == (
        False,
        name,
        "FG-fit-other-kind",
    )


def test_an_activity_is_told_from_the_first_bytes(ride):
    """Where they are too few nothing is said."""
    assert (is_activity(ride[:80]), is_activity(ride[:20]), is_activity(b"x")) == (True, None, None)


def test_an_activity_without_anything_in_it_is_refused(fit):
    """A recording that was stopped before it began."""
    with pytest.raises(RecordRefused) as caught:
        activities(fit().file_id().content())
    assert caught.value.code == "FG-fit-empty"


def test_a_summary_without_samples_is_a_workout(fit):
    """Without streams."""
    activity = only(fit().file_id().session().content())
    assert (activity.streams, activity.elapsed_s, activity.start_utc.tzinfo) == ((), 10, UTC)
    assert isinstance(activity.start_utc, datetime)
