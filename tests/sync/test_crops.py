"""Tests of crops: what the athlete cut off at a service is cut off here, and can be undone."""

from __future__ import annotations

import gzip
import json
import zipfile
from datetime import timedelta

import pytest

from fitglue_intervals.testing import Account
from fitglue_intervals.testing.garmin_archive import garmin_archive
from fitglue_registry import Host, Policy
from fitglue_registry.errors import UserMistake
from fitglue_registry.model import crop_of
from fitglue_registry.secrets.memory import MemorySecretStore
from tests.sync.test_archives import HEADER, START, import_paths, zipped

#: Values of the recording, of which a crop changes every one.
MEASURED = ("start_utc", "elapsed_s", "distance_m", "calories_kcal", "average_heartrate_bpm")


def tcx(seconds: int = 600) -> bytes:
    """Return a run with three laps of equal length and one sample every ten seconds."""
    each = seconds // 3
    laps = "".join(lap(start, each, seconds) for start in range(0, seconds, each))
    return (
        '<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2">'
        f'<Activities><Activity Sport="Running"><Id>{START:%Y-%m-%dT%H:%M:%SZ}</Id>{laps}'
        "</Activity></Activities></TrainingCenterDatabase>"
    ).encode()


def lap(start_s: int, length_s: int, total_s: int) -> str:
    seconds = range(0, total_s + 1, 10)
    is_last = start_s + length_s == total_s
    end_s = start_s + length_s + is_last
    points = "".join(point(second) for second in seconds if start_s <= second < end_s)
    return (
        f'<Lap StartTime="{START + timedelta(seconds=start_s):%Y-%m-%dT%H:%M:%SZ}">'
        f"<TotalTimeSeconds>{length_s}</TotalTimeSeconds>"
        f"<DistanceMeters>{3.3 * length_s}</DistanceMeters><Calories>50</Calories>"
        f"<Track>{points}</Track></Lap>"
    )


def point(second: int) -> str:
    bpm = 120 if second < 300 else 140
    return (
        f"<Trackpoint><Time>{START + timedelta(seconds=second):%Y-%m-%dT%H:%M:%SZ}</Time>"
        f"<DistanceMeters>{3.3 * second}</DistanceMeters>"
        f"<HeartRateBpm><Value>{bpm}</Value></HeartRateBpm></Trackpoint>"
    )


def archive(path, start_s: int, elapsed_s: int, distance_m: float, name: str = "Lake"):
    """Write Strava's archive with a run whose row begins this many seconds after its file."""
    start = START + timedelta(seconds=start_s)
    values = {
        "Activity ID": "7",
        "Activity Date": f"{start:%b %d, %Y, %I:%M:%S %p}",
        "Activity Name": name,
        "Activity Type": "Run",
        "Filename": "activities/9.tcx.gz",
    }
    cells = [values.get(column, "") for column in HEADER]
    # The columns that occur twice: the second one has seconds and meters.
    for column, number in (("Elapsed Time", elapsed_s), ("Distance", distance_m)):
        cells[len(HEADER) - 1 - HEADER[::-1].index(column)] = str(number)
    table = "\n".join(",".join(f'"{cell}"' for cell in line) for line in (HEADER, cells))
    content = {
        "activities.csv": table.encode(),
        "profile.csv": b"Athlete ID,Email\n99,x\n",
        "activities/9.tcx.gz": gzip.compress(tcx()),
    }
    return zipped(path, content)


def shown(host) -> dict:
    """Return the document of the only activity, with its streams."""
    [row] = host.activities()
    return host.activities.document(host.activities.get(row["id"]), streams=True)["activity"]


def samples(document: dict, kind: str) -> list:
    return next(stream["values"] for stream in document["streams"] if stream["type"] == kind)


@pytest.fixture
def cropped(host, tmp_path):
    """A host with a run of ten minutes, of which five were cut off at Strava."""
    import_paths(host, archive(tmp_path / "s.zip", 150, 300, 990.0))
    return host


@pytest.fixture
def whole(host, tmp_path):
    """The document of the same run if nothing was cut off."""
    with Host(tmp_path / "whole", secrets=MemorySecretStore(), policy=Policy.personal()) as other:
        import_paths(other, archive(tmp_path / "whole.zip", 0, 600, 1980.0))
        return shown(other)


