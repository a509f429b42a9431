"""``fitglue settings``: shows and changes the settings of the athlete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fitglue_registry.cli.command import Day, Group, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.layout import Rows, columns_of
from fitglue_registry.cli.text import count
from fitglue_registry.services.threshold_settings import THRESHOLDS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from fitglue_registry.cli.layout import Document

_BY_DAY = (
    "A workout is compared with the value of its day. Boosters use it, such as the training load."
)
_COLUMNS = columns_of(("setting", "value", "from"), flexible="value")


@click.group(
    cls=Group,
    invoke_without_command=True,
    examples=(
        "fitglue settings",
        "fitglue settings timezone Europe/Zurich",
        "fitglue settings ftp 250 --from 2026-01-01",
    ),
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


def _add_threshold(name: str, short_help: str, examples: tuple[str, ...]) -> None:
    """Add the command that shows and sets one threshold."""
    key = name.replace("-", "_")
    threshold = THRESHOLDS[key]

    @pass_cli
    def change(
        cli: CliContext,
        *,
        value: str | None,
        since: date | None,
        unset: bool,
        sport: str | None = None,
    ) -> None:
        full_name = f"{key}.{sport}" if sport else key
        if value and unset:
            raise click.UsageError("type a value or --unset, not both")
        if since and not (value or unset):
            raise click.UsageError("--from needs a value or --unset")
        settings = cli.host.settings
        changed = 0
        if value:
            changed = settings.set_threshold(full_name, value, since)
        elif unset:
            changed = settings.unset_threshold(full_name, since)
        if changed:
            _report(cli, changed)
        _show(cli, settings.threshold(full_name), f"fitglue settings {examples[0]}")

    change = json_option("Print JSON Lines.")(change)
    change = click.option("--unset", is_flag=True, help="Remove the values.")(change)
    change = click.option(
        "--from",
        "since",
        type=Day(),
        metavar="DATE",
        help="Apply the value from this day on (default: from the beginning).",
    )(change)
    if threshold.by_sport:
        change = click.option(
            "--sport",
            metavar="SPORT",
            help="The sport for which it holds, such as running.",
        )(change)
    change = click.argument("value", required=False, metavar="[VALUE]")(change)
    command.command(
        name,
        short_help=short_help,
        help=f"Show or set your {threshold.words}: {threshold.accepted}.\n\n{_BY_DAY}",
        examples=tuple(f"fitglue settings {example}" for example in examples),
    )(change)


for _name, _help, _examples in (
    (
        "ftp",
        "Show or set your threshold power.",
        ("ftp 250", "ftp 265 --from 2026-03-01", "ftp 310 --sport running"),
    ),
    ("lthr", "Show or set your threshold heart rate.", ("lthr 170", "lthr 162 --sport cycling")),
    ("max-hr", "Show or set your maximum heart rate.", ("max-hr 188",)),
    ("rest-hr", "Show or set your resting heart rate.", ("rest-hr 52",)),
    ("sex", "Show or set your sex, for loads by heart rate.", ("sex female",)),
):
    _add_threshold(_name, _help, _examples)


def _show(
    cli: CliContext,
    rows: list[Document],
    example: str = "fitglue settings timezone Europe/Zurich",
) -> None:
    if cli.as_json:
        cli.lines(rows)
    elif rows:
        cli.show(Rows(_COLUMNS, _table(rows), whole=True))
    else:
        cli.note(f"Nothing is set. For example: {example}")


def _table(rows: Iterable[Document]) -> Iterable[tuple[str, str, str]]:
    for row in rows:
        yield row["setting"], row["value"], row["since"] or "the beginning"


def _report(cli: CliContext, changed: int) -> None:
    cli.note(f"{count(changed, 'activity', 'activities')} changed.")
