"""Tests of the original file: the member of a zip, and what the workout gains from it."""

from __future__ import annotations

import hashlib
import io
import zipfile
from contextlib import suppress
from dataclasses import replace

import pytest

from fitglue_formats import activities
from fitglue_garmin.original import member_of
from fitglue_garmin.testing import Leg, Squats, Workout
from fitglue_garmin.testing.bodies import detail_of, row_of
from fitglue_garmin.testing.files import file_of, zipped
from fitglue_garmin.testing.workout import event, utc
from fitglue_registry.errors import RecordRefused

RIDE = Workout(Leg(7, utc("2026-11-02T06:31:10"), "road_biking", 3600, 29_000.0))
GPX = b'<?xml version="1.0"?><gpx version="1.1" creator="x"><trk/></gpx>'


def packed(*members, encrypted=False, method=zipfile.ZIP_DEFLATED):
    """Return a zip of some members, given as name and content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    content = buffer.getvalue()
    if encrypted:  # bit 0 of the flags in the index (APPNOTE, central directory)
        at = content.index(b"PK\x01\x02") + 8
        content = content[:at] + b"\x01" + content[at + 1 :]
    return content


# -- the zip ---------------------------------------------------------------------------------------


def test_the_member_is_hashed_and_not_the_zip(normalized):
    """Two zips of the same file give the same claims: Garmin packs it anew for each download."""
    content = file_of(RIDE)
    claims = set()
    for times in (0, 1):
        archive = zipped(7, content, times)
        [activity] = normalized({"summary": row_of(RIDE), "file": archive})
        claims.add(activity.claims)
    assert zipped(7, content, 0) != zipped(7, content, 1)
    [only] = claims
    assert f"file:sha256:{hashlib.sha256(content).hexdigest()}#0" in only


def test_a_file_without_a_zip_is_read(normalized):
    """A file that arrives without a zip is read, too: a client says that this may happen."""
    [activity] = normalized({"summary": row_of(RIDE), "file": file_of(RIDE)})
    assert {stream.type for stream in activity.streams} >= {"time", "heartrate", "watts"}


def test_the_name_of_a_member_does_not_matter():
    """A member with a hostile name is neither written anywhere nor refused for its name."""
    content = file_of(RIDE)
    assert member_of(packed(("../../etc/passwd", content))) == content


def test_the_recording_is_chosen_among_several_members():
    """Of several members, the FIT file is taken; text beside it is ignored."""
    content = file_of(RIDE)
    archive = packed(("a.txt", b"hello"), ("b.gpx", GPX), ("c.bin", content))
    assert member_of(archive) == content


@pytest.mark.parametrize(
    ("archive", "code"),
    [
        (packed(), "FG-no-file"),
        (packed(("readme.txt", b"hello")), "FG-no-file"),
        (packed(("a.fit", b"x"))[:-10], "FG-zip-broken"),
        (b"PK\x03\x04" + bytes(100), "FG-zip-broken"),
        (packed(("a.fit", b"x" * 64_000_001)), "FG-zip-bomb"),
        (packed(*[(f"{number}.fit", b"x") for number in range(33)]), "FG-zip-bomb"),
        (packed(("a.fit", b"x"), encrypted=True), "FG-file-encrypted"),
        (packed(("a.fit", b"x"), method=zipfile.ZIP_LZMA), "FG-zip-packing"),
    ],
    ids=["empty", "text", "cut", "no index", "bomb", "crowd", "encrypted", "lzma"],
)
def test_a_zip_that_cannot_be_used_says_why(normalized, archive, code):
    """A workout whose zip cannot be used keeps the values of the list, and states the reason."""
    with pytest.raises(RecordRefused) as raised:
        member_of(archive)
    assert raised.value.code == code
    [activity] = normalized({"summary": row_of(RIDE), "file": archive})
    assert activity.distance_m == 29_000.0
    assert activity.completeness.missing["file"].startswith(code)


def test_an_index_that_would_fill_the_memory_is_not_read():
    """A zip that states an index of hundreds of megabytes is refused before it is read."""
    archive = bytearray(packed(("a.fit", b"x" * 3_000_000), method=zipfile.ZIP_STORED))
    at = archive.rindex(b"PK\x05\x06")  # end of the index: its size is at 12, its place at 16
    archive[at + 12 : at + 16] = (2_000_000).to_bytes(4, "little")
    archive[at + 16 : at + 20] = (at - 2_000_000).to_bytes(4, "little")
    with pytest.raises(RecordRefused) as raised:
        member_of(bytes(archive))
    assert raised.value.code == "FG-zip-broken"


def test_no_changed_byte_of_a_zip_is_a_bug():
    """Whatever byte of the headers or the index is changed, the zip is read or refused."""
    archive = packed(("a.fit", file_of(RIDE)))
    index = archive.rindex(b"PK\x01\x02")
    for at in (*range(4, 40), *range(index, len(archive))):
        for value in (0, 0x20, 0x41, 99, 0xFF):
            with suppress(RecordRefused):
                member_of(archive[:at] + bytes([value]) + archive[at + 1 :])


@pytest.mark.parametrize(
    ("offset", "value"),
    [(6, 99), (8, 0x20), (8, 0x40), (28, 0)],
    ids=["version", "patched", "strong encryption", "no name"],
)
def test_an_index_that_python_cannot_read_is_a_damaged_zip(offset, value):
    """A member of an unknown version or kind, or without a name, makes the zip a damaged one."""
    archive = bytearray(packed(("a.fit", file_of(RIDE))))
    archive[archive.rindex(b"PK\x01\x02") + offset] = value
    with pytest.raises(RecordRefused) as raised:
        member_of(bytes(archive))
    assert raised.value.code == "FG-zip-broken"


# -- row and file ----------------------------------------------------------------------------------


def test_the_file_adds_samples_laps_and_the_device(normalized):
    """Samples, laps and the device come from the file, and the title from the row."""
    [activity] = normalized({"summary": row_of(RIDE), "file": zipped(7, file_of(RIDE))})
    assert activity.title == "Oslo Running"
    assert len(activity.laps) == 1
    assert activity.device.serial == "3900000001"
    assert activity.completeness.parts == ("summary", "file")
    assert set(activity.claims) >= {"garmin:7", "device:3900000001@2026-11-02T06:31:10Z"}


def test_the_zone_of_the_detail_completes_a_file_without_positions(normalized):
    """A treadmill's file does not show the zone, so that of the detail is used."""
    run = Workout(Leg(7, utc("2026-11-02T06:31:10"), "treadmill_running"))
    parts = {"summary": row_of(run), "detail": detail_of(run), "file": zipped(7, file_of(run))}
    [activity] = normalized(parts)
    assert (activity.timezone, activity.utc_offset_s) == ("Europe/Oslo", 3600)
    assert (activity.trainer, activity.rpe) == (True, 4.0)


