"""Connects an account for which the athlete gives a permission in a browser (OAuth 2)."""

from __future__ import annotations

import os
import sys
import webbrowser
from typing import TYPE_CHECKING

import click

from fitglue_registry.cli.loopback import Listener
from fitglue_registry.errors import UserMistake

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.cli.context import CliContext
    from fitglue_registry.services.connecting.connections import NeededPermission
    from fitglue_registry.services.connecting.storing import ConnectResult
    from fitglue_registry.services.entries import Entry, OAuth2

#: The port in the address to paste, if the entry names none. Nothing has to listen there.
_PORT_TO_PASTE = 8765
#: How long the browser may take, a little less than the host waits for it.
_LONGEST_WAIT_S = 590.0


def connect_by_permission(
    cli: CliContext,
    entry: Entry,
    needed: NeededPermission,
    values: Mapping[str, str],
    options: Mapping[str, bool],
) -> ConnectResult:
    """Ask the athlete for the permission, in a browser or by pasting, and connect.

    Args:
        cli: The command line.
        entry: The entry of the integration.
        needed: The permission that it asks for.
        values: The values to connect with.
        options: ``new_app``: ask for the app although it is known; ``no_browser``: open no browser.

    Returns:
        The connection.
    """
    oauth = needed.oauth
    if options["new_app"] or not needed.knows_app or _given(entry, "CLIENT_ID"):
        _enter_app(
            cli,
            entry,
            oauth,
            values,
        )
    if options["no_browser"] or not _has_browser():
        callback = _pasted(cli, entry, oauth, values)
    else:
        callback = _from_browser(cli, entry, oauth, values)
    return cli.host.connections.finish_connect(callback)


def _enter_app(
    cli: CliContext,
    entry: Entry,
    oauth: OAuth2,
    values: Mapping[str, str],
) -> None:
    """Take the app of this installation from the environment, or ask for it, and keep it."""
    client_id = _given(entry, "CLIENT_ID")
    client_secret = _given(entry, "CLIENT_SECRET")
    if not client_id:
        cli.note(
            f"{entry.name} gives permissions only to an app that is registered there. FitGlue has "
            "none of its own: register one, and enter its id and its secret. They are kept on this "
            "machine, and are asked for only once."
        )
        if oauth.app_help:
            cli.note(oauth.app_help)
        client_id = _ask(entry, "Client id", "CLIENT_ID")
    if oauth.client != "none" and not client_secret:
        client_secret = _ask(entry, "Client secret", "CLIENT_SECRET")
    cli.host.connections.keep_app(
        entry.id,
        values,
        client_id,
        client_secret,
    )


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


def _from_browser(
    cli: CliContext,
    entry: Entry,
    oauth: OAuth2,
    values: Mapping[str, str],
) -> str:
    """Open a browser, and return the address to which it is sent back."""
    connections = cli.host.connections
    with Listener(connections.is_answer, oauth.redirect_path, oauth.redirect_port) as listener:
        redirect_uri = _redirect_uri(oauth, listener.port)
        address = connections.begin_connect(entry.id, values, redirect_uri).address
        if not webbrowser.open(address):
            cli.note(f"Open this address in a browser on this machine:\n{address}")
        else:
            cli.note(
                f"Your browser opens {entry.name}, where you give the permission. If it does not, "
                f"open this address in a browser on this machine:\n{address}"
            )
        return listener.wait(_LONGEST_WAIT_S)


def _pasted(
    cli: CliContext,
    entry: Entry,
    oauth: OAuth2,
    values: Mapping[str, str],
) -> str:
    """Print the address, and return the one that a person pastes."""
    redirect_uri = _redirect_uri(oauth, oauth.redirect_port or _PORT_TO_PASTE)
    authorization = cli.host.connections.begin_connect(entry.id, values, redirect_uri)
    cli.note(f"Open this address in any browser, and give the permission:\n{authorization.address}")
    cli.note(
        f"The browser is then sent to an address that begins with {redirect_uri} and need not "
        "open. Copy the complete address from its address bar, and paste it here."
    )
    answer: str = click.prompt("Address", err=True)
    return answer


def _redirect_uri(oauth: OAuth2, port: int) -> str:
    return f"http://{oauth.redirect_host}:{port}{oauth.redirect_path}"
