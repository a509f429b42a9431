"""Tests of backups: made during a sync, verified, refused if damaged or newer, and restored."""

from __future__ import annotations

import json
import shutil
import threading
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from fitglue_registry import Host, Policy
from fitglue_registry.backup.manifest import MANIFEST
from fitglue_registry.errors import Busy, StoreFailed, UserMistake
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.store import tables
from fitglue_registry.store.blobs import MemoryBlobStore
from fitglue_registry.sync.lock import connection_lock
from tests.faults.local.conftest import KEY, after_the_fault, complete, execute, lost, store_of
from tests.sync.builders import finished
from tests.sync.natural import natural


@pytest.fixture
def backup(synced, tmp_path):
    """Return a backup of the synced home, keys included."""
    with Host(synced, policy=Policy.personal()) as host:
        return host.backups.make(tmp_path / "backup.zip", with_secrets=True).path


def rewritten(backup, change):
    """Write a backup again with its files, name → content, changed."""
    with zipfile.ZipFile(backup) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    with zipfile.ZipFile(backup, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return backup


def manifest_of(inside, **changes):
    """Return the manifest with some of its values changed."""
    inside[MANIFEST] = json.dumps(json.loads(inside[MANIFEST]) | changes).encode()


def refused(call, *arguments, **options):
    """Return the error of a call that has to fail."""
    with pytest.raises((StoreFailed, UserMistake, Busy)) as caught:
        call(*arguments, **options)
    assert complete(caught.value.as_dict()), caught.value.as_dict()
    return caught.value


# -- make ------------------------------------------------------------------------------------------


def test_a_backup_brings_everything_back_into_an_empty_home(backup, homes, tmp_path, service):
    """A backup with keys is restored into an empty home with database, original files and keys, and
    the next sync needs one request.
    """
    with Host(tmp_path / "other", policy=Policy.personal()) as host:
        restored = host.backups.restore(backup, with_secrets=True)
        assert (restored.aside, restored.secrets_left_out) == (None, 0)
        assert lost(natural(host), homes.expected) == 0
        service.clear_requests()
        assert [type(event).__name__ for event in host.sync()][-1] == "SyncFinished"
        assert len(service.requests) == 1
        details = host.activities.get("last")
        assert list(host.activities.original_files(details))


def test_what_make_says(synced, fitglue, tmp_path):
    """``backup make`` prints where the backup is, its size, that it was checked, and that keys are
    not in it.
    """
    result = fitglue("backup", "make", str(tmp_path))
    [file] = tmp_path.glob("fitglue-backup-*.zip")
    assert result.code == 0
    assert f"{file}: made and verified" in result.out
    assert " activities, " in result.out
    assert "it contains no keys" in result.out
    assert file.stat().st_mode & 0o077 == 0


def test_keys_are_in_a_backup_only_where_they_are_asked_for(synced, fitglue, tmp_path):
    """A backup contains the key file and the secrets only with ``--with-secrets``, and the command
    then warns about it.
    """
    fitglue("backup", "make", tmp_path / "without.zip")
    result = fitglue("backup", "make", tmp_path / "with.zip", "--with-secrets")
    assert "anyone who has this file can use your accounts" in result.out
    names = {
        name: [
            member
            for member in zipfile.ZipFile(tmp_path / name).namelist()
            if member.startswith("secrets/")
        ]
        for name in ("without.zip", "with.zip")
    }
    assert [len(members) for members in names.values()] == [0, 2]


def test_no_backup_holds_a_key_in_clear(backup):
    """No backup contains a key in plain text, not even one with secrets."""
    with zipfile.ZipFile(backup) as archive:
        assert [name for name in archive.namelist() if KEY.encode() in archive.read(name)] == []


@pytest.mark.long
def test_after_a_restore_without_keys_connect_asks_again(synced, fitglue, tmp_path):
    """After a restore without keys, a sync reports the missing key and what to do; everything else
    works.
    """
    fitglue("backup", "make", tmp_path / "b.zip")
    other = tmp_path / "other"
    assert fitglue("backup", "restore", tmp_path / "b.zip", home=other).code == 0
    result = fitglue("sync", "--json", home=other)
    assert (result.code, result.error["code"]) == (3, "FG-secret-missing")


def test_make_overwrites_nothing(backup, fitglue):
    """A backup does not overwrite a file that has its name."""
    before = backup.read_bytes()
    result = fitglue("backup", "make", backup, "--json")
    assert (result.code, result.error["code"]) == (2, "FG-backup-exists")
    assert backup.read_bytes() == before


def test_a_backup_that_fails_leaves_nothing_behind(synced, fitglue, tmp_path):
    """A backup into a missing folder or of a damaged database raises an error and leaves no file
    behind.
    """
    result = fitglue("backup", "make", tmp_path / "nowhere" / "b.zip", "--json")
    assert (result.code, result.error["code"]) == (7, "FG-backup-not-written")
    content = bytearray((synced / "fitglue.db").read_bytes())
    content[3 * 4096 : 4 * 4096] = b"\xde\xad" * 2048
    (synced / "fitglue.db").write_bytes(content)
    desk = tmp_path / "desk"
    desk.mkdir()
    result = fitglue("backup", "make", desk, "--json")
    assert (result.code, result.error["code"]) == (7, "FG-store-damaged")
    assert list(desk.iterdir()) == []


def test_a_folder_that_is_not_there_is_not_taken_for_a_file(fitglue, tmp_path):
    """A folder that does not exist, because its disk is not mounted, is an error; no file of its
    name is written.
    """
    result = fitglue("backup", "make", tmp_path / "usb", "--json")
    assert (result.code, result.error["code"]) == (2, "FG-backup-not-written")
    assert not (tmp_path / "usb").exists()


def test_a_store_that_is_no_database_any_more_is_named_and_not_its_copy(synced, fitglue, tmp_path):
    """The error for a damaged database names the database, not its copy in the backup."""
    content = (synced / "fitglue.db").read_bytes()
    (synced / "fitglue.db").write_bytes(b"\xde\xad" * 50 + content[100:])
    result = fitglue("backup", "make", tmp_path / "b.zip", "--json")
    assert (result.code, result.error["where"]["file"]) == (7, str(synced / "fitglue.db"))


def test_there_is_nothing_to_back_up_before_the_first_connection(fitglue, tmp_path):
    """A backup of an empty home is an error with a next step, and the home stays empty."""
    result = fitglue("backup", "make", tmp_path / "b.zip", "--json")
    assert (result.code, result.error["code"], result.error["fix"]) == (
        2,
        "FG-nothing-to-back-up",
        "fitglue connect intervals",
    )
    assert not (tmp_path / "home" / "fitglue.db").exists()


def test_a_lost_original_is_reported_and_everything_else_is_backed_up(
    synced, fitglue, homes, tmp_path
):
    """A backup of a store that has lost an original file is made nevertheless, lists the file as
    absent, and ends with exit code 5.
    """
    victim = next(path for path in (synced / "blobs").glob("??/??/*"))
    victim.unlink()
    result = fitglue("backup", "make", tmp_path / "b.zip", "--json")
    assert result.code == 5
    assert result.document["absent"] == [victim.name]
    assert fitglue("backup", "verify", tmp_path / "b.zip").code == 0


def test_a_backup_is_made_while_a_sync_commits(synced, tmp_path, homes, reliability):
    """A backup that is made while another thread commits all the time ends, and contains the store
    of one moment.
    """
    stop = threading.Event()
    committed = []

    def commit():
        with Host(synced, policy=Policy.personal()) as host:
            while not stop.is_set():
                with host.workspace.database.write() as db:
                    for table in (tables.athletes, tables.dictionaries):
                        row = (
                            {"id": f"a{len(committed)}", "created_at": "2026-05-01T10:00:00.000Z"}
                            if table is tables.athletes
                            else {"source": "s", "part": "p", "content": b"x" * 20_000}
                        )
                        db.execute(sa.insert(table).values(**row))
                committed.append(1)

    writer = threading.Thread(target=commit)
    writer.start()
    try:
        with Host(synced, policy=Policy.personal()) as host:
            made = [
                host.backups.make(tmp_path / f"{number}.zip").manifest.rows for number in range(3)
            ]
    finally:
        stop.set()
        writer.join()
    assert committed
    base = {
        name: rows
        for name, rows in made[0].items()
        if name not in ("fg_athletes", "fg_dictionaries")
    }
    torn = sum(
        rows["fg_athletes"] - 1 != rows["fg_dictionaries"] or base.items() - rows.items() != set()
        for rows in made
    )
    assert torn == 0
    reliability(
        "local",
        "a backup while another process commits",
        times=len(made),
        lost=torn,
        seen="the backup finishes and is consistent",
    )


# -- verify ----------------------------------------------------------------------------------------


def test_verify_of_a_whole_backup_ends_with_0(backup, fitglue):
    """``backup verify`` of a complete backup ends with exit code 0."""
    assert fitglue("backup", "verify", backup).code == 0


def damages(backup):
    """Return name → a backup with one thing wrong."""
    content = backup.read_bytes()
    with zipfile.ZipFile(backup) as archive:
        inside = {info.filename: info.header_offset + 60 for info in archive.infolist()}
    blob = next(name for name in inside if name.startswith("blobs/"))
    yield "cut in half", content[: len(content) // 2]
    yield "last byte missing", content[:-1]
    for name in ("fitglue.db", blob, MANIFEST):
        at = inside[name] + 40
        yield (
            f"a byte of {name.partition('/')[0]}",
            content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :],
        )


def test_whatever_is_damaged_is_named_with_exit_code_7(
    backup, fitglue, tmp_path, homes, reliability
):
    """A truncated backup, and one with a changed byte in any kind of file, ends with exit code 7
    and the name of the file; a restore changes nothing.
    """
    played = 0
    for name, content in damages(backup):
        backup.write_bytes(content)
        result = fitglue("backup", "verify", backup, "--json")
        assert (result.code, result.error["code"]) == (7, "FG-backup-damaged"), name
        assert complete(result.error)
        assert fitglue("backup", "restore", backup, home=tmp_path / "other").code == 7
        assert list((tmp_path / "other").glob("*")) == []
        played += 1
    reliability(
        "local",
        "a damaged backup: truncated, or with one byte changed",
        times=played,
        lost=0,
        seen="FG-backup-damaged, exit 7, with the name of the damaged file; nothing is restored",
    )


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (
            lambda files: manifest_of(files, backup_format=2),
            "FG-backup-newer",
            "format 2; this version knows 1",
        ),
        (lambda files: manifest_of(files, rows="many"), "FG-backup-damaged", "manifest.json"),
        (
            lambda files: files.pop(next(name for name in files if name.startswith("blobs/"))),
            "FG-backup-damaged",
            "is missing",
        ),
        (lambda files: files.update({"more.txt": b""}), "FG-backup-damaged", "more.txt"),
        (lambda files: files.update({"fitglue.db": b"other"}), "FG-backup-damaged", "fitglue.db"),
        (lambda files: files.pop(MANIFEST), "FG-backup-unknown", "not a FitGlue backup"),
        (
            lambda files: manifest_of(
                files, files=[{"name": "../../etc/passwd", "size": 0, "sha256": ""}]
            ),
            "FG-backup-damaged",
            "manifest",
        ),
    ],
    ids=["newer", "manifest", "missing", "more", "other-database", "no-manifest", "path"],
)
def test_a_backup_that_is_not_what_its_manifest_says_is_refused(
    backup, tmp_path, change, code, words
):
    """A backup that does not match its manifest, is newer, or has a path for a name is refused
    before anything is written.
    """
    rewritten(backup, change)
    with Host(tmp_path / "other", policy=Policy.personal()) as host:
        for call in (host.backups.verify, host.backups.restore):
            error = refused(call, backup)
            assert error.code == code
            assert words in error.what
    assert list((tmp_path / "other").glob("*")) == []


