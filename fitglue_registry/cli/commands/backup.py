"""``fitglue backup``: makes a backup, verifies one, and restores the store from one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fitglue_registry.cli import numbers
from fitglue_registry.cli.arguments import AnyPath
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
    """Make, verify and restore backups.

    A backup is one file that contains the database, the original files and, if you ask for them,
    the keys.
    """


@command.command(
    "make",
    short_help="Write a backup to a new file.",
    examples=("fitglue backup make", "fitglue backup make /mnt/usb/"),
)
@click.argument(
    "path",
    required=False,
    type=AnyPath(),
)
@click.option(
    "--with-secrets", is_flag=True, help="Include the keys that are stored in encrypted files."
)
@json_option()
@pass_cli
def make(
    cli: CliContext,
    *,
    path: str | None,
    with_secrets: bool,
) -> int:
    """Write a backup to PATH, and check it by reading it again.

    PATH is a new file or a folder (default: the current folder). No file is ever overwritten. A
    sync may run at the same time. Keys are left out unless you add --with-secrets, because anyone
    who has them can use your accounts.
    """
    chosen = cli.host.backups.file_for(path)
    with Progress(cli, "copying") as progress:
        made = cli.host.backups.make(
            chosen,
            with_secrets=with_secrets,
            on_step=progress.bar,
        )
    notes = _after_making(cli, made.manifest, with_secrets=with_secrets)
    _show(cli, made, "made and verified", notes)
    # The backup is valid, but incomplete, because the store itself has lost files.
    return 5 if made.manifest.absent else 0


@command.command(
    "verify",
    short_help="Check that a backup is complete and undamaged.",
    examples=("fitglue backup verify fitglue-backup.zip",),
)
@click.argument("path", type=_FILE, metavar="FILE")
@json_option()
@pass_cli
def verify(cli: CliContext, *, path: Path) -> None:
    """Read the whole backup FILE, and check that a restore would accept it.

    Each file in it is compared with its hash, and the database with the tables that FitGlue makes.
    The exit code is 0, or 7 if something is wrong, which is then named.
    """
    with Progress(cli, "reading") as progress:
        verified = cli.host.backups.verify(path, on_step=progress.bar)
    _show(
        cli,
        verified,
        "complete and undamaged",
        _after_verifying(verified),
        other_addresses=[other._asdict() for other in verified.other_addresses],
    )


@command.command(
    "restore",
    short_help="Restore your data from a backup.",
    examples=("fitglue backup restore fitglue-backup.zip",),
)
@click.argument("path", type=_FILE, metavar="FILE")
@click.option("--replace", is_flag=True, help="Move an existing database aside and replace it.")
@click.option(
    "--with-secrets",
    is_flag=True,
    help="Install the keys in the backup and the key file that decrypts them.",
)
@json_option()
@pass_cli
def restore(
    cli: CliContext,
    *,
    path: Path,
    replace: bool,
    with_secrets: bool,
) -> None:
    """Restore your data from the backup FILE.

    The backup is verified first. If a database exists, nothing happens unless you add --replace,
    which moves it aside and never deletes it. If the command is killed, the old data is still
    there, and the same command continues.

    Keys in the backup are installed only with --with-secrets. Use it only for a backup that you
    have made yourself: whoever made it has the key file, which also encrypts your later keys.
    """
    with Progress(cli, "restoring") as progress:
        restored = cli.host.backups.restore(
            path,
            replace=replace,
            with_secrets=with_secrets,
            on_step=progress.bar,
        )
    _show(
        cli,
        restored.backup,
        "restored",
        _after_restoring(cli, restored),
        aside=restored.aside,
        without_key=restored.without_key,
        secrets_not_installed=restored.secrets_left_out,
        other_addresses=[other._asdict() for other in restored.other_addresses],
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
    facts = [
        f"from {numbers.moment(manifest.made_at)}",
        count(manifest.rows.get("fg_activities", 0), "activity", "activities"),
        count(originals, "original file"),
        numbers.size(backup.size),
    ]
    what = f"{backup.path}: {done} ({', '.join(facts)})"
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
            "the database is NOT in it; before you make a backup, dump it with: "
            f"{cli.host.backups.dump_command()}"
        )
    if manifest.absent:
        files = count(len(manifest.absent), "original file")
        yield f"without {files} that could not be read; see: fitglue doctor --deep"
    if manifest.left_out:
        yield (
            "without what other programs have added to the database: "
            f"{', '.join(manifest.left_out)}"
        )
    if manifest.secrets:
        yield (
            f"it contains {count(manifest.secrets, 'key')} and the key file that decrypts them: "
            "anyone who has this file can use your accounts, so keep it in a safe place"
        )
    if manifest.secrets_left_out and with_secrets:
        yield (
            f"{count(manifest.secrets_left_out, 'key')} could not be included: stored in the "
            "system's keyring, or lost"
        )
    elif manifest.secrets_left_out:
        yield "it contains no keys; on another machine, `fitglue connect` asks for them again"


def _after_verifying(verified: Backup) -> Iterator[str]:
    yield from _lost(verified.manifest)
    for other in verified.other_addresses:
        yield (
            f"{other.connection} {other}; if you did not choose that address, find out who changed "
            "the backup before you restore it"
        )


def _lost(manifest: Manifest) -> Iterator[str]:
    if manifest.absent:
        yield (
            f"when this backup was made, {count(len(manifest.absent), 'original file')} had been "
            "lost; `fitglue doctor --repair` lets the next sync fetch what is missing"
        )


def _after_restoring(cli: CliContext, restored: Restored) -> Iterator[str]:
    manifest, aside = restored.backup.manifest, restored.aside
    if aside is not None:
        # People delete such a folder later or copy it elsewhere, and must know what is in it.
        keys = ", with keys to your accounts" if restored.aside_has_secrets else ""
        yield f"the old data was moved to {aside}{keys}; delete it when you no longer need it"
    yield from _lost(manifest)
    if restored.secrets_left_out:
        yield (
            f"{count(restored.secrets_left_out, 'key')} in the backup and the key file were not "
            "installed; if you have made this backup yourself, restore it again with --replace "
            "--with-secrets"
        )
    elif restored.key_file_left_out:
        yield "the key file in the backup was not installed; it opens no key of this backup"
    # A backup without keys, or one from another machine's keyring, restores connections that cannot
    # log in.
    for name in restored.without_key:
        yield (
            f"the key of {name} is not on this machine; enter it again with: fitglue connect "
            # A second connection at an integration is named intervals-2; `connect` needs the
            # integration.
            f"{name.partition('-')[0]}"
        )
    for other in restored.other_addresses:
        yield (
            f"{other.connection} {other}; if you did not choose that address, enter no key for it, "
            "and find out who changed the backup"
        )
    if manifest.database == "postgresql":
        yield (
            "only the original files were restored; restore the database with: "
            f"{cli.host.backups.restore_command()}"
        )
    yield "next: fitglue doctor --deep, then fitglue sync to fetch what is new since the backup"
