"""The apps with which this installation is known at services: their ids and their secrets.

An app belongs to the installation and not to an athlete, and to one address of a service. The
application that embeds the host gives it as ``Host(apps=…)``; on a machine of one's own, it is kept
in the secret store of the machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fitglue_registry.errors import AthleteNeeded, UserMistake
from fitglue_registry.secrets.chain import ChainSecretStore
from fitglue_registry.secrets.references import unreadable
from fitglue_registry.services.addresses import issuers_of_integration
from fitglue_registry.services.app_references import read_apps, write_apps
from fitglue_registry.transport.oauth_app import App
from fitglue_registry.transport.origin import origin_of

if TYPE_CHECKING:
    from fitglue_registry.services.addresses import OwnOrigins
    from fitglue_registry.services.granting.issuing import Issuer
    from fitglue_registry.workspace import Workspace


class _KeptApp(msgspec.Struct, forbid_unknown_fields=True):
    """An app as the secret store of this machine keeps it, as JSON."""

    client_id: str
    client_secret: str


def app_of(workspace: Workspace, integration: str, issuer: Issuer) -> App | None:
    """Return the app for an integration, or ``None`` if none is known.

    An app belongs to one address. No other server gets its secret, whatever address an athlete
    chooses for a connection.

    Args:
        workspace: What the host has opened.
        integration: The id of the integration.
        issuer: What issues its tokens.
    """
    own = issuers_of_integration(workspace, integration)
    app = workspace.apps.get(integration)
    if app is None or not _belongs_to(app, issuer, own):
        app = _kept(workspace, integration, issuer, own)
    if app is not None:
        workspace.redactor.add((app.client_secret,))
    return app


def _belongs_to(
    app: App,
    issuer: Issuer,
    own: OwnOrigins,
) -> bool:
    """Return whether the application gave an app for this issuer."""
    if app.base_url:
        return origin_of(app.base_url) == issuer.origin
    return issuer.origin == own.now


def _kept(
    workspace: Workspace,
    integration: str,
    issuer: Issuer,
    own: OwnOrigins,
) -> App | None:
    """Return the app that was entered on this machine for an issuer."""
    secrets = workspace.secrets
    kept = read_apps(secrets, integration) if isinstance(secrets, ChainSecretStore) else None
    if kept is None:
        return None
    ref, apps = kept
    origins = [issuer.origin]
    # The service has moved, as its installed entry says.
    if issuer.origin == own.now:
        origins += sorted(own.formerly)
    for origin in origins:
        if str(origin) in apps:
            return _read(ref, apps[str(origin)])
    return None


def _read(ref: str, text: str) -> App:
    try:
        kept = msgspec.json.decode(text, type=_KeptApp)
    except msgspec.MsgspecError:
        raise unreadable(ref, why="it does not have the form of an app") from None
    return App(kept.client_id, kept.client_secret)


def keep_app(
    workspace: Workspace,
    integration: str,
    issuer: Issuer,
    app: App,
) -> None:
    """Keep the app for an integration in the secret store of this machine.

    Those that were entered for other addresses stay.

    Raises:
        UserMistake: FG-app-elsewhere if the application has its own secret store.
        StoreFailed: The secret cannot be stored.
    """
    check_storable(workspace, integration)
    secrets = workspace.secrets
    assert isinstance(secrets, ChainSecretStore)
    workspace.redactor.add((app.client_secret,))
    try:
        kept = read_apps(secrets, integration)
    except AthleteNeeded:  # what cannot be opened is of no use; entering the app replaces it
        kept = None
    apps = {} if kept is None else dict(kept[1])
    value = msgspec.json.encode(_KeptApp(app.client_id, app.client_secret))
    apps[str(issuer.origin)] = value.decode()
    write_apps(secrets, integration, apps)


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
    if integration in workspace.apps:
        why += "; the app in Host(apps=…) is for another address, which its base_url names"
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
