"""Tests of the writer for FIT: what it writes is read back by our reader and by Garmin's SDK."""

from __future__ import annotations

import math
import sys
from datetime import timedelta

import msgspec
import pytest
from garmin_fit_sdk import Decoder
from garmin_fit_sdk import Stream as SdkStream
from hypothesis import given, settings

from fg_workouts import CHANNELS, FIGURES, START, activities, ride, samples, stream
from fitglue_formats import activities as read
from fitglue_formats import device_claim
from fitglue_formats.writing import write_fit
from fitglue_registry.errors import RecordRefused, UserMistake
from fitglue_registry.model import (
    SPORTS,
    Column,
    Device,
    Lap,
    SourceActivity,
    Stream,
    StrengthSet,
    TrainingLoad,
)

SERIAL = 2_900_000_007
#: Sport → what a reader makes of it, because FIT has no sport of its own for it.
OTHER_SPORTS = {
    "Velomobile": "Ride",
    "RollerSki": "NordicSki",
    "Crossfit": "Workout",
    "Skateboard": "Other",
}


def written(activity: SourceActivity) -> SourceActivity:
    """Return an activity after it was written and read back."""
    (back,) = read(write_fit(activity, serial=SERIAL))
    return back


def messages(content: bytes) -> dict[str, list[dict]]:
    """Return the messages of a file as Garmin's SDK reads them."""
    assert Decoder(SdkStream.from_byte_array(bytearray(content))).check_integrity()
    found, errors = Decoder(SdkStream.from_byte_array(bytearray(content))).read(
        convert_datetimes_to_dates=False,
        expand_components=False,
        merge_heart_rates=False,
    )
    assert errors == []
    return found


def same(stated, read_back, step: float) -> bool:
    """Return whether a value came back, up to half a step of its field."""
    if stated is None or read_back is None:
        return stated is read_back
    return math.isclose(stated, read_back, abs_tol=step / 2 + 1e-9)


# -- the round trip --------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(activity=activities())
def test_figures_come_back(activity):
    """Every figure that an activity states is the same after writing and reading."""
    back = written(activity)
    assert (back.start_utc, back.elapsed_s, back.moving_s) == (
        activity.start_utc,
        activity.elapsed_s,
        activity.moving_s,
    )
    for name, (_, _, step) in (FIGURES | {"distance_m": (0, 0, 0.01)}).items():
        stated = getattr(activity, name)
        assert stated is None or same(stated, getattr(back, name), step), name


@settings(max_examples=25, deadline=None)
@given(activity=activities())
def test_samples_come_back(activity):
    """Every sample is the same after writing and reading: a gap is a gap, and a zero is a zero."""
    before = samples(activity)
    after = samples(written(activity))
    steps = {name: step for name, (_, _, step) in CHANNELS.items()}
    for name, values in before.items():
        if all(value is None for value in values):
            assert name not in after
        elif name == "latlng":
            assert after[name] == [pytest.approx(place, abs=1e-7) for place in values]
        else:
            step = steps.get(name, 0.01)
            pairs = zip(values, after[name], strict=True)
            assert all(same(value, other, step) for value, other in pairs), name


@settings(max_examples=12, deadline=None)
@given(activity=activities())
def test_garmins_sdk_reads_the_same(activity):
    """Garmin's SDK finds no error, and the samples, laps and sets that our reader finds."""
    content = write_fit(activity, serial=SERIAL)
    theirs = messages(content)
    (ours,) = read(content)
    after = samples(ours)
    epoch_s = theirs["session_mesgs"][0]["start_time"]
    times = [record["timestamp"] - epoch_s for record in theirs["record_mesgs"]]
    assert times == after["time"]
    for stream_name, field in (("watts", "power"), ("altitude", "enhanced_altitude")):
        values = [record.get(field) for record in theirs["record_mesgs"]]
        expected = after.get(stream_name, [None] * len(values))
        pairs = zip(values, expected, strict=True)
        assert all(same(value, other, 0) for value, other in pairs)
    assert len(theirs["lap_mesgs"]) == len(ours.laps)
    assert len(theirs.get("set_mesgs", [])) == len(activity.sets)


@settings(max_examples=12, deadline=None)
@given(activity=activities())
def test_sets_come_back(activity):
    """Sets of strength training keep exercise, repetitions, weight and duration."""
    assert written(activity).sets == activity.sets


@settings(max_examples=8, deadline=None)
@given(activity=activities())
def test_the_same_activity_gives_the_same_bytes(activity):
    """Writing is deterministic, and writing what was read gives the same file again."""
    content = write_fit(activity, serial=SERIAL)
    assert write_fit(activity, serial=SERIAL) == content
    once = written(activity)
    assert samples(written(once)) == samples(once)


