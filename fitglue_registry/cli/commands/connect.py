"""``fitglue connect``: asks for what an integration needs, and connects the account."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click
import msgspec

from fitglue_registry.cli.arguments import AnyPath
from fitglue_registry.cli.asking import ask_until_right
from fitglue_registry.cli.command import Command, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.layout import DETAIL, GOOD, Hanging, Heading
from fitglue_registry.cli.permission import PermissionOptions, connect_by_permission
from fitglue_registry.cli.progress import Progress
from fitglue_registry.cli.source_facts import credential_of, end_noted
from fitglue_registry.errors import AthleteNeeded, UserMistake

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fitglue_registry.cli.layout import Document
    from fitglue_registry.services.connecting.storing import ConnectResult
    from fitglue_registry.services.entries import Entry, Field

#: Credentials → the beginning of a sentence about the address, and the word before the address.
_SENT = {
    "key": ("The key will be sent", "to"),
    "permission": ("You will be asked for your permission", "at"),
    "": ("Requests will be sent", "to"),
}
_MADE = "give the receiver this, with which it checks the signatures; it is shown only once:"
#: Credentials → the end of the question whether they may go to the address of a connection.
_MAY_BE_SENT = {
    "key": ", and may the new key be sent there?",
    "permission": ", and do you want to give your permission there?",
    "": "?",
}


@click.command(
    cls=Command,
    examples=(
        "fitglue connect intervals",
        "fitglue connect intervals --key-stdin < key.txt",
        "fitglue connect files ~/rides",
    ),
)
@click.argument("integration", required=False)
@click.argument(
    "value",
    required=False,
    type=AnyPath(),
)
@click.option("--key-stdin", is_flag=True, help="Read the key from standard input.")
@click.option(
    "--base-url",
    metavar="URL",
    help="Use another address of the API: https, or http on this machine.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    type=AnyPath(),
    metavar="NAME=VALUE",
    help="Set a setting that is not a secret; may be repeated.",
)
@click.option("--no-browser", is_flag=True, help="Print the address, and paste the answer.")
@click.option("--new-app", is_flag=True, help="Ask for the id of the app again.")
@json_option()
@pass_cli
def command(cli: CliContext, /, *, integration: str | None, key_stdin: bool, **typed: Any) -> int:
    """Connect your account at INTEGRATION, or renew its key or permission.

    VALUE is the only setting of an integration that needs just one, such as a folder. A key cannot
    be an argument, because the list of processes and the history of the shell would show it. You
    are asked for it, or it is read from an environment variable such as FITGLUE_INTERVALS_API_KEY,
    or from standard input. Some services ask for your permission in a browser instead, which can be
    on another machine with --no-browser. For a service whose accounts cannot be connected, the
    alternatives are listed, and the exit code is 3.
    """
    if integration is None:
        raise _integration_missing(cli)
    entry = cli.host.entries.get("integration", integration)
    if entry.closed is not None:
        _show_alternatives(cli, entry)
        return AthleteNeeded.exit_code
    # The plugin is loaded before anything is asked, so that nobody pastes a key and then reads
    # that it is missing.
    cli.host.entries.load_plugin(entry)
    options = PermissionOptions(typed.pop("new_app"), typed.pop("no_browser"))
    values = _values_of(cli, entry, typed, key_stdin=key_stdin)
    needed = cli.host.connections.permission_of(entry.id, values)
    if needed is not None:
        result = connect_by_permission(
            cli,
            entry,
            needed,
            values,
            options,
        )
        _report(cli, entry, result)
        return 0
    with Progress(cli, f"asking {entry.name} whose account it is") as progress:
        cli.host.on_wait = progress.waiting
        result = cli.host.connect(entry.id, values)
    _report(cli, entry, result)
    return 0


def _values_of(
    cli: CliContext,
    entry: Entry,
    typed: Mapping[str, Any],
    *,
    key_stdin: bool,
) -> dict[str, str]:
    """Return the values to connect with: typed, from the environment, or asked for."""
    typed_values = _given(entry, **typed)
    typed_values |= _from_environment(entry, typed_values)
    # Before the key is asked for, so that nobody types it without knowing where it goes.
    typed_values |= _confirmed_address(cli, entry, typed_values)
    return _completed(cli, entry, typed_values, key_stdin=key_stdin)


def _integration_missing(cli: CliContext) -> UserMistake:
    """Return the error of a call without INTEGRATION, which lists what can be connected."""
    names = [entry.id for entry in cli.host.entries.list("integration") if entry.closed is None]
    return UserMistake(
        "FG-usage",
        "name the integration to connect",
        why=f"these can be connected: {', '.join(names)}",
        fix="for example: fitglue connect intervals",
    )


def _show_alternatives(cli: CliContext, entry: Entry) -> None:
    """Print the alternatives to connecting an account, on standard output.

    They are the result of the command. Only the exit code says that nothing was connected.
    """
    assert entry.closed is not None
    if cli.as_json:
        closed = msgspec.to_builtins(entry.closed)
        cli.document(
            {
                "integration": entry.id,
                "connection": None,
                **closed,
            }
        )
        return
    what = f"Accounts at {entry.name} cannot be connected. {entry.closed.why}"
    cli.show(Hanging("✗", what, indent=0))
    for alternative in entry.closed.alternatives:
        cli.show("", Heading(alternative.name, alternative.brings))
        cli.show(Hanging("·", alternative.how), Hanging("→", alternative.command))


def _confirmed_address(
    cli: CliContext,
    entry: Entry,
    typed_values: Mapping[str, str],
) -> dict[str, str]:
    """Say to which address the credentials go if it is not that of the entry.

    Returns:
        The address of the existing connection, if a person at a terminal has confirmed it.

    Raises:
        UserMistake: FG-not-confirmed if the person does not confirm it.
    """
    other = cli.host.connections.other_address(entry.id, typed_values)
    if other is None:
        return {}
    if not other.connection:
        sent, preposition = _SENT[credential_of(entry)]
        own = f", not {preposition} {other.own}" if other.own else ""
        cli.note(f"{sent} {preposition} {other.address}{own}.")
        return {}
    if not _is_terminal():
        cli.note(
            f"Using {other.address}, the address of the existing connection; --base-url changes it."
        )
        return {}
    question = f"The connection {other.connection} {other}. Did you choose that address"
    question += _MAY_BE_SENT[credential_of(entry)]
    if not click.confirm(question, err=True):
        raise UserMistake(
            "FG-not-confirmed",
            "nothing was sent, and nothing was changed",
            fix=f"to use the service itself: fitglue connect {entry.id} --base-url {other.own}"
            if other.own
            else None,
        )
    return {"base_url": cli.host.connections.kept_settings(entry.id)["base_url"]}


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _completed(
    cli: CliContext,
    entry: Entry,
    typed_values: dict[str, str],
    *,
    key_stdin: bool,
) -> dict[str, str]:
    """Return the values by field name: the typed ones, and that of standard input.

    A person at a terminal is asked for those that are still missing.
    """
    values = dict(typed_values)
    if key_stdin:
        values |= _from_stdin(entry)
    missing = []
    for field in entry.fields:
        # When a key ends is worth a question even if it may stay unanswered: nobody else knows it.
        is_asked = field.needed or (field.expires and _is_terminal())
        if is_asked and field.name not in values:
            missing.append(field)
    asked = _asked(cli, missing, entry)
    return values | {name: value for name, value in asked.items() if value}


def _given(
    entry: Entry,
    value: str | None,
    base_url: str | None,
    settings: Iterable[str],
) -> dict[str, str]:
    """Return the values that the command line contains, by field name.

    Raises:
        UserMistake: FG-secret-argument if one of them is a secret, FG-usage for a wrong form.
    """
    fields = {field.name: field for field in entry.fields}
    typed_values: dict[str, str] = {}
    for setting in settings:
        name, equals, content = setting.partition("=")
        if not equals:
            # The argument is not repeated, because it may be the key itself.
            raise UserMistake(
                "FG-usage",
                "--set needs a name and a value",
                fix="write --set NAME=VALUE; a key cannot be an argument",
            )
        if name in fields and fields[name].secret:
            raise _never_an_argument(entry, fields[name])
        if name in typed_values:
            raise UserMistake(
                "FG-usage",
                f"--set has two values for {name}",
                fix=f"write --set {name}=VALUE once",
            )
        typed_values[name] = content
    if value is not None:
        typed_values[_positional(entry)] = value
    if base_url is not None:
        typed_values["base_url"] = base_url
    return typed_values


def _positional(entry: Entry) -> str:
    # VALUE is only clear if exactly one setting is required.
    needed = [field for field in entry.fields if field.needed and not field.secret]
    if len(needed) == 1:
        return needed[0].name
    secret = _secret(entry)
    if secret:
        raise _never_an_argument(entry, secret)
    raise UserMistake(
        "FG-usage",
        f"{entry.name} takes no value here",
        fix=f"see: fitglue registry show {entry.id}",
    )


def _never_an_argument(entry: Entry, field: Field) -> UserMistake:
    return UserMistake(
        "FG-secret-argument",
        f"the {field.label or field.name} of {entry.name} is a secret and cannot be an argument",
        why="arguments are visible in the list of processes and stay in the shell's history",
        fix=f"run `fitglue connect {entry.id}` and paste it, or set {field.env(entry.id)}, or "
        "pipe it in with --key-stdin",
    )


def _from_environment(entry: Entry, typed_values: dict[str, str]) -> dict[str, str]:
    values = {}
    for field in entry.fields:
        value = os.environ.get(field.env(entry.id), "")
        # The command line takes precedence over the environment.
        if field.name not in typed_values and value.strip():
            values[field.name] = value
    return values


def _secret(entry: Entry) -> Field | None:
    return next((field for field in entry.credentials if field.secret), None)


def _from_stdin(entry: Entry) -> dict[str, str]:
    secret = _secret(entry)
    if secret is None:
        raise UserMistake(
            "FG-usage",
            f"{entry.name} has no key to read from standard input",
            fix="leave out --key-stdin",
        )
    # The length is limited, because somebody may pipe in the wrong file.
    key = sys.stdin.read(65_536).strip()
    if not key:
        raise UserMistake(
            "FG-key-missing",
            "standard input contains no key",
            fix="pipe it in: fitglue connect … --key-stdin < key.txt",
        )
    return {secret.name: key}


def _asked(
    cli: CliContext,
    missing: list[Field],
    entry: Entry,
) -> dict[str, str]:
    """Ask a person for the missing values, and return them by field name.

    Raises:
        UserMistake: FG-value-missing if a value is missing and there is no terminal.
    """
    if missing and not _is_terminal():
        raise _nobody_to_ask(entry, missing[0])
    return {field.name: _ask(cli, field) for field in missing}


def _nobody_to_ask(entry: Entry, field: Field) -> UserMistake:
    in_a_pipe = f"add --set {field.name}=…"
    if field.secret:
        in_a_pipe = "pipe it in with --key-stdin"
    return UserMistake(
        "FG-value-missing",
        f"{entry.name} needs a value: {field.label or field.name}",
        why="FitGlue cannot ask for it, because standard input is not a terminal",
        fix=f"set {field.env(entry.id)}, or {in_a_pipe}, or run the command in a terminal",
    )


def _ask(cli: CliContext, field: Field) -> str:
    if field.help:
        cli.note(field.help)
    return ask_until_right(
        cli,
        field.label or field.name,
        lambda answer: cli.host.connections.check_value(field, answer),
        hidden=field.secret,
        help_shown=field.help or "",
    )


def _report(
    cli: CliContext,
    entry: Entry,
    result: ConnectResult,
) -> None:
    """Print whose account it is, what will and will not arrive, and what to type next."""
    if cli.as_json:
        cli.document(_document(entry, result))
        return
    account = result.account
    name = result.connection.name
    whose = account.id
    if account.name and account.name != account.id:
        whose = f"{account.name} ({account.id})"
    what = f"{entry.name} is connected as {name}"
    if result.renewed:
        what = f"the connection {name} was renewed"
    cli.show(Hanging(GOOD, f"{what}: {whose}", indent=0))
    status = cli.host.connections.status(result.connection)
    if status.expiry_setting:
        cli.show(Hanging(DETAIL, end_noted(status)))
    for note in account.notes:
        cli.show(Hanging(DETAIL, note))
    if result.renewed and status.last_checked_at:
        cli.show(
            Hanging(DETAIL, "your workouts stay as they are; the next sync fetches what is new")
        )
    if result.made:
        cli.show(Hanging(DETAIL, _MADE))
        cli.show(result.made)
    if status.only_sends:
        cli.note("Next: fitglue pipeline new")
        return
    next_command = "fitglue sync"
    # With one connection per integration, its name is that of the integration.
    if name != entry.id:
        next_command += f" {name}"
    cli.note(f"Next: {next_command}")


def _document(entry: Entry, result: ConnectResult) -> Document:
    account = result.account
    document: Document = {
        "connection": result.connection.name,
        "integration": entry.id,
        "renewed": result.renewed,
        "account": {
            "id": account.id,
            "name": account.name,
            "timezone": account.timezone,
            "notes": list(account.notes),
        },
    }
    # Whoever connects a webhook by a script has to learn the secret, too.
    if result.made:
        document["secret"] = result.made
    return document
