"""``fitglue watch``: imports files as soon as they appear in the folders of connections."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from fitglue_registry.cli.command import Command, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.failure import show_failure
from fitglue_registry.cli.following import follow, follow_each
from fitglue_registry.cli.pipeline_runs import run_after_each
from fitglue_registry.cli.sync_report import show_left_over, summary
from fitglue_registry.services.events import SyncStopped, Watching

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.cli.tally import Tally


@click.command(cls=Command, examples=("fitglue watch", "fitglue watch files"))
@click.argument(
    "connections",
    nargs=-1,
    metavar="[CONNECTION]...",
)
@json_option("Print the events as JSON Lines.")
@pass_cli
def command(cli: CliContext, *, connections: tuple[str, ...]) -> int:
    """Import files as soon as they appear in the folders of CONNECTION, until Ctrl-C.

    Without CONNECTION, the folders of all connections that read files are watched. To add a folder,
    run `fitglue import FOLDER` once. A file is imported when it is no longer being written. If a
    folder disappears, `watch` waits until it is back.

    After each import, your pipelines send what is due; see `fitglue pipeline`.
    """
    stream = run_after_each(cli, cli.host.imports.watch(connections))
    if cli.as_json:
        _, code = follow(cli, stream)
        return code
    reported: dict[str, dict[str, str]] = {}
    awaited: dict[str, dict[str, str]] = {}
    for step in follow_each(cli, stream, "reading"):
        if isinstance(step, Watching):
            _say_what_is_watched(cli, step)
        else:
            _say_what_is_unfinished(cli, step, awaited.get(step.connection, {}))
            awaited[step.connection] = step.unfinished
            _show_sync(cli, step, reported)
    return 0


def _say_what_is_watched(cli: CliContext, event: Watching) -> None:
    missing = ""
    if event.missing:
        missing = f"; missing now, waiting for: {', '.join(event.missing)}"
    cli.note(f"{event.connection}: watching {', '.join(event.paths)}{missing}")


def _say_what_is_unfinished(
    cli: CliContext,
    tally: Tally,
    said: Mapping[str, str],
) -> None:
    """Say which files are not read yet, unless that was said after the sync before.

    Args:
        cli: The context of the command.
        tally: The sync.
        said: The files of which it was said.
    """
    for path, reason in tally.unfinished.items():
        if path not in said:
            cli.note(f"{tally.connection}: {path}: {reason}")


def _show_sync(
    cli: CliContext,
    tally: Tally,
    reported: dict[str, dict[str, str]],
) -> None:
    """Print one line for a sync that changed something or stopped, and what it could not read.

    Args:
        cli: The context of the command.
        tally: The sync.
        reported: Connection → the unreadable files that were last printed, and why. Each sync reads
            them again, and repeating them would hide what is new.
    """
    ended = tally.ended
    assert ended is not None
    is_news = tally.not_fetched != reported.get(tally.connection, {})
    reported[tally.connection] = dict(tally.not_fetched)
    # A file that was already known changes nothing and is not worth a line.
    if ended.counts or is_news or isinstance(ended, SyncStopped):
        now = f"{datetime.now().astimezone():%Y-%m-%d %H:%M}"
        cli.show(f"{now}  {tally.connection}: {summary(tally)}")
    if is_news or tally.quarantined:
        show_left_over(cli, tally)
    if isinstance(ended, SyncStopped):
        show_failure(cli, ended.error, tally.connection)