# -- identity --------------------------------------------------------------------------------------


def test_a_file_claims_the_serial_number_and_the_start():
    """The claim of a written file is that of its serial number and start."""
    back = written(ride(start_utc=START + timedelta(milliseconds=700)))
    assert device_claim(SERIAL, START) in back.claims
    assert back.device is not None
    assert back.device.manufacturer == "development"


def test_a_file_names_the_device_that_recorded():
    """The name of the recording device is kept, because services show it."""
    assert written(ride()).device.name == "Edge 530"
    assert written(ride(device=None)).device.name == "FitGlue"


def test_the_recording_device_is_beside_the_writer():
    """The serial number of the recording device is in a message of its own."""
    device = Device("Edge 530", "garmin", "edge_530", "3900000001", "9.75")
    infos = messages(write_fit(ride(device=device), serial=SERIAL))["device_info_mesgs"]
    assert [info["serial_number"] for info in infos] == [SERIAL, 3_900_000_001]
    assert infos[1]["software_version"] == 9.75


@pytest.mark.parametrize("serial", [0, -1, 2**32])
def test_an_impossible_serial_number_is_refused(serial):
    """FIT stores a serial number in 32 bits, and 0 means none."""
    with pytest.raises(ValueError, match="serial number"):
        write_fit(ride(), serial=serial)


# -- zero, gaps and limits -------------------------------------------------------------------------


def test_zero_is_not_absent():
    """Zeros and gaps of a stream both stay what they are."""
    assert samples(written(ride()))["watts"][:3] == [0, None, 200]


def test_a_figure_that_is_absent_stays_absent():
    """No figure is invented for one that the activity lacks and its samples do not show."""
    back = written(ride(calories_kcal=None, training_load=None))
    assert (back.calories_kcal, back.training_load, back.elevation_loss_m) == (None, None, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("average_heartrate_bpm", 255.0),
        ("max_watts", 65_535.0),
        ("calories_kcal", 70_000.0),
        ("max_temperature_c", 200.0),
    ],
)
def test_a_figure_beyond_its_field_is_left_out(name, value):
    """A number that a field cannot hold is left out, instead of becoming another one."""
    activity = ride(streams=(), **{name: value})
    assert getattr(written(activity), name) is None


def test_a_sample_beyond_its_field_is_a_gap():
    """A sample that a field cannot hold is a gap, and the others stay."""
    streams = (stream("time", [0, 1, 2]), stream("heartrate", [100, 300, -4]))
    back = samples(written(ride(streams=streams)))
    assert back["heartrate"] == [100, None, None]


def test_infinite_and_missing_numbers_are_gaps():
    """An infinite sample is a gap; a sample without a time is left out."""
    streams = (stream("time", [0, None, 2]), stream("watts", [math.inf, 5, 7]))
    back = samples(written(ride(streams=streams)))
    assert (back["time"], back["watts"]) == ([0, 2], [None, 7])


def test_samples_of_one_second_become_one():
    """FIT states times in seconds: of two samples in one second, the first one is kept, and its
    gaps are filled from the second.
    """
    streams = (
        stream("time", [0, 0.2, 1, 1.4, 2]),
        stream("watts", [100, 110, None, 130, 140]),
    )
    back = samples(written(ride(streams=streams)))
    assert (back["time"], back["watts"]) == ([0, 1, 2], [100, 130, 140])


# -- times -----------------------------------------------------------------------------------------


def test_the_local_time_comes_back_without_a_position():
    """The offset of the local clock is stated, also for a workout indoors."""
    back = written(ride(streams=(stream("time", [0, 10]),)))
    local = START.replace(tzinfo=None) + timedelta(hours=2)
    assert (back.utc_offset_s, back.start_local) == (7200, local)


def test_an_unknown_zone_stays_unknown():
    """Without a zone and a position, no local time is invented."""
    activity = ride(start_local=None, utc_offset_s=None, streams=(stream("time", [0, 10]),))
    back = written(activity)
    assert (back.start_utc, back.start_local) == (START, None)


def test_a_start_that_is_only_local_is_refused():
    """A workout whose moment is unknown cannot be written, and the error says what to do."""
    with pytest.raises(RecordRefused) as refused:
        write_fit(ride(start_utc=None), serial=SERIAL)
    assert refused.value.code == "FG-start-unknown"
    assert "fitglue settings timezone" in refused.value.fix


def test_a_start_of_a_day_is_refused():
    """A workout of which only the day is known has no start that FIT could state."""
    with pytest.raises(RecordRefused, match="FG-start-unknown"):
        write_fit(ride(start_precision="day"), serial=SERIAL)