@pytest.mark.parametrize("content", [b"", b"a letter to my aunt", b"PK\5\6" + b"\0" * 18])
def test_a_file_that_is_not_a_backup_is_reported(fitglue, tmp_path, content):
    """A file that is not a backup is reported as a user's mistake, with exit code 2."""
    (tmp_path / "letter").write_bytes(content)
    result = fitglue("backup", "verify", tmp_path / "letter", "--json")
    assert (result.code, result.error["code"]) == (2, "FG-backup-unknown")
    assert (
        fitglue("backup", "verify", tmp_path / "nowhere", "--json").error["code"]
        == "FG-backup-unknown"
    )


def test_a_store_of_a_newer_format_is_not_restored(synced, tmp_path, fitglue):
    """A backup whose database has a newer format is not restored."""
    with Host(synced, policy=Policy.personal()) as host:
        backup = host.backups.make(tmp_path / "b.zip").path
    rewritten(backup, lambda files: manifest_of(files, store_format="9999"))
    result = fitglue("backup", "restore", backup, "--json", home=tmp_path / "other")
    assert (result.code, result.error["code"]) == (7, "FG-store-newer")


def test_a_store_of_a_newer_format_is_not_backed_up(synced, tmp_path, fitglue):
    """A store of a newer format is not backed up, because this version does not know what belongs
    to it.
    """
    execute(synced / "fitglue.db", "UPDATE alembic_version SET version_num = '9999'")
    result = fitglue("backup", "make", tmp_path / "b.zip", "--json")
    assert (result.code, result.error["code"]) == (7, "FG-store-newer")


