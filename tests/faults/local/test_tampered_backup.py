"""Tests of backups that somebody has written to do harm: with foreign code in the database, with
contents that do not fit together, and with far more in them than it seems.

Their manifests are correct wherever they can be, since whoever changes a backup can also change its
manifest.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import struct
import tracemalloc
import zipfile
from contextlib import closing

import pytest

from fitglue_registry import Host, Policy
from fitglue_registry.backup import make as making
from fitglue_registry.backup.bounds import FREE_BYTES
from fitglue_registry.backup.cleaning import compact
from fitglue_registry.backup.manifest import DATABASE, LARGEST_MANIFEST, MANIFEST
from fitglue_registry.errors import StoreFailed
from tests.faults.local.conftest import complete, execute, store_of
from tests.sampling import sampled

_STORED = zipfile.ZIP_STORED


@pytest.fixture
def backup(synced, tmp_path):
    """Return a backup of the synced home, keys included."""
    with Host(synced, policy=Policy.personal()) as host:
        return host.backups.make(tmp_path / "backup.zip", with_secrets=True).path


@pytest.fixture
def inside(backup):
    """Return the files of the backup, name → content."""
    with zipfile.ZipFile(backup) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def refused(backup, fitglue, tmp_path):
    """Return a function that verifies and restores the backup, and returns the error of both."""

    def call():
        errors = []
        for command in (["verify"], ["restore"]):
            result = fitglue("backup", *command, backup, "--json", home=tmp_path / "other")
            assert result.code == 7, result
            assert complete(result.error)
            errors.append(result.error)
        assert errors[0] == errors[1]
        assert list((tmp_path / "other").glob("*")) == []
        return errors[0]

    return call


def write(path, files, method=zipfile.ZIP_DEFLATED):
    """Write a backup with these files; the manifest gets the size and hash of each other file."""
    manifest = json.loads(files[MANIFEST])
    manifest["files"] = [
        {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in files.items()
        if name != MANIFEST
    ]
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            if name != MANIFEST:
                archive.writestr(name, content)
        archive.writestr(MANIFEST, json.dumps(manifest))


def change_manifest(files, **changes):
    """Change values of a manifest."""
    files[MANIFEST] = json.dumps(json.loads(files[MANIFEST]) | changes).encode()


def change_database(files, tmp_path, *statements):
    """Execute statements in the database of a backup, and count its rows in the manifest again."""
    file = tmp_path / "changed.db"
    file.write_bytes(files[DATABASE])
    execute(file, *statements)
    with closing(sqlite3.connect(file)) as connection:
        tables = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 3) = 'fg_'"
            )
        ]
        rows = {
            table: connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
            for table in tables
        }
    change_manifest(files, rows=rows)
    files[DATABASE] = file.read_bytes()


def blob_of(files):
    """Return the name of an original file in a backup."""
    return next(name for name in files if name.startswith("blobs/"))


# -- foreign schemas -------------------------------------------------------------------------------

_FOREIGN = {
    "trigger": (
        "CREATE TRIGGER later AFTER INSERT ON fg_runs BEGIN DELETE FROM fg_connections; END",
        "trigger later",
    ),
    "view": ("CREATE VIEW fg_more AS SELECT * FROM fg_connections", "view fg_more"),
    "table": ("CREATE TABLE fg_more (a)", "table fg_more"),
    "virtual table": ("CREATE VIRTUAL TABLE found USING fts5(a)", "table found"),
    "index": ("CREATE INDEX more ON fg_runs (lower(kind))", "index more"),
    "generated column": (
        "ALTER TABLE fg_runs ADD COLUMN more TEXT AS (upper(kind)) VIRTUAL",
        "not as FitGlue makes it: table fg_runs",
    ),
}


@pytest.mark.parametrize("name", sampled(_FOREIGN, ["trigger", "table"]))
def test_a_backup_with_a_foreign_schema_is_refused(
    backup, inside, refused, tmp_path, reliability, name
):
    """A trigger, view, table, index or column in the database of a backup that FitGlue does not
    make is named by `verify` and `restore`, and nothing is restored.
    """
    statement, named = _FOREIGN[name]
    change_database(inside, tmp_path, statement)
    write(backup, inside)
    error = refused()
    assert error["code"] == "FG-backup-foreign"
    assert named in error["why"]
    reliability(
        "local",
        f"a backup with a foreign {name} in its database",
        lost=0,
        seen="FG-backup-foreign, exit 7; nothing is restored",
    )


def test_a_view_of_ours_with_another_text_is_refused(backup, inside, refused, tmp_path):
    """A view of ours that was replaced by one that shows something else is named."""
    change_database(
        inside,
        tmp_path,
        "DROP VIEW runs",
        "CREATE VIEW runs AS SELECT secret_ref FROM fg_connections",
    )
    write(backup, inside)
    assert "not as FitGlue makes it: view runs" in refused()["why"]


def test_a_lost_table_is_named(backup, inside, refused, tmp_path):
    """A table or an index that is missing in the database of a backup is named."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(inside[DATABASE])
        [index] = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL LIMIT 1"
        ).fetchone()
    change_database(inside, tmp_path, f"DROP INDEX {index}")
    write(backup, inside)
    assert f"missing: index {index}" in refused()["why"]


