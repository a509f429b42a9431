"""``fitglue connections``: lists, checks and removes connections, and re-encrypts their keys."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

import click

from fitglue_registry.cli import numbers
from fitglue_registry.cli.command import Group, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.failure import show_failure
from fitglue_registry.cli.layout import DETAIL, GOOD, Hanging, Rows, columns_of
from fitglue_registry.cli.progress import Progress
from fitglue_registry.cli.source_facts import (
    credential_of,
    end_noted,
    end_unknown,
    owner,
    running,
    status_document,
)
from fitglue_registry.cli.text import count
from fitglue_registry.errors import FitglueError, UserMistake
from fitglue_registry.model.stored import ConnectionState, RecordState
from fitglue_registry.services.connecting.first import FIRST_CONNECT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from fitglue_registry.cli.layout import Document, Part
    from fitglue_registry.services.connecting.connections import Account, ConnectionRow
    from fitglue_registry.services.connection_secrets import SecretKept
    from fitglue_registry.services.connection_status import ConnectionStatus

_COLUMNS = columns_of(
    ("name", "account", "state", "records", "stubs", "to go", "quarantine", "unreadable", "synced"),
    right=("records", "stubs", "to go", "quarantine", "unreadable"),
    flexible="account",
)


#: What can be typed as a choice; an empty text leaves it to the source.
_WORDS = {
    "yes": True,
    "no": False,
    "": None,
}
#: The counts that are 0 for most connections.
_EXCEPTIONS = ("stubs", "to go", "quarantine", "unreadable")
#: The largest number of paths of a connection that are listed in one line.
_PATHS_SHOWN = 3
#: The states of the records that are counted before a removal.
_KEPT = tuple(RecordState)


@click.group(
    cls=Group,
    invoke_without_command=True,
    examples=("fitglue connections", "fitglue connections check"),
)
@json_option("Print JSON Lines.")
@click.pass_context
def command(context: click.Context) -> None:
    """List, check and remove connections."""
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command(
    "list", short_help="List every connection.", examples=("fitglue connections list --json",)
)
@json_option("Print JSON Lines.")
@pass_cli
def list_(cli: CliContext) -> None:
    """List every connection with its account, its state and its number of records.

    The column "to go" counts the downloads that are still to be made, and "unreadable" the files
    and folders that the last sync could not read. A column of these that would be 0 everywhere is
    left out.
    """
    service = cli.host.connections
    connections = [service.status(connected) for connected in service.list()]
    if cli.as_json:
        cli.lines(map(status_document, connections))
    elif connections:
        cli.show(*_table(connections, service.local_time()))
    else:
        cli.note(f"Nothing is connected yet. Next: {FIRST_CONNECT}")


def _table(
    connections: list[ConnectionStatus],
    now: datetime,
) -> Iterator[Part]:
    rows = [_row(connection, now) for connection in connections]
    shown = [number for number in range(len(_COLUMNS)) if _is_shown(number, rows)]
    narrowed = [[row[number] for number in shown] for row in rows]
    yield Rows([_COLUMNS[number] for number in shown], narrowed, whole=True)
    for connection in connections:
        if connection.address:
            what = f"{connection.name} uses {connection.address}, not the address of its entry"
            yield Hanging(DETAIL, what)
        if connection.paths:
            yield Hanging(DETAIL, f"{connection.name} reads {_paths(connection.paths)}")
        for option, is_chosen in connection.choices.items():
            yield Hanging(DETAIL, _choice(connection, option, is_chosen=is_chosen))
        if connection.state != ConnectionState.OK:
            yield Hanging("!", f"{connection.name}: {connection.reason or connection.state}")
            yield Hanging(
                "→",
                connection.fix or "",
                indent=4,
            )
        if connection.running:
            work = running(connection, now)
            yield Hanging(DETAIL, f"{connection.name}: {work}, by {connection.running.by}")
        yield from _expiry(connection)
        for sentence in connection.not_given:
            yield Hanging("!", f"{connection.name}: {sentence}")
        if connection.not_given:
            them = "it" if len(connection.not_given) == 1 else "them"
            give = f"to give {them}: fitglue connect {connection.integration}"
            yield Hanging("→", give, indent=4)
        if connection.held:
            held = count(connection.held, "deletion is held", "deletions are held")
            yield Hanging("!", f"{connection.name}: {held}; to see more: fitglue activities --held")


def _expiry(connection: ConnectionStatus) -> Iterator[Hanging]:
    """Yield when the key of a connection expires, or how to say it."""
    if connection.expiry:
        mark = "!" if connection.expires_soon else DETAIL
        yield Hanging(mark, f"{connection.name}: {connection.expiry}")
    elif connection.expiry_setting:
        yield Hanging(DETAIL, f"{connection.name}: {end_unknown(connection)}")


def _is_shown(
    number: int,
    rows: Sequence[Sequence[object]],
) -> bool:
    """Return whether a column is shown: a count that is 0 everywhere only takes space."""
    return _COLUMNS[number].name not in _EXCEPTIONS or any(row[number] for row in rows)


def _choice(
    connection: ConnectionStatus,
    option: str,
    *,
    is_chosen: bool,
) -> str:
    chosen, other = ("yes", "no") if is_chosen else ("no", "yes")
    return (
        f"{connection.name} has the setting {option}={chosen}; to change it: fitglue connections "
        f"set {connection.name} {option}={other}"
    )


def _paths(
    paths: tuple[str, ...],
) -> str:
    shown = ", ".join(paths[:_PATHS_SHOWN])
    more = len(paths) - _PATHS_SHOWN
    return f"{shown} and {more:,} more" if more > 0 else shown


def _row(
    connection: ConnectionStatus,
    now: datetime,
) -> tuple[object, ...]:
    synced = numbers.ago(connection.last_checked_at, now)
    if connection.only_sends:
        synced = "sends only"
    return (
        connection.name,
        owner(connection),
        connection.state.replace("-", " "),
        connection.records,
        connection.stubs,
        connection.waiting_parts,
        connection.quarantine,
        connection.unreadable,
        synced,
    )


@command.command(
    "set",
    short_help="Choose what a connection fetches, or say when its key ends.",
    examples=(
        "fitglue connections set intervals files=yes",
        "fitglue connections set intervals files=",
        "fitglue connections set garmin key_expires=2027-01-31",
    ),
)
@click.argument("name")
@click.argument("choices", nargs=-1, required=True, metavar="OPTION=VALUE...")
@json_option("Print JSON Lines.")
@pass_cli
def set_(
    cli: CliContext,
    *,
    name: str,
    choices: tuple[str, ...],
) -> None:
    """Choose what each sync of the connection NAME fetches or say when its key ends, and show it.

    `files=yes` fetches the original file of every workout, also of those that you already have.
    `files=no` fetches none, and those that you have stay. `files=` leaves it to the source, which
    `fitglue registry show` describes. `key_expires=` takes the last day of the key as a date, or
    how many days it is still valid.
    """
    connections = cli.host.connections
    connected = connections.get(name)
    ends = connections.status(connected).expiry_setting
    typed = _read_settings(choices)
    options = {
        option: _read_choice(option, word) for option, word in typed.items() if option != ends
    }
    if options:
        connections.choose(connected.id, options)
    if ends in typed:
        connections.set_expiry(connected.id, typed[ends])
    changed = connections.get(connected.id)
    status = connections.status(changed)
    if cli.as_json:
        cli.lines([status_document(status)])
        return
    if ends in typed:
        cli.show(Hanging(GOOD, f"{status.name}: {end_noted(status)}", indent=0))
    if options:
        cli.show(Hanging(GOOD, f"{status.name} brings {', '.join(status.arrives)}", indent=0))
        cli.note(f"Next: fitglue sync {status.name}")


def _read_settings(texts: tuple[str, ...]) -> dict[str, str]:
    typed: dict[str, str] = {}
    for option, word in map(_read_setting, texts):
        if option in typed:
            raise click.UsageError(f"{option!r} is chosen twice; choose it once")
        typed[option] = word
    return typed


def _read_setting(text: str) -> tuple[str, str]:
    option, equals, typed = text.partition("=")
    if not equals:
        raise click.UsageError(f"{text!r} is not a choice; type for example: files=yes")
    return option.strip(), typed.strip()


def _read_choice(option: str, typed: str) -> bool | None:
    word = typed.lower()
    if word not in _WORDS:
        raise click.UsageError(f"'{option}={typed}' is not a choice; type for example: files=yes")
    return _WORDS[word]


@command.command(
    "check",
    short_help="Check that each service still accepts the key or the permission.",
    examples=("fitglue connections check intervals",),
)
@click.argument("name", required=False)
@json_option("Print JSON Lines.")
@pass_cli
def check(
    cli: CliContext,
    *,
    name: str | None,
) -> int:
    """Check that the service of each connection, or only of NAME, still accepts it.

    A service can have revoked a key or a permission, or an athlete can have done so there.
    """
    if name:
        return _check(cli, cli.host.connections.get(name))
    connections = cli.host.connections.list()
    if not connections:
        cli.note(f"Nothing is connected yet. Next: {FIRST_CONNECT}")
    codes = [_check(cli, connection) for connection in connections]
    # All connections are checked, even if the first one fails.
    return next(filter(None, codes), 0)


def _check(
    cli: CliContext,
    connection: ConnectionRow,
) -> int:
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
    short_help="Remove a connection and its records.",
    examples=("fitglue connections remove intervals --yes",),
)
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@pass_cli
def remove(
    cli: CliContext,
    *,
    name: str,
    yes: bool,
) -> int:
    """Remove the connection NAME with its key, its records, and the activities that only it has.

    Nothing is deleted at the service, and a permission that you gave in a browser is taken back.
    """
    connection = cli.host.connections.get(name)
    if not yes:
        if not _confirm_removal(cli, connection):
            cli.note("Nothing was removed.")
            return UserMistake.exit_code
        # The question has named the connection, so NAME no longer has to be its exact name.
        name = connection.name
    removed = cli.host.connections.remove(name)
    cli.show(f"{connection.name} was removed")
    if removed.revoked:
        cli.note("Your permission was taken back at the service.")
    if removed.not_revoked:
        cli.note(
            f"Your permission could not be taken back: {removed.not_revoked}. Take it back in the "
            "settings of your account there."
        )
    return 0


def _confirm_removal(
    cli: CliContext,
    connection: ConnectionRow,
) -> bool:
    health = cli.host.connections.health(connection)
    records = sum(health.get(state, 0) for state in _KEPT)
    if not sys.stdin.isatty():
        raise UserMistake(
            "FG-not-confirmed",
            f"removing {connection.name} also removes its {count(records, 'record')}",
            fix="to confirm, add --yes",
        )
    click.echo("Nothing is deleted at the source.", err=True)
    question = (
        f"Remove the connection {connection.name} from this machine, with "
        f"{_with_credential(cli, connection)}{count(records, 'record')}?"
    )
    return click.confirm(question, err=True)


def _credential(cli: CliContext, connection: ConnectionRow) -> str:
    installed = {entry.id: entry for entry in cli.host.entries.list("integration")}
    return credential_of(installed.get(connection.integration))


def _with_credential(cli: CliContext, connection: ConnectionRow) -> str:
    """Return the beginning of what is removed with a connection, for the middle of a question."""
    credential = _credential(cli, connection)
    return f"its {credential} and " if credential else ""


@command.command(
    "rekey",
    short_help="Encrypt the stored keys with a new key file, or move them.",
    examples=("fitglue connections rekey", "fitglue connections rekey --to file"),
)
@click.option(
    "--to",
    type=click.Choice(("file", "keyring")),
    help="Move every key to an encrypted file or to the system's keyring.",
)
@json_option("Print JSON Lines.")
@pass_cli
def rekey(
    cli: CliContext,
    *,
    to: Literal["file", "keyring"] | None,
) -> int:
    """Make a new key file, and encrypt the stored keys of all connections with it.

    The keys themselves do not change; `fitglue connect` renews a key. Keys in the system's keyring
    stay there unless you add --to file. A scheduler that runs without a desktop can read an
    encrypted file, but often not the keyring.
    """
    secrets = cli.host.connections.rekey(to)
    for secret in secrets:
        _show_secret(cli, secret)
    if not secrets:
        cli.note(f"No connection has a key yet. Next: {FIRST_CONNECT}")
    for secret in secrets:
        if secret.error:
            return secret.error.exit_code
    return 0


def _show_secret(
    cli: CliContext,
    secret: SecretKept,
) -> None:
    name = secret.connection.name
    if cli.as_json:
        cli.lines([_secret_document(secret)])
    elif secret.error:
        show_failure(cli, secret.error, name)
    else:
        where = "in the system's keyring, which encrypts it"
        if secret.new_key:
            where = "in a file, encrypted with the new key file"
        what = _credential(cli, secret.connection) or "secret"
        cli.show(Hanging("✓", f"{name}: its {what} is stored {where}", indent=0))


def _secret_document(secret: SecretKept) -> Document:
    document: Document = {
        "connection": secret.connection.name,
        "ok": not secret.error,
        "kept_in": secret.kept_in,
        "new_key": secret.new_key,
    }
    if secret.error:
        document["error"] = secret.error.as_dict()
    return document
