"""Files, folders and zips as a source: connecting, listing and reading."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import socket
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fitglue_files import limits, normalizing, plugin, sorting
from fitglue_files.kind_cache import KindCache
from fitglue_files.testing import listed, places, read_all, read_place
from fitglue_registry.errors import AthleteNeeded, RecordRefused
from fitglue_registry.plugin_api import Body, Listing, Part, Record


def id_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_the_account_is_the_folder_itself(tmp_path, connect_to):
    """A folder that is written in two ways is one account."""
    (tmp_path / "a").mkdir()
    account = plugin.fitglue_connect(connection=connect_to(tmp_path / "a" / ".." / "a"))
    assert (account.id, account.name) == (str((tmp_path / "a").resolve()), "a")


def test_connecting_reports_how_many_files_there_are(tmp_path, connect_to):
    """The notes of the account report the number of workout files, of files that cannot be
    used, and of other files.
    """
    (tmp_path / "a.gpx").write_bytes(b"<gpx/>")
    (tmp_path / "b.gpx.gz").write_bytes(b"\x1f\x8bbroken")
    (tmp_path / "c.txt").write_bytes(b"x")
    notes = plugin.fitglue_connect(connection=connect_to(tmp_path)).notes
    assert notes == (
        "1 workout file (1 GPX).",
        "Left out: 1 file that cannot be used (b.gpx.gz); each sync reports the reason.",
        "Left out: 1 other file (c.txt).",
    )


@pytest.mark.parametrize("named", ["", "missing"])
def test_a_missing_path_asks_the_athlete_to_connect_again(tmp_path, connect_to, named):
    """A connection without a path, or to a path that does not exist, asks the athlete to connect
    again.
    """
    with pytest.raises(AthleteNeeded) as caught:
        plugin.fitglue_connect(connection=connect_to(tmp_path / named if named else ""))
    assert caught.value.code == "FG-folder-missing"
    assert "fitglue connect files" in caught.value.fix


def test_files_are_known_by_their_content(tmp_path, connect_to, gpx):
    """A file in any folder, compressed or not, is identified by its unpacked content."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "Ride.GPX.gz").write_bytes(gzip.compress(gpx()))
    [listing] = listed(connect_to(tmp_path))
    assert listing.external_id == id_of(gpx())
    assert json.loads(listing.summary) == {"kind": "gpx", "name": "Ride", "size": len(gpx())}


def test_the_same_content_twice_is_one_record(tmp_path, connect_to, gpx):
    """Two copies of a file are one record."""
    (tmp_path / "a.gpx").write_bytes(gpx())
    (tmp_path / "b.gpx").write_bytes(gpx())
    assert len(listed(connect_to(tmp_path))) == 1


def test_a_file_that_was_moved_is_the_same_revision(tmp_path, connect_to, gpx):
    """A file that was moved has the same summary as before, so it is not a new revision."""
    (tmp_path / "new").mkdir()
    (tmp_path / "a.gpx").write_bytes(gpx())
    before = listed(connect_to(tmp_path))[0].summary
    (tmp_path / "a.gpx").rename(tmp_path / "new" / "a.gpx")
    assert listed(connect_to(tmp_path))[0].summary == before


def test_the_file_that_changed_last_comes_first(tmp_path, connect_to):
    """Files are listed in the order of their changes, the most recent first, as the hook
    requires.
    """
    for age, name in enumerate(("new", "old", "older")):
        (tmp_path / f"{name}.gpx").write_bytes(f"<gpx>{name}</gpx>".encode())
        os.utime(tmp_path / f"{name}.gpx", (1_700_000_000 - age, 1_700_000_000 - age))
    assert [json.loads(row.summary)["name"] for row in listed(connect_to(tmp_path))] == [
        "new",
        "old",
        "older",
    ]


def test_other_and_hidden_files_are_not_listed(tmp_path, connect_to):
    """Files of other kinds, hidden files and the resource forks of macOS are not listed."""
    for name in ("a.jpg", "b.txt", "._c.gpx", "gpx"):
        (tmp_path / name).write_bytes(b"x")
    assert listed(connect_to(tmp_path)) == []


