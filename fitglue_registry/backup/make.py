"""Makes a backup while others work: a snapshot of the database, the original files that it names,
and keys only where they are asked for.

One ZIP file: it can be copied to anywhere as a whole, its list of contents is read without reading
all of it, one that was cut off has none and is noticed, and whoever has lost this program still
opens it with what every system brings along.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import zipfile
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from fitglue_registry._version import __version__
from fitglue_registry.backup.database_file import (
    check_integrity,
    hold_known,
    row_counts,
    sqlite_file,
    store_format,
)
from fitglue_registry.backup.format import (
    BACKUP_FORMAT,
    DATABASE,
    MANIFEST,
    Backup,
    Manifest,
    Member,
    verify,
    write_member,
)
from fitglue_registry.durable import sync_folder
from fitglue_registry.errors import FitglueError, Place, StoreFailed, UserMistake
from fitglue_registry.store.formats import HEAD
from fitglue_registry.store.tables import connections, metadata, raw

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from fitglue_registry.backup.format import OnStep
    from fitglue_registry.store.blobs import BlobStore
    from fitglue_registry.store.database import Database

_PAGES = 2_000  # copied before the next word of progress
_UNFINISHED = ".unfinished-fitglue-backup-"
_FORGOTTEN_S = 86_400.0


def make(
    path: Path,
    database: Database,
    blobs: BlobStore,
    secrets: Path | None,
    now: str,
    on_step: OnStep | None = None,
) -> Backup:
    """Write a backup to ``path``, read it again, and only then give it its name; ``secrets``: the
    folder of keys to take along.

    Raises ``UserMistake`` FG-backup-exists or FG-nothing-to-back-up, ``StoreFailed`` where the
    store is damaged or newer, or where there is no room; nothing is left behind then.
    """
    _hold_free(path)
    say = on_step or (lambda *_: None)
    try:
        with _unfinished(path) as folder:
            part = _empty(folder / "backup.zip")
            with part.open("wb") as file:
                with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                    _fill(archive, folder, database, blobs, secrets, now, say)
                file.flush()
                os.fsync(file.fileno())
            made = verify(part, say)
            _hold_free(path)
            part.replace(path)
            sync_folder(path.parent)
    except OSError as error:
        raise StoreFailed(
            "FG-backup-not-written",
            "the backup cannot be written",
            at=Place(str(path)),
            why=error.strerror or str(error),
            fix="name a place that exists and is yours, with twice the room of the database",
        ) from error
    return Backup(path, made.size, made.manifest)


def _hold_free(path: Path) -> None:
    if path.exists():
        raise UserMistake(
            "FG-backup-exists",
            "there is a file of that name already",
            at=Place(str(path)),
            why="a backup never overwrites anything",
            fix="name another file, or a folder",
        )


@contextmanager
def _unfinished(path: Path) -> Iterator[Path]:
    """A folder beside the backup that goes with the end, and with it what killed ones left a day
    ago or longer.
    """
    for left in path.parent.glob(f"{_UNFINISHED}*"):
        if time.time() - left.stat().st_mtime > _FORGOTTEN_S:
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=_UNFINISHED))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(
    archive: zipfile.ZipFile,
    folder: Path,
    database: Database,
    blobs: BlobStore,
    secrets: Path | None,
    now: str,
    say: OnStep,
) -> None:
    files: list[Member] = []
    if database.path is None:
        format_, rows, named, references = _ask_server(database)
    else:
        snapshot = folder / DATABASE
        format_, rows, named, references = _copy(database.path, snapshot, say)
        with snapshot.open("rb") as copied:
            files.append(write_member(archive, DATABASE, copied))
        snapshot.unlink()
    absent = []
    for done, sha256 in enumerate(named, start=1):
        # Whatever the snapshot names was put before its row; what is gone all the same was lost
        # before, or its connection removed since.
        try:
            content = blobs.get(sha256)
        except FitglueError:
            absent.append(sha256)
            continue
        files.append(
            write_member(archive, f"blobs/{sha256[:2]}/{sha256[2:4]}/{sha256}", BytesIO(content))
        )
        say("original files", done, len(named))
    kept = _secrets(archive, secrets, references) if secrets else []
    left_out = len(references) - sum(member.name.endswith(".sealed") for member in kept)
    manifest = Manifest(
        backup_format=BACKUP_FORMAT,
        made_at=now,
        host_version=__version__,
        database=database.dialect,
        store_format=format_,
        rows=rows,
        secrets=len(references) - left_out,
        secrets_left_out=left_out,
        absent=tuple(absent),
        files=(*files, *kept),
    )
    write_member(archive, MANIFEST, BytesIO(msgspec.json.format(msgspec.json.encode(manifest))))


def _copy(
    source: Path, snapshot: Path, say: OnStep
) -> tuple[str, dict[str, int], list[str], list[str]]:
    """Copy the database as it is at this moment; its format, row counts, and the names of the
    originals and keys that it needs.
    """
    if not source.is_file() or not source.stat().st_size:
        raise UserMistake(
            "FG-nothing-to-back-up",
            "there is no database yet",
            at=Place(str(source)),
            fix="fitglue connect intervals",
        )
    with sqlite_file(source) as live:
        # Without a transaction of its own the copy would begin again with each commit of a sync,
        # and never end.
        live.execute("BEGIN")
        # What is wrong with the store shows here, and is not told of its copy.
        known = _known_format(live, source)
        with sqlite_file(_empty(snapshot)) as copy:
            live.backup(
                copy,
                pages=_PAGES,
                progress=lambda _, left, total: say("pages of the database", total - left, total),
            )
            live.execute("ROLLBACK")
            # One file that is the whole of it, to be read from anywhere.
            copy.execute("PRAGMA journal_mode=DELETE")
            check_integrity(copy, str(source))
            named = [
                name
                for (name,) in copy.execute(
                    "SELECT DISTINCT sha256 FROM fg_raw WHERE packing = 'blob' ORDER BY sha256"
                )
            ]
            references = [
                ref
                for (ref,) in copy.execute(
                    "SELECT secret_ref FROM fg_connections WHERE secret_ref IS NOT NULL ORDER BY id"
                )
            ]
            return known, row_counts(copy), named, references


def _empty(path: Path) -> Path:
    path.touch(mode=0o600)  # where somebody lives and when nobody is home stands in it
    return path


def _known_format(connection: sqlite3.Connection, where: Path) -> str:
    """The format of a store; refused where this version cannot know what belongs to it."""
    found = store_format(connection)
    if found is None:
        raise UserMistake(
            "FG-nothing-to-back-up",
            "that database is no store of fitglue",
            at=Place(str(where)),
            fix="fitglue connect intervals",
        )
    hold_known(found, "database", where)
    return found


def _ask_server(database: Database) -> tuple[str, dict[str, int], list[str], list[str]]:
    with database.read() as db:
        rows = {
            name: db.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for name, table in sorted(metadata.tables.items())
        }
        named = list(
            db.scalars(
                sa.select(raw.c.sha256)
                .where(raw.c.packing == "blob")
                .distinct()
                .order_by(raw.c.sha256)
            )
        )
        references = list(
            db.scalars(
                sa.select(connections.c.secret_ref).where(connections.c.secret_ref.is_not(None))
            )
        )
    return HEAD, rows, named, references


def _secrets(archive: zipfile.ZipFile, folder: Path, references: Sequence[str]) -> list[Member]:
    """The key file and the sealed files that the connections name; what lies in a keyring cannot be
    taken along.
    """
    from filelock import FileLock

    names = [f"{ref.rpartition('/')[2]}.sealed" for ref in references if ref.startswith("file:")]
    if not (folder / "secrets.key").is_file():
        return []
    # A change of keys in between, and they would open nothing.
    with FileLock(folder / "secrets.lock", timeout=30, mode=0o600):
        held = {
            name: (folder / name).read_bytes()
            for name in ("secrets.key", *names)
            if (folder / name).is_file()
        }
    return [
        write_member(archive, f"secrets/{name}", BytesIO(content)) for name, content in held.items()
    ]


def dump_command(database: Database) -> str:
    """What backs up a database that is a server's; no password is in it."""
    return f"pg_dump --format=custom --file=fitglue.dump {_plain(database)}"


def restore_command(database: Database) -> str:
    """What brings such a dump back."""
    return f"pg_restore --clean --if-exists --dbname={_plain(database)} fitglue.dump"


def _plain(database: Database) -> str:
    return (
        database.url.set(drivername="postgresql", password=None)
        .difference_update_query(("password", "sslpassword"))
        .render_as_string(hide_password=True)
    )
