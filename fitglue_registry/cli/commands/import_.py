"""``fitglue import``: says what files, folders and archives are, and takes what is new in them."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fitglue_registry.cli.command import Command, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.failure import show_failure
from fitglue_registry.cli.layout import Hanging, Heading
from fitglue_registry.cli.progress import Progress
from fitglue_registry.cli.sync_report import follow, show_tally
from fitglue_registry.cli.text import count
from fitglue_registry.errors import PluginFailed, UserMistake
from fitglue_registry.services.events import SourceConnected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.cli.layout import Part
    from fitglue_registry.services.events import Event
    from fitglue_registry.services.importing.recognizing import Recognition, Recognized

_SHOWN = 3
_LEFT_OUT = 5


@click.command(
    "import",
    cls=Command,
    examples=(
        "fitglue import ~/Downloads/export_12345.zip",
        "fitglue import ~/rides ride.fit --yes",
        "fitglue import archive.zip --dry-run",
    ),
)
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    metavar="PATH...",
)
@click.option("--as", "source", metavar="SOURCE", help="Read it as this source, where two could.")
@click.option(
    "--dry-run", is_flag=True, help="Say what is there and what would be merged; store nothing."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option("Print what was found, then the events, as JSON Lines.")
@pass_cli
def command(
    cli: CliContext,
    *,
    paths: tuple[str, ...],
    source: str | None,
    dry_run: bool,
    yes: bool,
) -> int:
    """Import PATH: an archive as it was downloaded, workout files, a folder of them, or several of
    these.

    What is there is said before anything is written, and a person is asked. The same path again
    takes only what is new, a newer archive of the same account what the one before did not have.
    What is read stays where it is.
    """
    with Progress(cli, "looking at what is there"):
        recognition = cli.host.imports.recognize(paths, source)
    _show_recognition(cli, recognition)
    if not dry_run:
        _confirm(cli, is_agreed=yes)
    return _import(cli, recognition, dry_run=dry_run)


def _confirm(cli: CliContext, *, is_agreed: bool) -> None:
    if is_agreed or cli.as_json or not sys.stdin.isatty():
        return
    if not click.confirm("Import this?", err=True):
        raise UserMistake("FG-not-confirmed", "nothing was imported")


def _import(
    cli: CliContext,
    recognition: Recognition,
    *,
    dry_run: bool,
) -> int:
    paths_before = _paths_by_connection(cli)
    activities_before = cli.host.activities.count()
    events = _Noted(cli.host.import_paths(recognition, dry_run=dry_run))
    tallies, code = follow(cli, iter(events), "reading")
    if tallies:
        _note_new_paths(cli, events.connected, paths_before)
    for tally in tallies:
        show_tally(cli, tally)
    if tallies and not dry_run:
        _show_total(cli, activities_before)
        if not code:
            cli.note("Next: fitglue activities")
    return code or _left_over(recognition)


class _Noted:
    """Events, of which those are kept that say what was connected."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self.connected: list[SourceConnected] = []

    def __iter__(self) -> Iterator[Event]:
        for event in self._events:
            if isinstance(event, SourceConnected):
                self.connected.append(event)
            yield event


def _paths_by_connection(cli: CliContext) -> dict[str, object]:
    connections = cli.host.connections.list()
    return {connection.name: connection.settings.get("paths") for connection in connections}


def _note_new_paths(
    cli: CliContext,
    connected: list[SourceConnected],
    before: dict[str, object],
) -> None:
    """Say what a connection reads from now on.

    One that is new reads what was just said; one that read the same before is no news.
    """
    after = _paths_by_connection(cli)
    for event in connected:
        name = event.connection
        if event.renewed and before.get(name) != after.get(name):
            cli.note(f"{name} reads {_paths(event.paths)} from now on")


def _show_total(cli: CliContext, before: int) -> None:
    """Print what a person sees of it: most of what an archive has is known from elsewhere."""
    after = cli.host.activities.count()
    change = ""
    if after != before:
        direction = "more" if after > before else "fewer"
        change = f", {abs(after - before):,} {direction} than before"
    cli.show(f"  {count(after, 'activity', 'activities')} in all{change}")


def _paths(paths: tuple[str, ...]) -> str:
    shown = ", ".join(map(_from_here, paths[:_SHOWN]))
    more = len(paths) - _SHOWN
    if more > 0:
        return f"{shown} and {more:,} more"
    return shown


def _from_here(path: str) -> str:
    """A path as it is typed here."""
    here = Path.cwd()
    if path != str(here) and Path(path).is_relative_to(here):
        return str(Path(path).relative_to(here))
    return path


def _left_over(recognition: Recognition) -> int:
    """8 where a plugin failed, 5 where a path was left out: the rest was done."""
    code = 0
    for problem in recognition.problems:
        if isinstance(problem, PluginFailed):
            return PluginFailed.exit_code
        code = _LEFT_OUT
    return code


def _show_recognition(cli: CliContext, recognition: Recognition) -> None:
    for recognized in recognition.found:
        if cli.as_json:
            cli.lines([{"event": "Recognized", **asdict(recognized)}])
        else:
            cli.show(*_recognized(recognized))
    for problem in recognition.problems:
        show_failure(cli, problem)


def _recognized(recognized: Recognized) -> Iterator[Part]:
    yield Heading(recognized.name, _paths(recognized.paths))
    for text in recognized.found:
        yield Hanging("·", text)
    for text in recognized.left_out:
        yield Hanging("–", text)
