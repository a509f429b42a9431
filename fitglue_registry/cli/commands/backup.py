"""``fitglue backup``: makes a backup, verifies one, brings the store back from one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli.command import Group, json_option
from fitglue_registry.cli.face import Face, pass_face
from fitglue_registry.cli.text import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fitglue_registry.store.archive import Backup, Manifest

_FILE = click.Path(path_type=Path)


@click.group(cls=Group, examples=("fitglue backup make", "fitglue backup verify FILE", "fitglue backup restore FILE"))
def command() -> None:
    """Keep the whole store in one file, and bring it back: the database, the original files, and keys where asked for."""


@command.command("make", short_help="Write a backup, also while a sync runs.",
                 examples=("fitglue backup make", "fitglue backup make /mnt/usb/"))
@click.argument("path", type=_FILE, required=False)
@click.option("--with-secrets", is_flag=True, help="Take the keys along that lie in encrypted files.")
@json_option()
@pass_face
def make(face: Face, *, path: Path | None, with_secrets: bool) -> int:
    """Write a backup to PATH, a new file or a folder (this one without it), and read it again.

    A sync may be at work meanwhile. Nothing is ever overwritten. Keys stay here
    unless --with-secrets: whoever has the backup could use them.
    """
    chosen = (path or Path()) / f"fitglue-backup-{datetime.now(UTC):%Y%m%d-%H%M%S}.zip" if path is None or path.is_dir() else path
    made = _with_progress(face, "copying", lambda on_step: face.host.backup(chosen, with_secrets=with_secrets, on_step=on_step))
    _show(face, made, "made and checked", _after_making(face, made.manifest, with_secrets=with_secrets))
    return 5 if made.manifest.absent else 0


@command.command("verify", short_help="Read all of a backup and compare.", examples=("fitglue backup verify fitglue-backup.zip",))
@click.argument("path", type=_FILE, metavar="FILE")
@json_option()
@pass_face
def verify(face: Face, *, path: Path) -> None:
    """Read all of the backup FILE and compare each file in it with what it was; ends with 0, or 7 and the first that is damaged."""
    _show(face, _with_progress(face, "reading", lambda on_step: face.host.verify_backup(path, on_step=on_step)), "whole", ())


@command.command("restore", short_help="Make the store what it was.", examples=("fitglue backup restore fitglue-backup.zip",))
@click.argument("path", type=_FILE, metavar="FILE")
@click.option("--replace", is_flag=True, help="Move the database that is there aside.")
@json_option()
@pass_face
def restore(face: Face, *, path: Path, replace: bool) -> None:
    """Make the store what it was in the backup FILE. It is checked first; a database that is there stays unless --replace.

    What is replaced is moved aside, never deleted. Killed half-way, the old
    store is still there, and the same command goes on.
    """
    restored = _with_progress(face, "restoring", lambda on_step: face.host.restore(path, replace=replace, on_step=on_step))
    _show(face, restored.backup, "restored", _after_restoring(face, restored.backup.manifest, restored.aside), aside=restored.aside)


def _with_progress(face: Face, text: str, work: Callable[[Callable[[str, int, int], None]], Any]) -> Any:
    from fitglue_registry.cli.progress import Progress

    with Progress(face, text) as progress:
        return work(progress.bar)


def _show(face: Face, backup: Backup, done: str, notes: Any, **more: object) -> None:
    from rich.text import Text

    from fitglue_registry.cli import numbers, table

    manifest = backup.manifest
    originals = len(manifest.named("blobs"))
    if face.as_json:
        plain = {name: getattr(manifest, name) for name in manifest.__struct_fields__ if name != "files"}
        face.document({"path": backup.path, "size": backup.size, "original_files": originals, **plain, **more, "notes": list(notes)})
        return
    held = [f"of {numbers.moment(manifest.made_at)}", count(manifest.rows.get("fg_activities", 0), "activity", "activities")]
    held += [count(originals, "original file"), numbers.size(backup.size)]
    face.show(table.hanging(Text("✓", style="green"), f"{backup.path}: {done} ({', '.join(held)})", indent=0))
    face.show(*(table.hanging(Text("·", style="dim"), note, indent=2) for note in notes))


def _after_making(face: Face, manifest: Manifest, *, with_secrets: bool) -> Iterator[str]:
    if manifest.database == "postgresql":
        from fitglue_registry.store.backup import dump_command

        yield f"the database is NOT in it: PostgreSQL has its own tool; run this first: {dump_command(face.host.database)}"
    if manifest.absent:
        yield f"{count(len(manifest.absent), 'original file')} of the store could not be read and is not in it: fitglue doctor --deep"
    if manifest.secrets:
        yield (f"{count(manifest.secrets, 'key')} and the key file that opens them are in it: whoever has this file can use your accounts, "
               "so keep it where you would keep the keys")
    if manifest.secrets_left_out and with_secrets:
        yield f"{count(manifest.secrets_left_out, 'key')} cannot be taken along: in the system's keyring, or lost"
    elif manifest.secrets_left_out:
        yield "keys are not in it; on another machine `fitglue connect` asks for them again"


def _after_restoring(face: Face, manifest: Manifest, aside: Path | None) -> Iterator[str]:
    if aside is not None:
        yield f"what was here before lies in {aside}: delete it when you are sure"
    if manifest.database == "postgresql":
        from fitglue_registry.store.backup import restore_command

        yield f"only the original files: the database comes back with {restore_command(face.host.database)}"
    yield "next: fitglue doctor --deep, then fitglue sync, which takes what came since"
