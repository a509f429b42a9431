"""The apps with which this installation is known at services: their ids and their secrets.

An app belongs to the installation and not to an athlete. The application that embeds the host gives
it as ``Host(apps=…)``; on a machine of one's own, it is kept in the secret store of the machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import AthleteNeeded, UserMistake
from fitglue_registry.secrets.binding import bind, read_bound
from fitglue_registry.secrets.chain import ChainSecretStore
from fitglue_registry.services.app_references import read_app, write_app
from fitglue_registry.transport.oauth_app import App

if TYPE_CHECKING:
    from fitglue_registry.services.granting.issuing import Issuer
    from fitglue_registry.workspace import Workspace

_ID = "client_id"
_SECRET = "client_secret"  # noqa: S105 - a name


def app_of(workspace: Workspace, integration: str, issuer: Issuer) -> App | None:
    """Return the app for an integration, or ``None`` if none is known.

    Args:
        workspace: What the host has opened.
        integration: The id of the integration.
        issuer: What issues its tokens. An app that was entered for another address is not used.
    """
    given = workspace.apps.get(integration)
    if given is not None:
        workspace.redactor.add((given.client_secret,))
        return given
    secrets = workspace.secrets
    kept = read_app(secrets, integration) if isinstance(secrets, ChainSecretStore) else None
    if kept is None:
        return None
    bound = read_bound(*kept)
    if bound.origin != issuer.origin:
        return None
    workspace.redactor.add((bound.values.get(_SECRET, ""),))
    return App(bound.values.get(_ID, ""), bound.values.get(_SECRET, ""))


def keep_app(
    workspace: Workspace,
    integration: str,
    issuer: Issuer,
    app: App,
) -> None:
    """Keep the app for an integration in the secret store of this machine.

    Raises:
        UserMistake: FG-app-elsewhere if the application has its own secret store.
        StoreFailed: The secret cannot be stored.
    """
    check_storable(workspace, integration)
    assert isinstance(workspace.secrets, ChainSecretStore)
    values = bind({_ID: app.client_id, _SECRET: app.client_secret}, issuer.origin)
    write_app(workspace.secrets, integration, values)


def check_storable(workspace: Workspace, integration: str) -> None:
    """Check that the app for an integration can be kept here.

    Raises:
        UserMistake: FG-app-elsewhere if the application has its own secret store.
    """
    if not isinstance(workspace.secrets, ChainSecretStore):
        raise app_elsewhere(integration)


def hidden_of(app: App | None) -> dict[str, str]:
    """Return what a session hides of an app, although it does not send it."""
    return {"client-secret": app.client_secret} if app and app.client_secret else {}


def missing_app(workspace: Workspace, integration: str) -> AthleteNeeded:
    """Return the error for an integration whose app is not known here."""
    why = "the service issues tokens only to an app that is registered there"
    for named in workspace.apps:
        if workspace.installed.find("integration", named) is None:
            why += f"; Host(apps=…) names {named!r:.60}, which is the id of no integration"
    return AthleteNeeded(
        "FG-app-missing",
        f"the id of the app at {service_name(workspace, integration)} is not known here",
        why=why,
        fix=f"enter it: fitglue connect {integration}; an application gives it as Host(apps=…)",
    )


def service_name(workspace: Workspace, integration: str) -> str:
    """Return the name of a service for people; its id if it is not installed any more."""
    entry = workspace.installed.find("integration", integration)
    return entry.name if entry else integration


def app_elsewhere(integration: str) -> UserMistake:
    """Return the error for an app that has to come from the application."""
    return UserMistake(
        "FG-app-elsewhere",
        f"the app of {integration} cannot be stored",
        why="the application that embeds this host stores the secrets itself",
        fix="give it as Host(apps={…})",
    )