@pytest.mark.parametrize("year", [1990, 2127])
def test_a_start_beyond_the_times_of_fit_is_refused(year):
    """FIT counts seconds in 32 bits, and small numbers mean a clock that was not set."""
    with pytest.raises(RecordRefused, match="FG-fit-date"):
        write_fit(ride(start_utc=START.replace(year=year)), serial=SERIAL)


def test_a_pause_is_where_the_samples_have_a_gap():
    """The timer stops in the longest gap, so that the recording time comes back."""
    streams = (stream("time", [0, 1, 2, 102, 103, 110]),)
    activity = ride(elapsed_s=110.0, recording_s=12.0, moving_s=12.0, streams=streams)
    content = write_fit(activity, serial=SERIAL)
    events = messages(content)["event_mesgs"]
    start = events[0]["timestamp"]
    stated = [(event["timestamp"] - start, event["event_type"]) for event in events]
    assert stated == [(0, "start"), (2, "stop_all"), (100, "start"), (110, "stop_all")]
    assert read(content)[0].recording_s == 12.0


def test_pauses_that_the_samples_do_not_show_are_not_invented():
    """If the samples have no gap for the time that is missing, the timer has no events."""
    activity = ride(recording_s=4.0)
    assert "event_mesgs" not in messages(write_fit(activity, serial=SERIAL))
    assert written(activity).recording_s is None


# -- sports ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sport", sorted(SPORTS))
def test_each_sport_comes_back(sport):
    """Each sport of the model is the same after reading, or the nearest one that FIT knows."""
    assert written(ride(sport=sport)).sport == OTHER_SPORTS.get(sport, sport)


@pytest.mark.parametrize("sport", ["Run", "Walk", "Rowing", "Handcycle", "RockClimbing"])
def test_indoors_comes_back(sport):
    """A sport indoors has its own sub-sport."""
    back = written(ride(sport=sport, trainer=True))
    assert back.sport == sport
    assert back.trainer or sport == "RockClimbing"


def test_a_sub_sport_of_fit_comes_back():
    """What a FIT file stated is written again, even if the model does not distinguish it."""
    back = written(ride(sport="Ride", sport_raw="cycling", sub_type="road"))
    assert (back.sport_raw, back.sub_type) == ("cycling", "road")


def test_steps_of_both_legs_become_those_of_one():
    """FIT counts the steps of one leg, and every program doubles them."""
    streams = (stream("time", [0, 10]), stream("cadence", [170, 175]))
    activity = ride(sport="Run", average_cadence_rpm=172.0, cadence_per_leg=False, streams=streams)
    back = written(activity)
    assert (back.average_cadence_rpm, back.cadence_per_leg) == (86.0, True)
    assert samples(back)["cadence"] == [85, 87.5]


# -- laps, lengths, legs and other channels --------------------------------------------------------


def test_laps_come_back():
    """Laps keep their start, duration, intensity and figures."""
    lap = Lap(
        start_s=4.0,
        elapsed_s=6.0,
        moving_s=5.0,
        intensity="warmup",
        average_heartrate_bpm=133.0,
        average_speed_mps=3.5,
        average_grade_pct=1.25,
        average_cadence_rpm=80.5,
    )
    (back,) = written(ride(laps=(lap,))).laps
    for name in lap.__struct_fields__:
        stated = getattr(lap, name)
        assert stated is None or getattr(back, name) == stated, name


def test_intervals_become_laps_if_there_are_none():
    """FIT has no intervals of a service; they are written if the device wrote no laps."""
    interval = Lap(kind="interval", start_s=2.0, elapsed_s=8.0, moving_s=8.0, intensity="work")
    lap = Lap(start_s=0.0, elapsed_s=10.0, moving_s=10.0)
    assert [lap.start_s for lap in written(ride(laps=(interval,))).laps] == [2.0]
    assert [lap.start_s for lap in written(ride(laps=(interval, lap))).laps] == [0.0]


def test_pool_lengths_come_back():
    """A swim in a pool keeps the pool, the lengths with their strokes, and the rests."""
    lengths = (
        Lap(kind="length", start_s=0.0, elapsed_s=4.0, moving_s=4.0, label="freestyle"),
        Lap(kind="length", start_s=4.0, elapsed_s=2.0, moving_s=2.0, intensity="rest"),
        Lap(kind="length", start_s=6.0, elapsed_s=4.0, moving_s=4.0, label="butterfly"),
    )
    activity = ride(sport="Swim", pool_length_m=25.0, pool_lengths=2, laps=lengths)
    back = written(activity)
    assert (back.sport, back.pool_length_m, back.pool_lengths) == ("Swim", 25.0, 2)
    swum = [(lap.start_s, lap.label, lap.intensity) for lap in back.laps if lap.kind == "length"]
    assert swum == [(0.0, "freestyle", None), (4.0, None, "rest"), (6.0, "butterfly", None)]


