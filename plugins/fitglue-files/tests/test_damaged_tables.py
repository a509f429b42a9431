"""What damage to a table of an archive costs, and what the athlete hears of it."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest

from fitglue_files import limits, plugin
from fitglue_files.archives import csv_rows
from fitglue_files.archives.csv_tables import read_table
from fitglue_files.testing import read_all

STRAVA = [
    "Activity ID",
    "Activity Date",
    "Activity Name",
    "Activity Type",
    "Activity Description",
    "Elapsed Time",
    "Distance",
    "Commute",
    "Activity Gear",
    "Filename",
]
WIDE = ["Id", "Name", "Text", "Last"]
#: The rows of a table of more than 16 kB; that of number N is in line N + 2.
MANY = 400


def lines_of(number: int = MANY) -> list[bytes]:
    """Return the lines of a table with a header."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(
        [WIDE, *([str(each), f"Ride {each}", "x" * 60, "end"] for each in range(number))]
    )
    return text.getvalue().encode().splitlines(keepends=True)


def missing_of(content: bytes) -> set[int]:
    """Return the numbers of the rows that are not in a table."""
    return set(range(MANY)) - {int(row[0]) for row in read_table(content).rows}


DAMAGES = {
    "a quotation mark that is never closed": lambda line: line.replace(b'300"', b"300"),
    "a quotation mark too many": lambda line: line.replace(b"Ride", b'Ri","de'),
    "zero bytes": lambda line: line.replace(b"Ride", b"\0\0\0\0"),
    "a lost end of a line": lambda line: line[:40],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_costs_only_the_row_with_it(damage):
    """The rows before and after a damaged row are read, and the line of the damage is known."""
    lines = lines_of()
    lines[301] = DAMAGES[damage](lines[301])
    found = read_table(b"".join(lines))
    missing = missing_of(b"".join(lines))
    # Without the end of a line, the row after it is a part of the damaged one.
    assert missing == ({300, 301} if damage == "a lost end of a line" else {300})
    assert [each.first for each in found.damages] == [302]


def test_damage_in_several_places_costs_only_these():
    """Each of several damages costs its own row."""
    lines = lines_of()
    for place in (250, 300, 350):
        lines[place] = lines[place].replace(b"Ride", b'Ri"de\0')
    assert missing_of(b"".join(lines)) == {249, 299, 349}


def test_a_table_whose_end_is_missing_has_the_rows_before_it():
    """A table that was cut off in a row says so, and the rows before it are read."""
    content = b"".join(lines_of())[:-30]
    [damage] = read_table(content).damages
    assert missing_of(content) == {MANY - 1}
    assert damage.first == MANY + 1


def test_a_table_that_ends_with_zeros_has_the_rows_before_them():
    """After a power cut, the end of a file can be zeros; the rows before them are read."""
    content = b"".join(lines_of()[:300]) + b"\0" * 9000
    [damage] = read_table(content).damages
    assert len(read_table(content).rows) == 299
    assert (damage.first, damage.why) == (301, csv_rows.ZEROS)


def test_a_cell_that_is_too_large_costs_only_its_row(monkeypatch):
    """A cell beyond the limit is the remainder of a table, and rows begin again after it."""
    monkeypatch.setattr(csv_rows, "_LONGEST_CELL", 5000)
    lines = lines_of()
    lines[301] = lines[301].replace(b"x", b"x" * 1000)
    found = read_table(b"".join(lines))
    assert missing_of(b"".join(lines)) == {300}
    assert [(each.first, each.why) for each in found.damages] == [(302, csv_rows.TOO_LONG)]


def test_a_lost_quotation_mark_in_every_line_takes_linear_time():
    """However many quotation marks are lost, a table is read only a few times."""
    content = b"".join(lines_of(2)) + b'"1,"a,"b,"c\n' * 100_000
    reader = csv_rows.RowReader(content.decode())
    assert len(list(reader.rows())) == 3
    assert [each.last for each in reader.damages] == [100_003]


@pytest.mark.parametrize("letters", [b"\xfcber", b"\x80\x81"])
def test_letters_in_another_encoding_cost_no_row(letters):
    """A line that is not UTF-8 in a table in UTF-8 is read, and its number is known."""
    lines = lines_of()
    lines[10] = lines[10].replace(b"Ride", "Höhe".encode())
    lines[301] = lines[301].replace(b"Ride", letters)
    found = read_table(b"".join(lines))
    assert missing_of(b"".join(lines)) == set()
    assert found.guessed == (302,)
    assert found.rows[9][1] == "Höhe 9"


# -- in an archive ---------------------------------------------------------------------------------


def strava(numbers: range) -> bytes:
    """Return a table of Strava with a row and the name of a file for each number."""
    text = io.StringIO()
    rows = [
        [number, "May 3, 2026, 6:00:00 AM", "Lake", "Run", "", 3605, 10.0, "", "Shoes",
         f"activities/{number}.gpx"]
        for number in numbers
    ]  # fmt: skip
    csv.writer(text).writerows([STRAVA, *rows])
    return text.getvalue().encode()


@pytest.fixture
def damaged(tmp_path, zipped, connect_to, gpx):
    """A function that connects to an archive of 400 rows, of which two have a file, whose table is
    changed by a function.
    """

    def make(damage, compress=zipfile.ZIP_DEFLATED):
        path = tmp_path / "export_1.zip"
        with zipfile.ZipFile(path, "w", compress) as archive:
            archive.writestr("activities.csv", damage(strava(range(1000, 1400))))
            for number in (1050, 1350):
                content = gpx(trk=f"<name>File {number}</name>")
                archive.writestr(f"activities/{number}.gpx", content)
        return connect_to(path, entry="strava-archive")

    return make


def problems_of(records):
    """Return the reasons of what cannot be read at all."""
    return [
        record.listing.unavailable.reason
        for record in records.values()
        if record.listing.unavailable is not None
    ]


def without_the_rest(content: bytes) -> bytes:
    return content[: content.index(b"\r\n1350,")] + b'\r\n"1350,' + b"\0" * 500


def test_the_file_of_a_row_that_was_lost_arrives_without_it(damaged):
    """If the end of a table is lost, its rows before are workouts, the files of the lost rows
    arrive without titles, and the athlete learns the table, the line and what is missing.
    """
    records = read_all(damaged(without_the_rest))
    [problem] = problems_of(records)
    assert sum(key.isdigit() and len(key) < 5 for key in records) == 350
    [of_file] = [record for key, record in records.items() if len(key) == 64]
    assert b"File 1350" in of_file.content
    assert len(of_file.workouts) == 1
    assert "export_1.zip > activities.csv is damaged: line 352 cannot be read" in problem
    assert "350 rows can be read and are used" in problem
    assert "the title, the description, the gear" in problem


def test_a_workout_without_its_row_is_normalized_again_as_it_was_read(damaged):
    """The record of a file whose row was lost is normalized from what is stored of it."""
    from fitglue_registry.plugin_api import Body, Record

    records = read_all(damaged(without_the_rest))
    [of_file] = [record for key, record in records.items() if len(key) == 64]
    parts = {"summary": Body(of_file.listing.summary), "file": Body(of_file.content)}
    stored = Record(of_file.listing.external_id, "strava-archive", parts)
    [again] = plugin.fitglue_normalize(record=stored)
    assert again.claims == of_file.workouts[0].claims


def test_connecting_names_the_damage_of_a_table(damaged):
    """Before anything is stored, the athlete reads what of a table is damaged."""
    notes = plugin.fitglue_connect(connection=damaged(without_the_rest)).notes
    assert "line 352 cannot be read" in notes[1]
    assert notes[2] == "1 file without a row in the table."


def test_a_table_that_is_too_large_costs_only_the_titles(damaged, monkeypatch):
    """If a table is larger than any, all files of its archive arrive, and the athlete learns which
    table was refused.
    """
    connection = damaged(bytes)
    monkeypatch.setattr(limits, "LARGEST", 20_000)
    records = read_all(connection)
    [problem] = problems_of(records)
    assert sum(len(record.workouts) for record in records.values()) == 2
    assert "activities.csv cannot be used: it has more than" in problem
    assert "of all workouts in this table, the title" in problem


def test_a_table_whose_bytes_are_damaged_in_the_zip_has_the_rows_before(damaged):
    """If the bytes of a table are damaged in the zip, the rows before the damage are used."""
    connection = damaged(bytes, zipfile.ZIP_STORED)
    path = Path(connection.settings["paths"])
    path.write_bytes(path.read_bytes().replace(b"\r\n1320,", b"\r\n\xff320,"))
    [problem] = problems_of(read_all(connection))
    assert "what follows line" in problem
    assert "Bad CRC-32" in problem


def test_of_two_archives_only_the_table_that_is_damaged_loses_rows(tmp_path, zipped, connect_to):
    """The damaged table of one archive changes nothing in the other archive of a connection."""
    zipped(tmp_path / "a.zip", {"activities.csv": without_the_rest(strava(range(1000, 1400)))})
    zipped(tmp_path / "b.zip", {"activities.csv": strava(range(2000, 2010))})
    connection = connect_to(tmp_path / "a.zip", tmp_path / "b.zip", entry="strava-archive")
    records = read_all(connection)
    assert sum(len(key) < 5 for key in records) == 360
    assert len(problems_of(records)) == 1


# -- what may not be read --------------------------------------------------------------------------


@pytest.fixture
def unpacked(tmp_path, connect_to, let_others_in, gpx):
    """The folder of an unpacked archive with five rows, of which two have a file."""
    folder = tmp_path / "export_1"
    (folder / "activities").mkdir(parents=True)
    (folder / "activities.csv").write_bytes(strava(range(1000, 1005)))
    for number in (1001, 1003):
        content = gpx(trk=f"<name>File {number}</name>")
        (folder / "activities" / f"{number}.gpx").write_bytes(content)
    let_others_in(folder / "activities")
    read_all(connect_to(folder, entry="strava-archive"))  # so that every module is imported
    return folder


def reasons_of(records):
    """Return the reasons of what has to be read again by each sync."""
    reasons = []
    for record in records.values():
        for unavailable in (record.listing.unavailable, *record.unavailable):
            if unavailable is not None and unavailable.state == "later":
                reasons.append(unavailable.reason)
    return reasons


def test_a_closed_folder_is_named_and_its_workouts_keep_their_claim_to_it(
    unpacked, connect_to, request
):
    """If the folder of the files cannot be opened, it is named, and each of its workouts waits for
    its file.
    """
    (unpacked / "activities").chmod(0)
    request.getfixturevalue("other_user")
    records = read_all(connect_to(unpacked, entry="strava-archive"))
    of_rows = {key: record for key, record in records.items() if record.workouts}
    [folder] = [record for key, record in records.items() if key not in of_rows]
    assert folder.listing.unavailable.code == "FG-folder-unreadable"
    assert len(of_rows) == len(reasons_of(of_rows)) == 5
    assert all("activities cannot be opened: you may not read it" in each
               for each in reasons_of(of_rows))  # fmt: skip


def test_a_closed_folder_of_which_no_row_names_a_file_is_named(unpacked, connect_to, request):
    """Any folder of an archive that cannot be opened is named at the import and by each sync."""
    (unpacked / "media").mkdir(mode=0)
    request.getfixturevalue("other_user")
    connection = connect_to(unpacked, entry="strava-archive")
    [reason] = reasons_of(read_all(connection))
    notes = plugin.fitglue_connect(connection=connection).notes
    assert "media cannot be opened: you may not read it" in reason
    assert any("1 file or folder that cannot be used (media)" in note for note in notes)


def test_a_workout_whose_file_may_not_be_read_waits_for_it(unpacked, connect_to, request):
    """A file that may not be read is named, and the workout of its row waits for it."""
    (unpacked / "activities" / "1003.gpx").chmod(0)
    request.getfixturevalue("other_user")
    connection = connect_to(unpacked, entry="strava-archive")
    records = read_all(connection)
    [first, *_] = plugin.fitglue_connect(connection=connection).notes
    assert first.endswith("1 with a file, 3 without, and 1 with a file that cannot be read.")
    assert len(reasons_of(records)) == 2
    [reason] = reasons_of({"1003": records["1003"]})
    assert "1003.gpx cannot be used: you may not read it" in reason
    assert records["1003"].workouts[0].title == "Lake"


def test_without_the_permission_to_read_the_table_the_files_arrive(unpacked, connect_to, request):
    """If the table may not be read, the folder is still an archive: its files arrive without
    titles, and the table is named.
    """
    (unpacked / "activities.csv").chmod(0)
    request.getfixturevalue("other_user")
    records = read_all(connect_to(unpacked, entry="strava-archive"))
    [reason] = reasons_of(records)
    assert sum(len(record.workouts) for record in records.values()) == 2
    assert "activities.csv cannot be used: you may not read it; of all workouts" in reason
