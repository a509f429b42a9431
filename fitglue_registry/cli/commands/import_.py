"""``fitglue import``: shows what files, folders and archives contain, and imports what is new."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fitglue_registry.cli.arguments import AnyPath
from fitglue_registry.cli.command import Command, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.failure import show_failure
from fitglue_registry.cli.following import follow
from fitglue_registry.cli.layout import Hanging, Heading
from fitglue_registry.cli.pipeline_runs import run_after_sync, synced_by
from fitglue_registry.cli.progress import Progress
from fitglue_registry.cli.sync_report import show_tally
from fitglue_registry.cli.text import count
from fitglue_registry.errors import PluginFailed, UserMistake
from fitglue_registry.services.events import SourceConnected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.cli.layout import Part
    from fitglue_registry.services.events import Event
    from fitglue_registry.services.importing.recognizing import Recognition, Recognized

#: The largest number of paths that are listed in one line.
_SHOWN = 3
#: The exit code if a path was left out.
_LEFT_OUT = 5
#: The exit code of a command that was stopped by a signal.
_STOPPED = 130
_LOOKING = "looking through the files"


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
    type=AnyPath(),
    metavar="PATH...",
)
@click.option(
    "--as", "source", metavar="SOURCE", help="Read PATH as this source, if several could read it."
)
@click.option(
    "--dry-run", is_flag=True, help="Show what is new and what would be merged; store nothing."
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation in a terminal.")
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
    """Import archives, workout files and folders.

    PATH is an archive as you downloaded it, a workout file, or a folder of files. You see what was
    found. In a terminal, you are asked before anything is stored; without a terminal or with
    --json, the import starts without asking. If you import the same path again, or a newer archive
    of the same account, only what is new is stored. Your files are not changed.

    At the end, your pipelines send what is due; see `fitglue pipeline`.
    """
    # It starts while this process imports what it needs itself.
    cli.host.workspace.workers().start()
    try:
        with Progress(cli, _LOOKING) as progress:
            recognition = cli.host.imports.recognize(
                paths,
                source,
                lambda counts: progress.show_step(_looking(*counts)),
            )
        _show_recognition(cli, recognition)
        agreed = dry_run or yes or _confirmed(cli)
    except (KeyboardInterrupt, click.Abort):
        # The end of the input is an Abort as well. There is nothing yet that could be continued.
        cli.note("\nStopped. Nothing was imported.")
        return _STOPPED
    if not agreed:
        cli.note("Nothing was imported.")
        return UserMistake.exit_code
    return _import(cli, recognition, dry_run=dry_run)


def _looking(looked_at: int, found: int) -> str:
    """Return the step of looking through files, with how far it is."""
    files = count(found, "file")
    if not looked_at:
        return f"{_LOOKING}: {files} found"
    return f"{_LOOKING}: {looked_at:,} of {files}"


def _confirmed(cli: CliContext) -> bool:
    # Without a terminal nobody can answer, and a script has named the paths on purpose.
    if cli.as_json or not sys.stdin.isatty():
        return True
    return click.confirm("Import this?", err=True)


def _import(
    cli: CliContext,
    recognition: Recognition,
    *,
    dry_run: bool,
) -> int:
    with Progress(cli, "opening the database"):
        paths_before = _paths_by_connection(cli)
        # Counted before, because merged and split activities make the difference unpredictable.
        activities_before = cli.host.activities.count()
    events = _ConnectedSources(cli.host.import_paths(recognition, dry_run=dry_run))
    synced: set[str] = set()
    tallies, code = follow(cli, synced_by(iter(events), synced), "reading")
    if tallies:
        _note_new_paths(cli, events.connected, paths_before)
    for tally in tallies:
        show_tally(cli, tally)
    if dry_run:
        return code or _left_over(recognition)
    if tallies:
        _show_total(cli, activities_before)
    sent = run_after_sync(cli, synced)
    if tallies and not code:
        cli.note("Next: fitglue activities")
    return code or _left_over(recognition) or sent


class _ConnectedSources:
    """An iterator of events that collects the ``SourceConnected`` events in ``connected``."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self.connected: list[SourceConnected] = []

    def __iter__(self) -> Iterator[Event]:
        for event in self._events:
            if isinstance(event, SourceConnected):
                self.connected.append(event)
            yield event


def _paths_by_connection(cli: CliContext) -> dict[str, tuple[str, ...]]:
    service = cli.host.connections
    return {connected.name: service.status(connected).paths for connected in service.list()}


def _note_new_paths(
    cli: CliContext,
    connected: list[SourceConnected],
    before: dict[str, tuple[str, ...]],
) -> None:
    """Print which paths a connection reads from now on, if they have changed.

    For a new connection this is obvious, since its paths were just listed.
    """
    after = _paths_by_connection(cli)
    for event in connected:
        name = event.connection
        if not event.renewed:
            continue
        earlier = before.get(name, ())
        now = after.get(name, ())
        added = tuple(path for path in now if path not in earlier)
        left = tuple(path for path in earlier if path not in now)
        if left and added:
            cli.note(f"The connection {name} now reads {_paths(added)} instead of {_paths(left)}")
        elif left:
            cli.note(f"The connection {name} no longer reads {_paths(left)}")
        elif added:
            cli.note(f"The connection {name} now also reads {_paths(added)}")


def _show_total(cli: CliContext, before: int) -> None:
    """Print how many activities there are now.

    The number of imported records says little about it, because most workouts of an archive are
    already known from another source.
    """
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
    """Return a path relative to the working directory, if it is inside it."""
    here = Path.cwd()
    if path != str(here) and Path(path).is_relative_to(here):
        return str(Path(path).relative_to(here))
    return path


def _left_over(recognition: Recognition) -> int:
    """Return 8 if a plugin failed, 5 if a path was left out, else 0."""
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