def test_legs_of_a_multisport_event_come_back():
    """Several activities become the sessions of one file, each with its own samples and laps."""
    swim = ride(sport="OpenWaterSwim")
    change = ride(sport="Transition", start_utc=START + timedelta(seconds=10), streams=())
    bike = ride(start_utc=START + timedelta(seconds=20), sets=(StrengthSet("Squat", 3),))
    legs = read(write_fit(swim, change, bike, serial=SERIAL))
    assert [leg.sport for leg in legs] == ["OpenWaterSwim", "Transition", "Ride"]
    assert [leg.leg_no for leg in legs] == [0, 1, 2]
    assert samples(legs[2])["watts"] == samples(bike)["watts"]
    assert len({leg.parent for leg in legs}) == 1


def test_beats_come_back():
    """The intervals between heart beats are written after their sample, five in each message."""
    beats = [(800.0, 810.0, 790.0, 805.0, 795.0, 820.0), None, (900.0,)]
    streams = (stream("time", [0, 1, 2]), Stream("hrv", Column.lists(beats)))
    assert samples(written(ride(streams=streams)))["hrv"] == beats


def test_custom_channels_come_back():
    """A channel that FIT does not know becomes a developer field with its name, unit and digits."""
    custom = Stream("Leg Spring", Column.of([10.123456789, None, 0.0]), "kN/m", custom=True)
    back = written(ride(streams=(stream("time", [0, 1, 2]), custom)))
    assert [other for other in back.streams if other.custom] == [custom]


def test_a_channel_of_the_profile_comes_back():
    """A channel of the FIT profile that the model does not know is written as its own field."""
    own = Stream("accumulated_power", Column.of([1.0, 2.0, 3.0]), "watts")
    content = write_fit(ride(streams=(stream("time", [0, 1, 2]), own)), serial=SERIAL)
    records = messages(content)["record_mesgs"]
    assert [record["accumulated_power"] for record in records] == [1, 2, 3]
    assert own in read(content)[0].streams


def test_only_a_load_from_power_is_a_stress_score():
    """A load from heart rate is no training stress score, so FIT cannot hold it."""
    power = TrainingLoad(88.0, "power", chosen=True)
    heart = TrainingLoad(70.0, "heart_rate", chosen=True)
    assert written(ride(training_load=88.0, training_loads=(power,))).training_load == 88.0
    assert written(ride(training_load=70.0, training_loads=(heart,))).training_load is None


def test_texts_with_control_characters_are_cleaned():
    """Control characters and halves of characters do not reach the file."""
    profile = "Trail\x00 \ud800race\x1b[2J\n"
    back = written(ride(extensions={"sport_profile": profile}, device=Device(name="A\x07b")))
    assert back.extensions["sport_profile"] == "Trail race[2J"
    assert back.device.name == "Ab"


def test_an_activity_without_samples_is_written():
    """A workout that was typed in has a session and one lap."""
    back = written(ride(streams=(), device=None))
    assert (back.distance_m, back.elapsed_s, back.streams) == (30.0, 10.0, ())
    assert [lap.elapsed_s for lap in back.laps] == [10.0]


def test_what_fit_cannot_hold_is_lost():
    """The title, the description, tags, notes and gear have no place in a FIT file."""
    activity = ride(notes="Private", tags=("a",), commute=True, race=True)
    back = written(activity)
    lost = ("title", "description", "notes", "commute", "race", "gear", "location")
    assert {getattr(back, name) for name in lost} == {None}
    assert back.tags == ()


def test_a_missing_sdk_says_how_to_install_it(monkeypatch):
    """Without the extra, the error names the command that installs it."""
    monkeypatch.setitem(sys.modules, "garmin_fit_sdk", None)
    with pytest.raises(UserMistake) as missing:
        write_fit(msgspec.structs.replace(ride()), serial=SERIAL)
    assert missing.value.code == "FG-extra-missing"
    assert missing.value.fix == "pip install 'fitglue-formats[fit-write]'"


def test_the_last_sample_of_a_leg_comes_back():
    """A leg keeps the sample of the second in which the next leg begins."""
    swim = ride(sport="OpenWaterSwim")
    bike = ride(start_utc=START + timedelta(seconds=10))
    legs = read(write_fit(swim, bike, serial=SERIAL))
    assert samples(legs[0]) == samples(swim) | {"latlng": samples(legs[0])["latlng"]}
    assert samples(legs[1])["watts"] == samples(bike)["watts"]
