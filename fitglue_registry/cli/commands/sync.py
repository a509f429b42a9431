"""``fitglue sync``: fetches what is new, shows its progress, and sums up each connection."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

import click

from fitglue_registry.cli.command import Command, Span, days_options, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.failure import show_failure
from fitglue_registry.cli.following import follow
from fitglue_registry.cli.pipeline_runs import run_after_sync, synced_by
from fitglue_registry.cli.sync_report import late_parts, show_tally, summary
from fitglue_registry.model.stored import RunDecision
from fitglue_registry.services import Options
from fitglue_registry.services.events import SyncStopped

if TYPE_CHECKING:
    from fitglue_registry.cli.tally import Tally


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
@click.option("--full", is_flag=True, help="List the whole history again.")
@click.option(
    "--no-streams",
    "streams",
    flag_value=False,
    default=True,
    help="Do not fetch streams (the samples over time).",
)
@click.option(
    "--files/--no-files",
    default=None,
    help="Fetch the original files or not; later syncs do the same.",
)
@click.option(
    "--dry-run", is_flag=True, help="Show what is new and what would be merged; store nothing."
)
@click.option(
    "--confirm-deletions",
    is_flag=True,
    help="Delete the workouts whose deletion an earlier sync has held.",
)
@click.option(
    "--every",
    type=Span(),
    metavar="TIME",
    help="Repeat until Ctrl-C, every 30m, 2h or 1d.",
)
@json_option("Print the events as JSON Lines.")
@pass_cli
def command(
    cli: CliContext, /, *, connection: str | None, every: float | None, **chosen: Any
) -> int:
    """Fetch what is new from CONNECTION, or from all connections.

    The first sync fetches the whole history, or everything from --since on. A sync that was stopped
    continues where it was.

    If many workouts vanish from the source, at once or within 30 days, they are kept here: it may
    be a mistake of the source. The sync says so, with exit code 5, until the source lists them
    again or you repeat it with --confirm-deletions.

    At the end, your pipelines send what is due; see `fitglue pipeline`.
    """
    options = Options(**chosen)
    if options.since and options.until and options.since > options.until:
        raise click.UsageError(f"--since {options.since} is after --until {options.until}")
    if options.confirm_deletions and every:
        raise click.UsageError(
            "--confirm-deletions cannot be combined with --every, because it would also confirm "
            "deletions that you have not seen yet"
        )
    _remember(cli, connection, options)
    if every:
        _sync_for_ever(cli, connection, options, every)
    return _sync(cli, connection, options)


def _remember(
    cli: CliContext,
    connection: str | None,
    options: Options,
) -> None:
    """Keep the choice of the original files for later syncs, and say so if it is new."""
    for changed in cli.host.syncs.remember(options, connection):
        if options.files:
            cli.note(
                f"{changed.name}: the original files are fetched from now on; to stop: "
                f"fitglue sync {changed.name} --no-files"
            )
        elif changed.last_checked_at is None:
            cli.note(
                f"{changed.name}: the original files are not fetched; to change it: "
                f"fitglue sync {changed.name} --files"
            )
        else:
            cli.note(
                f"{changed.name}: original files are not fetched any more; those that you have stay"
            )


def _sync(
    cli: CliContext,
    connection: str | None,
    options: Options,
) -> int:
    synced: set[str] = set()
    tallies, code = follow(cli, synced_by(cli.host.sync(connection, options=options), synced))
    for tally in tallies:
        show_tally(cli, tally)
    if options.dry_run:
        return code
    sent = run_after_sync(cli, synced)
    if code == 0 and any(map(_has_news, tallies)):
        cli.note("Next: fitglue activities")
    return code or sent


def _has_news(tally: Tally) -> bool:
    """Return whether workouts are new, or were completed after an earlier sync was stopped."""
    return bool(tally.ended and (tally.ended.counts.get(RunDecision.NEW) or late_parts(tally)))


def _sync_for_ever(
    cli: CliContext,
    connection: str | None,
    options: Options,
    every_s: float,
) -> NoReturn:
    """Sync until Ctrl-C, and print one line for each sync.

    Errors of a connection are printed, and the next sync tries again. Only an error of the store
    ends the loop.
    """
    while True:
        synced: set[str] = set()
        tallies, _ = follow(cli, synced_by(cli.host.sync(connection, options=options), synced))
        now = f"{datetime.now().astimezone():%Y-%m-%d %H:%M}"
        ended = [tally for tally in tallies if tally.ended]
        if not cli.as_json:
            # One line per round: this output usually goes to a log file.
            sums = [f"{tally.connection}: {summary(tally)}" for tally in ended]
            click.echo(f"{now}  {', '.join(sums)}")
        for tally in ended:
            if isinstance(tally.ended, SyncStopped):
                show_failure(cli, tally.ended.error, tally.connection)
        if not options.dry_run:
            run_after_sync(cli, synced)
        cli.host.syncs.wait(every_s)
