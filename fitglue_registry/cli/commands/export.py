"""``fitglue export``: writes activities as JSON Lines, CSV, original files, FIT, GPX and others."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli.activity_csv import print_activities
from fitglue_registry.cli.command import Command, days_options, raw_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.progress import Progress
from fitglue_registry.cli.text import count
from fitglue_registry.errors import UserMistake
from fitglue_registry.file_names import DEFAULT_NAME
from fitglue_registry.services import Filter
from fitglue_registry.services.export_files import export_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.services.reading import ActivityDetails


#: The formats of which each activity gets a file of its own.
_FORMATS = ("fit", "gpx", "tcx", "parquet")
_STANDARD_OUTPUT = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


@click.command(
    cls=Command,
    examples=(
        "fitglue export --since 30d --out month.jsonl",
        "fitglue export --format csv > all.csv",
        "fitglue export last --format files --out originals",
        "fitglue export --since 30d --format fit --out workouts --name '{date}-{title}'",
    ),
)
@click.argument("references", nargs=-1, metavar="[REF]...")
@days_options
@click.option(
    "--format",
    "kind",
    type=click.Choice(["jsonl", "csv", "files", *_FORMATS]),
    default="jsonl",
    show_default=True,
    help="Write JSON Lines with streams, a table without streams, the original files, or one file "
    "of this format for each activity.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, readable=False),
    metavar="PATH",
    help="Write to this file, or to this folder if each activity has a file of its own (default: "
    "standard output). An earlier export is replaced; any other file is kept.",
)
@click.option(
    "--name",
    metavar="TEMPLATE",
    help="Name the files in the folder like this: text with {date}, {time}, {year}, {month}, "
    f"{{day}}, {{sport}}, {{title}}, {{number}} (default: {DEFAULT_NAME}).",
)
@raw_option
@pass_cli
def command(
    cli: CliContext,
    /,
    *,
    references: tuple[str, ...],
    kind: str,
    out: Path | None,
    raw: bool,
    **options: Any,
) -> None:
    """Write activities to a file or to standard output.

    These are the activities REF, or those between two dates, or all of them.
    """
    name: str | None = options.pop("name")
    days = options
    if references and any(days.values()):
        raise click.UsageError("use either REF or --since and --until, not both")
    if raw and kind != "csv":
        raise click.UsageError("--raw can be used only with --format csv")
    if name is not None and kind not in _FORMATS:
        raise click.UsageError(f"--name can be used only with --format {', '.join(_FORMATS)}")
    if references:
        # Resolved first, so that a wrong reference is reported before anything is written.
        numbers = [cli.host.activities.get(reference).number for reference in references]
    else:
        numbers = [row["number"] for row in cli.host.activities(Filter(**days))]
    if kind == "files":
        _export_files(cli, numbers, _folder(out))
        return
    if kind in _FORMATS:
        _export_as(cli, numbers, _folder(out), kind, name or DEFAULT_NAME)
        return
    with _destination(cli, out, _beginning(cli, kind)):
        if kind == "csv":
            _print_csv(cli, numbers, raw=raw)
        else:
            _print_documents(cli, numbers)
    if out is not None:
        activities = count(len(numbers), "activity", "activities")
        cli.note(f"{activities} written to {out}")


def _beginning(cli: CliContext, kind: str) -> str:
    """Return how an export begins, by which an earlier one is recognized."""
    if kind == "csv":
        return ",".join(cli.host.activities.columns)
    return '{"number": '


@contextmanager
def _destination(
    cli: CliContext,
    out: Path | None,
    beginning: str,
) -> Iterator[None]:
    """Redirect standard output to ``out``, or do nothing if it is ``None`` or standard output."""
    # File descriptor 1 of this process is not what the user calls standard output; see
    # `keep_standard_output`.
    if out is None or str(out) in _STANDARD_OUTPUT:
        yield
        return

    def on_aside(aside: Path) -> None:
        cli.note(f"{out} was no export of this kind; it is {aside} now")

    kept = sys.stdout
    try:
        with export_file(out, beginning, on_aside) as sys.stdout:
            yield
    finally:
        sys.stdout = kept


def _each(cli: CliContext, numbers: list[int]) -> Iterator[ActivityDetails]:
    with Progress(cli, "exporting") as progress:
        for done, number in enumerate(numbers, 1):
            # One at a time, because many years of activities may not fit into memory.
            yield cli.host.activities.get(str(number))
            progress.bar("activities", done, len(numbers))


def _print_documents(cli: CliContext, numbers: list[int]) -> None:
    for activity in _each(cli, numbers):
        cli.lines([cli.host.activities.document(activity, streams=True)])


def _print_csv(
    cli: CliContext,
    numbers: list[int],
    *,
    raw: bool,
) -> None:
    wanted = set(numbers)
    rows = [row for row in cli.host.activities() if row["number"] in wanted]
    print_activities(cli, rows, raw=raw)


def _export_files(
    cli: CliContext,
    numbers: list[int],
    out: Path,
) -> None:
    written = cli.host.activities.save_original_files(_each(cli, numbers), out)
    files = count(written, "original file")
    activities = count(len(numbers), "activity", "activities")
    cli.show(f"{files} of {activities} written to {out}")
    if not written and numbers:
        cli.note("No original file was fetched yet. To fetch them: fitglue sync --files")


def _folder(out: Path | None) -> Path:
    """Return the folder for files, which has to be named."""
    if out is None:
        raise UserMistake(
            "FG-usage", "the files must be written to a folder", fix="add --out FOLDER"
        )
    return out


def _export_as(
    cli: CliContext,
    numbers: list[int],
    out: Path,
    kind: str,
    name: str,
) -> None:
    """Write one file of a format for each activity, and say which could not be written, and why."""
    written = cli.host.activities.save_as(_each(cli, numbers), out, kind, name)
    for number, refused in written.refused.items():
        cli.note(f"{number} was not written: {refused.why}. {refused.fix}")
    if not written.paths and written.refused:
        raise next(iter(written.refused.values()))
    files = count(len(written.paths), f"{kind.upper()} file")
    activities = count(len(numbers), "activity", "activities")
    cli.show(f"{files} of {activities} written to {out}")