# -- restore ---------------------------------------------------------------------------------------


def test_restore_overwrites_no_store(backup, synced, fitglue, homes):
    """A restore into a home that has a database changes nothing, and names the option that moves it
    aside.
    """
    result = fitglue("backup", "restore", backup, "--json")
    assert (result.code, result.error["code"]) == (2, "FG-home-holds-data")
    assert "--replace" in result.error["fix"]
    assert lost(store_of(synced), homes.expected) == 0


def test_what_is_replaced_is_moved_aside_whole(backup, synced, fitglue, homes, tmp_path):
    """With --replace, the old store is in a folder that the command names, and works there."""
    execute(synced / "fitglue.db", "DELETE FROM fg_claims")
    emptied = store_of(synced)
    result = fitglue("backup", "restore", backup, "--replace", "--json")
    assert result.code == 0
    assert lost(store_of(synced), homes.expected) == 0
    assert store_of(Path(result.document["aside"])) == emptied


def test_two_restores_in_one_second_keep_both_old_stores(backup, synced):
    """Two restores in the same second move the old stores into two folders."""
    with Host(synced, policy=Policy.personal()) as host:
        asides = [host.backups.restore(backup, replace=True).aside for _ in range(2)]
    assert len(set(asides)) == 2
    assert all((aside / "fitglue.db").is_file() for aside in asides)


