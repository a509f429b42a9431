"""The references under which the apps of this installation are kept in its secret store."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING

from fitglue_registry.errors import AthleteNeeded, FitglueError, UserMistake
from fitglue_registry.secrets.references import LOCAL, owner_name
from fitglue_registry.services.addresses import http_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fitglue_registry.secrets.chain import ChainSecretStore
    from fitglue_registry.workspace import Workspace


def app_reference(integration: str, scheme: str) -> str:
    """Return the reference under which the apps of an integration are kept in one store.

    It is always the same, so that no row of a database has to name it. There is one app for each
    address at which tokens are issued: the service itself, and a stand-in.
    """
    token = hashlib.sha256(f"app:{integration}".encode()).hexdigest()[:32]
    return f"{scheme}:{owner_name(f'app:{integration}')}/{token}"


def read_apps(secrets: ChainSecretStore, integration: str) -> tuple[str, dict[str, str]] | None:
    """Return the apps of an integration by origin, and their reference; ``None`` without any.

    The store for new secrets is read first. Another one that cannot be opened now, such as a
    keyring on a machine without a desktop, counts as empty.

    Raises:
        AthleteNeeded: The store for new secrets cannot be opened.
    """
    best = secrets.scheme
    for scheme in sorted(LOCAL, key=lambda scheme: scheme != best):
        ref = app_reference(integration, scheme)
        try:
            return ref, secrets.get(ref)
        except AthleteNeeded as error:
            if scheme == best and error.code != "FG-secret-missing":
                raise
    return None


def write_apps(
    secrets: ChainSecretStore,
    integration: str,
    values: Mapping[str, str],
    to: str | None = None,
) -> None:
    """Keep the apps of an integration in one store, and delete them from the other ones.

    Args:
        secrets: The secret store of this machine.
        integration: The id of the integration.
        values: The apps, by the origin of what issues tokens.
        to: The store; the one for new secrets if omitted.
    """
    chosen = to or secrets.scheme
    secrets.keep(app_reference(integration, chosen), values)
    for scheme in LOCAL:
        if scheme != chosen:
            # A keyring that cannot be opened now may keep an older copy, which is read last.
            with suppress(FitglueError):
                secrets.delete(app_reference(integration, scheme))


def move_apps(workspace: Workspace, secrets: ChainSecretStore, to: str) -> None:
    """Move all apps into one store, where that is possible."""
    for integration in _with_apps(workspace):
        kept = read_apps(secrets, integration)
        if kept is not None and not kept[0].startswith(f"{to}:"):
            write_apps(secrets, integration, kept[1], to)


def apps_in_files(workspace: Workspace, secrets: ChainSecretStore) -> list[str]:
    """Return the references of the apps that are kept in encrypted files."""
    refs = []
    for integration in _with_apps(workspace):
        ref = app_reference(integration, "file")
        # One that cannot be opened is left as it is.
        with suppress(AthleteNeeded):
            secrets.get(ref)
            refs.append(ref)
    return refs


def _with_apps(workspace: Workspace) -> Iterator[str]:
    """Yield the ids of the integrations that need an app."""
    for source in workspace.catalogue.entries("source"):
        integration = source.integration or source.id
        # An entry whose integration is not installed needs nothing.
        with suppress(UserMistake):
            http = http_of(workspace.catalogue, source)
            if http is not None and http.auth.oauth2 is not None:
                yield integration
