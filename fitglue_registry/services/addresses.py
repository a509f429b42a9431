"""The addresses of connections: where a connection sends its requests, and what its entry says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Protocol

from msgspec.structs import replace

from fitglue_registry.errors import UserMistake
from fitglue_registry.policy.policy import BASE_URL
from fitglue_registry.services.connected_entries import only_sends
from fitglue_registry.store.connections import list_connections
from fitglue_registry.transport.origin import Origin, OtherAddress, origin_of
from fitglue_registry.transport.policy import auth_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fitglue_registry.registry import Catalogue, Entry, Http
    from fitglue_registry.workspace import Workspace

_LONGEST_ADDRESS = 200  # characters that are shown


class OwnOrigins(NamedTuple):
    """The origins of an entry: where its service is, and where it was before.

    Attributes:
        now: Where it is.
        formerly: Where it was.
        address: Its address, with the path, for people who have to type it.
    """

    now: Origin | None
    formerly: frozenset[Origin]
    address: str = ""


_NOWHERE = OwnOrigins(None, frozenset())


def http_of(catalogue: Catalogue, source: Entry) -> Http | None:
    """Return the ``http`` block for a source, or ``None`` if it needs no service."""
    if source.http:
        return source.http
    return catalogue.get("integration", source.integration or source.id).http


def proven_http(workspace: Workspace, source: Entry, http: Http) -> Http:
    """Return the ``http`` block of a source as requests may use it.

    Only the installed entry, and never a cache, can say that another host gets the credential.

    Args:
        workspace: What the host has opened.
        source: The source.
        http: Its block, which may come from a cache.
    """
    # Checked first, because reading the installed entries takes longer than all else here.
    if not any(further.credential for further in http.hosts):
        return http
    installed = http_of(workspace.installed, source)
    trusted = installed.hosts if installed else ()
    hosts = []
    for further in http.hosts:
        is_trusted = further in trusted
        hosts.append(replace(further, credential=further.credential and is_trusted))
    return replace(http, hosts=tuple(hosts))


class Connected(Protocol):
    """What is read of a connection here: a row of the store, or a connection in a backup."""

    @property
    def name(self) -> str:
        """The name that the athlete types."""

    @property
    def integration(self) -> str:
        """The id of the entry of its integration."""

    @property
    def source(self) -> str:
        """The id of the entry of its source."""

    @property
    def settings(self) -> Mapping[str, str]:
        """Its settings, of which one is the address."""


def own_origins(workspace: Workspace, connected: Connected) -> OwnOrigins:
    """Return the origins of the installed entry of a connection.

    They are empty if no such entry is installed, or if its source belongs to another integration:
    then another program has changed the row of the connection.
    """
    source = workspace.installed.find("source", connected.source)
    if source is None or (source.integration or source.id) != connected.integration:
        return _NOWHERE
    return origins_of(workspace, source)


def origins_of(workspace: Workspace, source: Entry) -> OwnOrigins:
    """Return the origins of an installed source.

    An address that the operator of a server has set takes the place of that of the entry.
    """
    try:
        http = http_of(workspace.installed, source)
    except UserMistake:  # the integration that it depends on is not installed
        http = None
    if http is None:
        return _NOWHERE
    operators = workspace.policy.settings_of(source.integration or source.id)
    address = operators.get(BASE_URL) or http.base_url
    formerly = [origin_of(text) for text in http.formerly]
    return OwnOrigins(origin_of(address), frozenset(filter(None, formerly)), address.rstrip("/"))


def own_issuers(workspace: Workspace, connected: Connected) -> OwnOrigins:
    """Return the origins of what issues tokens for a connection, as its installed entry says."""
    source = workspace.installed.find("source", connected.source)
    if source is None or (source.integration or source.id) != connected.integration:
        return _NOWHERE
    return _issuers_of(workspace, source)


def issuers_of_integration(workspace: Workspace, integration: str) -> OwnOrigins:
    """Return the origins of what issues tokens for an integration, as its installed entry says."""
    for source in workspace.installed.entries("source"):
        if (source.integration or source.id) == integration:
            issuers = _issuers_of(workspace, source)
            if issuers.now is not None:
                return issuers
    return _NOWHERE


def _issuers_of(workspace: Workspace, source: Entry) -> OwnOrigins:
    own = origins_of(workspace, source)
    if own.now is None:
        return _NOWHERE
    http = http_of(workspace.installed, source)
    if http is None or http.auth.token_url is None:
        return _NOWHERE
    operators = workspace.policy.settings_of(source.integration or source.id)
    url = auth_url(http, http.auth.token_url, operators.get(BASE_URL))
    return own._replace(now=origin_of(url))


def chosen_origin(settings: Mapping[str, str], own: OwnOrigins) -> Origin | None:
    """Return the origin that a connection with these settings asks."""
    base_url = settings.get(BASE_URL)
    return origin_of(base_url) if base_url else own.now


def other_address(workspace: Workspace, connected: Connected) -> OtherAddress | None:
    """Return the address of a connection, or ``None`` if it is that of its installed entry."""
    base_url = connected.settings.get(BASE_URL)
    # The address of a webhook is always one that the athlete has typed.
    if only_sends(connected):
        return None
    # Checked first, because reading the installed entries takes longer than all else here.
    if not base_url or BASE_URL in workspace.policy.settings_of(connected.integration):
        return None
    return different(connected.name, base_url, own_origins(workspace, connected))


def other_addresses(workspace: Workspace) -> tuple[OtherAddress, ...]:
    """Return the addresses of all connections that are not those of their entries."""
    with workspace.database.read() as db:
        connections = list_connections(db)
    return other_addresses_of(workspace, connections)


def other_addresses_of(
    workspace: Workspace,
    connections: Iterable[Connected],
) -> tuple[OtherAddress, ...]:
    """Return the addresses of these connections that are not those of their entries."""
    found = [other_address(workspace, connected) for connected in connections]
    return tuple(other for other in found if other is not None)


def different(
    connection: str,
    base_url: str,
    own: OwnOrigins,
) -> OtherAddress | None:
    """Return an address if its origin is not that of the entry.

    An address with a user name is always shown: it may look like that of the entry to one program
    and not to another one.
    """
    if own.now is not None and origin_of(base_url) == own.now and "@" not in base_url:
        return None
    return OtherAddress(connection, shown(base_url), own.address or None)


def shown(base_url: str) -> str:
    """Return an address as it is shown: without what may contain a password, and cut off."""
    origin = origin_of(base_url)
    if origin is None:
        return ascii(base_url[:_LONGEST_ADDRESS])
    # The user name, the query and the fragment are left out; a base URL may not have them.
    _, _, rest = base_url.partition("//")
    _, slash, path = re.split(r"[?#]", rest)[0].partition("/")
    return f"{origin}{slash}{path}"[:_LONGEST_ADDRESS].rstrip("/")