def test_the_same_host_goes_on_after_a_restore(backup, synced, homes):
    """A host that restores a backup continues with the new database, and uses nothing cached of the
    old one.
    """
    with Host(synced, policy=Policy.personal()) as host:
        list(host.sync())
        host.backups.restore(backup, replace=True)
        assert [type(event).__name__ for event in host.syncs.rebuild()][-1] == "SyncFinished"
        assert lost(natural(host), homes.expected) == 0


def test_a_log_of_the_damaged_database_is_not_played_into_the_new_one(
    backup, synced, fitglue, homes
):
    """The write-ahead log of the old database is moved aside with it, and not applied to the new
    database.
    """
    (synced / "fitglue.db").write_bytes(b"this is no database" * 500)
    (synced / "fitglue.db-wal").write_bytes(b"\x37\x7f\x06\x82" + b"left over" * 2000)
    result = fitglue("backup", "restore", backup, "--replace", "--json")
    assert result.code == 0, result.err
    assert {path.name for path in Path(result.document["aside"]).iterdir()} >= {
        "fitglue.db",
        "fitglue.db-wal",
    }
    assert lost(store_of(synced), homes.expected) == 0


def test_a_restore_waits_for_nobody_who_syncs(backup, synced):
    """A restore during a sync, or while another program has the database open, raises an error and
    replaces nothing.
    """
    before = (synced / "fitglue.db").read_bytes()
    with (
        Host(synced, policy=Policy.personal()) as other,
        Host(synced, policy=Policy.personal()) as host,
    ):
        connection = other.connections.list()[0]
        with connection_lock(
            other.workspace.database, other.home, connection.id, connection.name, "now"
        ):
            assert refused(host.backups.restore, backup, replace=True).code == "FG-sync-running"
        with other.workspace.database.read() as db:
            db.execute(sa.select(tables.records.c.id)).all()
            assert refused(host.backups.restore, backup, replace=True).code == "FG-store-locked"
    assert (synced / "fitglue.db").read_bytes() == before


def test_another_key_file_is_kept_with_what_it_opens(backup, synced, tmp_path, fitglue):
    """A restore with keys moves a different key file aside, together with the secrets that it
    opens.
    """
    shutil.rmtree(synced / "secrets")
    with Host(synced, policy=Policy.personal()) as host:
        host.workspace.secrets.put("somebody", {"api_key": "x"})
    ours = {
        path.name: path.read_bytes()
        for path in (synced / "secrets").iterdir()
        if path.suffix != ".lock"
    }
    result = fitglue("backup", "restore", backup, "--replace", "--with-secrets", "--json")
    aside = Path(result.document["aside"]) / "secrets"
    assert {path.name: path.read_bytes() for path in aside.iterdir()} == ours
    assert fitglue("sync").code == 0


@pytest.mark.long
def test_an_older_backup_catches_up_with_the_next_sync(connected, tmp_path, homes, fitglue):
    """After an older backup was restored, the next sync fetches what it lacks."""
    fitglue("backup", "make", tmp_path / "early.zip")
    fitglue("sync", "--files")
    assert fitglue("backup", "restore", tmp_path / "early.zip", "--replace").code == 0
    assert after_the_fault(connected, homes) == 0


