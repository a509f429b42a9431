"""What a Strava archive becomes, in the languages and formats in which it is downloaded."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import UTC, datetime

import pytest

from fitglue_files import plugin
from fitglue_files.archives.strava_table import columns
from fitglue_files.testing import listed, places, read_all, read_place
from fitglue_registry.errors import AthleteNeeded, RecordRefused
from fitglue_registry.model import problems
from fitglue_registry.plugin_api import Body, Record

ENGLISH = [
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
    "Max Speed",
    "Average Speed",
    "Elevation Gain",
    "Elevation Loss",
    "Elevation Low",
    "Elevation High",
    "Max Grade",
    "Average Grade",
    "Average Positive Grade",
    "Average Negative Grade",
    "Max Cadence",
    "Average Cadence",
    "Max Heart Rate",
    "Average Heart Rate",
    "Max Watts",
    "Average Watts",
    "Calories",
    "Max Temperature",
    "Average Temperature",
    "Relative Effort",
    "Total Work",
    "Number of Runs",
    "Uphill Time",
    "Downhill Time",
    "Other Time",
    "Perceived Exertion",
    "Type",
    "Start Time",
    "Weighted Average Power",
    "Power Count",
    "Prefer Perceived Exertion",
    "Perceived Relative Effort",
    "Commute",
    "Total Weight Lifted",
    "From Upload",
    "Grade Adjusted Distance",
    "Media",
]
#: The names of the first columns in other languages; some of them occur twice in the table.
GERMAN = dict(
    zip(
        range(9),
        [
            "Aktivitäts-ID",
            "Aktivitätsdatum",
            "Name der Aktivität",
            "Aktivitätsart",
            "Aktivitätsbeschreibung",
            "Verstrichene Zeit",
            "Distanz",
            "Max. Herzfrequenz",
            "Relative Leistung",
        ],
        strict=True,
    )
)
FRENCH = dict(
    zip(
        range(9),
        [
            "ID de l'activité",
            "Date de l'activité",
            "Nom de l'activité",
            "Type d'activité",
            "Description de l'activité",
            "Temps écoulé",
            "Distance",
            "Fréquence cardiaque max.",
            "Effort relatif",
        ],
        strict=True,
    )
)
JAPANESE = dict(
    zip(
        range(9),
        [
            "アクティビティID",
            "アクティビティ日時",
            "アクティビティ名",
            "種類",
            "説明",
            "経過時間",
            "距離",
            "最大心拍数",
            "相対的エフォート",
        ],
        strict=True,
    )
)
TWICE = {5: 15, 6: 17, 7: 30, 8: 37, 9: 50}
#: The exact values of one run, by the position of their column.
RUN = {
    15: "3605.0",
    16: "3590.0",
    17: "10012.5",
    18: "4.5",
    19: "2.79",
    20: "85.0",
    21: "84.0",
    22: "400.1",
    23: "460.2",
    28: "96.0",
    29: "84.5",
    30: "172.0",
    31: "151.3",
    34: "702.0",
    36: "0.0",
    37: "61.0",
    43: "6.0",
    50: "1.0",
}


def header(words: dict[int, str] | None = None) -> list[str]:
    """Return the English header, or one with other names that occur twice in the same places."""
    if words is None:
        return ENGLISH
    names = [words.get(place, f"Spalte {place}") for place in range(len(ENGLISH))]
    for first, second in TWICE.items():
        names[second] = names[first]
    return names


def row(
    external_id: object = 101,
    date: str = "May 3, 2026, 6:00:00 AM",
    kind: str = "Run",
    file: str = "",
    distance: str = "10.01",
    values: dict[int, str] = RUN,
    **more: str,
) -> list[str]:
    cells = [""] * len(ENGLISH)
    cells[:13] = [
        str(external_id),
        date,
        more.get("title", "Lake"),
        kind,
        more.get("description", ""),
        "3605",
        distance,
        "172",
        "61",
        "true",
        more.get("note", ""),
        more.get("gear", "Shoes"),
        file,
    ]
    for place, cell in values.items():
        cells[place] = cell
    return cells


def table(rows: list[list[str]], names: list[str] = ENGLISH) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([names, *rows])
    return text.getvalue().encode()


@pytest.fixture
def archive(tmp_path, zipped, connect_to):
    """A function that connects to an archive with these rows and members."""

    def make(rows, names=ENGLISH, **members):
        zipped(
            tmp_path / "export_4711.zip",
            {"activities.csv": table(rows, names), **members.pop("files", {})},
        )
        return connect_to(tmp_path / "export_4711.zip", entry="strava-archive")

    return make


def made(listing, file: bytes | None = None):
    parts = {"summary": Body(listing.summary)} | ({"file": Body(file)} if file is not None else {})
    workouts = plugin.fitglue_normalize(record=Record(listing.external_id, "strava-archive", parts))
    assert [problems(activity) for activity in workouts] == [[]] * len(workouts)
    return workouts


def only(connection):
    [listing] = listed(connection)
    [activity] = made(listing)
    return activity


def test_a_row_is_a_workout_with_its_exact_values(archive):
    """A row becomes a workout with the exact values, not with the rounded ones for people."""
    activity = only(archive([row(description="Round\nthe lake", note="slow")]))
    assert (activity.title, activity.description, activity.notes, activity.sport) == (
        "Lake",
        "Round\nthe lake",
        "slow",
        "Run",
    )
    assert activity.start_utc == datetime(2026, 5, 3, 6, tzinfo=UTC)
    assert (activity.elapsed_s, activity.moving_s, activity.distance_m) == (3605, 3590, 10012.5)
    assert (activity.elevation_gain_m, activity.max_altitude_m, activity.average_speed_mps) == (
        85,
        460.2,
        2.79,
    )
    assert (activity.average_heartrate_bpm, activity.max_heartrate_bpm, activity.calories_kcal) == (
        151.3,
        172,
        702,
    )
    assert (
        activity.average_cadence_rpm,
        activity.cadence_per_leg,
        activity.average_temperature_c,
    ) == (84.5, True, 0)
    assert (
        activity.commute,
        activity.gear.name,
        activity.rpe,
        activity.training_loads[0].value,
    ) == (True, "Shoes", 6, 61)
    assert activity.claims == ("strava:101",)


@pytest.mark.parametrize(
    ("words", "date", "distance", "kind"),
    [
        (GERMAN, "03.05.2026, 06:00:00", "10,01", "Lauf"),
        (FRENCH, "3 mai 2026, 06:00:00", "10,01", "Course à pied"),
        (JAPANESE, "2026/05/03 6:00:00", "10.01", "ラン"),
    ],
    ids=["German", "French", "Japanese"],
)
def test_an_archive_in_another_language_gives_the_same(archive, words, date, distance, kind):
    """An archive in another language gives the same workout, because columns are found by
    position.
    """
    translated = only(archive([row(date=date, distance=distance, kind=kind)], header(words)))
    english = only(archive([row()]))
    fields = set(type(translated).__struct_fields__) - {"sport_raw"}
    assert {name: getattr(translated, name) for name in fields} == {
        name: getattr(english, name) for name in fields
    }
    assert translated.sport_raw == kind


@pytest.mark.parametrize("end", [b"\r", b"\n"])
def test_a_table_that_was_saved_again_with_other_line_endings_is_the_same_table(
    archive, tmp_path, end, zipped
):
    """A table that a spreadsheet saved with other line endings keeps its rows, and the line breaks
    in cells.
    """
    connection = archive([row(), row(102, description="Round\nthe lake")])
    zipped(
        tmp_path / "export_4711.zip",
        {
            "activities.csv": table([row(), row(102, description="Round\nthe lake")]).replace(
                b"\r\n", end
            )
        },
    )
    assert [made(listing)[0].description for listing in listed(connection)] == [
        None,
        "Round\nthe lake",
    ]
    assert len(plugin.fitglue_recognize(paths=[str(tmp_path)])) == 1


@pytest.mark.long
def test_a_text_of_many_megabytes_is_shortened(archive):
    """A title and a description of many megabytes are shortened, and end with an ellipsis."""
    text = "".join(map(str, range(3_000_000)))
    activity = only(archive([row(title=text, description=text)]))
    assert activity.title == text[:499] + "…"
    assert activity.description == text[:19_999] + "…"


DATES = [
    "Dec 9, 2022, 3:24:49 PM",
    "Dec 9, 2022, 3:24:49\u202fPM",
    "9 Dec 2022, 15:24:49",
    "09.12.2022, 15:24:49",
    "9 déc. 2022, 15:24:49",
    "9 déc. 2022 à 15:24:49",
    "9 dic 2022, 15:24:49",
    "9 dic. 2022 15:24:49",
    "9 de dez. de 2022, 15:24:49",
    "9 dec. 2022 15:24:49",
    "2022/12/09 15:24:49",
    "2022年12月9日 15:24:49",
    "2022年12月9日 下午3:24:49",
    "2022. 12. 9. 오후 3:24:49",
    "9 дек. 2022 г., 15:24:49",
    "9 gru 2022, 15:24:49",
    "9. 12. 2022 15:24:49",
    "9. dec. 2022 15.24.49",
    "9.12.2022 klo 15.24.49",
    "9. des. 2022, 15:24:49",
    "9 Ara 2022 15:24:49",
    "2022. dec. 9. 15:24:49",
    "9 Des 2022 15.24.49",
    "9 ธ.ค. 2565 15:24:49",
    "2022-12-09 15:24:49",
    "9 Δεκ 2022, 3:24:49 μ.μ.",
    "12/09/2022 3:24:49 PM",
    "09/12/2022 15:24:49",
    "Dec 9, 2022, 3:24:49 PM UTC",
    "9 de des. 2022, 15:24:49",
    "15:24:49 9 thg 12, 2022",
    "2022年12月9日 下午3:24:49 [UTC]",
]


@pytest.mark.parametrize("date", DATES)
def test_dates_are_read_in_every_language(archive, date):
    """Dates are read with any month names, order, clock, and calendar that Strava writes."""
    assert only(archive([row(date=date)])).start_utc == datetime(
        2022, 12, 9, 15, 24, 49, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("1 de febr. 2024, 0:05:09", (2, 1, 0)),
        ("1 ม.ค. 2567 00:05:09", (1, 1, 0)),
        ("1 มี.ค. 2567 00:05:09", (3, 1, 0)),
        ("1 ก.พ. 2567 00:05:09", (2, 1, 0)),
        ("2024年1月1日 凌晨12:05:09", (1, 1, 0)),
        ("2024年1月1日 晚上11:05:09", (1, 1, 23)),
        ("2024年1月1日 中午12:05:09", (1, 1, 12)),
    ],
)
def test_words_that_many_months_share_and_parts_of_the_day_are_understood(archive, date, expected):
    """Months that share a word (Catalan, Thai) and parts of the day (Chinese) are distinguished."""
    start = only(archive([row(date=date)])).start_utc
    assert (start.month, start.day, start.hour) == expected


def test_one_date_of_a_column_decides_the_order_of_all(archive):
    """One date with a day after the twelfth decides whether 03/05 is in May or in March."""
    first, second = listed(archive([row(1, "03/05/2026 06:00:00"), row(2, "13/04/2026 06:00:00")]))
    assert [made(listing)[0].start_utc.month for listing in (first, second)] == [5, 4]


def test_a_row_with_an_unreadable_date_is_refused(archive):
    """A row whose date cannot be read is refused, and the other rows are workouts."""
    good, bad = listed(archive([row(1, "some day"), row(2)]))
    assert made(good)[0].claims == ("strava:2",)
    with pytest.raises(RecordRefused, match="'some day' cannot be read") as caught:
        made(bad)
    assert caught.value.code == "FG-strava-row"


def test_a_row_with_its_file_has_the_texts_of_the_row_and_the_streams_of_the_file(archive, gpx):
    """A row joined with its file has the row's texts, and the file's streams and measurements."""
    connection = archive(
        [row(file="activities/900.gpx.gz")],
        files={"activities/900.gpx.gz": gzip.compress(gpx(trk="<name>raw</name>"))},
    )
    record = read_all(connection)["101"]
    [activity] = record.workouts
    assert [activity] == made(record.listing, record.content)
    assert (activity.title, activity.gear.name, activity.elapsed_s) == ("Lake", "Shoes", 20)
    assert activity.average_heartrate_bpm == 151.3  # the file has none
    assert {stream.type for stream in activity.streams} >= {"time", "latlng"}
    assert [claim.partition(":")[0] for claim in activity.claims] == ["strava", "file"]
    assert activity.completeness.parts == ("summary", "file")


def test_the_file_of_a_row_without_a_file_does_not_exist(archive):
    """The file of an activity that was entered by hand is answered as not existing."""
    [answer] = read_all(archive([row()]))["101"].unavailable
    assert (answer.state, answer.code) == ("none", "FG-no-file")


def test_a_distance_of_zero_that_stands_alone_is_kept(archive):
    """A distance of 0, as in a row of weight training without a file, is kept."""
    [listing] = listed(archive([row(kind="Weight Training", values=RUN | {17: "0.0"})]))
    assert made(listing)[0].distance_m == 0


def test_a_broken_file_costs_its_streams_and_not_the_workout(archive):
    """A row whose file cannot be read is a workout without streams, with the reason."""
    [listing] = listed(
        archive([row(file="activities/9.fit")], files={"activities/9.fit": b"broken"})
    )
    [activity] = made(listing, b"broken")
    assert activity.distance_m == 10012.5
    assert "FG-not-a-workout" in activity.completeness.missing["file"]


def test_an_unpacked_archive_is_the_same_archive(tmp_path, connect_to, gpx, archive):
    """An unpacked archive, even with its gzips unpacked, gives the same summaries and account."""
    (tmp_path / "export_4711" / "activities").mkdir(parents=True)
    (tmp_path / "export_4711" / "activities.csv").write_bytes(
        table([row(file="activities/900.gpx.gz")])
    )
    (tmp_path / "export_4711" / "activities" / "900.gpx").write_bytes(gpx())
    folder = connect_to(tmp_path / "export_4711", entry="strava-archive")
    packed = archive(
        [row(file="activities/900.gpx.gz")], files={"activities/900.gpx.gz": gzip.compress(gpx())}
    )
    summaries = [
        [listing.summary for listing in listed(connection)] for connection in (folder, packed)
    ]
    assert summaries[0] == summaries[1]
    assert (
        plugin.fitglue_connect(connection=folder).id
        == plugin.fitglue_connect(connection=packed).id
        == "4711"
    )


def test_the_account_is_the_one_of_the_profile(archive):
    """The account is the athlete in ``profile.csv``, so archives with different names belong
    together.
    """
    profile = b"Athleten-ID,E-Mail,Vorname,Nachname\n12345,a@example.org,Ada,Lovelace\n"
    account = plugin.fitglue_connect(connection=archive([row()], files={"profile.csv": profile}))
    assert (account.id, account.name) == ("12345", "Ada Lovelace")


def test_connecting_reports_the_contents(archive, gpx):
    """The notes of the account report activities, files, missing files, and media."""
    files = {"activities/900.gpx": gpx(), "media/a.jpg": b"x", "media/b.jpg": b"x"}
    rows = [
        row(1, file="activities/900.gpx"),
        row(2, "May 3, 2019, 6:00:00 AM"),
        row(3, file="activities/gone.fit.gz"),
    ]
    assert plugin.fitglue_connect(connection=archive(rows, files=files)).notes == (
        "3 activities, 2019 to 2026: 1 with a file, 2 without.",
        (
            "Left out: 1 file that the table names but the archive does not contain "
            "(activities/gone.fit.gz)."
        ),
        "Left out: 2 photos and videos.",
    )


def test_connecting_names_what_is_left_out(archive, gpx):
    """Members that are neither rows nor files of rows are named, with their count."""
    files = {
        "profile.csv": b"id",
        "routes/1.gpx": gpx(),
        "activities/99.gpx": gpx(),
        "comments.csv": b"x",
        "segments.csv": b"x",
    }
    assert plugin.fitglue_connect(connection=archive([row()], files=files)).notes[1:] == (
        "Left out: 1 route.",
        "Left out: 1 file that no row of the table names (99.gpx).",
        "Left out: 2 other files (comments.csv, segments.csv).",
    )


@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_a_table_that_a_spreadsheet_saved_is_read(
    tmp_path, zipped, connect_to, delimiter, encoding
):
    """A table is read in the encodings and with the separators of spreadsheets."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([ENGLISH, row("101.0", title='Über den See\nmit "Ann"; heim, spät')])
    zipped(tmp_path / "a.zip", {"activities.csv": text.getvalue().encode(encoding)})
    [listing] = listed(connect_to(tmp_path / "a.zip", entry="strava-archive"))
    [activity] = made(listing)
    assert listing.external_id == "101"
    assert (activity.title, activity.distance_m) == (
        'Über den See\nmit "Ann"; heim, spät',
        10012.5,
    )


