"""``fitglue export``: activities as JSON Lines with streams, as flat CSV, or as their original
files.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli.activity_csv import print_activities
from fitglue_registry.cli.command import Command, days_options
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.progress import Progress
from fitglue_registry.cli.text import count
from fitglue_registry.errors import UserMistake
from fitglue_registry.services import Filter
from fitglue_registry.services.original_files import not_written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.services.reading import ActivityDetails


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
    with _destination(out):
        if kind == "csv":
            _print_csv(cli, numbers)
        else:
            _print_documents(cli, numbers)
    if out is not None:
        activities = count(len(numbers), "activity", "activities")
        cli.note(f"{activities} written to {out}")


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
        raise not_written(out, error) from error
    finally:
        sys.stdout = kept
        part.unlink(missing_ok=True)


def _each(cli: CliContext, numbers: list[int]) -> Iterator[ActivityDetails]:
    with Progress(cli, "exporting") as progress:
        for done, number in enumerate(numbers, 1):
            yield cli.host.activities.get(str(number))
            progress.bar("activities", done, len(numbers))


def _print_documents(cli: CliContext, numbers: list[int]) -> None:
    for activity in _each(cli, numbers):
        cli.lines([cli.host.activities.document(activity, streams=True)])


def _print_csv(cli: CliContext, numbers: list[int]) -> None:
    wanted = set(numbers)
    print_activities(cli, [row for row in cli.host.activities() if row["number"] in wanted])


def _export_files(
    cli: CliContext,
    numbers: list[int],
    out: Path | None,
) -> None:
    if out is None:
        raise UserMistake("FG-usage", "original files need a folder", fix="add --out FOLDER")
    written = cli.host.activities.save_original_files(_each(cli, numbers), out)
    files = count(written, "original file")
    activities = count(len(numbers), "activity", "activities")
    cli.show(f"{files} of {activities} written to {out}")
    if not written and numbers:
        cli.note("None was fetched yet: fitglue sync --files")
