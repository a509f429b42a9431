"""The recognition of paths that an athlete wants to import, before anything is connected."""

from __future__ import annotations

import gzip
import json

import pytest

from fitglue_files import limits, plugin
from fitglue_files.testing import listed, read_all
from fitglue_registry.errors import ConnectionStopped

STRAVA = (
    b'Activity ID,Activity Date,Activity Name,Activity Type,A,B,C,D,E,F\n7,"May 3, 2026, 6:00:00 '
    b'AM",Lake,Run,,,,,,\n'
)
GARMIN = json.dumps(
    [
        {
            "summarizedActivitiesExport": [
                {"activityId": 1, "name": "Lake", "beginTimestamp": 1_777_788_000_000}
            ]
        }
    ]
).encode()
PEAKS = (
    b"Title,WorkoutType,WorkoutDay,TimeTotalInHours\n"
    b"Tempo,Bike,2026-05-03,0.5\nPlan,Bike,2026-05-04,\n"
)


def recognized(*paths):
    return [
        (answer.entry, answer.paths, answer.settings["paths"], answer.found, answer.left_out)
        for answer in plugin.fitglue_recognize(paths=[str(path) for path in paths])
    ]


@pytest.fixture
def downloads(tmp_path, zipped, gpx):
    """A folder with an archive from each service, and with single files."""
    zipped(
        tmp_path / "export_4711.zip",
        {"activities.csv": STRAVA, "activities/7.gpx": gpx(), "media/a.jpg": b"x"},
    )
    zipped(
        tmp_path / "garmin.zip",
        {
            "DI_CONNECT/DI-Connect-Fitness/ada_0_summarizedActivities.json": GARMIN,
            "DI_CONNECT/DI-Connect-Uploaded-Files/UploadedFiles_0-_Part1.zip": zipped(
                None, {"a.gpx": gpx()}
            ),
        },
    )
    zipped(tmp_path / "WorkoutExport-2026.zip", {"workouts.csv": PEAKS})
    zipped(tmp_path / "WorkoutFileExport-2026.zip", {"a.gpx.gz": gzip.compress(gpx())})
    (tmp_path / "ride.gpx").write_bytes(gpx())
    (tmp_path / "broken.fit").write_bytes(b"x")
    return tmp_path


STRAVA_CONTENTS = (
    ("1 activity, 2026: 0 with a file, 1 without.",),
    (
        "Left out: 1 photo or video.",
        "Left out: 1 file that no row of the table names (7.gpx).",
    ),
)
GARMIN_CONTENTS = (("1 activity, 2026.", "1 workout file to match with them."), ())
PEAKS_CONTENTS = (
    ("1 workout in 1 table, 2026.", "1 file to match with them, by day and duration."),
    ("Left out: 1 planned workout without any result.",),
)


@pytest.mark.parametrize(
    ("name", "entry", "contents"),
    [
        ("export_4711.zip", "strava-archive", STRAVA_CONTENTS),
        ("garmin.zip", "garmin-archive", GARMIN_CONTENTS),
    ],
)
def test_an_archive_is_recognized_as_it_was_downloaded(downloads, name, entry, contents):
    """A downloaded archive is recognized, with its contents and with what is left out."""
    path = str(downloads / name)
    assert recognized(path) == [(entry, (path,), path, *contents)]


def test_the_exports_of_trainingpeaks_belong_together(downloads):
    """A zip of files from TrainingPeaks belongs to the export with the table if both are named, and
    is a zip of files if not.
    """
    table, files = (
        str(downloads / "WorkoutExport-2026.zip"),
        str(downloads / "WorkoutFileExport-2026.zip"),
    )
    [(entry, paths, setting, *contents)] = recognized(files, table)
    assert (entry, set(paths), set(setting.split(":"))) == (
        "trainingpeaks-archive",
        {table, files},
        {table, files},
    )
    assert tuple(contents) == PEAKS_CONTENTS
    assert [answer[0] for answer in recognized(files)] == ["files"]


def test_a_folder_is_recognized_by_its_contents(downloads):
    """A folder is recognized as the archives that it contains, and as a folder of the other
    files.
    """
    by_entry = {entry: answer for entry, *answer in recognized(downloads)}
    assert by_entry["strava-archive"] == [
        (str(downloads),),
        str(downloads / "export_4711.zip"),
        *STRAVA_CONTENTS,
    ]
    assert by_entry["garmin-archive"] == [
        (str(downloads),),
        str(downloads / "garmin.zip"),
        *GARMIN_CONTENTS,
    ]
    assert by_entry["trainingpeaks-archive"][2:] == [*PEAKS_CONTENTS]
    assert by_entry["files"] == [
        (str(downloads),),
        str(downloads),
        ("1 workout file (1 GPX).",),
        (
            "Left out: 1 file that cannot be used (broken.fit); each sync reports the reason.",
            "Left out: 4 archives, each a source of its own.",
        ),
    ]


def test_a_folder_of_files_leaves_the_archives_in_it_to_their_sources(downloads, connect_to):
    """The source of a folder does not list the archives in it, because their workouts would be
    there twice.
    """
    names = {
        json.loads(row.summary).get("name", "").rpartition("/")[2]
        for row in listed(connect_to(downloads))
    }
    assert names == {"ride", "broken.fit"}


