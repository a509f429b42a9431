"""``fitglue connect``: asks for what the integration's entry names, proves it, and stores the
connection.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from fitglue_registry.cli.command import Command, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.errors import AthleteNeeded, UserMistake
from fitglue_registry.registry.pasted import read_field

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_registry.registry import Entry, Field
    from fitglue_registry.services.connecting import ConnectResult

_TRIES = 3


@click.command(
    cls=Command,
    examples=(
        "fitglue connect intervals",
        "fitglue connect intervals --key-stdin < key.txt",
        "fitglue connect files ~/rides",
    ),
)
@click.argument("integration")
@click.argument("value", required=False)
@click.option("--key-stdin", is_flag=True, help="Read the key from standard input.")
@click.option(
    "--base-url", metavar="URL", help="Another address of the API: https, or http on this machine."
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="A setting that is no secret; may be repeated.",
)
@json_option()
@pass_cli
def command(
    cli: CliContext,
    *,
    integration: str,
    value: str | None,
    key_stdin: bool,
    base_url: str | None,
    settings: tuple[str, ...],
) -> int:
    """Connect the account at INTEGRATION, or renew its key.

    VALUE is the one setting that an integration needs, such as a folder. A key is never an
    argument, where the list of processes and the shell's history would show it: it is asked for,
    read from FITGLUE_INTERVALS_API_KEY or the like, or from standard input. Of a service whose
    accounts cannot be connected it tells how its workouts come all the same, and ends with exit
    code 3.
    """
    from fitglue_registry.cli.progress import Progress

    entry = cli.host.entries.get("integration", integration)
    if entry.closed is not None:
        return _tell_roads(cli, entry)
    cli.host.entries.load_plugin(entry)
    values = _given(entry, value, base_url, settings)
    values |= _from_environment(entry, values)
    values |= _from_stdin(entry) if key_stdin else {}
    values |= _asked(
        cli,
        entry,
        [field for field in _fields(entry) if field.required and field.name not in values],
    )
    kept = cli.host.connections.kept_settings(entry.id).get("base_url")
    if kept and "base_url" not in values:
        cli.note(
            f"Asking {kept}, as the connection that is there; --base-url names another address."
        )
    with Progress(cli, f"asking {entry.name} whose account it is") as progress:
        cli.host.on_wait = progress.waiting
        result = cli.host.connect(entry.id, values)
    _report(cli, entry, result)
    return 0


def _tell_roads(cli: CliContext, entry: Entry) -> int:
    """What to do in place of connecting is the answer; that nothing was connected is the exit
    code.
    """
    assert entry.closed is not None
    if cli.as_json:
        import msgspec

        cli.document(
            {"integration": entry.id, "connection": None, **msgspec.to_builtins(entry.closed)}
        )
    else:
        from fitglue_registry.cli.table import hanging, heading

        cli.show(
            hanging(
                "✗", f"An account at {entry.name} cannot be connected. {entry.closed.why}", indent=0
            )
        )
        for road in entry.closed.roads:
            cli.show(
                "",
                heading(road.name, road.brings),
                hanging("·", road.how),
                hanging("→", road.command),
            )
    return AthleteNeeded.exit_code


def _fields(entry: Entry) -> tuple[Field, ...]:
    return (*entry.credentials, *entry.settings)


def _given(
    entry: Entry, value: str | None, base_url: str | None, settings: Iterable[str]
) -> dict[str, str]:
    """What the command line itself says; refuses a secret there."""
    fields = {field.name: field for field in _fields(entry)}
    given: dict[str, str] = {}
    for setting in settings:
        name, equals, content = setting.partition("=")
        if not equals:
            # Without its name: it may be the key itself.
            raise UserMistake(
                "FG-usage",
                "a --set has no value",
                fix="write --set NAME=VALUE; a key is never an argument",
            )
        if name in fields and fields[name].secret:
            raise _never_an_argument(entry, fields[name])
        given[name] = content
    if value is not None:
        given[_positional(entry)] = value
    return given | ({"base_url": base_url} if base_url is not None else {})


def _positional(entry: Entry) -> str:
    needed = [field for field in _fields(entry) if field.required and not field.secret]
    if len(needed) == 1:
        return needed[0].name
    secret = next((field for field in entry.credentials if field.secret), None)
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
        f"the {field.label or field.name} of {entry.name} is a secret, and never an argument",
        why="arguments are seen in the list of processes and stay in the shell's history",
        fix=f"run `fitglue connect {entry.id}` and paste it, or set {field.env(entry.id)}, or "
        "pipe it in with --key-stdin",
    )


def _from_environment(entry: Entry, given: dict[str, str]) -> dict[str, str]:
    names = {field.name: field.env(entry.id) for field in _fields(entry) if field.name not in given}
    return {
        name: os.environ[variable]
        for name, variable in names.items()
        if os.environ.get(variable, "").strip()
    }


def _from_stdin(entry: Entry) -> dict[str, str]:
    secret = next((field for field in entry.credentials if field.secret), None)
    if secret is None:
        raise UserMistake(
            "FG-usage",
            f"{entry.name} has no key to read from standard input",
            fix="leave --key-stdin out",
        )
    key = sys.stdin.read(65_536).strip()
    if not key:
        raise UserMistake(
            "FG-key-missing",
            "standard input holds no key",
            fix="pipe it in: fitglue connect … --key-stdin < key.txt",
        )
    return {secret.name: key}


def _asked(cli: CliContext, entry: Entry, missing: list[Field]) -> dict[str, str]:
    """What a person at a terminal answers, checked on the spot; nobody there is a clear error."""
    if missing and not (sys.stdin.isatty() and sys.stderr.isatty()):
        field = missing[0]
        ways = [
            f"set {field.env(entry.id)}",
            "pipe it in with --key-stdin" if field.secret else f"add --set {field.name}=…",
        ]
        raise UserMistake(
            "FG-value-missing",
            f"{entry.name} needs the {field.label or field.name}, and nobody is here to ask",
            why="standard input is no terminal",
            fix=" or ".join([*ways, "run it in a terminal"]),
        )
    return {field.name: _ask(cli, field) for field in missing}


def _ask(cli: CliContext, field: Field) -> str:
    from fitglue_registry.cli.failure import show_failure

    if field.help:
        cli.note(field.help)
    for tries_left in reversed(range(_TRIES)):
        answer: str = click.prompt(
            field.label or field.name,
            hide_input=field.secret,
            err=True,
            default="",
            show_default=False,
        )
        try:
            read_field(field, answer)
            return answer
        except UserMistake as error:
            if not tries_left:
                raise
            show_failure(cli, error)
    raise AssertionError("unreachable")


def _report(cli: CliContext, entry: Entry, result: ConnectResult) -> None:
    """Whose account it is, what will and will not arrive, and what to type next."""
    account, name = result.account, result.connection.name
    if cli.as_json:
        cli.document(
            {
                "connection": name,
                "integration": entry.id,
                "renewed": result.renewed,
                "account": {
                    "id": account.id,
                    "name": account.name,
                    "timezone": account.timezone,
                    "notes": list(account.notes),
                },
            }
        )
        return
    from rich.text import Text

    from fitglue_registry.cli.table import hanging

    whose = (
        f"{account.name} ({account.id})"
        if account.name and account.name != account.id
        else account.id
    )
    said = (
        f"the connection {name} is renewed"
        if result.renewed
        else f"{entry.name} is connected as {name}"
    )
    cli.show(hanging(Text("✓", style="green"), f"{said}: {whose}", indent=0))
    for note in account.notes:
        cli.show(hanging(Text("·", style="dim"), note, indent=2))
    cli.note(f"Next: fitglue sync{'' if name == entry.id else ' ' + name}")