# -- elsewhere -------------------------------------------------------------------------------------


@pytest.mark.long
def test_an_embedders_own_blobs_are_backed_up_and_brought_back(service, homes, tmp_path):
    """The original files in an embedder's own blob store are backed up and restored."""
    blobs, secrets = MemoryBlobStore(), MemorySecretStore()
    with Host(tmp_path / "app", secrets=secrets, blobs=blobs, policy=Policy.personal()) as host:
        host.connect("intervals", {"api_key": KEY, "base_url": service.url})
        finished(host, files=True)
        made = host.backups.make(tmp_path / "b.zip", with_secrets=True)
    assert (made.manifest.secrets, made.manifest.secrets_left_out) == (0, 1)
    fresh = MemoryBlobStore()
    with Host(tmp_path / "other", secrets=secrets, blobs=fresh, policy=Policy.personal()) as host:
        host.backups.restore(tmp_path / "b.zip")
        assert lost(natural(host), homes.expected) == 0
    assert {blob.sha256 for blob in fresh.all()} == {blob.sha256 for blob in blobs.all()} != set()


@pytest.mark.long
def test_of_postgresql_the_original_files_are_backed_up_and_the_command_for_the_rest_is_printed(
    service, postgres_url, fitglue, monkeypatch, tmp_path
):
    """Of a store in PostgreSQL, a backup contains the original files, and prints the pg_dump
    command for the database.
    """
    monkeypatch.setenv("FITGLUE_DATABASE", postgres_url)
    monkeypatch.setenv("FITGLUE_INTERVALS_API_KEY", KEY)
    fitglue("connect", "intervals", "--base-url", service.url)
    fitglue("sync", "--files")
    result = fitglue("backup", "make", tmp_path / "b.zip")
    assert result.code == 0
    assert "the database is NOT in it" in result.out
    assert (
        "pg_dump --schema=fitglue --format=custom --file=fitglue.dump postgresql://" in result.out
    )
    shutil.rmtree(tmp_path / "home" / "blobs")
    result = fitglue("backup", "restore", tmp_path / "b.zip")
    assert "pg_restore" in result.out
    with Host(tmp_path / "home", policy=Policy.personal()) as host:
        assert list(host.activities.original_files(host.activities.get("last")))
    monkeypatch.delenv("FITGLUE_DATABASE")
    assert (
        fitglue("backup", "restore", tmp_path / "b.zip", "--json", home=tmp_path / "o").error[
            "code"
        ]
        == "FG-backup-other-database"
    )


def test_a_key_that_was_renewed_since_is_kept(synced, service, tmp_path, fitglue):
    """After a restore without keys, a connection keeps a key that was renewed after the backup."""
    backup = tmp_path / "one.zip"
    assert fitglue("backup", "make", backup, home=synced).code == 0
    with Host(synced, policy=Policy.personal()) as host:
        host.connect("intervals", {"api_key": KEY, "base_url": service.url})
    assert fitglue("backup", "restore", backup, "--replace", home=synced).code == 0
    assert fitglue("sync", home=synced).code == 0


def test_a_restore_on_another_machine_says_whose_key_is_missing(synced, tmp_path, fitglue):
    """A restore on another machine names the connections whose keys are missing there."""
    backup = tmp_path / "one.zip"
    assert fitglue("backup", "make", backup, home=synced).code == 0
    result = fitglue("backup", "restore", backup, home=tmp_path / "other")
    assert (
        "the key of intervals is not on this machine; enter it again with: fitglue connect "
        "intervals" in " ".join(result.out.split())
    )


def test_a_folder_that_is_not_there_is_no_file(synced, tmp_path, fitglue):
    """A path that ends with a slash and does not exist is an error, and no file of its name is
    written.
    """
    result = fitglue("backup", "make", f"{tmp_path}/usb/", "--json", home=synced)
    assert (result.code, result.error["code"]) == (2, "FG-backup-not-written")
    assert not (tmp_path / "usb").exists()


def test_what_a_backup_lacks_is_reported_by_verify_and_restore(synced, fitglue, homes, tmp_path):
    """Verify and restore report the original files that were lost before the backup was made."""
    next((synced / "blobs").glob("??/??/*")).unlink()
    backup = tmp_path / "lost.zip"
    assert fitglue("backup", "make", backup, home=synced).code == 5
    for command in ("verify", "restore"):
        result = fitglue("backup", command, backup, home=tmp_path / "other")
        assert "1 original file had been lost" in " ".join(result.out.split())