def test_columns_in_another_order_are_found_by_their_names(archive):
    """In an English table, the order of the columns does not matter."""
    order = [0, 3, 2, 1, *range(len(ENGLISH) - 1, 3, -1)]
    names = [ENGLISH[place] for place in order]
    # The exact values must stay behind the rounded ones of the same name.
    cells = row()
    moved = [cells[place] for place in order]
    for name in ("Elapsed Time", "Distance"):
        first, second = (place for place, text in enumerate(names) if text == name)
        moved[first], moved[second] = moved[second], moved[first]
    [listing] = listed(archive([moved], names))
    [activity] = made(listing)
    assert (activity.title, activity.sport, activity.distance_m) == ("Lake", "Run", 10012.5)


def test_a_row_without_a_readable_date_begins_when_its_file_does(archive, gpx):
    """A row with an unreadable date needs its file, and is refused without one."""
    [listing] = listed(
        archive([row(date="soon", file="activities/9.gpx")], files={"activities/9.gpx": gpx()})
    )
    [activity] = made(listing, gpx())
    assert (activity.title, activity.start_utc is not None) == ("Lake", True)
    with pytest.raises(RecordRefused, match="its date 'soon' cannot be read"):
        made(listing)


def test_another_table_is_no_archive(tmp_path, zipped, connect_to):
    """A table named ``activities.csv`` from another service is refused as "not a Strava
    archive".
    """
    zipped(tmp_path / "a.zip", {"activities.csv": b"date,km\n2026-05-03,10\n"})
    with pytest.raises(AthleteNeeded) as caught:
        plugin.fitglue_connect(connection=connect_to(tmp_path / "a.zip", entry="strava-archive"))
    assert caught.value.code == "FG-no-strava-archive"


