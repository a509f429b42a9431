"""``fitglue backup``: makes a backup, verifies one, brings the store back from one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fitglue_registry.cli import numbers
from fitglue_registry.cli.command import Group, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.layout import DETAIL, GOOD, Hanging
from fitglue_registry.cli.progress import Progress
from fitglue_registry.cli.text import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fitglue_registry.cli.layout import Document
    from fitglue_registry.services.backups import Backup, Manifest, Restored

_FILE = click.Path(path_type=Path)


@click.group(
    cls=Group,
    examples=("fitglue backup make", "fitglue backup verify FILE", "fitglue backup restore FILE"),
)
def command() -> None:
    """Keep the whole store in one file, and bring it back: the database, the original files, and
    keys where asked for.
    """


@command.command(
    "make",
    short_help="Write a backup, also while a sync runs.",
    examples=("fitglue backup make", "fitglue backup make /mnt/usb/"),
)
@click.argument("path", required=False)
@click.option(
    "--with-secrets", is_flag=True, help="Take the keys along that lie in encrypted files."
)
@json_option()
@pass_cli
def make(
    cli: CliContext,
    *,
    path: str | None,
    with_secrets: bool,
) -> int:
    """Write a backup to PATH, a new file or a folder (this one without it), and read it again.

    A sync may be at work meanwhile. Nothing is ever overwritten. Keys stay here
    unless --with-secrets: whoever has the backup could use them.
    """
    chosen = cli.host.backups.file_for(path)
    with Progress(cli, "copying") as progress:
        made = cli.host.backups.make(
            chosen,
            with_secrets=with_secrets,
            on_step=progress.bar,
        )
    notes = _after_making(cli, made.manifest, with_secrets=with_secrets)
    _show(cli, made, "made and checked", notes)
    return 5 if made.manifest.absent else 0


@command.command(
    "verify",
    short_help="Read all of a backup and compare.",
    examples=("fitglue backup verify fitglue-backup.zip",),
)
@click.argument("path", type=_FILE, metavar="FILE")
@json_option()
@pass_cli
def verify(cli: CliContext, *, path: Path) -> None:
    """Read all of the backup FILE and compare each file in it with what it was; ends with 0, or 7
    and the first that is damaged.
    """
    with Progress(cli, "reading") as progress:
        verified = cli.host.backups.verify(path, on_step=progress.bar)
    _show(cli, verified, "whole", _lost(verified.manifest))


@command.command(
    "restore",
    short_help="Make the store what it was.",
    examples=("fitglue backup restore fitglue-backup.zip",),
)
@click.argument("path", type=_FILE, metavar="FILE")
@click.option("--replace", is_flag=True, help="Move the database that is there aside.")
@json_option()
@pass_cli
def restore(
    cli: CliContext,
    *,
    path: Path,
    replace: bool,
) -> None:
    """Make the store what it was in the backup FILE.

    It is checked first; a database that is there stays unless --replace.

    What is replaced is moved aside, never deleted. Killed half-way, the old
    store is still there, and the same command goes on.
    """
    with Progress(cli, "restoring") as progress:
        restored = cli.host.backups.restore(
            path,
            replace=replace,
            on_step=progress.bar,
        )
    _show(
        cli,
        restored.backup,
        "restored",
        _after_restoring(cli, restored),
        aside=restored.aside,
        without_key=restored.without_key,
    )


def _show(cli: CliContext, backup: Backup, done: str, notes: Iterable[str], **more: object) -> None:
    manifest = backup.manifest
    originals = len(manifest.named("blobs"))
    if cli.as_json:
        document = _document(backup, originals)
        cli.document(
            {
                **document,
                **more,
                "notes": list(notes),
            }
        )
        return
    held = [
        f"of {numbers.moment(manifest.made_at)}",
        count(manifest.rows.get("fg_activities", 0), "activity", "activities"),
        count(originals, "original file"),
        numbers.size(backup.size),
    ]
    what = f"{backup.path}: {done} ({', '.join(held)})"
    cli.show(Hanging(GOOD, what, indent=0))
    for note in notes:
        cli.show(Hanging(DETAIL, note))


def _document(backup: Backup, originals: int) -> Document:
    document = {
        "path": backup.path,
        "size": backup.size,
        "original_files": originals,
    }
    for name in backup.manifest.__struct_fields__:
        if name != "files":
            document[name] = getattr(backup.manifest, name)
    return document


def _after_making(
    cli: CliContext,
    manifest: Manifest,
    *,
    with_secrets: bool,
) -> Iterator[str]:
    if manifest.database == "postgresql":
        yield (
            "the database is NOT in it: PostgreSQL has its own tool; run this first: "
            f"{cli.host.backups.dump_command()}"
        )
    if manifest.absent:
        yield (
            f"without {count(len(manifest.absent), 'original file')} of the store that could not "
            "be read: fitglue doctor --deep"
        )
    if manifest.secrets:
        yield (
            f"{count(manifest.secrets, 'key')} and the key file that opens them are in it: "
            "whoever has this file can use your accounts, "
            "so keep it where you would keep the keys"
        )
    if manifest.secrets_left_out and with_secrets:
        yield (
            f"{count(manifest.secrets_left_out, 'key')} cannot be taken along: in the system's "
            "keyring, or lost"
        )
    elif manifest.secrets_left_out:
        yield "keys are not in it; on another machine `fitglue connect` asks for them again"


def _lost(manifest: Manifest) -> Iterator[str]:
    if manifest.absent:
        yield (
            f"{count(len(manifest.absent), 'original file')} that the store names was lost "
            "already when this was made; "
            "`fitglue doctor --repair` has the next sync fetch what is missing"
        )


def _after_restoring(cli: CliContext, restored: Restored) -> Iterator[str]:
    manifest, aside = restored.backup.manifest, restored.aside
    if aside is not None:
        opens = ", with keys that open your accounts" if restored.aside_has_secrets else ""
        yield f"what was here before lies in {aside}{opens}: delete it when you are sure"
    yield from _lost(manifest)
    for name in restored.without_key:
        yield (
            f"the key of {name} is not on this machine: give it again with fitglue connect "
            f"{name.partition('-')[0]}"
        )
    if manifest.database == "postgresql":
        yield (
            "only the original files: the database comes back with "
            f"{cli.host.backups.restore_command()}"
        )
    yield "next: fitglue doctor --deep, then fitglue sync, which takes what came since"
