"""``fitglue export``: activities as JSON Lines with streams, as flat CSV, or as their original
files.
"""

from __future__ import annotations

import sys
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli.command import Command, days_options
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.text import count
from fitglue_registry.errors import Place, StoreFailed, UserMistake

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

_HEAD = 2000


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
    *,
    references: tuple[str, ...],
    since: date | None,
    until: date | None,
    kind: str,
    out: Path | None,
) -> None:
    """Write activities out: those named by REF, or all of them, or those between two days."""
    if references and (since or until):
        raise click.UsageError("name activities, or give --since and --until; not both")
    numbers = _numbers(cli, references, since, until)
    if kind == "files":
        _files(cli, numbers, out)
        return
    with _destination(out):
        _jsonl(cli, numbers) if kind == "jsonl" else _csv(cli, numbers)
    if out is not None:
        cli.note(f"{count(len(numbers), 'activity', 'activities')} written to {out}")


def _numbers(
    cli: CliContext, references: tuple[str, ...], since: date | None, until: date | None
) -> list[int]:
    from fitglue_registry.store.lists import Filter

    if references:
        return [cli.host.activities.get(reference).number for reference in references]
    return [row["number"] for row in cli.host.activities(Filter(since=since, until=until))]


@contextmanager
def _destination(out: Path | None) -> Iterator[None]:
    """Standard output becomes a file beside ``out`` that takes its place only when it is whole."""
    if out is None:
        yield
        return
    part, kept = out.with_name(f"{out.name}.part"), sys.stdout
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


def _each(cli: CliContext, numbers: list[int]) -> Iterator[Any]:
    from fitglue_registry.cli.progress import Progress

    with Progress(cli, "exporting") as progress:
        for done, number in enumerate(numbers, 1):
            yield cli.host.activities.get(str(number))
            progress.bar("activities", done, len(numbers))


def _jsonl(cli: CliContext, numbers: list[int]) -> None:
    cli.lines(cli.host.activities.document(found, streams=True) for found in _each(cli, numbers))


def _csv(cli: CliContext, numbers: list[int]) -> None:
    from fitglue_registry.store.lists import LISTED

    wanted = set(numbers)
    rows = (row for row in cli.host.activities() if row["number"] in wanted)
    cli.csv(
        (*LISTED, "sources"),
        ([*(row[name] for name in LISTED), " ".join(row["sources"])] for row in rows),
    )


def _files(cli: CliContext, numbers: list[int], out: Path | None) -> None:
    """One file for each original that was fetched, named by day, number and id."""
    if out is None:
        raise UserMistake("FG-usage", "original files need a folder", fix="add --out FOLDER")
    written = 0
    try:
        out.mkdir(parents=True, exist_ok=True)
        for found in _each(cli, numbers):
            start = found.activity.start_local or found.activity.start_utc
            for external_id, content in cli.host.activities.original_files(found):
                name = f"{start:%Y-%m-%d}-{found.number}-{_plain(external_id)}{_suffix(content)}"
                (out / name).write_bytes(content)
                written += 1
    except OSError as error:
        raise _not_written(out, error) from error
    cli.show(
        f"{count(written, 'original file')} of "
        f"{count(len(numbers), 'activity', 'activities')} written to {out}"
    )
    if not written and numbers:
        cli.note("None was fetched yet: fitglue sync --files")


def _plain(external_id: str) -> str:
    return "".join(
        character if character.isalnum() or character in "-_" else "-" for character in external_id
    )[:40]


def _suffix(content: bytes) -> str:
    """What the content is; a file that was uploaded packed stays packed."""
    if content.startswith(b"\x1f\x8b"):
        try:
            return f"{_suffix(zlib.decompressobj(wbits=31).decompress(content, _HEAD))}.gz"
        except zlib.error:
            return ".gz"
    if content[8:12] == b".FIT":
        return ".fit"
    head = content[:_HEAD].lower()
    return next(
        (
            suffix
            for mark, suffix in ((b"<gpx", ".gpx"), (b"<trainingcenter", ".tcx"))
            if mark in head
        ),
        ".bin",
    )