def test_a_backup_leaves_out_what_other_programs_have_added(synced, fitglue, tmp_path):
    """A trigger, a view and a table of the user's own are not in a backup, which says so and can be
    restored; the database keeps them.
    """
    execute(
        synced / "fitglue.db",
        "CREATE TABLE mine (secret TEXT)",
        "INSERT INTO mine VALUES ('only-in-my-table')",
        "CREATE INDEX mine_too ON mine (secret)",
        "CREATE TRIGGER mine_again AFTER INSERT ON mine BEGIN SELECT 1; END",
        "CREATE VIEW mine_as_well AS SELECT * FROM fg_runs",
    )
    expected = store_of(synced)
    backup = tmp_path / "b.zip"
    result = fitglue("backup", "make", backup)
    assert result.code == 0
    said = " ".join(result.out.split())
    for name in ("table mine", "index mine_too", "trigger mine_again", "view mine_as_well"):
        assert name in said
    with zipfile.ZipFile(backup) as archive:
        assert b"only-in-my-table" not in archive.read(DATABASE)
    assert fitglue("backup", "restore", backup, home=tmp_path / "other").code == 0
    assert store_of(tmp_path / "other") == expected
    with closing(sqlite3.connect(synced / "fitglue.db")) as connection:
        assert connection.execute("SELECT count(*) FROM mine").fetchone() == (1,)


def test_a_store_whose_tables_were_changed_is_not_backed_up(synced, fitglue, tmp_path):
    """A table of ours that another program has changed is named, since no restore would accept
    it.
    """
    execute(synced / "fitglue.db", "ALTER TABLE fg_runs ADD COLUMN mine TEXT")
    result = fitglue("backup", "make", tmp_path / "b.zip", "--json")
    assert (result.code, result.error["code"]) == (7, "FG-store-altered")
    assert "table fg_runs" in result.error["why"]
    assert complete(result.error)
    assert not (tmp_path / "b.zip").exists()


@pytest.mark.parametrize(
    ("statement", "exit_code"),
    [(_FOREIGN["trigger"][0], 7), ("CREATE TABLE mine (a)", 0)],
    ids=["trigger", "table"],
)
def test_doctor_names_what_others_have_added(synced, fitglue, statement, exit_code):
    """`doctor --deep` reports a foreign trigger as broken, and a foreign table as a note."""
    execute(synced / "fitglue.db", statement)
    result = fitglue("doctor", "--deep", "--offline", "--json")
    [check] = [check for check in result.document["checks"] if check["name"] == "database file"]
    assert result.code == exit_code
    assert "not made by FitGlue" in check["detail"]