def test_a_crop_applies_to_values_streams_and_laps(cropped):
    """The activity has the values of the service, and the samples and laps that are left. The list
    and the SQL view agree with it.
    """
    document = shown(cropped)
    assert document["start_utc"] == "2026-05-03T06:02:30Z"
    assert (document["elapsed_s"], document["distance_m"]) == (300, 990)
    assert "calories_kcal" not in document
    times = samples(document, "time")
    assert (times[0], times[-1], len(times)) == (0, 300, 31)
    assert [(lap["start_s"], lap["elapsed_s"]) for lap in document["laps"]] == [(50, 200)]
    [row] = cropped.activities()
    assert (row["elapsed_s"], row["distance_m"]) == (300, 990)
    query = "select elapsed_s, (select count(*) from laps) from activities"
    assert cropped.queries.sql(query).rows == ((300, 1),)


def test_the_source_activity_keeps_the_whole_recording(cropped):
    """The values of the file stay in the source activity, with the mark of the crop."""
    [member] = cropped.activities.get("last").members
    assert (member.activity.elapsed_s, len(member.activity.laps)) == (600, 3)
    crop = crop_of(member.activity)
    assert (crop.start_s, crop.end_s) == (150, 450)


def test_undoing_a_crop_gives_exactly_the_uncropped_workout(cropped, whole):
    """After ``reset`` with ``crop``, the activity is the same as without a crop."""
    cropped.decisions.edit("last", reset=["crop"])
    assert shown(cropped) == whole


def test_a_crop_that_was_undone_can_be_applied_again(cropped):
    """``crop`` set to true gives the cropped workout again, and a reset of all edits does too."""
    before = shown(cropped)
    cropped.decisions.edit("last", reset=["crop"])
    cropped.decisions.edit("last", {"crop": "true"})
    assert shown(cropped) == before
    cropped.decisions.edit("last", {"crop": "false"})
    cropped.decisions.edit("last", reset=["all"])
    assert shown(cropped) == before


@pytest.mark.parametrize("choice", [{}, {"crop": "false"}], ids=["applied", "undone"])
def test_the_decision_about_a_crop_survives_syncs_and_rebuilds(cropped, tmp_path, choice):
    """A rebuild, and a newer archive with another title, change nothing about the crop."""
    if choice:
        cropped.decisions.edit("last", choice)
    before = shown(cropped)
    list(cropped.syncs.rebuild())
    assert shown(cropped) == before
    import_paths(cropped, archive(tmp_path / "s.zip", 150, 300, 990.0, "Renamed"))
    assert shown(cropped) == before | {"title": "Renamed"}


def test_a_crop_wins_over_the_file_in_a_folder_until_it_is_undone(cropped, tmp_path):
    """The same file in a folder joins the cropped activity and does not bring back what was cut
    off, neither its values nor its streams. After the crop is undone, it may.
    """
    before = shown(cropped)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "run.tcx").write_bytes(tcx())
    import_paths(cropped, tmp_path / "runs")
    merged = shown(cropped)
    for name in (*MEASURED, "laps", "streams"):
        assert merged.get(name) == before.get(name)
    cropped.decisions.edit("last", reset=["crop"])
    assert (shown(cropped)["elapsed_s"], len(samples(shown(cropped), "time"))) == (600, 61)


def test_a_crop_that_changes_at_the_service_changes_here(cropped, tmp_path):
    """A newer archive in which the crop was made longer changes the activity."""
    import_paths(cropped, archive(tmp_path / "s.zip", 100, 400, 1320.0))
    document = shown(cropped)
    assert (document["elapsed_s"], len(samples(document, "time"))) == (400, 41)
    import_paths(cropped, archive(tmp_path / "s.zip", 0, 600, 1980.0))
    assert (shown(cropped)["elapsed_s"], cropped.why("last")["crop"]) == (600, None)


def test_some_streams_are_cut_like_all_of_them(cropped):
    """If only one type of stream is asked for, its samples are those that are left."""
    details = cropped.activities.get("last")
    [stream] = cropped.activities.streams(details, ["heartrate"])
    assert stream.values.to_list() == samples(shown(cropped), "heartrate")


def test_why_says_what_was_kept_what_the_file_has_and_how_to_undo_it(cropped):
    """``why`` compares the crop with the file, and names the command that undoes or redoes it."""
    crop = cropped.why("last")["crop"]
    by_field = {row["field"]: (row["cropped"], row["whole"]) for row in crop["values"]}
    assert (by_field["elapsed_s"], by_field["distance_m"]) == ((300, 600), (990, 1980))
    assert (crop["applied"], crop["change"]) == (True, "fitglue activities edit 1 --reset crop")
    cropped.decisions.edit("last", reset=["crop"])
    crop = cropped.why("last")["crop"]
    assert (crop["applied"], crop["change"]) == (False, "fitglue activities edit 1 --set crop=true")


