"""``fitglue sync``: fetches what is new, with progress, and sums each connection up."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli.command import Command, Span, days_options, json_option
from fitglue_registry.cli.context import CliContext, pass_cli

if TYPE_CHECKING:
    from fitglue_registry.sync.context import Options


@click.command(
    cls=Command,
    examples=(
        "fitglue sync",
        "fitglue sync intervals --since 2026-01-01",
        "fitglue sync --every 30m",
    ),
)
@click.argument("connection", required=False)
@days_options
@click.option("--full", is_flag=True, help="Walk through the whole history again.")
@click.option("--no-streams", is_flag=True, help="Leave out the samples over time.")
@click.option("--files", is_flag=True, help="Fetch the original files too.")
@click.option(
    "--dry-run", is_flag=True, help="Say what is new and what would be merged, and store nothing."
)
@click.option(
    "--every",
    type=Span(),
    metavar="TIME",
    help="Go on for ever, once each 30m, 2h or 1d, until Ctrl-C.",
)
@json_option("Print the events as JSON Lines.")
@pass_cli
def command(
    cli: CliContext,
    *,
    connection: str | None,
    since: date | None,
    until: date | None,
    full: bool,
    no_streams: bool,
    files: bool,
    dry_run: bool,
    every: float | None,
) -> int:
    """Fetch what is new from CONNECTION, or from all of them.

    The first sync takes the whole history, or what is not older than --since. A sync that was
    stopped goes on where it was.
    """
    from fitglue_registry.sync.context import Options

    if since and until and since > until:
        raise click.UsageError(f"--since {since} is after --until {until}")
    options = Options(
        since=since, until=until, full=full, streams=not no_streams, files=files, dry_run=dry_run
    )
    if every:
        _sync_for_ever(cli, connection, options, every)
    return _sync(cli, connection, options)


def _sync(cli: CliContext, connection: str | None, options: Options) -> int:
    from fitglue_registry.cli.sync_report import follow, show_tally

    tallies, code = follow(cli, cli.host.sync(connection, options=options))
    for tally in tallies:
        show_tally(cli, tally)
    if tallies and code == 0 and not options.dry_run and any(_brought(tally) for tally in tallies):
        cli.note("Next: fitglue activities")
    return code


def _brought(tally: Any) -> bool:
    return bool(tally.ended and tally.ended.counts.get("new"))


def _sync_for_ever(
    cli: CliContext, connection: str | None, options: Options, every_s: float
) -> None:
    """Rounds until Ctrl-C: a line each, an error where there is one; only a store that fails ends
    it.
    """
    from fitglue_registry.cli.failure import show_failure
    from fitglue_registry.cli.sync_report import follow, summary
    from fitglue_registry.sync.events import SyncStopped

    while True:
        tallies, _ = follow(cli, cli.host.sync(connection, options=options))
        now = f"{datetime.now().astimezone():%Y-%m-%d %H:%M}"
        ended = [tally.ended for tally in tallies if tally.ended]
        line = ", ".join(
            f"{tally.connection}: {summary(tally)}" for tally in tallies if tally.ended
        )
        if not cli.as_json:
            click.echo(f"{now}  {line}")
        for one in ended:
            if isinstance(one, SyncStopped):
                show_failure(cli, one.error, one.connection)
        cli.host.workspace.clock.sleep(every_s)