def test_free_pages_do_not_make_a_backup_look_like_a_bomb(tmp_path):
    """The free pages of a database are left out of its copy."""
    file = tmp_path / "copy.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as copy:
        copy.execute("CREATE TABLE kept (a)")
        copy.execute("INSERT INTO kept VALUES (7)")
        copy.execute("CREATE TABLE removed AS SELECT zeroblob(1000000) AS a")
        copy.execute("DROP TABLE removed")
        compact(copy, file)
        assert copy.execute("SELECT a FROM kept").fetchone() == (7,)
    assert file.stat().st_size < 100_000
    assert [path.name for path in tmp_path.iterdir()] == ["copy.db"]


# -- contents that do not fit together -------------------------------------------------------------


def _other_rows(files, _):
    rows = json.loads(files[MANIFEST])["rows"]
    change_manifest(files, rows=rows | {"fg_activities": rows["fg_activities"] + 1})


def _changed_original(files, _):
    files[blob_of(files)] += b"more"


def _unnamed_original(files, _):
    sha256 = hashlib.sha256(b"more").hexdigest()
    files[f"blobs/{sha256[:2]}/{sha256[2:4]}/{sha256}"] = b"more"


def _lost_original(files, _):
    del files[blob_of(files)]


def _wrong_absent(files, _):
    change_manifest(files, absent=[blob_of(files).rpartition("/")[2]])


def _other_format(files, tmp_path):
    change_database(files, tmp_path, "UPDATE alembic_version SET version_num = '0002'")


def _no_database(files, _):
    del files[DATABASE]


_MISMATCHES = {
    "rows": (_other_rows, "rows of fg_activities"),
    "changed original": (_changed_original, "is not its name"),
    "unnamed original": (_unnamed_original, "no row of the database names"),
    "lost original": (_lost_original, "which is missing"),
    "absent and present": (_wrong_absent, "listed as absent"),
    "format of the database": (_other_format, "the database 0002"),
    "no database": (_no_database, "fitglue.db of the backup is missing"),
    "backup format 0": (
        lambda files, _: change_manifest(files, backup_format=0),
        "a backup of the format 0 never existed",
    ),
    "store format": (
        lambda files, _: change_manifest(files, store_format="0000"),
        "never existed",
    ),
    "time": (lambda files, _: change_manifest(files, made_at="\x1b[2Jnow"), "made_at"),
    "end of time": (
        lambda files, _: change_manifest(files, made_at="9999-12-31T23:59:59-14:00"),
        "made_at",
    ),
    "database": (lambda files, _: change_manifest(files, database="oracle"), "neither sqlite"),
    "number of secrets": (lambda files, _: change_manifest(files, secrets=7), "7 secrets"),
}


@pytest.mark.parametrize("name", sampled(_MISMATCHES, ["rows", "changed original", "time"]))
def test_contents_that_do_not_fit_together_are_refused(
    backup, inside, refused, tmp_path, reliability, name
):
    """`verify` and `restore` refuse a backup whose database, original files and manifest do not
    describe the same store, and say what differs.
    """
    change, words = _MISMATCHES[name]
    change(inside, tmp_path)
    write(backup, inside)
    error = refused()
    assert error["code"] == "FG-backup-damaged"
    assert words in f"{error['what']}: {error.get('why')}"
    reliability(
        "local",
        "a backup whose contents do not fit together",
        lost=0,
        seen="FG-backup-damaged, exit 7, with what differs; nothing is restored",
    )


def test_a_damaged_name_in_the_schema_is_reported(backup, inside, refused):
    """A schema with a name that is not Unicode is reported as damage and not as a bug."""
    at = inside[DATABASE].index(b"CREATE TABLE fg_runs")
    inside[DATABASE] = inside[DATABASE][:at] + b"CREATE TABLE \xff" + inside[DATABASE][at + 14 :]
    write(backup, inside)
    assert refused()["what"] == "the database of the backup is damaged"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE fg_connections SET secret_ref = x'00'",
        "UPDATE fg_records SET first_seen_at = x'ff'",
        "UPDATE fg_activities SET distance_m = 'far'",
    ],
)
def test_values_of_a_wrong_type_are_refused(backup, inside, refused, tmp_path, statement):
    """Bytes in a column of text, or text in one of numbers, are noticed before a reader fails on
    them.
    """
    change_database(inside, tmp_path, statement)
    write(backup, inside)
    assert " are not " in refused()["why"]