def test_the_provenance_follows_the_crop(cropped):
    """The provenance of a value has the remark of the crop only while the crop applies."""
    details = cropped.activities.get("last")
    heart_rate = cropped.activities.provenance(details)["average_heartrate_bpm"]
    assert (heart_rate["how"], heart_rate["note"]) == (
        "computed",
        "from the samples that are left",
    )
    details = cropped.decisions.edit("last", reset=["crop"])
    heart_rate = cropped.activities.provenance(details)["average_heartrate_bpm"]
    assert heart_rate["note"] != "from the samples that are left"


@pytest.mark.parametrize(
    ("values", "reset", "code"),
    [({"crop": "maybe"}, [], "FG-value-refused"), ({"crop": "true"}, ["crop"], "FG-field-twice")],
)
def test_a_choice_that_means_nothing_is_refused(cropped, values, reset, code):
    """A crop is true or false, and it is named once."""
    with pytest.raises(UserMistake) as raised:
        cropped.decisions.edit("last", values, reset=reset)
    assert raised.value.code == code


def test_a_workout_that_is_not_cropped_has_no_crop_to_undo(host, tmp_path):
    """An edit of the crop is refused if no source cropped the workout."""
    import_paths(host, archive(tmp_path / "s.zip", 0, 600, 1980.0))
    with pytest.raises(UserMistake) as raised:
        host.decisions.edit("last", reset=["crop"])
    assert raised.value.code == "FG-not-cropped"


# -- Garmin's archive ------------------------------------------------------------------------------


@pytest.fixture
def run():
    """The plan of a run, whose file states the serial number of the watch."""
    account = Account.generate(12, seed=3)
    plans = [account.plan(external_id) for external_id in account.ids()]
    return next(plan for plan in plans if plan.shape.sport.key == "run" and len(plan.legs) == 1)


def garmin(path, run, *changes):
    """Write Garmin's archive of a run with one summary for each of the changes to its summary."""
    garmin_archive(path, [(101, run)])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = next(name for name in members if name.endswith("summarizedActivities.json"))
    [export] = json.loads(members[name])
    [summary] = export["summarizedActivitiesExport"]
    summaries = [changed(summary, 101 + number, *change) for number, change in enumerate(changes)]
    members[name] = json.dumps([{"summarizedActivitiesExport": summaries}]).encode()
    return zipped(path, members)


def changed(summary, number: int, start_s: float, cut_s: float) -> dict:
    """Return a summary that begins later, and is shorter by this many seconds and a third."""
    begin = summary["beginTimestamp"] + int(start_s * 1000)
    lasts = summary["elapsedDuration"] - (start_s + cut_s) * 1000
    return summary | {
        "activityId": number,
        "beginTimestamp": begin,
        "startTimeGmt": float(begin),
        "startTimeLocal": summary["startTimeLocal"] + start_s * 1000,
        "duration": lasts,
        "elapsedDuration": lasts,
        "distance": summary["distance"] * 0.66,
    }


@pytest.mark.parametrize(("start_s", "cut_s"), [(300, 0), (0, 300), (200, 100)])
def test_a_crop_at_garmin_is_joined_with_its_file(host, tmp_path, run, start_s, cut_s):
    """A summary that lies inside the file of the same watch is a crop of it, even if the beginning
    was cut off. It is one record, and the crop can be undone.
    """
    import_paths(host, garmin(tmp_path / "g.zip", run, (start_s, cut_s)))
    [row] = host.activities()
    [member] = host.activities.get(row["id"]).members
    assert (member.external_id, member.activity.completeness.parts) == ("101", ("summary", "file"))
    whole_s = member.activity.elapsed_s
    assert row["elapsed_s"] == pytest.approx(whole_s - 300, abs=5)
    cropped = samples(shown(host), "time")
    host.decisions.edit("last", reset=["crop"])
    assert len(cropped) < len(samples(shown(host), "time"))
    [row] = host.activities()
    assert row["elapsed_s"] == whole_s


def test_two_summaries_inside_one_file_are_no_crop(host, tmp_path, run):
    """A workout that the athlete split in two keeps its file as a record of its own."""
    import_paths(host, garmin(tmp_path / "g.zip", run, (120, 700), (1100, 100)))
    ids = {record["external_id"] for row in host.activities() for record in sources(host, row)}
    assert {"101", "102"} < ids
    assert len(ids) == 3


def sources(host, row) -> list:
    return host.activities.document(host.activities.get(row["id"]))["sources"]