def test_a_deleted_archive_is_not_an_error(archive, tmp_path):
    """After an archive was deleted, nothing is listed; what was listed before is a workout without
    its file, which is available later.
    """
    connection = archive([row(file="activities/9.gpx")], files={"activities/9.gpx": b"<gpx/>"})
    [place] = places(connection)
    (tmp_path / "export_4711.zip").unlink()
    assert listed(connection) == []
    [record] = read_place(connection, place)
    assert [answer.state for answer in record.unavailable] == ["later"]
    assert len(record.workouts) == 1


def test_the_same_activity_twice_is_one_record(archive):
    """Two rows with the same number are one record."""
    listings = listed(archive([row(7), row(7), row(8)]))
    assert [listing.external_id for listing in listings] == ["7", "8"]


def test_the_row_is_kept_completely(archive):
    """A row is kept with all its cells, including those that no version reads yet."""
    [listing] = listed(archive([row(values=RUN | {45: "1.5"})]))
    assert ["Start Time", "1.5"] in json.loads(listing.summary)["row"]


def test_the_oldest_archives_have_ten_columns(archive):
    """A table of 2018, with ten columns, English names and distances in meters, is read."""
    names = [
        "id",
        "date",
        "name",
        "type",
        "description",
        "elapsed_time",
        "distance",
        "commute",
        "gear",
        "filename",
    ]
    old = [
        "5",
        "2018-05-03 06:00:00",
        "Lake",
        "Run",
        "",
        "3605",
        "10012.5",
        "false",
        "",
        "activities/5.gpx",
    ]
    activity = only(archive([old], names))
    assert (activity.start_utc.year, activity.elapsed_s, activity.distance_m) == (
        2018,
        3605,
        10012.5,
    )