_UNREADABLE = {
    "horizon": ("fg_connections", "9999-99-99"),
    "last_checked_at": ("fg_connections", "zz"),
    "notes": ("fg_connections", "{{{"),
    "state": ("fg_connections", "haxx"),
    "secret_ref": ("fg_connections", "file:../../../../etc/passwd"),
    "document": ("fg_source_activities", "[" * 100_000),
    "start_utc": ("fg_activities", "nonsense"),
}


@pytest.mark.parametrize("column", sampled(_UNREADABLE, ["state", "document"]))
def test_a_value_that_the_program_cannot_read_is_refused(
    backup, inside, refused, tmp_path, reliability, column
):
    """A date, a document, a state or a reference that the program could not read later is named by
    table, row and column, and nothing is restored.
    """
    table, value = _UNREADABLE[column]
    change_database(inside, tmp_path, f"UPDATE {table} SET {column} = '{value}'")
    write(backup, inside)
    error = refused()
    assert error["code"] == "FG-backup-damaged"
    assert re.search(rf"{column} in the row \S+ of {table} cannot be read: .", error["why"])
    reliability(
        "local",
        "a backup in which a date, a document, a state or a reference cannot be read",
        lost=0,
        seen="FG-backup-damaged, exit 7, with table, row and column; nothing is restored",
    )


def test_a_restored_database_that_cannot_be_opened_is_replaced_by_the_old_one(
    backup, synced, fitglue, monkeypatch
):
    """If the restored database fails although it was checked, the old one is put back."""

    def fail(_):
        raise StoreFailed("FG-store-damaged", "what no check has found")

    before = store_of(synced)
    with monkeypatch.context() as patch:
        patch.setattr("fitglue_registry.backup.restore.list_connections", fail)
        result = fitglue("backup", "restore", backup, "--replace", "--json", home=synced)
    assert (result.code, result.error["code"]) == (7, "FG-restore-failed")
    assert "everything is as it was before" in result.error["what"]
    assert store_of(synced) == before


_OWN = {
    "horizon": ("fg_connections", "9999-99-99"),
    "document": ("fg_source_activities", "[" * 100_000),
    "clock_start": ("fg_source_activities", "zz"),
}


@pytest.mark.parametrize("column", sampled(_OWN, ["document"]))
def test_a_damaged_value_of_the_own_database_is_never_a_bug(synced, fitglue, column):
    """A value that something else has damaged is named by each command that reads it."""
    table, value = _OWN[column]
    execute(synced / DATABASE, f"UPDATE {table} SET {column} = '{value}'")
    codes = set()
    for command in ([], ["connections"], ["show", "1"], ["why", "1"], ["rebuild"], ["doctor"]):
        result = fitglue(*command, *(["--offline"] if command == ["doctor"] else []), home=synced)
        codes.add(result.code)
        assert "FG-bug" not in result.err
        if result.code:
            assert f"{table}" in result.err + result.out
            assert f"{column}" in result.err + result.out
    assert codes <= {0, 7}
    assert 7 in codes


def test_a_newer_format_is_distinguished_from_one_that_never_existed(
    backup, inside, refused, tmp_path
):
    """`verify` also reports a database of a newer format, with the advice to upgrade."""
    change_manifest(inside, store_format="9999")
    write(backup, inside)
    error = refused()
    assert (error["code"], error["fix"]) == ("FG-store-newer", "upgrade fitglue-registry")


