"""``fitglue export``: activities as JSON Lines with streams, as flat CSV, or as their original
files.
"""

from __future__ import annotations

import re
import sys
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli.activity_csv import print_activities
from fitglue_registry.cli.command import Command, days_options
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.progress import Progress
from fitglue_registry.cli.text import count
from fitglue_registry.errors import Place, StoreFailed, UserMistake
from fitglue_registry.store.lists import Filter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.store.activity_details import ActivityDetails

_HEAD = 2000
_LONGEST_ID = 40
#: What a file's name takes of an id: letters and digits of any script, and these two.
_UNSAFE = re.compile(r"[^\w-]")


@click.command(
    cls=Command,
    examples=(
        "fitglue export --since 30d --out month.jsonl",
        "fitglue export --format csv > all.csv",
        "fitglue export last --format files --out originals",
    ),
)
@click.argument("references", nargs=-1, metavar="[REF]...")
@days_options
@click.option(
    "--format",
    "kind",
    type=click.Choice(["jsonl", "csv", "files"]),
    default="jsonl",
    show_default=True,
    help="JSON Lines with streams; a flat table; the original files.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A file, or for `files` a folder; else standard output.",
)
@pass_cli
def command(
    cli: CliContext,
    /,
    *,
    references: tuple[str, ...],
    kind: str,
    out: Path | None,
    **days: Any,
) -> None:
    """Write activities out: those named by REF, or all of them, or those between two days."""
    if references and any(days.values()):
        raise click.UsageError("name activities, or give --since and --until; not both")
    if references:
        numbers = [cli.host.activities.get(reference).number for reference in references]
    else:
        numbers = [row["number"] for row in cli.host.activities(Filter(**days))]
    if kind == "files":
        _export_files(cli, numbers, out)
        return
    write = _print_csv if kind == "csv" else _print_documents
    with _destination(out):
        write(cli, numbers)
    if out is not None:
        cli.note(f"{count(len(numbers), 'activity', 'activities')} written to {out}")


@contextmanager
def _destination(out: Path | None) -> Iterator[None]:
    """Standard output becomes a file beside ``out`` that takes its place only when it is whole."""
    if out is None:
        yield
        return
    part = out.with_name(f"{out.name}.part")
    kept = sys.stdout
    try:
        with part.open("w", encoding="utf-8", newline="") as sys.stdout:
            yield
        part.replace(out)
    except OSError as error:
        raise _not_written(out, error) from error
    finally:
        sys.stdout = kept
        part.unlink(missing_ok=True)


def _not_written(out: Path, error: OSError) -> StoreFailed:
    return StoreFailed(
        "FG-export-failed",
        "the file cannot be written",
        at=Place(str(out)),
        why=error.strerror,
        fix="name a place that exists and is yours, with room",
    )


def _each(cli: CliContext, numbers: list[int]) -> Iterator[ActivityDetails]:
    with Progress(cli, "exporting") as progress:
        for done, number in enumerate(numbers, 1):
            yield cli.host.activities.get(str(number))
            progress.bar("activities", done, len(numbers))


def _print_documents(cli: CliContext, numbers: list[int]) -> None:
    cli.lines(
        cli.host.activities.document(activity, streams=True) for activity in _each(cli, numbers)
    )


def _print_csv(cli: CliContext, numbers: list[int]) -> None:
    wanted = set(numbers)
    print_activities(cli, [row for row in cli.host.activities() if row["number"] in wanted])


def _export_files(cli: CliContext, numbers: list[int], out: Path | None) -> None:
    if out is None:
        raise UserMistake("FG-usage", "original files need a folder", fix="add --out FOLDER")
    written = 0
    try:
        out.mkdir(parents=True, exist_ok=True)
        for activity in _each(cli, numbers):
            written += _write_files(cli, activity, out)
    except OSError as error:
        raise _not_written(out, error) from error
    files = count(written, "original file")
    cli.show(f"{files} of {count(len(numbers), 'activity', 'activities')} written to {out}")
    if not written and numbers:
        cli.note("None was fetched yet: fitglue sync --files")


def _write_files(cli: CliContext, activity: ActivityDetails, folder: Path) -> int:
    """Write each original that was fetched, named by day, number and id; return how many."""
    start = activity.activity.start_local or activity.activity.start_utc
    written = 0
    for external_id, content in cli.host.activities.original_files(activity):
        name = f"{start:%Y-%m-%d}-{activity.number}-{_plain(external_id)}{_suffix(content)}"
        (folder / name).write_bytes(content)
        written += 1
    return written


def _plain(external_id: str) -> str:
    return _UNSAFE.sub("-", external_id)[:_LONGEST_ID]


def _suffix(content: bytes) -> str:
    """What the content is; a file that was uploaded packed stays packed."""
    if content.startswith(b"\x1f\x8b"):
        try:
            unpacked = zlib.decompressobj(wbits=31).decompress(content, _HEAD)
        except zlib.error:
            return ".gz"
        return f"{_suffix(unpacked)}.gz"
    if content[8:12] == b".FIT":
        return ".fit"
    head = content[:_HEAD].lower()
    if b"<gpx" in head:
        return ".gpx"
    return ".tcx" if b"<trainingcenter" in head else ".bin"