def test_a_file_that_cannot_be_read_is_listed_with_its_reason(tmp_path, connect_to, gpx):
    """A file that cannot be read is listed as available later with its reason, and the others are
    listed.
    """
    (tmp_path / "good.gpx").write_bytes(gpx())
    (tmp_path / "bad.gpx.gz").write_bytes(gzip.compress(gpx())[:-20])
    by_state = {
        row.unavailable and row.unavailable.state: row for row in listed(connect_to(tmp_path))
    }
    assert by_state.keys() == {None, "later"}
    assert by_state["later"].unavailable.code == "FG-file-broken"
    reason = by_state["later"].unavailable.reason
    assert "bad.gpx.gz cannot be used: the compressed file is cut off before its end" in reason


def test_a_gzip_bomb_is_not_unpacked(tmp_path, connect_to, monkeypatch):
    """A gzip that unpacks to more than the limit is listed with the reason."""
    monkeypatch.setattr(limits, "LARGEST", 1000)
    (tmp_path / "bomb.gpx.gz").write_bytes(gzip.compress(b"0" * 2000))
    assert listed(connect_to(tmp_path))[0].unavailable.code == "FG-file-too-large"


def test_a_gzip_is_kept_without_unpacking_it(tmp_path, connect_to, gpx):
    """The part of a file that is a gzip is the gzip as it is, together with its unpacked
    content.
    """
    packed = gzip.compress(gpx())
    (tmp_path / "a.gpx.gz").write_bytes(packed)
    [record] = read_all(connect_to(tmp_path)).values()
    assert record.parts == [Part(id_of(gpx()), "file", packed, "gzip", gpx())]


def test_a_file_that_is_gone_since_it_was_listed_is_no_deletion(tmp_path, connect_to, gpx):
    """A missing file is available later, not deleted, because its disk may not be mounted."""
    (tmp_path / "a.gpx").write_bytes(gpx())
    [place] = places(connect_to(tmp_path))
    (tmp_path / "a.gpx").unlink()
    [record] = read_place(connect_to(tmp_path), place)
    assert record.listing.unavailable.state == "later"


def test_an_undecodable_file_is_read_but_not_decoded(tmp_path, connect_to, gpx, monkeypatch):
    """Of a file whose content broke a worker, the listing and the bytes are delivered, and it is
    not decoded.
    """
    (tmp_path / "a.gpx").write_bytes(gpx())
    [place] = places(connect_to(tmp_path))
    monkeypatch.setattr(normalizing, "activities", lambda *_: pytest.fail("decoded"))
    [record] = read_place(connect_to(tmp_path), replace(place, undecodable=True))
    assert record.content == gpx()


def test_a_connection_with_the_old_name_of_the_setting_still_works(tmp_path, connect_to, gpx):
    """A connection that has its folder under the old name of the setting is listed."""
    (tmp_path / "a.gpx").write_bytes(gpx())
    connection = connect_to()
    connection.settings = {"folder": str(tmp_path)}
    assert len(listed(connection)) == 1


@pytest.mark.parametrize("name", ["new\nline", "narrow\u202fspace", "/".join(["long" * 20] * 8)])
def test_a_folder_of_any_name_is_an_account(tmp_path, connect_to, name):
    """A folder with an unprintable or very long path has a stable, printable id of at most 500
    characters.
    """
    (tmp_path / name).mkdir(parents=True)
    account = plugin.fitglue_connect(connection=connect_to(tmp_path / name))
    assert (account.id.isprintable(), len(account.id) <= 500) == (True, True)
    assert account.id == plugin.fitglue_connect(connection=connect_to(tmp_path / name)).id


def test_several_paths_are_one_account(tmp_path, connect_to, gpx):
    """Several paths are one account, in whichever order they are named."""
    (tmp_path / "a.gpx").write_bytes(gpx())
    (tmp_path / "b").mkdir()
    first, second = (
        connect_to(tmp_path / "a.gpx", tmp_path / "b"),
        connect_to(tmp_path / "b", tmp_path / "a.gpx"),
    )
    ids = [plugin.fitglue_connect(connection=connection).id for connection in (first, second)]
    assert ids[0] == ids[1]
    assert len(listed(first)) == 1


def test_files_that_are_named_one_by_one_are_one_account(tmp_path, connect_to, gpx, zipped):
    """All single files and zips are one account, and a folder is another."""
    (tmp_path / "a.gpx").write_bytes(gpx())
    zipped(tmp_path / "b.zip", {"b.gpx": gpx()})
    accounts = [
        plugin.fitglue_connect(connection=connect_to(path)).id
        for path in (tmp_path / "a.gpx", tmp_path / "b.zip", tmp_path)
    ]
    assert accounts == ["single files", "single files", str(tmp_path)]