# -- more than it seems ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method", sampled([zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], [zipfile.ZIP_LZMA])
)
@pytest.mark.parametrize("name", [DATABASE, MANIFEST])
def test_a_method_of_compression_without_a_limit_is_refused(backup, inside, refused, method, name):
    """A file that is packed with bzip2 or LZMA is refused before it is unpacked, because it could
    unpack to any size at once.
    """
    with zipfile.ZipFile(backup, "w") as archive:
        for member, content in inside.items():
            archive.writestr(member, content, method if member == name else _STORED)
    error = refused()
    assert error["code"] == "FG-backup-damaged"
    assert f"{name} of the backup is not packed as a backup is" in error["what"]


def test_an_encrypted_file_is_refused(backup, inside, refused):
    """A file that is marked as encrypted is refused, and no password is asked for."""
    write(backup, inside, _STORED)
    content = bytearray(backup.read_bytes())
    at = content.rindex(b"PK\1\2")  # of the manifest, which is the last in the directory
    content[at + 8] |= 1
    backup.write_bytes(content)
    assert refused()["why"] == "it is encrypted"


def test_a_bomb_is_refused_before_it_is_unpacked(backup, inside, refused, reliability):
    """A backup that would unpack to far more than its own size is refused without unpacking it."""
    inside[DATABASE] = bytes(FREE_BYTES + 10_000_000)
    write(backup, inside)
    error = refused()
    assert error["code"] == "FG-backup-damaged"
    assert "far more than its own size" in error["what"]
    reliability(
        "local",
        "a backup that would unpack to far more than its own size",
        lost=0,
        seen="FG-backup-damaged, exit 7; nothing is unpacked",
    )


def test_a_bomb_with_a_small_size_in_its_manifest_is_not_unpacked(backup, inside, refused):
    """If the manifest states less than a file unpacks to, reading stops at the stated size."""
    write(backup, inside | {DATABASE: bytes(50_000_000)})
    with zipfile.ZipFile(backup) as archive:
        manifest = json.loads(archive.read(MANIFEST))
        others = {name: archive.read(name) for name in archive.namelist() if name != MANIFEST}
    for member in manifest["files"]:
        member["size"] = min(member["size"], 1000)
    with zipfile.ZipFile(backup, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in others.items():
            archive.writestr(name, content)
        archive.writestr(MANIFEST, json.dumps(manifest))
    tracemalloc.start()
    assert "fitglue.db of the backup is damaged" in refused()["what"]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20_000_000


def test_an_original_file_that_is_too_large_is_refused(backup, inside, refused):
    """An original file larger than any that can be imported is refused, because it would have to
    fit into memory.
    """
    write(backup, inside)
    with zipfile.ZipFile(backup) as archive:
        manifest = json.loads(archive.read(MANIFEST))
    next(m for m in manifest["files"] if m["name"] == blob_of(inside))["size"] = 300 << 20
    with zipfile.ZipFile(backup, "w", _STORED) as archive:
        for name, content in (inside | {MANIFEST: json.dumps(manifest).encode()}).items():
            archive.writestr(name, content)
    assert "is too large" in refused()["what"]


@pytest.mark.parametrize(
    "manifest",
    [
        b" " * (LARGEST_MANIFEST + 1),
        b"[" * 100_000,
        b'{"backup_format": 1, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"backup_format": 1' + b"0" * 5_000 + b"}",
    ],
    ids=["large", "deep", "deep in an unknown field", "long number"],
)
def test_a_manifest_that_is_too_much_is_refused(backup, inside, refused, manifest):
    """A manifest of more than 16 MB, or with values that are too deep or too long, is refused."""
    with zipfile.ZipFile(backup, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (inside | {MANIFEST: manifest}).items():
            archive.writestr(name, content)
    error = refused()
    assert error["code"] == "FG-backup-damaged"
    assert error["what"].startswith(MANIFEST)


def test_a_flood_of_files_is_refused_before_its_directory_is_read(backup, refused):
    """A ZIP file whose directory lists more files than a backup can contain is refused before the
    directory is read into memory.
    """
    entry = b"PK\1\2" + bytes(42)
    directory = entry * 300_000
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(directory), 4, 0)
    backup.write_bytes(b"PK\3\4" + directory + end)
    tracemalloc.start()
    assert "more files than a backup can contain" in refused()["what"]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20_000_000


def test_a_flood_behind_a_larger_record_is_noticed_too(backup, refused):
    """The size in the record of a ZIP file of more than 4 GB counts as well, wherever its locator
    points.
    """
    directory = (b"PK\1\2" + bytes(42)) * 300_000
    at = 4 + len(directory)
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(directory), 4)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, 0, 0, 0)
    for place, words in ((at, "more files than"), (0, "incomplete or damaged")):
        locator = struct.pack("<4sIQI", b"PK\6\7", 0, place, 1)
        backup.write_bytes(b"PK\3\4" + directory + record + locator + end)
        assert words in refused()["what"]


