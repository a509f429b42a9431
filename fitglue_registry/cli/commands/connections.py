"""``fitglue connections``: lists them, checks that they still work, removes one, and changes the
key that seals their secrets.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal

import click

from fitglue_registry.cli.command import Group, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.errors import FitglueError, UserMistake

if TYPE_CHECKING:
    from fitglue_registry.services.connection_secrets import SecretKept
    from fitglue_registry.store.connections import ConnectionRow


@click.group(
    cls=Group,
    invoke_without_command=True,
    examples=("fitglue connections", "fitglue connections check"),
)
@json_option("Print JSON Lines.")
@click.pass_context
def command(context: click.Context) -> None:
    """List connections with their health; check or remove one; change the key that seals their
    secrets.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command(
    "list", short_help="List every connection.", examples=("fitglue connections list --json",)
)
@json_option("Print JSON Lines.")
@pass_cli
def list_(cli: CliContext) -> None:
    """List every connection: its account, its state, and how much it holds."""
    from fitglue_registry.cli.dashboard import connection_health, local_now

    connected = cli.host.connections.list()
    found = [connection_health(cli.host, one) for one in connected]
    if cli.as_json:
        cli.lines(found)
    elif found:
        _show(cli, found, local_now(cli.host, connected))
    else:
        cli.note("Nothing is connected yet. Next: fitglue connect intervals")


def _show(cli: CliContext, found: list[dict[str, Any]], now: Any) -> None:
    from fitglue_registry.cli import numbers, table

    columns = ["name", "account", "state", "records", "stubs", "waiting", "quarantine", "checked"]
    rows = [
        (
            one["name"],
            one["account"]["name"] or one["account"]["id"],
            one["state"],
            one["records"],
            one["stubs"],
            one["waiting_parts"],
            one["quarantine"],
            numbers.ago(one["last_checked_at"], now),
        )
        for one in found
    ]
    cli.show(
        table.rows(
            columns,
            rows,
            width=cli.width,
            right=("records", "stubs", "waiting", "quarantine"),
            flexible="account",
        )
    )
    for one in found:
        if one["state"] != "ok":
            cli.show(
                table.hanging("!", f"{one['name']}: {one['reason'] or one['state']}"),
                table.hanging("→", one["fix"] or "", indent=4),
            )


@command.command(
    "check",
    short_help="Ask each service whether it still lets us in.",
    examples=("fitglue connections check intervals",),
)
@click.argument("name", required=False)
@json_option("Print JSON Lines.")
@pass_cli
def check(cli: CliContext, *, name: str | None) -> int:
    """Ask the service of each connection, or of NAME, whether it still lets us in."""
    chosen = [cli.host.connections.get(name)] if name else cli.host.connections.list()
    codes = [_check(cli, one) for one in chosen]
    if not chosen:
        cli.note("Nothing is connected yet. Next: fitglue connect intervals")
    return next((code for code in codes if code), 0)


def _check(cli: CliContext, one: ConnectionRow) -> int:
    from fitglue_registry.cli.failure import show_failure
    from fitglue_registry.cli.progress import Progress
    from fitglue_registry.cli.table import hanging

    try:
        with Progress(cli, f"asking {one.integration}") as progress:
            cli.host.on_wait = progress.waiting
            account = cli.host.connections.probe(one.name)
    except FitglueError as error:
        if cli.as_json:
            cli.lines([{"connection": one.name, "ok": False, "error": error.as_dict()}])
        else:
            show_failure(cli, error, one.name)
        return error.exit_code
    if cli.as_json:
        whose = {"id": account.id, "name": account.name}
        cli.lines(
            [{"connection": one.name, "ok": True, "account": whose, "notes": list(account.notes)}]
        )
    else:
        cli.show(
            hanging("✓", f"{one.name}: {account.name or account.id}", indent=0),
            *(hanging("·", note) for note in account.notes),
        )
    return 0


@command.command(
    "remove",
    short_help="Remove a connection and what only it knows.",
    examples=("fitglue connections remove intervals --yes",),
)
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_cli
def remove(cli: CliContext, *, name: str, yes: bool) -> None:
    """Remove the connection NAME: its key, its records, and the activities that only it knows."""
    one = cli.host.connections.get(name)
    health = cli.host.connections.health(one)
    held = sum(health.get(state, 0) for state in ("listed", "missing", "stub", "gone"))
    if not yes:
        if not sys.stdin.isatty():
            raise UserMistake(
                "FG-not-confirmed",
                f"removing {one.name} takes {held:,} records with it",
                fix="add --yes if you mean it",
            )
        click.echo("Nothing is deleted at the source.", err=True)
        if not click.confirm(
            f"Remove the connection {one.name} from here, with its key and {held:,} records?",
            err=True,
        ):
            raise UserMistake("FG-not-confirmed", "nothing was removed")
    cli.host.connections.remove(name if yes else one.name)  # who was asked has read which one it is
    cli.show(f"{one.name} is removed")


@command.command(
    "rekey",
    short_help="Seal the stored keys anew, or move them.",
    examples=("fitglue connections rekey", "fitglue connections rekey --to file"),
)
@click.option(
    "--to",
    type=click.Choice(("file", "keyring")),
    help="Move every key there: to a file for a scheduler without a desktop.",
)
@json_option("Print JSON Lines.")
@pass_cli
def rekey(cli: CliContext, *, to: Literal["file", "keyring"] | None) -> int:
    """Make a new key file, and seal the stored keys of all connections with it.

    The keys of the services stay as they are: `fitglue connect` renews those. What lies in the
    system's keyring stays there, unless --to file moves it into an encrypted file, which also a
    scheduler opens that runs without a desktop.
    """
    kept = cli.host.connections.rekey(to)
    for one in kept:
        _say_kept(cli, one)
    if not kept:
        cli.note("No connection has a key yet. Next: fitglue connect intervals")
    return next((one.error.exit_code for one in kept if one.error), 0)


def _say_kept(cli: CliContext, one: SecretKept) -> None:
    from fitglue_registry.cli.failure import show_failure
    from fitglue_registry.cli.table import hanging

    name = one.connection.name
    if cli.as_json:
        error = {"error": one.error.as_dict()} if one.error else {}
        cli.lines(
            [
                {
                    "connection": name,
                    "ok": not one.error,
                    "kept_in": one.kept_in,
                    "new_key": one.new_key,
                }
                | error
            ]
        )
    elif one.error:
        show_failure(cli, one.error, name)
    else:
        where = (
            "an encrypted file, sealed with the new key"
            if one.new_key
            else "the keyring of this system, which has its own"
        )
        cli.show(hanging("✓", f"{name}: its key lies in {where}", indent=0))