def test_files_in_nested_zips_are_listed(tmp_path, connect_to, gpx, zipped):
    """A file in a nested zip is listed and fetched like any other."""
    zipped(
        tmp_path / "all.zip",
        {"part.zip": zipped(None, {"deep/a.gpx.gz": gzip.compress(gpx())}), "readme.txt": b"x"},
    )
    [listing] = listed(connect_to(tmp_path))
    assert listing.external_id == id_of(gpx())
    assert read_all(connect_to(tmp_path))[listing.external_id].content == gpx()


# In two pieces, because the repository holds nothing that looks like a secret.
PRIVATE_KEY = b"-----BEGIN OPENSSH " + b"PRIVATE KEY-----\nSECRET\n"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("ride.fit", PRIVATE_KEY, "not a FIT, GPX or TCX file"),
        ("ride.tcx.gz", gzip.compress(PRIVATE_KEY, mtime=0), "not a FIT, GPX or TCX file"),
        ("ride.gpx", b"<!DOCTYPE html><html><p>A <gpx > file</html>", "not a FIT, GPX"),
        ("notes.gpx", b"password: 1234\n<gpx></gpx>", "not a FIT, GPX or TCX file"),
        ("ride.fit", b"", "it is empty"),
        ("ride.fit", b"\xff\xd8\xff\xe0JFIF", "a JPEG picture"),
    ],
)
def test_no_bytes_are_delivered_of_a_file_that_is_not_a_workout(
    tmp_path, connect_to, name, content, reason
):
    """A file whose name promises a workout and whose content is of no known format is listed with
    its path and the reason, without its bytes.
    """
    (tmp_path / name).write_bytes(content)
    [record] = read_all(connect_to(tmp_path)).values()
    assert record.parts == []
    assert record.listing.unavailable.state == "later"
    assert f"{tmp_path / name} cannot be used: " in record.listing.unavailable.reason
    assert reason in record.listing.unavailable.reason


def test_a_damaged_file_of_a_known_format_is_refused_under_its_name_with_its_bytes(
    tmp_path, connect_to
):
    """A damaged workout is refused, and its bytes are delivered, so that another version of the
    plugin can read them.
    """
    (tmp_path / "ride.gpx").write_bytes(b"<gpx><trk>")
    [record] = read_all(connect_to(tmp_path)).values()
    assert record.content == b"<gpx><trk>"
    assert isinstance(record.error, RecordRefused)
    assert record.error.what.startswith("ride: ")


@pytest.fixture
def one_ride(tmp_path, gpx):
    """Return a folder with one workout."""
    folder = tmp_path / "rides"
    folder.mkdir()
    (folder / "a.gpx").write_bytes(gpx())
    return folder


def forbid_opening(monkeypatch):
    """Let the test fail if the kind of a file is read from its content."""
    monkeypatch.setattr(sorting, "kind_of_head", lambda *_: pytest.fail("opened again"))


def forget_kinds(monkeypatch):
    """Forget the kinds that this process remembers, as another process has none."""
    monkeypatch.setattr(KindCache, "_remembered", {})


def test_a_second_list_opens_no_file_again(one_ride, connect_to, monkeypatch):
    """A second listing, in another process, opens no file that has not changed, and gives it the
    same mark.
    """
    before = places(connect_to(one_ride))
    forget_kinds(monkeypatch)
    forbid_opening(monkeypatch)
    assert places(connect_to(one_ride)) == before


def test_what_was_recognized_is_not_opened_by_the_list(one_ride, connect_to, monkeypatch):
    """An import recognizes and lists the same files in one process, and opens each of them once;
    the next process opens none.
    """
    assert list(plugin.fitglue_recognize(paths=[str(one_ride)]))
    forbid_opening(monkeypatch)
    listed = places(connect_to(one_ride))
    forget_kinds(monkeypatch)
    assert places(connect_to(one_ride)) == listed


def test_a_file_that_changed_has_another_mark(tmp_path, connect_to, gpx):
    """A file that changed is the same place with another mark, so that it is read again."""
    (tmp_path / "a.gpx").write_bytes(gpx())
    [before] = places(connect_to(tmp_path))
    (tmp_path / "a.gpx").write_bytes(gpx(trk="<name>Edited</name>"))
    [after] = places(connect_to(tmp_path))
    assert after.key == before.key
    assert after.mark != before.mark


def test_a_damaged_cache_is_ignored(tmp_path, connect_to, gpx):
    """A damaged cache of kinds does not change the listing."""
    (tmp_path / "a.gpx").write_bytes(gpx())
    before = places(connect_to(tmp_path))
    (tmp_path / "cache" / "kinds.sqlite").write_bytes(b"no database")
    assert places(connect_to(tmp_path)) == before


