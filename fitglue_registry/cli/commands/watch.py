"""``fitglue watch``: takes in files whenever they appear in the folders of connections."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from fitglue_registry.cli.command import Command, json_option
from fitglue_registry.cli.context import CliContext, pass_cli

if TYPE_CHECKING:
    from fitglue_registry.cli.sync_report import Tally
    from fitglue_registry.sync.events import Watching


@click.command(cls=Command, examples=("fitglue watch", "fitglue watch files"))
@click.argument("connections", nargs=-1, metavar="[CONNECTION]...")
@json_option("Print the events as JSON Lines.")
@pass_cli
def command(cli: CliContext, *, connections: tuple[str, ...]) -> int:
    """Take in files whenever they appear in the folders of CONNECTION, or of every connection that
    reads files; until Ctrl-C.

    A folder becomes a connection once, with `fitglue import FOLDER`; from then on it need not be
    named again, and one watch, started at log-in say, serves them all. A file counts when nobody
    writes to it any more. A folder that goes away is waited for.
    """
    from fitglue_registry.cli.sync_report import follow, rounds
    from fitglue_registry.sync.events import Watching

    stream = cli.host.imports.watch(connections)
    if cli.as_json:
        return follow(cli, stream)[1]
    for one in rounds(cli, stream, "reading"):
        if isinstance(one, Watching):
            _say_what_is_watched(cli, one)
        else:
            _say(cli, one)
    return 0


def _say_what_is_watched(cli: CliContext, one: Watching) -> None:
    gone = f"; not there now, and waited for: {', '.join(one.missing)}" if one.missing else ""
    cli.note(f"{one.connection}: watching {', '.join(one.paths)}{gone}")


def _say(cli: CliContext, tally: Tally) -> None:
    """A line for each round that brought something, an error where there is one."""
    from fitglue_registry.cli.failure import show_failure
    from fitglue_registry.cli.sync_report import summary
    from fitglue_registry.sync.events import SyncStopped

    ended = tally.ended
    assert ended is not None
    if ended.counts or isinstance(ended, SyncStopped):
        cli.show(
            f"{datetime.now().astimezone():%Y-%m-%d %H:%M}  {tally.connection}: {summary(tally)}"
        )
    if isinstance(ended, SyncStopped):
        show_failure(cli, ended.error, tally.connection)