def test_an_inserted_column_does_not_shift_the_values():
    """If Strava inserts a column, the columns after it are left out instead of being misread."""
    names = header(GERMAN)
    names.insert(25, "Neue Spalte")
    places = columns(names, [])
    assert "max_heartrate_bpm" not in places
    assert places["distance_m"] == 17


@pytest.mark.parametrize(
    ("word", "sport"),
    [
        ("Radfahrt", "Ride"),
        ("Virtuelle Radfahrt", "VirtualRide"),
        ("Randonnée", "Hike"),
        ("Natación", "Swim"),
        ("Corrida", "Run"),
        ("Hardloop", "Run"),
        ("ライド", "Ride"),
        ("跑步", "Run"),
        ("수영", "Swim"),
        ("Забег", "Run"),
        ("E-Bike Ride", "EBikeRide"),
        ("Gewichtstraining", "WeightTraining"),
        ("Trail Run", "TrailRun"),
        ("Quidditch", "Other"),
    ],
)
def test_sports_are_known_in_their_languages(archive, word, sport):
    """The name of a sport in any of Strava's languages gives our sport, and is kept as it is."""
    activity = only(archive([row(kind=word)]))
    assert (activity.sport, activity.sport_raw) == (sport, word)


ABSURD = {
    "a date of 5,000 digits": row(102, date="9" * 5000),
    "an id of 600 digits": row("3" * 600),
    "a text of 2.5 MB": row(103, description="x" * 2_500_000),
    "a duration of 6,000 digits": row(104, values={15: "9" * 6000}),
    "a title of 3 MB": row(105, title="T" * 3_000_000),
}


@pytest.mark.parametrize("fault", ABSURD)
def test_one_absurd_row_costs_only_itself(archive, fault):
    """A row with an absurd cell is read or refused on its own, and the other rows are workouts."""
    records = read_all(archive([row(1), ABSURD[fault], row(2)]))
    assert len(records) == 3
    assert len(records["1"].workouts) == len(records["2"].workouts) == 1
    assert all(len(record.listing.summary) < 4_000_000 for record in records.values())
    errors = [str(record.error) for record in records.values() if record.error]
    assert all(len(error) < 500 for error in errors)
