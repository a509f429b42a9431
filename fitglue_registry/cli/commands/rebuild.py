"""``fitglue rebuild``: derives everything again from the raw parts, without the network, and says
what changed.
"""

from __future__ import annotations

import click

from fitglue_registry.cli.command import Command, json_option
from fitglue_registry.cli.context import CliContext, pass_cli


@click.command(cls=Command, examples=("fitglue rebuild", "fitglue rebuild intervals"))
@click.argument("connection", required=False)
@json_option("Print the events as JSON Lines.")
@pass_cli
def command(cli: CliContext, *, connection: str | None) -> int:
    """Derive every activity again from what was fetched: a plugin got better, and so does the
    history.

    Nothing is fetched, and nothing that was fetched is lost.
    """
    from fitglue_registry.cli.failure import show_failure
    from fitglue_registry.cli.sync_report import follow
    from fitglue_registry.cli.table import hanging
    from fitglue_registry.cli.text import count
    from fitglue_registry.sync.events import SyncFinished, SyncStopped

    tallies, code = follow(cli, cli.host.syncs.rebuild(connection), "deriving again")
    for tally in tallies:
        ended = tally.ended
        if isinstance(ended, SyncFinished):
            done, changed, held = (
                ended.counts.get(name, 0) for name in ("records", "changed", "quarantined")
            )
            held_text = f", {held:,} in quarantine: fitglue quarantine" if held else ""
            cli.show(
                hanging(
                    "✓",
                    f"{tally.connection}: {count(done, 'record')} derived again, {changed:,} "
                    f"changed{held_text}",
                    indent=0,
                )
            )
        elif isinstance(ended, SyncStopped):
            show_failure(cli, ended.error, tally.connection)
    return code
