"""Tests of imports: archives and files become activities, together with an account that has the
same workouts.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry.sync.events import SourceConnected, SyncFinished, SyncStopped

START = datetime(2026, 5, 3, 6, tzinfo=UTC)
HEADER = [
    "Activity ID",
    "Activity Date",
    "Activity Name",
    "Activity Type",
    "Activity Description",
    "Elapsed Time",
    "Distance",
    "Max Heart Rate",
    "Relative Effort",
    "Commute",
    "Activity Private Note",
    "Activity Gear",
    "Filename",
    "Athlete Weight",
    "Bike Weight",
    "Elapsed Time",
    "Moving Time",
    "Distance",
]


def gpx(minutes: int = 0) -> bytes:
    times = [START + timedelta(minutes=minutes, seconds=10 * step) for step in range(20)]
    points = "".join(
        f'<trkpt lat="{47 + step / 1000}" lon="11"><time>{time:%Y-%m-%dT%H:%M:%SZ}</time></trkpt>'
        for step, time in enumerate(times)
    )
    return (
        '<?xml version="1.0"?><gpx version="1.1" '
        f'creator="test"><trk><trkseg>{points}</trkseg></trk></gpx>'
    ).encode()


def zipped(path, members: dict[str, bytes]):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def strava(path, *rows: tuple[object, datetime, str, str], files: dict[str, bytes] | None = None):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for external_id, start, title, file in rows:
        writer.writerow(
            [
                external_id,
                f"{start:%b %d, %Y, %I:%M:%S %p}",
                title,
                "Run",
                "",
                "190",
                "2.1",
                *[""] * 5,
                file,
                "",
                "",
                "190",
                "190",
                "2113.0",
            ]
        )
    return zipped(
        path,
        {
            "activities.csv": text.getvalue().encode(),
            "profile.csv": b"Athlete ID,Email\n99,x\n",
            **(files or {}),
        },
    )


def garmin(path, *starts: datetime, files: dict[str, bytes]):
    rows = [
        {
            "activityId": 500 + number,
            "name": "Watch",
            "activityType": "running",
            "userProfileId": 7,
            "duration": 190_000.0,
            "beginTimestamp": int(start.timestamp() * 1000),
        }
        for number, start in enumerate(starts)
    ]
    inner = io.BytesIO()
    zipped(inner, files)
    return zipped(
        path,
        {
            "DI_CONNECT/DI-Connect-Fitness/a_0_summarizedActivities.json": json.dumps(
                [{"summarizedActivitiesExport": rows}]
            ).encode(),
            "DI_CONNECT/DI-Connect-Uploaded-Files/UploadedFiles_0-_Part1.zip": inner.getvalue(),
        },
    )


def import_paths(host, *paths) -> dict[str, int]:
    """Import these paths, which must succeed, and return the counts of all decisions."""
    counts: dict[str, int] = {}
    for event in host.import_paths(paths):
        assert not isinstance(event, SyncStopped), event.error
        if isinstance(event, SyncFinished):
            counts = {
                name: counts.get(name, 0) + number
                for name, number in {**dict.fromkeys(counts, 0), **event.counts}.items()
            }
    return counts


def members(host) -> list[set[str]]:
    return [
        {member.entry for member in host.activities.get(row["id"]).members}
        for row in host.activities()
    ]


def test_one_run_in_three_places_is_one_activity(host, tmp_path):
    """A recording in the Strava archive, the Garmin archive and a folder is one activity with three
    sources.
    """
    (tmp_path / "rides").mkdir()
    (tmp_path / "rides" / "ride.gpx").write_bytes(gpx())
    archives = (
        strava(
            tmp_path / "s.zip",
            (7, START, "Lake", "activities/9.gpx.gz"),
            files={"activities/9.gpx.gz": gzip.compress(gpx())},
        ),
        garmin(tmp_path / "g.zip", START, files={"a.gpx": gpx()}),
    )
    import_paths(host, *archives, tmp_path / "rides")
    assert members(host) == [{"strava-archive", "garmin-archive", "files"}]
    assert len(host.connections.list()) == 3


def test_an_archive_fills_the_stubs_of_intervals(host, tmp_path, stubbed):
    """A stub of Intervals.icu and the row of the Strava archive with the same Strava id are one
    activity.
    """
    server, stub, start = stubbed
    host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
    for _ in host.sync():
        pass
    before = len(host.activities())
    import_paths(host, strava(tmp_path / "s.zip", (stub, start, "From Strava", "")))
    [filled] = [row for row in host.activities() if row["title"] == "From Strava"]
    assert {member.entry for member in host.activities.get(filled["id"]).members} == {
        "intervals",
        "strava-archive",
    }
    assert len(host.activities()) - before <= 1


@pytest.fixture
def stubbed():
    account = Account.generate(count=4, seed=3, strava_stubs=1, distinct_streams=1)
    stub = next(name for name in account.ids() if account.is_stub(name))
    with StandIn(account) as server:
        yield server, stub, START


def test_the_same_archive_again_imports_nothing(host, tmp_path):
    """A second import of an archive stores nothing; a newer archive adds what is new in it."""
    import_paths(host, strava(tmp_path / "s.zip", (7, START, "Lake", "")))
    # An import asks again for a file that did not exist.
    assert import_paths(host, tmp_path / "s.zip").keys() <= {"no-file"}
    assert (
        import_paths(
            host,
            strava(
                tmp_path / "newer.zip",
                (7, START, "Lake", ""),
                (8, START + timedelta(days=1), "Hill", ""),
            ),
        )["new"]
        == 1
    )
    assert len(host.connections.list()) == 1


def dated(path, year: int):
    """Set the dates of all members of a zip, which state when the archive was made."""
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (year, 5, 1, 12, 0, 0)), content)
    return path


def titles(host) -> set[str]:
    return {row["title"] for row in host.activities()}


def test_an_older_archive_of_strava_changes_nothing_that_is_newer(host, tmp_path):
    """An older archive that is imported after a newer one adds what only it contains, and does not
    bring back a title that was edited since. A still newer archive changes it again.
    """
    next_day = START + timedelta(days=1)
    newer = strava(tmp_path / "export_99-b.zip", (7, START, "Round the lake with Ann", ""))
    import_paths(host, dated(newer, 2028))
    older = strava(tmp_path / "export_99-a.zip", (7, START, "Lake", ""), (6, next_day, "Hill", ""))
    counts = import_paths(host, dated(older, 2027))
    assert (counts["new"], "changed" in counts) == (1, False)
    assert titles(host) == {"Round the lake with Ann", "Hill"}
    newest = strava(tmp_path / "export_99-c.zip", (7, START, "With Ann", ""))
    assert import_paths(host, dated(newest, 2029))["changed"] == 1
    assert titles(host) == {"With Ann", "Hill"}


def test_an_older_archive_of_garmin_changes_nothing_that_is_newer(host, tmp_path):
    """An older archive of Garmin that is imported after a newer one changes no value."""
    newer = garmin(tmp_path / "newer.zip", START, files={})
    import_paths(host, dated(newer, 2028))
    older = garmin(tmp_path / "older.zip", START, START + timedelta(days=1), files={})
    with zipfile.ZipFile(older) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    zipped(older, {name: body.replace(b'"Watch"', b'"Old"') for name, body in members.items()})
    import_paths(host, dated(older, 2027))
    assert titles(host) == {"Watch", "Old"}


def test_a_folder_of_downloads_is_imported_by_its_content(host, tmp_path):
    """A folder with a Strava archive, a Garmin archive and a file becomes three connections."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    strava(folder / "s.zip", (7, START, "Lake", ""))
    garmin(folder / "g.zip", START + timedelta(days=1), files={"a.gpx": gpx(24 * 60)})
    (folder / "ride.gpx").write_bytes(gpx(48 * 60))
    recognition = host.imports.recognize([folder])
    assert {recognized.entry for recognized in recognition.found} == {
        "strava-archive",
        "garmin-archive",
        "files",
    }
    events = list(host.import_paths(recognition))
    assert len([event for event in events if isinstance(event, SourceConnected)]) == 3
    assert len(host.activities()) == 3


def test_a_bad_file_goes_to_quarantine_and_the_others_arrive(host, tmp_path):
    """A file that cannot be read is in quarantine under its name; the other files are imported."""
    (tmp_path / "good.gpx").write_bytes(gpx())
    (tmp_path / "bad.gpx").write_bytes(b"<gpx><trk>")
    import_paths(host, tmp_path / "good.gpx", tmp_path / "bad.gpx")
    assert len(host.activities()) == 1
    [kept] = host.records.quarantine()
    assert "bad" in str(kept)
