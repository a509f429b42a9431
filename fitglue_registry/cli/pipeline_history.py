"""Sends workouts of the past through a pipeline, after one question that names their number."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from fitglue_registry.cli.pipeline_preview import Preview, show_preview
from fitglue_registry.cli.pipeline_runs import run_and_show
from fitglue_registry.cli.progress import Progress
from fitglue_registry.cli.text import count
from fitglue_registry.errors import UserMistake

if TYPE_CHECKING:
    from datetime import date

    from fitglue_registry.cli.context import CliContext

    Days = tuple[date | None, date | None]


def preview_history(
    cli: CliContext,
    name: str,
    since: date | None,
    until: date | None,
) -> int:
    """Print what would be sent of the workouts of some days, and return the exit code."""
    show_preview(cli, cli.host.pipelines.preview(name, since, until))
    return 0


def send_history(
    cli: CliContext,
    name: str,
    days: Days,
    *,
    yes: bool,
) -> int:
    """Send the workouts of some days after one question, and return the exit code.

    Args:
        cli: The context of the command.
        name: The name of the pipeline.
        days: The first and the last local day; ``None`` for no limit.
        yes: Whether nobody is asked.
    """
    if not yes and not _confirmed(cli, name, days):
        return UserMistake.exit_code
    cli.host.pipelines.offer_history(name, *days)
    return run_and_show(cli, name)


def _confirmed(
    cli: CliContext,
    name: str,
    days: Days,
) -> bool:
    """Return whether the athlete wants to send what would be sent."""
    preview = Preview()
    with Progress(cli, "counting what would be sent") as progress:
        for decided in cli.host.pipelines.preview(name, *days):
            preview.take(decided)
            progress.show_step(f"counting what would be sent: {preview.workouts:,} looked at")
    counted = f"{preview.sent:,} of {count(preview.workouts, 'workout')}"
    if not preview.sent:
        cli.note(f"{counted} would be sent, so nothing is done. To see why: --dry-run")
        return False
    if cli.as_json or not sys.stdin.isatty():
        raise UserMistake(
            "FG-not-confirmed",
            f"this sends {counted}: {preview.places}",
            fix="to see each of them, add --dry-run; to confirm, add --yes",
        )
    if click.confirm(f"Send {counted} ({preview.places})?", err=True):
        return True
    cli.note("Nothing was sent.")
    return False