def test_a_distance_that_the_athlete_corrected_wins(normalized):
    """A distance that was corrected at Garmin Connect wins over that of the file."""
    row = row_of(RIDE) | {"distance": 31_000.0}
    [activity] = normalized({"summary": row, "file": zipped(7, file_of(RIDE))})
    assert activity.distance_m == 31_000.0
    assert "the file has 29,000 m" in activity.provenance["distance_m"].note


@pytest.mark.parametrize(
    "start", ["2026-10-30T06:31:10", "2026-11-02T14:31:10", "1990-01-01T00:00:10"]
)
def test_the_file_of_another_workout_adds_nothing(normalized, start):
    """A file of another time gives neither values nor claims, and the completeness says why."""
    other = Workout(Leg(8, utc(start), "running", 1800, 5_000.0))
    [activity] = normalized({"summary": row_of(RIDE), "file": zipped(7, file_of(other))})
    assert (activity.start_utc, activity.claims) == (RIDE.whole.start, ("garmin:7",))
    assert (activity.distance_m, activity.streams) == (29_000.0, ())
    assert "of another workout" in activity.completeness.missing["file"]


def test_sets_of_strength_training_come_from_the_file(normalized):
    """The API has one line per exercise, and the file has each set."""
    sets = (Squats(12, 40), Squats(9, 55))
    gym = Workout(Leg(7, utc("2026-11-02T17:00:00"), "strength_training", sets=sets))
    [activity] = normalized({"summary": row_of(gym), "file": zipped(7, file_of(gym))})
    assert [(made.reps, made.weight_kg) for made in activity.sets] == [(12, 40), (9, 55)]
    [squats] = activity.extensions["exercises"]
    assert (squats["sets"], squats["repetitions"], activity.metrics["repetitions"]) == (2, 21, 21)


def test_sets_have_the_name_of_the_exercise(normalized):
    """A set of which the file has only the category gets the name from the totals at Garmin
    Connect, unless these have several exercises of the category.
    """
    gym = Workout(Leg(7, utc("2026-11-02T17:00:00"), "strength_training"))
    row = row_of(gym)
    [activity] = normalized({"summary": row, "file": file_of(gym)})
    assert {made.exercise for made in activity.sets} == {"Barbell back squat"}
    other = row["summarizedExerciseSets"][0] | {"subCategory": "GOBLET_SQUAT"}
    row["summarizedExerciseSets"].append(other)
    [activity] = normalized({"summary": row, "file": file_of(gym)})
    assert {made.exercise for made in activity.sets} == {"Squat"}


def test_the_time_in_motion_is_that_of_the_row(normalized):
    """The timer of a watch that was never stopped does not replace the time in motion; a longer
    time of the row does not replace that of the timer.
    """
    parts = {"summary": row_of(RIDE) | {"movingDuration": 3000.0}, "file": file_of(RIDE)}
    [activity] = normalized(parts)
    assert (activity.moving_s, activity.elapsed_s) == (3000.0, 3600.0)
    assert "the file has 3,600 s" in activity.provenance["moving_s"].note


def test_an_extreme_that_garmin_reports_wins_over_the_samples(normalized):
    """A file that does not state its highest values keeps only some of the samples, so what Garmin
    Connect reports is the better value.
    """
    row = row_of(RIDE) | {"maxHR": 190.0, "averageHR": 140.0}
    [activity] = normalized({"summary": row, "file": file_of(RIDE)})
    assert (activity.max_heartrate_bpm, activity.average_heartrate_bpm) == (190, 140)
    assert activity.provenance["max_heartrate_bpm"].how == "reported"


