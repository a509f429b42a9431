"""Tests of backups: made while others work, verified, refused if damaged or newer, and restored."""

from __future__ import annotations

import json
import shutil
import threading
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from fitglue_registry import Host
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
    """Return a backup of the synced home, with its keys."""
    with Host(synced) as host:
        return host.backups.make(tmp_path / "backup.zip", with_secrets=True).path


def rewritten(backup, change):
    """Rewrite a backup after ``change`` was applied to its files, which it receives as name →
    content.
    """
    with zipfile.ZipFile(backup) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    with zipfile.ZipFile(backup, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return backup


def manifest_of(inside, **changes):
    """Change values of the manifest among the files of a backup."""
    inside[MANIFEST] = json.dumps(json.loads(inside[MANIFEST]) | changes).encode()


def refused(call, *arguments, **options):
    """Return the error of a call that must fail, and assert that the error is complete."""
    with pytest.raises((StoreFailed, UserMistake, Busy)) as caught:
        call(*arguments, **options)
    assert complete(caught.value.as_dict()), caught.value.as_dict()
    return caught.value


# -- make ------------------------------------------------------------------------------------------


def test_a_backup_restores_everything_into_an_empty_home(backup, homes, tmp_path, service):
    """A backup with keys restores the database, the original files and the keys into an empty home,
    whose next sync makes one request.
    """
    with Host(tmp_path / "other") as host:
        restored = host.backups.restore(backup)
        assert restored.aside is None
        assert lost(natural(host), homes.expected) == 0
        service.clear_requests()
        assert [type(event).__name__ for event in host.sync()][-1] == "SyncFinished"
        assert len(service.requests) == 1
        activity = host.activities.get("last")
        assert list(host.activities.original_files(activity))


def test_make_reports_the_path_the_contents_and_the_check(synced, fitglue, tmp_path):
    """``backup make`` prints the path, the number of activities, that the backup was checked, and
    that keys are not in it.
    """
    result = fitglue("backup", "make", str(tmp_path))
    [file] = tmp_path.glob("fitglue-backup-*.zip")
    assert result.code == 0
    assert f"{file}: made and checked" in result.out
    assert " activities, " in result.out
    assert "keys are not in it" in result.out
    assert file.stat().st_mode & 0o077 == 0


def test_keys_are_in_a_backup_only_with_the_option(synced, fitglue, tmp_path):
    """Without ``--with-secrets`` a backup has neither the key file nor the secrets; with it it has
    both, and the command warns about that.
    """
    fitglue("backup", "make", tmp_path / "without.zip")
    result = fitglue("backup", "make", tmp_path / "with.zip", "--with-secrets")
    assert "whoever has this file can use your accounts" in result.out
    names = {
        name: [
            member
            for member in zipfile.ZipFile(tmp_path / name).namelist()
            if member.startswith("secrets/")
        ]
        for name in ("without.zip", "with.zip")
    }
    assert [len(members) for members in names.values()] == [0, 2]


def test_no_backup_contains_a_key_in_plain_text(backup):
    """No backup contains a key in plain text, even if it includes the keys."""
    with zipfile.ZipFile(backup) as archive:
        assert [name for name in archive.namelist() if KEY.encode() in archive.read(name)] == []


@pytest.mark.long
def test_after_a_restore_without_keys_connect_asks_for_the_key(synced, fitglue, tmp_path):
    """After a restore without keys a sync reports the missing key with its code and a fix."""
    fitglue("backup", "make", tmp_path / "b.zip")
    other = tmp_path / "other"
    assert fitglue("backup", "restore", tmp_path / "b.zip", home=other).code == 0
    result = fitglue("sync", "--json", home=other)
    assert (result.code, result.error["code"]) == (3, "FG-secret-missing")


def test_make_overwrites_nothing(backup, fitglue):
    """``backup make`` does not overwrite an existing file."""
    before = backup.read_bytes()
    result = fitglue("backup", "make", backup, "--json")
    assert (result.code, result.error["code"]) == (2, "FG-backup-exists")
    assert backup.read_bytes() == before


def test_a_backup_that_fails_leaves_nothing_behind(synced, fitglue, tmp_path):
    """``backup make`` leaves no partial file if the folder does not exist or the database is
    damaged.
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


def test_a_missing_folder_is_not_created_as_a_file(fitglue, tmp_path):
    """If the target folder is missing, because a disk is not mounted, ``backup make`` does not
    create a file of its name.
    """
    result = fitglue("backup", "make", tmp_path / "usb", "--json")
    assert (result.code, result.error["code"]) == (2, "FG-backup-not-written")
    assert not (tmp_path / "usb").exists()


def test_the_error_about_a_damaged_store_names_the_store(synced, fitglue, tmp_path):
    """If the store is damaged, ``backup make`` names the file of the store, not the backup."""
    content = (synced / "fitglue.db").read_bytes()
    (synced / "fitglue.db").write_bytes(b"\xde\xad" * 50 + content[100:])
    result = fitglue("backup", "make", tmp_path / "b.zip", "--json")
    assert (result.code, result.error["where"]["file"]) == (7, str(synced / "fitglue.db"))


def test_make_refuses_a_home_without_a_store(fitglue, tmp_path):
    """``backup make`` in an empty home fails with a fix, and the home stays empty."""
    result = fitglue("backup", "make", tmp_path / "b.zip", "--json")
    assert (result.code, result.error["code"], result.error["fix"]) == (
        2,
        "FG-nothing-to-back-up",
        "fitglue connect intervals",
    )
    assert not (tmp_path / "home" / "fitglue.db").exists()


def test_a_missing_original_file_is_reported_and_everything_else_is_backed_up(
    synced, fitglue, homes, tmp_path
):
    """If an original file is missing, a backup of everything else is made with exit code 5, and its
    manifest names the missing file.
    """
    victim = next(path for path in (synced / "blobs").glob("??/??/*"))
    victim.unlink()
    result = fitglue("backup", "make", tmp_path / "b.zip", "--json")
    assert result.code == 5
    assert result.document["absent"] == [victim.name]
    assert fitglue("backup", "verify", tmp_path / "b.zip").code == 0


def test_a_backup_is_made_while_a_sync_commits(synced, tmp_path, homes, reliability):
    """Backups made while another process commits finish, and each contains the store of one
    moment.
    """
    stop = threading.Event()
    committed = []

    def commit():
        with Host(synced) as host:
            while not stop.is_set():
                with host.workspace.database.write() as db:
                    for table in (tables.athletes, tables.dictionaries):
                        row = (
                            {"id": f"a{len(committed)}", "created_at": "now"}
                            if table is tables.athletes
                            else {"source": "s", "part": "p", "content": b"x" * 20_000}
                        )
                        db.execute(sa.insert(table).values(**row))
                committed.append(1)

    writer = threading.Thread(target=commit)
    writer.start()
    try:
        with Host(synced) as host:
            row_counts = [
                host.backups.make(tmp_path / f"{number}.zip").manifest.rows for number in range(3)
            ]
    finally:
        stop.set()
        writer.join()
    assert committed
    base = {
        name: rows
        for name, rows in row_counts[0].items()
        if name not in ("fg_athletes", "fg_dictionaries")
    }
    torn = sum(
        rows["fg_athletes"] - 1 != rows["fg_dictionaries"] or base.items() - rows.items() != set()
        for rows in row_counts
    )
    assert torn == 0
    reliability(
        "local",
        "a backup while another process commits",
        times=len(row_counts),
        lost=torn,
        seen="the backup finishes and is consistent",
    )


# -- verify ----------------------------------------------------------------------------------------


def test_verify_of_an_intact_backup_succeeds(backup, fitglue):
    """``backup verify`` of an intact backup ends with exit code 0."""
    assert fitglue("backup", "verify", backup).code == 0


def damages(backup):
    """Yield the name and the content of damaged copies of a backup."""
    content = backup.read_bytes()
    with zipfile.ZipFile(backup) as archive:
        inside = {info.filename: info.header_offset + 60 for info in archive.infolist()}
    blob = next(name for name in inside if name.startswith("blobs/"))
    yield "truncated in the middle", content[: len(content) // 2]
    yield "last byte missing", content[:-1]
    for name in ("fitglue.db", blob, MANIFEST):
        at = inside[name] + 40
        yield (
            f"a byte of {name.partition('/')[0]}",
            content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :],
        )


def test_a_damaged_backup_is_refused_with_exit_code_7(
    backup, fitglue, tmp_path, homes, reliability
):
    """A truncated or changed backup is refused with exit code 7 and the name of the damaged file,
    and a restore of it writes nothing.
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
        (lambda files: files.pop(MANIFEST), "FG-backup-unknown", "not a backup"),
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
def test_a_backup_that_contradicts_its_manifest_is_refused(backup, tmp_path, change, code, words):
    """A backup that is newer, or contradicts its manifest, or names a path outside of the home, is
    refused before anything is written.
    """
    rewritten(backup, change)
    with Host(tmp_path / "other") as host:
        for call in (host.backups.verify, host.backups.restore):
            error = refused(call, backup)
            assert error.code == code
            assert words in error.what
    assert list((tmp_path / "other").glob("*")) == []


@pytest.mark.parametrize("content", [b"", b"a letter to my aunt", b"PK\5\6" + b"\0" * 18])
def test_a_file_that_is_not_a_backup_is_refused(fitglue, tmp_path, content):
    """A file that is not a backup is refused with exit code 2."""
    (tmp_path / "letter").write_bytes(content)
    result = fitglue("backup", "verify", tmp_path / "letter", "--json")
    assert (result.code, result.error["code"]) == (2, "FG-backup-unknown")
    assert (
        fitglue("backup", "verify", tmp_path / "nowhere", "--json").error["code"]
        == "FG-backup-unknown"
    )


def test_a_store_of_a_newer_format_is_not_restored(synced, tmp_path, fitglue):
    """A backup of a store of a newer format is refused with ``FG-store-newer``."""
    with Host(synced) as host:
        backup = host.backups.make(tmp_path / "b.zip").path
    rewritten(backup, lambda files: manifest_of(files, store_format="9999"))
    result = fitglue("backup", "restore", backup, "--json", home=tmp_path / "other")
    assert (result.code, result.error["code"]) == (7, "FG-store-newer")


def test_a_store_of_a_newer_format_is_not_backed_up(synced, tmp_path, fitglue):
    """A store of a newer format is not backed up, because this version does not know which files
    belong to it.
    """
    execute(synced / "fitglue.db", "UPDATE alembic_version SET version_num = '9999'")
    result = fitglue("backup", "make", tmp_path / "b.zip", "--json")
    assert (result.code, result.error["code"]) == (7, "FG-store-newer")


# -- restore ---------------------------------------------------------------------------------------


def test_restore_overwrites_no_store(backup, synced, fitglue, homes):
    """``backup restore`` does not overwrite a store, and its error names the option that moves the
    store aside.
    """
    result = fitglue("backup", "restore", backup, "--json")
    assert (result.code, result.error["code"]) == (2, "FG-home-holds-data")
    assert "--replace" in result.error["fix"]
    assert lost(store_of(synced), homes.expected) == 0


def test_a_replaced_store_is_moved_aside(backup, synced, fitglue, homes, tmp_path):
    """With ``--replace`` the old store is moved to a folder that the command prints, and it can be
    used there.
    """
    execute(synced / "fitglue.db", "DELETE FROM fg_claims")
    emptied = store_of(synced)
    result = fitglue("backup", "restore", backup, "--replace", "--json")
    assert result.code == 0
    assert lost(store_of(synced), homes.expected) == 0
    assert store_of(Path(result.document["aside"])) == emptied


def test_two_restores_in_one_second_keep_both_old_stores(backup, synced):
    """Two restores within one second move the old stores to different folders."""
    with Host(synced) as host:
        asides = [host.backups.restore(backup, replace=True).aside for _ in range(2)]
    assert len(set(asides)) == 2
    assert all((aside / "fitglue.db").is_file() for aside in asides)


def test_a_host_works_after_it_restored_a_backup(backup, synced, homes):
    """A host that restores a backup forgets what it had cached from the old database."""
    with Host(synced) as host:
        list(host.sync())
        host.backups.restore(backup, replace=True)
        assert [type(event).__name__ for event in host.syncs.rebuild()][-1] == "SyncFinished"
        assert lost(natural(host), homes.expected) == 0


def test_a_log_of_the_damaged_database_is_not_applied_to_the_new_one(
    backup, synced, fitglue, homes
):
    """The write-ahead log of the old database is moved aside with it."""
    (synced / "fitglue.db").write_bytes(b"this is no database" * 500)
    (synced / "fitglue.db-wal").write_bytes(b"\x37\x7f\x06\x82" + b"left over" * 2000)
    result = fitglue("backup", "restore", backup, "--replace", "--json")
    assert result.code == 0, result.err
    assert {path.name for path in Path(result.document["aside"]).iterdir()} >= {
        "fitglue.db",
        "fitglue.db-wal",
    }
    assert lost(store_of(synced), homes.expected) == 0


def test_a_restore_is_refused_during_a_sync(backup, synced):
    """While a sync holds its lock, or another program has the database open, a restore is refused
    and replaces nothing.
    """
    before = (synced / "fitglue.db").read_bytes()
    with Host(synced) as other, Host(synced) as host:
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
    """A restore with keys into a home with other keys keeps the old key file and its secrets in the
    folder with the old store.
    """
    shutil.rmtree(synced / "secrets")
    with Host(synced) as host:
        host.workspace.secrets.put("somebody", {"api_key": "x"})
    ours = {
        path.name: path.read_bytes()
        for path in (synced / "secrets").iterdir()
        if path.suffix != ".lock"
    }
    result = fitglue("backup", "restore", backup, "--replace", "--json")
    aside = Path(result.document["aside"]) / "secrets"
    assert {path.name: path.read_bytes() for path in aside.iterdir()} == ours
    assert fitglue("sync").code == 0


@pytest.mark.long
def test_an_older_backup_catches_up_with_the_next_sync(connected, tmp_path, homes, fitglue):
    """After the restore of an older backup the next sync fetches again what came after it."""
    fitglue("backup", "make", tmp_path / "early.zip")
    fitglue("sync", "--files")
    assert fitglue("backup", "restore", tmp_path / "early.zip", "--replace").code == 0
    assert after_the_fault(connected, homes) == 0


# -- elsewhere -------------------------------------------------------------------------------------


@pytest.mark.long
def test_an_embedders_own_blobs_are_backed_up_and_restored(service, homes, tmp_path):
    """The original files of an embedder are backed up from its own blob store and restored to
    it.
    """
    blobs, secrets = MemoryBlobStore(), MemorySecretStore()
    with Host(tmp_path / "app", secrets=secrets, blobs=blobs) as host:
        host.connect("intervals", {"api_key": KEY, "base_url": service.url})
        finished(host, files=True)
        backup = host.backups.make(tmp_path / "b.zip", with_secrets=True)
    assert (backup.manifest.secrets, backup.manifest.secrets_left_out) == (0, 1)
    fresh = MemoryBlobStore()
    with Host(tmp_path / "other", secrets=secrets, blobs=fresh) as host:
        host.backups.restore(tmp_path / "b.zip")
        assert lost(natural(host), homes.expected) == 0
    assert {blob.sha256 for blob in fresh.all()} == {blob.sha256 for blob in blobs.all()} != set()


@pytest.mark.long
def test_with_postgresql_only_the_original_files_are_backed_up_and_the_pg_dump_command_is_printed(
    service, postgres_url, fitglue, monkeypatch, tmp_path
):
    """With PostgreSQL a backup contains only what ``pg_dump`` does not cover, and the commands to
    dump and restore the database are printed.
    """
    monkeypatch.setenv("FITGLUE_DATABASE", postgres_url)
    monkeypatch.setenv("FITGLUE_INTERVALS_API_KEY", KEY)
    fitglue("connect", "intervals", "--base-url", service.url)
    fitglue("sync", "--files")
    result = fitglue("backup", "make", tmp_path / "b.zip")
    assert result.code == 0
    assert "the database is NOT in it" in result.out
    assert "pg_dump --format=custom --file=fitglue.dump postgresql://" in result.out
    shutil.rmtree(tmp_path / "home" / "blobs")
    result = fitglue("backup", "restore", tmp_path / "b.zip")
    assert "pg_restore" in result.out
    with Host(tmp_path / "home") as host:
        assert list(host.activities.original_files(host.activities.get("last")))
    monkeypatch.delenv("FITGLUE_DATABASE")
    assert (
        fitglue("backup", "restore", tmp_path / "b.zip", "--json", home=tmp_path / "o").error[
            "code"
        ]
        == "FG-backup-other-database"
    )


def test_a_restore_without_keys_keeps_the_present_key(synced, service, tmp_path, fitglue):
    """A restore without keys keeps the key that a connection has now, even if it was renewed after
    the backup.
    """
    backup = tmp_path / "one.zip"
    assert fitglue("backup", "make", backup, home=synced).code == 0
    with Host(synced) as host:
        host.connect("intervals", {"api_key": KEY, "base_url": service.url})
    assert fitglue("backup", "restore", backup, "--replace", home=synced).code == 0
    assert fitglue("sync", home=synced).code == 0


def test_a_restore_on_another_machine_names_the_missing_keys(synced, tmp_path, fitglue):
    """A restore without keys on another machine names the connections whose keys are missing."""
    backup = tmp_path / "one.zip"
    assert fitglue("backup", "make", backup, home=synced).code == 0
    result = fitglue("backup", "restore", backup, home=tmp_path / "other")
    assert (
        "the key of intervals is not on this machine: give it again with fitglue connect intervals"
        in " ".join(result.out.split())
    )


def test_a_missing_folder_with_a_slash_is_not_created_as_a_file(synced, tmp_path, fitglue):
    """If the target ends with a slash and the folder is missing, ``backup make`` creates no
    file.
    """
    result = fitglue("backup", "make", f"{tmp_path}/usb/", "--json", home=synced)
    assert (result.code, result.error["code"]) == (2, "FG-backup-not-written")
    assert not (tmp_path / "usb").exists()


def test_verify_and_restore_report_original_files_that_a_backup_lacks(
    synced, fitglue, homes, tmp_path
):
    """``backup verify`` and ``backup restore`` report the original files that were missing when the
    backup was made.
    """
    next((synced / "blobs").glob("??/??/*")).unlink()
    backup = tmp_path / "lost.zip"
    assert fitglue("backup", "make", backup, home=synced).code == 5
    for command in ("verify", "restore"):
        result = fitglue("backup", command, backup, home=tmp_path / "other")
        assert "1 original file that the store names was lost already" in " ".join(
            result.out.split()
        )
