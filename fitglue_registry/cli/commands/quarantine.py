"""``fitglue quarantine``: what could not be understood, why, and another try."""

from __future__ import annotations

from typing import Any

import click

from fitglue_registry.cli.command import Group, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.text import short_id
from fitglue_registry.errors import UserMistake

_ENOUGH = 6


@click.group(
    cls=Group,
    invoke_without_command=True,
    examples=("fitglue quarantine", "fitglue quarantine retry"),
)
@json_option("Print JSON Lines.")
@click.pass_context
def command(context: click.Context) -> None:
    """List the records that could not be understood; each is kept, and tried again with the next
    version of its plugin.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command("list", examples=("fitglue quarantine list --json",))
@json_option("Print JSON Lines.")
@pass_cli
def list_(cli: CliContext) -> None:
    """List what is in quarantine, oldest first."""
    from fitglue_registry.cli import table

    held = cli.host.records.quarantine()
    if cli.as_json:
        cli.lines(held)
    elif held:
        cli.show(
            table.rows(
                ("record", "start", "why"),
                [
                    (
                        f"{one['connection']}/{short_id(one['external_id'])}",
                        (one["start_local"] or "")[:10],
                        f"{one['what']} [{one['code']}]",
                    )
                    for one in held
                ],
                width=cli.width,
                fold=("why",),
            )
        )
        cli.note(
            "Each is kept whole. More: fitglue quarantine show ID; again: fitglue quarantine retry"
        )
    else:
        cli.note("Nothing is in quarantine.")


@command.command(
    "show",
    short_help="Show what is wrong with one record.",
    examples=("fitglue quarantine show i123456",),
)
@click.argument("external_id", metavar="ID")
@json_option()
@pass_cli
def show(cli: CliContext, *, external_id: str) -> None:
    """Show one record of the quarantine: what is wrong where, and what to do; the beginning of its
    ID will do.
    """
    from fitglue_registry.cli import numbers, table

    found = [
        one for one in cli.host.records.quarantine() if _is_meant(one, external_id.rstrip("…"))
    ]
    if not found:
        raise UserMistake(
            "FG-not-in-quarantine",
            f"{external_id!r} is not in quarantine",
            fix="see: fitglue quarantine",
        )
    for one in found:
        if cli.as_json:
            cli.document(one)
            continue
        cli.show(
            table.heading(f"{one['connection']}/{one['external_id']}", one["code"]),
            table.pairs(
                [
                    (name, value)
                    for name, value in (
                        ("what", one["what"]),
                        ("where", _where(one)),
                        ("why", one.get("why")),
                        ("fix", one.get("fix")),
                        ("start", one["start_local"]),
                        ("stage", one["stage"]),
                        ("since", numbers.moment(one["since"])),
                        ("tries", one["tries"]),
                        ("plugin", f"{one['plugin']} {one['plugin_version'] or ''}"),
                    )
                    if value
                ]
            ),
        )


def _is_meant(one: dict[str, Any], typed: str) -> bool:
    names = (one["external_id"], f"{one['connection']}/{one['external_id']}")
    return typed in names or (
        len(typed) >= _ENOUGH and any(name.startswith(typed) for name in names)
    )


def _where(one: dict[str, Any]) -> str:
    return ", ".join(str(value) for value in one.get("where", {}).values())


@command.command(
    "retry", short_help="Try every record again.", examples=("fitglue quarantine retry",)
)
@json_option("Print the events as JSON Lines.")
@pass_cli
def retry(cli: CliContext) -> int:
    """Try to understand every record of the quarantine again."""
    before = len(cli.host.records.quarantine())
    if not before and not cli.as_json:
        cli.note("Nothing is in quarantine.")
        return 0
    return _retry(cli, before)


def _retry(cli: CliContext, before: int) -> int:
    from fitglue_registry.cli.failure import show_failure
    from fitglue_registry.cli.sync_report import follow
    from fitglue_registry.sync.events import SyncStopped

    tallies, code = follow(cli, cli.host.syncs.retry_quarantine(), "trying again")
    for tally in tallies:
        if isinstance(tally.ended, SyncStopped):
            show_failure(cli, tally.ended.error, tally.connection)
    left = len(cli.host.records.quarantine())
    if not cli.as_json:
        cli.show(f"{before - left:,} of {before:,} understood now, {left:,} still in quarantine")
    return code or (5 if left else 0)
