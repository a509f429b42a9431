"""``fitglue rebuild``: derives all activities again from the raw parts, without the network."""

from __future__ import annotations

import click

from fitglue_registry.cli.command import Command, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.failure import show_failure
from fitglue_registry.cli.following import follow
from fitglue_registry.cli.layout import Hanging
from fitglue_registry.cli.text import count
from fitglue_registry.model.stored import RunDecision
from fitglue_registry.services.events import RECORDS, SyncFinished, SyncStopped


@click.command(cls=Command, examples=("fitglue rebuild", "fitglue rebuild intervals"))
@click.argument("connection", required=False)
@json_option("Print the events as JSON Lines.")
@pass_cli
def command(cli: CliContext, *, connection: str | None) -> int:
    """Derive every activity again from what was fetched.

    Use this after an update of a plugin, so that your history benefits from it. Nothing is fetched,
    and nothing that was fetched is lost.
    """
    tallies, code = follow(cli, cli.host.syncs.rebuild(connection), "deriving again")
    for tally in tallies:
        ended = tally.ended
        if isinstance(ended, SyncFinished):
            text = f"{tally.connection}: {_summary(ended)}"
            cli.show(Hanging("✓", text, indent=0))
        elif isinstance(ended, SyncStopped):
            show_failure(cli, ended.error, tally.connection)
    return code


def _summary(ended: SyncFinished) -> str:
    derived = count(ended.counts.get(RECORDS, 0), "record")
    summary = f"{derived} derived again, {ended.counts.get(RunDecision.CHANGED, 0):,} changed"
    held = ended.counts.get(RunDecision.QUARANTINED, 0)
    if held:
        summary += f", {held:,} in quarantine: fitglue quarantine"
    return summary
