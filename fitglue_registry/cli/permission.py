"""Connects an account for which the athlete gives a permission in a browser (OAuth 2)."""

from __future__ import annotations

import os
import sys
import webbrowser
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from fitglue_registry.cli.asking import ask_until_right
from fitglue_registry.cli.loopback import Listener
from fitglue_registry.errors import UserMistake

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.cli.context import CliContext
    from fitglue_registry.services.connecting.connections import (
        App,
        Authorization,
        NeededPermission,
    )
    from fitglue_registry.services.connecting.storing import ConnectResult
    from fitglue_registry.services.entries import Entry, OAuth2

#: The port in the address to paste, if the entry names none. Nothing has to listen there.
_PORT_TO_PASTE = 8765
#: How long the browser may take, a little less than the host waits for it.
_LONGEST_WAIT_S = 590.0


@dataclass(frozen=True, slots=True)
class PermissionOptions:
    """The options of ``connect`` that only a permission has.

    Attributes:
        new_app: Ask for the app although it is known.
        no_browser: Open no browser.
    """

    new_app: bool = False
    no_browser: bool = False


@dataclass(frozen=True, slots=True)
class _Request:
    """What an athlete is asked for: with which values, and for which app if it is a new one."""

    entry: Entry
    oauth: OAuth2
    values: Mapping[str, str]
    app: App | None


def connect_by_permission(
    cli: CliContext,
    entry: Entry,
    needed: NeededPermission,
    values: Mapping[str, str],
    options: PermissionOptions,
) -> ConnectResult:
    """Ask the athlete for the permission, in a browser or by pasting, and connect.

    Args:
        cli: The command line.
        entry: The entry of the integration.
        needed: The permission that it asks for.
        values: The values to connect with.
        options: How to ask.

    Returns:
        The connection.
    """
    app = None
    if options.new_app or not needed.knows_app or _given(entry, "CLIENT_ID"):
        app = _entered_app(cli, entry, needed)
    request = _Request(
        entry,
        needed.oauth,
        values,
        app,
    )
    if options.no_browser or not _has_browser():
        callback = _pasted(cli, request)
    else:
        callback = _from_browser(cli, request)
    result = cli.host.connections.finish_connect(callback)
    if result.renewed:
        # It is not taken back: many services would end the new one with it.
        cli.note(
            f"The permission that you gave before is not used any more, and its tokens are deleted "
            f"here. At {entry.name}, it can stay valid until it ends there."
        )
    return result


def _entered_app(
    cli: CliContext,
    entry: Entry,
    needed: NeededPermission,
) -> App:
    """Take the app of this installation from the environment, or ask for it.

    It is kept when the service has accepted it, so that a typing error replaces no app that works.
    """
    client_id = _given(entry, "CLIENT_ID")
    client_secret = _given(entry, "CLIENT_SECRET")
    if not client_id:
        cli.note(
            f"{entry.name} gives permissions only to an app that is registered there. FitGlue has "
            "none of its own: register one, and enter its id and its secret. They are kept on this "
            "machine, and are asked for only once."
        )
        if needed.oauth.app_help:
            cli.note(needed.oauth.app_help)
        client_id = _ask(entry, "Client id", "CLIENT_ID")
    if needed.oauth.client != "none" and not client_secret:
        client_secret = _ask(entry, "Client secret", "CLIENT_SECRET")
    return needed.new_app(client_id, client_secret)


def _given(entry: Entry, name: str) -> str:
    return os.environ.get(_variable(entry, name), "").strip()


def _variable(entry: Entry, name: str) -> str:
    return f"FITGLUE_{entry.id}_{name}".upper().replace("-", "_")


def _ask(entry: Entry, label: str, name: str) -> str:
    if not sys.stdin.isatty():
        raise UserMistake(
            "FG-value-missing",
            f"{entry.name} needs a value: {label}",
            why="FitGlue cannot ask for it, because standard input is not a terminal",
            fix=f"set {_variable(entry, name)}, or run the command in a terminal",
        )
    answer: str = click.prompt(
        label,
        hide_input=name == "CLIENT_SECRET",
        err=True,
    )
    return answer.strip()


def _has_browser() -> bool:
    """Return whether a browser can be opened that does not take over this terminal."""
    if sys.platform in ("darwin", "win32") or os.environ.get("BROWSER"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _from_browser(cli: CliContext, request: _Request) -> str:
    """Open a browser, and return the address to which it is sent back."""
    oauth = request.oauth
    is_answer = cli.host.connections.is_answer
    with Listener(is_answer, oauth.redirect_path, oauth.redirect_port) as listener:
        address = _begun(cli, request, listener.port).address
        if not webbrowser.open(address):
            cli.note("Open this address in a browser on this machine:")
        else:
            cli.note(
                f"Your browser opens {request.entry.name}, where you give the permission. If it "
                "does not, open this address in a browser on this machine:"
            )
        _show_address(address)
        return listener.wait(_LONGEST_WAIT_S)


def _pasted(cli: CliContext, request: _Request) -> str:
    """Print the address, and return the one that a person pastes."""
    begun = _begun(cli, request, request.oauth.redirect_port or _PORT_TO_PASTE)
    cli.note("Open this address in any browser, and give the permission:")
    _show_address(begun.address)
    cli.note(
        f"The browser is then sent to an address that begins with {begun.redirect_uri} and need "
        "not open. Copy the complete address from its address bar, and paste it here."
    )
    return ask_until_right(
        cli,
        "Address",
        lambda answer: cli.host.connections.check_answer(answer, begun),
    )


def _begun(
    cli: CliContext,
    request: _Request,
    port: int,
) -> Authorization:
    oauth = request.oauth
    redirect_uri = f"http://{oauth.redirect_host}:{port}{oauth.redirect_path}"
    return cli.host.connections.begin_connect(
        request.entry.id,
        request.values,
        redirect_uri,
        app=request.app,
    )


def _show_address(address: str) -> None:
    """Print an address in one line, even if it is wider than the terminal.

    A line break in it would be copied with it, and the address would lead elsewhere. It is printed
    with --json, too: without it, nobody can go on.
    """
    click.echo(address, err=True)
