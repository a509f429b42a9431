"""``fitglue connections``: lists them, checks that they still work, removes one, and changes the
key that seals their secrets.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

import click

from fitglue_registry.cli import numbers
from fitglue_registry.cli.command import Group, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.dashboard import status_document
from fitglue_registry.cli.failure import show_failure
from fitglue_registry.cli.layout import Hanging, Rows, columns_of
from fitglue_registry.cli.progress import Progress
from fitglue_registry.errors import FitglueError, UserMistake
from fitglue_registry.model.stored import ConnectionState, RecordState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from fitglue_registry.cli.layout import Document, Part
    from fitglue_registry.services.connecting import Account, ConnectionRow
    from fitglue_registry.services.connection_secrets import SecretKept
    from fitglue_registry.services.connection_status import ConnectionStatus

_COLUMNS = columns_of(
    ("name", "account", "state", "records", "stubs", "waiting", "quarantine", "synced"),
    right=("records", "stubs", "waiting", "quarantine"),
    flexible="account",
)


#: The states of the records that a removal counts.
_HELD = (RecordState.LISTED, RecordState.MISSING, RecordState.STUB, RecordState.GONE)


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
    service = cli.host.connections
    connections = [service.status(connected) for connected in service.list()]
    if cli.as_json:
        cli.lines(map(status_document, connections))
    elif connections:
        cli.show(*_table(connections, service.local_time()))
    else:
        cli.note("Nothing is connected yet. Next: fitglue connect intervals")


def _table(connections: list[ConnectionStatus], now: datetime) -> Iterator[Part]:
    rows = [_row(connection, now) for connection in connections]
    yield Rows(_COLUMNS, rows)
    for connection in connections:
        if connection.state != ConnectionState.OK:
            yield Hanging("!", f"{connection.name}: {connection.reason or connection.state}")
            yield Hanging("→", connection.fix or "", indent=4)


def _row(connection: ConnectionStatus, now: datetime) -> tuple[object, ...]:
    return (
        connection.name,
        connection.account.name or connection.account.id,
        connection.state,
        connection.records,
        connection.stubs,
        connection.waiting_parts,
        connection.quarantine,
        numbers.ago(connection.last_checked_at, now),
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
    if name:
        return _check(cli, cli.host.connections.get(name))
    connections = cli.host.connections.list()
    if not connections:
        cli.note("Nothing is connected yet. Next: fitglue connect intervals")
    codes = [_check(cli, connection) for connection in connections]
    return next(filter(None, codes), 0)


def _check(cli: CliContext, connection: ConnectionRow) -> int:
    try:
        with Progress(cli, f"asking {connection.integration}") as progress:
            cli.host.on_wait = progress.waiting
            account = cli.host.connections.probe(connection.name)
    except FitglueError as error:
        _show_refused(cli, connection.name, error)
        return error.exit_code
    _show_account(cli, connection.name, account)
    return 0


def _show_refused(
    cli: CliContext,
    name: str,
    error: FitglueError,
) -> None:
    if cli.as_json:
        cli.lines(
            [
                {
                    "connection": name,
                    "ok": False,
                    "error": error.as_dict(),
                }
            ]
        )
    else:
        show_failure(cli, error, name)


def _show_account(
    cli: CliContext,
    name: str,
    account: Account,
) -> None:
    if cli.as_json:
        whose = {"id": account.id, "name": account.name}
        notes = list(account.notes)
        cli.lines(
            [
                {
                    "connection": name,
                    "ok": True,
                    "account": whose,
                    "notes": notes,
                }
            ]
        )
        return
    owner = account.name or account.id
    cli.show(Hanging("✓", f"{name}: {owner}", indent=0))
    for note in account.notes:
        cli.show(Hanging("·", note))


@command.command(
    "remove",
    short_help="Remove a connection and what only it knows.",
    examples=("fitglue connections remove intervals --yes",),
)
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_cli
def remove(
    cli: CliContext,
    *,
    name: str,
    yes: bool,
) -> None:
    """Remove the connection NAME: its key, its records, and the activities that only it knows."""
    connection = cli.host.connections.get(name)
    if not yes:
        _confirm_removal(cli, connection)
        name = connection.name  # who was asked has read which one it is
    cli.host.connections.remove(name)
    cli.show(f"{connection.name} is removed")


def _confirm_removal(cli: CliContext, connection: ConnectionRow) -> None:
    health = cli.host.connections.health(connection)
    held = sum(health.get(state, 0) for state in _HELD)
    if not sys.stdin.isatty():
        raise UserMistake(
            "FG-not-confirmed",
            f"removing {connection.name} takes {held:,} records with it",
            fix="add --yes if you mean it",
        )
    click.echo("Nothing is deleted at the source.", err=True)
    question = (
        f"Remove the connection {connection.name} from here, with its key and {held:,} records?"
    )
    if not click.confirm(question, err=True):
        raise UserMistake("FG-not-confirmed", "nothing was removed")


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
    for secret in kept:
        _show_kept(cli, secret)
    if not kept:
        cli.note("No connection has a key yet. Next: fitglue connect intervals")
    for secret in kept:
        if secret.error:
            return secret.error.exit_code
    return 0


def _show_kept(cli: CliContext, secret: SecretKept) -> None:
    name = secret.connection.name
    if cli.as_json:
        cli.lines([_kept_document(secret)])
    elif secret.error:
        show_failure(cli, secret.error, name)
    else:
        where = "the keyring of this system, which has its own"
        if secret.new_key:
            where = "an encrypted file, sealed with the new key"
        cli.show(Hanging("✓", f"{name}: its key lies in {where}", indent=0))


def _kept_document(secret: SecretKept) -> Document:
    document: Document = {
        "connection": secret.connection.name,
        "ok": not secret.error,
        "kept_in": secret.kept_in,
        "new_key": secret.new_key,
    }
    if secret.error:
        document["error"] = secret.error.as_dict()
    return document