def test_a_store_with_too_many_original_files_says_so(synced, fitglue, tmp_path, monkeypatch):
    """A store with more original files than fit into a manifest is not backed up, and the error
    names the alternative.
    """
    monkeypatch.setattr(making, "MOST_ORIGINALS", 1)
    result = fitglue("backup", "make", tmp_path / "b.zip", "--json")
    assert (result.code, result.error["code"]) == (2, "FG-backup-too-many-files")
    assert complete(result.error)


def test_a_fifo_is_not_waited_for(fitglue, tmp_path):
    """A FIFO in place of a backup is refused at once."""
    os.mkfifo(tmp_path / "fifo")
    result = fitglue("backup", "verify", tmp_path / "fifo", "--json")
    assert (result.code, result.error["code"]) == (2, "FG-backup-unknown")


# -- keys ------------------------------------------------------------------------------------------


def test_a_key_file_in_a_backup_is_installed_only_if_asked_for(
    backup, synced, fitglue, tmp_path, reliability
):
    """Without `--with-secrets`, a restore installs neither the keys nor the key file of a backup,
    says how many it left out, and each connection keeps the key of this machine.
    """
    before = {file.name: file.read_bytes() for file in (synced / "secrets").glob("s*.key")}
    with Host(synced, policy=Policy.personal()) as host:
        host.connections.rekey()
    ours = {file.name: file.read_bytes() for file in (synced / "secrets").glob("*.*")}
    assert ours["secrets.key"] != before["secrets.key"]
    result = fitglue("backup", "restore", backup, "--replace")
    assert result.code == 0
    assert "1 key in the backup and the key file were not installed" in " ".join(result.out.split())
    assert {file.name: file.read_bytes() for file in (synced / "secrets").glob("*.*")} == ours
    assert fitglue("sync").code == 0
    other = fitglue("backup", "restore", backup, "--json", home=tmp_path / "other")
    assert other.document["secrets_not_installed"] == 1
    assert other.document["without_key"] == ["intervals"]
    assert not (tmp_path / "other" / "secrets").exists()
    reliability(
        "local",
        "a backup brings a key file",
        lost=0,
        seen="it is not installed unless --with-secrets is given, and the command says so",
    )


def test_a_key_file_without_keys_is_not_installed_either(backup, inside, fitglue, tmp_path):
    """A backup with a key file and no keys installs nothing, and the command says so."""
    files = {name: content for name, content in inside.items() if not name.endswith(".sealed")}
    change_manifest(files, secrets=0)
    write(backup, files)
    result = fitglue("backup", "restore", backup, home=tmp_path / "other")
    assert result.code == 0
    assert "the key file in the backup was not installed" in " ".join(result.out.split())
    assert not (tmp_path / "other" / "secrets").exists()


def test_a_key_file_that_was_asked_for_opens_the_keys_of_the_backup(backup, fitglue, tmp_path):
    """With `--with-secrets`, the keys of a backup work on another machine."""
    other = tmp_path / "other"
    result = fitglue("backup", "restore", backup, "--with-secrets", "--json", home=other)
    assert (result.code, result.document["secrets_not_installed"]) == (0, 0)
    assert result.document["without_key"] == []
    assert fitglue("sync", home=other).code == 0
