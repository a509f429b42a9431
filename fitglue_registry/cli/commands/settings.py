"""``fitglue settings``: shows and changes the settings of the athlete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fitglue_registry.cli.command import Day, Group, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.layout import Rows, columns_of
from fitglue_registry.cli.text import count

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from fitglue_registry.cli.layout import Document

_COLUMNS = columns_of(("setting", "value", "from"), flexible="value")


@click.group(
    cls=Group,
    invoke_without_command=True,
    examples=("fitglue settings", "fitglue settings timezone Europe/Zurich"),
)
@json_option("Print JSON Lines.")
@click.pass_context
def command(context: click.Context) -> None:
    """Show and change your settings.

    A value can hold from a day on, so that earlier workouts keep the value of their time.
    """
    if context.invoked_subcommand is None:
        cli = context.ensure_object(CliContext)
        _show(cli, cli.host.settings.list())


@command.command(
    "timezone",
    short_help="Show or set the time zone in which you live.",
    examples=(
        "fitglue settings timezone",
        "fitglue settings timezone Europe/Zurich",
        "fitglue settings timezone Asia/Tokyo --from 2025-04-01",
        "fitglue settings timezone --unset",
    ),
)
@click.argument("zone", required=False, metavar="[ZONE]")
@click.option(
    "--from",
    "since",
    type=Day(),
    metavar="DATE",
    help="Apply the zone from this day on, such as 2025-04-01 (default: from the beginning).",
)
@click.option(
    "--unset",
    is_flag=True,
    help="Remove every zone, or with --from the one that was set from that day on.",
)
@json_option("Print JSON Lines.")
@pass_cli
def timezone(
    cli: CliContext,
    *,
    zone: str | None,
    since: date | None,
    unset: bool,
) -> None:
    """Show your home zone, or set it to ZONE, such as Europe/Zurich.

    Some services say when a workout began only in UTC. Such a workout gets the local time of your
    home zone, marked as estimated. A workout that states its zone keeps it.
    """
    if zone and unset:
        raise click.UsageError("type a zone or --unset, not both")
    if since and not (zone or unset):
        raise click.UsageError("--from needs a zone or --unset")
    settings = cli.host.settings
    if zone:
        _report(cli, settings.set_timezone(zone, since))
        advice = settings.advice(zone)
        if advice:
            cli.note(f"Note: {advice}.")
    elif unset:
        _report(cli, settings.unset_timezone(since))
    _show(cli, settings.timezone())


def _show(cli: CliContext, rows: list[Document]) -> None:
    if cli.as_json:
        cli.lines(rows)
    elif rows:
        cli.show(Rows(_COLUMNS, _table(rows), whole=True))
    else:
        cli.note("Nothing is set. To set your time zone: fitglue settings timezone Europe/Zurich")


def _table(rows: Iterable[Document]) -> Iterable[tuple[str, str, str]]:
    for row in rows:
        yield row["setting"], row["value"], row["since"] or "the beginning"


def _report(cli: CliContext, changed: int) -> None:
    cli.note(f"{count(changed, 'activity', 'activities')} changed.")