@pytest.mark.parametrize("content", [b"not a zip", b"\x0e\x10\x00\x00\x00\x00\x00\x00.FITxx"])
def test_a_file_that_cannot_be_read_costs_only_itself(normalized, content):
    """A workout whose file cannot be read keeps the values of the list, and states the reason."""
    [activity] = normalized({"summary": row_of(RIDE), "file": content})
    assert activity.streams == ()
    assert activity.completeness.missing["file"].startswith("FG-")


# -- events ----------------------------------------------------------------------------------------

RACE = event(
    500,
    utc("2026-06-14T07:00:00"),
    (("open_water_swimming", 1500), ("road_biking", 3600), ("running", 2400)),
)


def event_parts(workout, content, legs=None):
    """Return the summary of an event with the rows of its legs, and its file."""
    chosen = workout.legs if legs is None else legs
    summary = row_of(workout) | {"fitglue_legs": [row_of(workout, leg) for leg in chosen]}
    return {"summary": summary, "file": zipped(workout.id, content)}


def test_each_leg_gets_its_part_of_the_one_file(normalized):
    """Each leg has the samples of its own session, and its own claims."""
    legs = normalized(event_parts(RACE, file_of(RACE)))
    sessions = activities(file_of(RACE))
    assert [leg.start_utc for leg in legs] == [session.start_utc for session in sessions]
    assert [leg.elapsed_s for leg in legs] == [1500, 3600, 2400]
    assert all(leg.streams for leg in legs)
    claims = [claim for leg in legs for claim in leg.claims]
    assert len(claims) == len(set(claims))
    # The number of a leg was not corrected by anybody, so there is no remark about it.
    assert not any("leg_no" in leg.provenance for leg in legs)


def test_a_leg_that_is_not_in_the_file_keeps_its_row(normalized):
    """A leg that was added at Garmin Connect has no samples, and the others have theirs."""
    shorter = event(500, RACE.whole.start, (("open_water_swimming", 1500), ("road_biking", 3600)))
    legs = normalized(event_parts(RACE, file_of(shorter)))
    assert [bool(leg.streams) for leg in legs] == [True, True, False]


def test_transitions_that_are_not_listed_move_no_other_leg(normalized):
    """If Garmin lists fewer legs than the file has, each one gets the session of its start."""
    kinds = (("open_water_swimming", 1500), ("swimToBikeTransition_v2", 150), ("running", 2400))
    whole = event(500, RACE.whole.start, kinds)
    legs = normalized(event_parts(whole, file_of(whole), legs=(whole.legs[0], whole.legs[2])))
    assert [(leg.sport, leg.elapsed_s) for leg in legs] == [("OpenWaterSwim", 1500), ("Run", 2400)]


def test_a_short_leg_does_not_take_the_recording_of_its_neighbor(normalized):
    """A transition that the file lacks keeps its row, and the ride after it its samples."""
    kinds = (("open_water_swimming", 1500), ("swimToBikeTransition_v2", 60), ("road_biking", 3600))
    whole = event(500, RACE.whole.start, kinds)
    recorded = replace(whole, legs=(whole.legs[0], whole.legs[2]))
    legs = normalized(event_parts(whole, file_of(recorded)))
    assert [leg.elapsed_s for leg in legs] == [1500, 60, 3600]
    assert [bool(leg.streams) for leg in legs] == [True, False, True]
    assert "no session of the file" in legs[1].completeness.missing["file"]


def test_an_event_without_listed_legs_has_the_legs_of_its_file(normalized):
    """If neither list nor detail names legs, those of the file are used."""
    legs = normalized({"summary": row_of(RACE), "file": zipped(500, file_of(RACE))})
    assert [leg.leg_no for leg in legs] == [0, 1, 2]


# -- a sport that the model does not have ----------------------------------------------------------


@pytest.mark.parametrize("kind", ["underwater_hockey", "boxing", "motorcycling_v2"])
def test_a_type_that_is_not_in_the_model_wins_over_the_file(normalized, kind):
    """A type that the athlete chose is kept, though the watch has no such sport and says "cycling";
    the variant of the file's sport goes with its sport.
    """
    row = row_of(RIDE) | {"activityType": {"typeKey": kind, "parentTypeId": 17}}
    [activity] = normalized({"summary": row, "file": file_of(RIDE)})
    assert (activity.sport, activity.sport_raw, activity.sub_type) == ("Other", kind, None)
    assert "the file has Ride" in activity.provenance["sport"].note


@pytest.mark.parametrize("kind", ["other", "uncategorized", "multi_sport", "fitness_equipment"])
def test_a_type_that_says_nothing_leaves_the_sport_to_the_file(normalized, kind):
    """A type that does not say what was done gives way to the sport of the file."""
    row = row_of(RIDE) | {"activityType": {"typeKey": kind, "parentTypeId": 17}}
    [activity] = normalized({"summary": row, "file": file_of(RIDE)})
    assert activity.sport == "Ride"
