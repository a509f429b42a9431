"""``fitglue quarantine``: lists records that could not be understood, and tries them again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli import numbers
from fitglue_registry.cli.command import Group, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.failure import show_failure
from fitglue_registry.cli.following import follow
from fitglue_registry.cli.layout import Heading, Pairs, Rows, columns_of, stated
from fitglue_registry.cli.record_paths import shown_paths, where_and_what
from fitglue_registry.cli.starts import start_day, start_second
from fitglue_registry.cli.sync_report import show_tally
from fitglue_registry.cli.text import short_id
from fitglue_registry.services.events import SyncStopped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.cli.layout import Document

_COLUMNS = columns_of(("record", "start", "why"), folded=("why",))
#: The exit code if records are still in quarantine.
_LEFT_OVER = 5


@click.group(
    cls=Group,
    invoke_without_command=True,
    examples=("fitglue quarantine", "fitglue quarantine retry"),
)
@json_option("Print JSON Lines.")
@click.pass_context
def command(context: click.Context) -> None:
    """List records that could not be understood.

    Their data is kept, and they are tried again when their plugin has a new version.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command("list", examples=("fitglue quarantine list --json",))
@json_option("Print JSON Lines.")
@pass_cli
def list_(cli: CliContext) -> None:
    """List the records in quarantine, oldest first, then the files that could not be read."""
    quarantined = [*cli.host.records.quarantine(), *cli.host.records.unreadable()]
    if cli.as_json:
        cli.lines(quarantined)
    elif quarantined:
        cli.show(Rows(_COLUMNS, map(_row, quarantined)))
        cli.note(
            "For details: fitglue quarantine show ID. To try all again: fitglue quarantine retry"
        )
    else:
        cli.note("Nothing is in quarantine.")


def _row(record: Document) -> tuple[str, str, str]:
    return (
        f"{record['connection']}/{short_id(record['external_id'])}",
        # The start of a workout in a file that could not be read is not known.
        start_day(record) if "stage" in record else "",
        f"{where_and_what(record)} [{record['code']}]",
    )


@command.command(
    "show",
    short_help="Show what is wrong with one record.",
    examples=("fitglue quarantine show i123456",),
)
@click.argument("external_id", metavar="ID")
@json_option()
@pass_cli
def show(cli: CliContext, *, external_id: str) -> None:
    """Show what is wrong with the record ID, and what to do.

    The first six characters of ID are enough.
    """
    for record in cli.host.records.in_quarantine(external_id):
        if cli.as_json:
            cli.document(record)
            continue
        name = f"{record['connection']}/{record['external_id']}"
        cli.show(Heading(name, record["code"]), Pairs(stated(_facts(record))))


def _facts(record: Document) -> Iterator[tuple[str, Any]]:
    yield "what", record["what"]
    where = record.get("where", {})
    yield "where", shown_paths(record["paths"]) or ", ".join(map(str, where.values()))
    yield "why", record.get("why")
    yield "fix", record.get("fix")
    if "stage" not in record:
        yield "kept", "nothing; each sync reports it until it can be read or is removed"
        return
    yield "start", start_second(record)
    yield "stage", record["stage"]
    yield "since", numbers.moment(record["since"])
    yield "tries", record["tries"]
    yield "plugin", f"{record['plugin']} {record['plugin_version'] or ''}"


@command.command(
    "retry", short_help="Try every record again.", examples=("fitglue quarantine retry",)
)
@json_option("Print the events as JSON Lines.")
@pass_cli
def retry(cli: CliContext) -> int:
    """Try to understand every record in quarantine again.

    The files that could not be read are read again, by a sync of their connections.
    """
    before = len(cli.host.records.quarantine())
    unreadable = dict.fromkeys(row["connection"] for row in cli.host.records.unreadable())
    if not before and not unreadable and not cli.as_json:
        cli.note("Nothing is in quarantine.")
        return 0
    codes = [_retry(cli, before)] if before or cli.as_json else []
    codes += [_read_again(cli, connection) for connection in unreadable]
    return next(filter(None, codes), 0)


def _read_again(cli: CliContext, connection: str) -> int:
    tallies, code = follow(cli, cli.host.sync(connection))
    for tally in tallies:
        show_tally(cli, tally)
    return code


def _retry(cli: CliContext, before: int) -> int:
    tallies, code = follow(cli, cli.host.syncs.retry_quarantine(), "trying again")
    for tally in tallies:
        if isinstance(tally.ended, SyncStopped):
            show_failure(cli, tally.ended.error, tally.connection)
    left = len(cli.host.records.quarantine())
    if not cli.as_json:
        understood = before - left
        cli.show(f"{understood:,} of {before:,} understood now, {left:,} still in quarantine")
    if left:
        # An error of a connection is more important than what is left.
        return code or _LEFT_OVER
    return code