def offline(content: bytes, name: str):
    [record] = plugin.offline_records(content, name)
    [activity] = plugin.fitglue_normalize(record=record)
    return activity


def test_the_claim_is_of_the_unpacked_content(gpx):
    """A gzip and its unpacked content have the same claims."""
    packed = gzip.compress(gpx())
    assert offline(gpx(), "Evening.gpx").claims == offline(packed, "Evening.gpx.gz").claims


def test_a_broken_gzip_is_refused_with_a_specific_code():
    """A damaged gzip is refused with a code of its own and a fix."""
    with pytest.raises(RecordRefused) as caught:
        offline(b"\x1f\x8bbroken", "Evening.gpx.gz")
    assert caught.value.code == "FG-file-broken"
    assert caught.value.fix


def test_reading_gives_the_same_as_normalizing_the_stored_parts(tmp_path, connect_to, gpx):
    """The workouts of a file that is read are those that its stored parts give later."""
    (tmp_path / "Evening.gpx").write_bytes(gpx())
    [record] = read_all(connect_to(tmp_path)).values()
    parts = {"summary": Body(record.listing.summary), "file": Body(record.content)}
    stored = Record(record.listing.external_id, "files", parts)
    assert record.workouts == plugin.fitglue_normalize(record=stored)
    assert record.workouts[0].title == "Evening"
    assert record.workouts[0].start_utc == datetime(2026, 5, 3, 6, tzinfo=UTC)


@pytest.fixture
def rides(tmp_path, let_others_in, gpx):
    """Return a folder of rides that any user may read."""
    rides = tmp_path / "rides"
    (rides / "closed").mkdir(parents=True)
    (rides / "a.gpx").write_bytes(gpx())
    (rides / "closed" / "b.gpx").write_bytes(gpx(trk="<name>B</name>"))
    let_others_in(rides)
    return rides


def test_a_folder_that_may_not_be_opened_is_named_at_the_import_and_by_each_sync(
    rides, connect_to, request
):
    """A folder that cannot be opened is one of the things that cannot be used, and each sync lists
    it with its path, the reason and what to do.
    """
    read_all(connect_to(rides))  # so that every module is imported
    (rides / "closed").chmod(0)
    request.getfixturevalue("other_user")
    notes = plugin.fitglue_connect(connection=connect_to(rides)).notes
    _, record = sorted(read_all(connect_to(rides)).values(), key=lambda read: bool(not read.parts))
    assert "Left out: 1 file or folder that cannot be used (closed/)" in notes[1]
    unavailable = record.listing.unavailable
    assert unavailable.code == "FG-folder-unreadable"
    assert f"{rides / 'closed'} cannot be opened: you may not read it" in unavailable.reason
    assert "chmod" in unavailable.fix


def test_a_file_that_may_not_be_read_is_explained_in_words(rides, connect_to, request):
    """The text of the system, such as "[Errno 13]", is in no message about a file."""
    read_all(connect_to(rides))
    (rides / "a.gpx").chmod(0)
    request.getfixturevalue("other_user")
    [closed] = [read for read in read_all(connect_to(rides)).values() if not read.parts]
    reason = closed.listing.unavailable.reason
    assert reason == f"{rides / 'a.gpx'} cannot be used: you may not read it"


def test_pipes_and_sockets_are_counted_among_what_is_left_out(rides, connect_to):
    """A pipe and a socket in a folder are never opened, and the import names them."""
    os.mkfifo(rides / "pipe.fit")
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(rides / "s.gpx"))
        notes = plugin.fitglue_connect(connection=connect_to(rides)).notes
        assert len(read_all(connect_to(rides))) == 2
    assert notes[1:] == ("Left out: 2 pipes, sockets or devices (pipe.fit, s.gpx).",)


def test_a_file_is_decoded_after_its_bytes_were_yielded(tmp_path, connect_to, gpx, monkeypatch):
    """The listing and the bytes of a file come before it is decoded, because the host wants nothing
    more of a file that it has.
    """
    (tmp_path / "a.gpx").write_bytes(gpx())
    connection = connect_to(tmp_path)
    [place] = places(connection)
    monkeypatch.setattr(normalizing, "activities", lambda *_: pytest.fail("it was decoded"))
    items = plugin.fitglue_read(connection=connection, location=place)
    assert [type(next(items)), type(next(items))] == [Listing, Part]
