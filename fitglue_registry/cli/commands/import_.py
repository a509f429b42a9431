"""``fitglue import``: says what files, folders and archives are, and takes what is new in them."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fitglue_registry.cli.command import Command, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.errors import PluginFailed, UserMistake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from fitglue_registry.plugin_api import Recognized
    from fitglue_registry.services.importing.recognizing import Recognition
    from fitglue_registry.sync.events import Event, SourceConnected

_SHOWN = 3


@click.command(
    "import",
    cls=Command,
    examples=(
        "fitglue import ~/Downloads/export_12345.zip",
        "fitglue import ~/rides ride.fit --yes",
        "fitglue import archive.zip --dry-run",
    ),
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--as", "source", metavar="SOURCE", help="Read it as this source, where two could.")
@click.option(
    "--dry-run", is_flag=True, help="Say what is there and what would be merged; store nothing."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option("Print what was found, then the events, as JSON Lines.")
@pass_cli
def command(
    cli: CliContext, *, paths: tuple[str, ...], source: str | None, dry_run: bool, yes: bool
) -> int:
    """Import PATH: an archive as it was downloaded, workout files, a folder of them, or several of
    these.

    What is there is said before anything is written, and a person is asked. The same path again
    takes only what is new, a newer archive of the same account what the one before did not have.
    What is read stays where it is.
    """
    from fitglue_registry.cli.progress import Progress

    with Progress(cli, "looking at what is there"):
        recognition = cli.host.imports.recognize(paths, source)
    _say(cli, recognition)
    if dry_run:
        return _bring_in(cli, recognition, dry_run=True)
    if (
        not (yes or cli.as_json)
        and sys.stdin.isatty()
        and not click.confirm("Import this?", err=True)
    ):
        raise UserMistake("FG-not-confirmed", "nothing was imported")
    return _bring_in(cli, recognition)


def _bring_in(cli: CliContext, recognition: Recognition, *, dry_run: bool = False) -> int:
    from fitglue_registry.cli.sync_report import follow, show_tally

    before, activities = (
        {one.name: one.settings.get("paths") for one in cli.host.connections.list()},
        _activities(cli),
    )
    connected: list[SourceConnected] = []
    tallies, code = follow(
        cli, _noted(cli.host.import_paths(recognition, dry_run=dry_run), connected), "reading"
    )
    after = {one.name: one.settings.get("paths") for one in cli.host.connections.list()}
    for one in connected if tallies else ():
        # A connection that is new reads what was just said; one that read the same before is no
        # news.
        if one.renewed and before.get(one.connection) != after.get(one.connection):
            cli.note(f"{one.connection} reads {_paths(one.paths)} from now on")
    for tally in tallies:
        show_tally(cli, tally)
    if tallies and not dry_run:
        _show_sum(cli, activities)
    if tallies and not code and not dry_run:
        cli.note("Next: fitglue activities")
    return code or _left_over(recognition)


def _activities(cli: CliContext) -> int:
    return int(str(cli.host.queries.sql("select count(*) from activities").rows[0][0]))


def _show_sum(cli: CliContext, before: int) -> None:
    """What a person sees of it: most of what an archive has is known from elsewhere."""
    from fitglue_registry.cli.text import count

    after = _activities(cli)
    change = (
        f", {abs(after - before):,} {'more' if after > before else 'fewer'} than before"
        if after != before
        else ""
    )
    cli.show(f"  {count(after, 'activity', 'activities')} in all{change}")


def _noted(events: Iterator[Event], connected: list[SourceConnected]) -> Iterator[Event]:
    from fitglue_registry.sync.events import SourceConnected

    for event in events:
        if isinstance(event, SourceConnected):
            connected.append(event)
        yield event


def _paths(paths: tuple[str, ...]) -> str:
    more = f" and {len(paths) - _SHOWN:,} more" if len(paths) > _SHOWN else ""
    return ", ".join(map(_from_here, paths[:_SHOWN])) + more


def _from_here(path: str) -> str:
    """A path as it is typed here."""
    here = Path.cwd()
    return (
        str(Path(path).relative_to(here))
        if path != str(here) and Path(path).is_relative_to(here)
        else path
    )


def _left_over(recognition: Recognition) -> int:
    """8 where a plugin failed, 5 where a path was left out: the rest was done."""
    if any(isinstance(problem, PluginFailed) for problem in recognition.problems):
        return PluginFailed.exit_code
    return 5 if recognition.problems else 0


def _say(cli: CliContext, recognition: Recognition) -> None:
    from fitglue_registry.cli.failure import show_failure

    if cli.as_json:
        cli.lines({"event": "Recognized", **asdict(one)} for one in recognition.found)
    else:
        cli.show(*(line for one in recognition.found for line in _found(one)))
    for problem in recognition.problems:
        show_failure(cli, problem)


def _found(one: Recognized) -> Iterator[RenderableType]:
    from fitglue_registry.cli.table import hanging, heading

    yield heading(one.name, _paths(one.paths))
    yield from (hanging("·", text) for text in one.found)
    yield from (hanging("–", text) for text in one.left_out)