def test_an_unpacked_archive_is_the_folder_itself(tmp_path):
    """A folder with an unpacked archive is recognized as the archive, not as a folder of files."""
    (tmp_path / "activities.csv").write_bytes(STRAVA)
    assert [answer[:3] for answer in recognized(tmp_path)] == [
        ("strava-archive", (str(tmp_path),), str(tmp_path))
    ]


def test_no_more_is_connected_than_was_named(tmp_path):
    """If a folder inside an unpacked archive is named, only that folder is connected."""
    named = tmp_path / "DI_CONNECT" / "DI-Connect-Fitness"
    named.mkdir(parents=True)
    (named / "ada_0_summarizedActivities.json").write_bytes(GARMIN)
    assert [answer[:3] for answer in recognized(named)] == [
        ("garmin-archive", (str(named),), str(named))
    ]


def test_single_files_are_one_source(tmp_path, gpx, zipped):
    """Single files and zips of files are recognized as one source."""
    (tmp_path / "a.gpx").write_bytes(gpx())
    zipped(tmp_path / "b.zip", {"b.gpx": gpx(trk="<name>b</name>")})
    [(entry, paths, _, sentences, _)] = recognized(tmp_path / "a.gpx", tmp_path / "b.zip")
    assert (entry, len(paths), sentences) == ("files", 2, ("2 workout files (2 GPX).",))


@pytest.mark.parametrize("content", [b"PK\x03\x04 and no more", b"", b"<html>"])
def test_a_zip_that_cannot_be_opened_is_not_recognized(tmp_path, content):
    """A zip that cannot be opened is not connected, so that the import itself says what to do."""
    (tmp_path / "export_1.zip").write_bytes(content)
    assert recognized(tmp_path / "export_1.zip") == []


def test_left_out_files_are_counted_and_the_first_three_are_named(tmp_path, zipped, gpx):
    """Of many files that cannot be used, the number and the first three names are shown."""
    zipped(tmp_path / "a.zip", {f"{name}.fit": b"x" for name in "abcde"} | {"f.gpx": gpx()})
    [(_, *_, left_out)] = recognized(tmp_path / "a.zip")
    names = "(a.fit, b.fit, c.fit and 2 more)"
    assert left_out == (
        f"Left out: 5 files that cannot be used {names}; each sync reports the reason.",
    )


def test_links_in_a_folder_are_counted_and_named(tmp_path, gpx):
    """A link is not followed, so the answer for its folder names it and says what to do."""
    folder = tmp_path / "rides"
    folder.mkdir()
    (folder / "a.gpx").write_bytes(gpx())
    (folder / "last year").symlink_to(tmp_path / "2025")
    [(entry, _, _, sentences, left_out)] = recognized(folder)
    assert (entry, sentences, left_out) == (
        "files",
        ("1 workout file (1 GPX).",),
        ("Left out: 1 link (last year); import the file or folder that a link leads to.",),
    )


def test_links_in_an_unpacked_archive_are_named_with_the_archive(tmp_path):
    """A link belongs to the archive in whose folder it is."""
    folder = tmp_path / "export_7"
    folder.mkdir()
    (folder / "activities.csv").write_bytes(STRAVA)
    (folder / "activities").symlink_to(tmp_path / "elsewhere")
    [(entry, *_, left_out)] = recognized(folder)
    assert entry == "strava-archive"
    assert left_out[-1] == (
        "Left out: 1 link (activities); import the file or folder that a link leads to."
    )


def test_a_file_that_promises_a_workout_is_recognized_with_its_problem(tmp_path):
    """A file that should be a workout and cannot be used is recognized, so that its problem is
    reported.
    """
    (tmp_path / "ride.fit").write_bytes(b"x")
    [(entry, *_, left_out)] = recognized(tmp_path / "ride.fit")
    assert (entry, left_out) == (
        "files",
        ("Left out: 1 file that cannot be used (ride.fit); each sync reports the reason.",),
    )


def test_other_files_are_not_recognized(tmp_path, zipped):
    """Files and zips without workouts are not recognized; another plugin may know them."""
    (tmp_path / "letter.pdf").write_bytes(b"%PDF")
    zipped(tmp_path / "photos.zip", {"a.jpg": b"x"})
    assert recognized(tmp_path / "letter.pdf", tmp_path / "photos.zip") == []


def test_an_archive_that_became_a_bomb_is_refused_by_its_connection(
    tmp_path, zipped, connect_to, monkeypatch
):
    """The connection of an archive that is refused as a whole says why."""
    monkeypatch.setattr(limits, "MANY_MEMBERS", 1)
    zipped(tmp_path / "export_1.zip", {"activities.csv": STRAVA, "a.fit": b""})
    connection = connect_to(tmp_path / "export_1.zip", entry="strava-archive")
    with pytest.raises(ConnectionStopped, match="a decompression bomb"):
        plugin.fitglue_connect(connection=connection)
    [refused] = read_all(connection).values()
    assert refused.listing.unavailable.code == "FG-zip-bomb"
