"""Asks services and plugins to accept new connections with what the athlete has typed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fitglue_registry.errors import UserMistake
from fitglue_registry.policy.policy import BASE_URL
from fitglue_registry.registry.part_options import choice_texts, options_of, read_choices
from fitglue_registry.registry.pasted import read_field
from fitglue_registry.secrets.binding import bind
from fitglue_registry.services.addresses import (
    chosen_origin,
    different,
    http_of,
    origins_of,
    other_address,
)
from fitglue_registry.services.closed_services import not_connectable
from fitglue_registry.services.connected_entries import worker_of
from fitglue_registry.services.connecting.entry_fields import fields_of, read_fields
from fitglue_registry.services.connecting.finding import at, to_account
from fitglue_registry.services.connecting.storing import Proven
from fitglue_registry.services.connecting.webhooks import addressed
from fitglue_registry.services.connection_status import local_time
from fitglue_registry.services.granting.issuing import issuer_of
from fitglue_registry.services.granting.keys import NewKeys
from fitglue_registry.services.key_expiry import with_days, without_days
from fitglue_registry.services.permissions import Permissions
from fitglue_registry.services.secret_use import is_proven, not_confirmed
from fitglue_registry.store.connections import list_connections, new_connection_id
from fitglue_registry.sync.worker_limits import LISTING_UPLOAD

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from fitglue_registry.registry import Entry, Http
    from fitglue_registry.services.athletes import Athletes
    from fitglue_registry.services.granting.issuing import Issuer
    from fitglue_registry.services.granting.token_sources import GivenTokens
    from fitglue_registry.services.plugin_view import PluginViews
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.sync.upload import Upload
    from fitglue_registry.transport.origin import OtherAddress
    from fitglue_registry.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Chosen:
    """What an athlete connects with, before the service is asked.

    Attributes:
        integration: The id of the integration.
        source: The entry of its source.
        secret: The credentials.
        settings: The settings in use, including those of the operator.
        of_athlete: The settings that are stored for the athlete.
        http: The ``http`` block of the installed entry.
        made: The secret of a webhook that was made here, and that the athlete has to see once.
    """

    integration: str
    source: Entry
    secret: Mapping[str, str] = field(repr=False)
    settings: Mapping[str, str]
    of_athlete: Mapping[str, str]
    http: Http | None
    made: str | None = field(default=None, repr=False)

    @property
    def base_url(self) -> str | None:
        """The server that is used in place of the entry's, if any."""
        return self.settings.get(BASE_URL) or None

    @property
    def issuer(self) -> Issuer | None:
        """What issues tokens, if the scheme of the entry has tokens."""
        return None if self.http is None else issuer_of(self.http, self.base_url)


class Prover:
    """Proves new connections of one athlete.

    Args:
        workspace: The workspace.
        athletes: The athletes and their tiers.
        views: Opens connections for their plugins.
        athlete: The athlete.
    """

    def __init__(
        self,
        workspace: Workspace,
        athletes: Athletes,
        views: PluginViews,
        athlete: str,
    ) -> None:
        self._workspace = workspace
        self._athletes = athletes
        self._views = views
        self._athlete = athlete

    def prove(self, integration: str, values: Mapping[str, str]) -> Proven:
        """Check credentials and settings with the service; see ``Connections.connect``."""
        chosen = self.chosen(integration, values)
        if chosen.issuer is not None and chosen.issuer.auth.oauth2 is not None:
            raise _permission_needed(integration)
        return self.proven(chosen)

    def chosen(self, integration: str, values: Mapping[str, str]) -> Chosen:
        """Return what an athlete connects with, without asking the service."""
        permissions = self._connectable(integration)
        entry, source = permissions.integration, permissions.source
        permissions.check_settings(values)
        operators = permissions.operators_settings()
        # The choices of parts are settings of the connection that no integration declares.
        choices = read_choices(source, values)
        values = {name: value for name, value in values.items() if name not in options_of(source)}
        kept = self.kept_settings(integration)
        if BASE_URL not in {**values, **operators}:
            self._check_kept_address(integration)
        # What was typed now takes precedence over what is stored, and the operator over both.
        secret, settings = read_fields(entry, {**kept, **values, **operators})
        settings = with_days(entry, settings, self._today())
        # Of the installed entry, which says to which address a secret is sent.
        http = http_of(self._workspace.installed, source)
        made = None
        if http is not None and http.auth.is_webhook:
            secret, settings, made = addressed(http.auth, secret, settings)
        # From here on, a message of the service that repeats the key is redacted.
        self._workspace.redactor.add(secret.values())
        return Chosen(
            integration,
            source,
            secret,
            settings,
            permissions.athletes_settings(settings) | choice_texts(choices),
            http,
            made,
        )

    def proven(self, chosen: Chosen, given: GivenTokens | None = None) -> Proven:
        """Ask the service whose account it is.

        Args:
            chosen: What the athlete connects with.
            given: The tokens of a permission that the athlete has just given.
        """
        source = chosen.source
        # The plugin needs a connection to ask whose account it is. If the account turns out to be
        # connected already, this id is never stored.
        connection_id = new_connection_id()
        keys = NewKeys(chosen.secret, given)
        view = self._views.of_new(connection_id, source, chosen.of_athlete, keys)
        account = self._views.prove(source, view)
        secret = keys.proven()
        origin = chosen_origin(chosen.settings, origins_of(self._workspace, source))
        if secret and origin:
            secret = bind(secret, origin)
        return Proven(
            connection_id,
            source,
            account,
            chosen.of_athlete,
            secret,
            chosen.made,
        )

    def prove_upload(
        self,
        integration: str,
        settings: Mapping[str, str],
        upload: Upload,
    ) -> Proven:
        """Ask the plugin what is in an upload; see ``Connections.connect_upload``."""
        permissions = self._connectable(integration)
        source = permissions.source
        _, in_use = read_fields(permissions.integration, settings)
        connection_id = new_connection_id()
        view = self._views.of_new(connection_id, source, in_use, NewKeys({}))
        with upload.without_folder():
            account = self._views.prove(source, view, LISTING_UPLOAD)
        account = upload.cleaned_account(account)
        existing = to_account(self._connections(), integration, account)
        kept = existing.settings if existing is not None else {}
        return Proven(connection_id, source, account, kept, {})

    def connections_at(self, integration: str) -> list[ConnectionRow]:
        """Return the connections of the athlete at an integration."""
        return at(self._connections(), integration)

    def kept_settings(self, integration: str) -> dict[str, str]:
        """Return the settings of an existing connection; see ``Connections.kept_settings``."""
        entry = self._workspace.catalogue.get("integration", integration)
        connections = at(self._connections(), integration)
        if len(connections) != 1:
            return {}
        kept = {}
        for name in fields_of(entry):
            if name in connections[0].settings:
                kept[name] = connections[0].settings[name]
        source = worker_of(self._workspace.catalogue, integration)
        kept = without_days(entry, kept)
        return self._views.permissions_of(source).athletes_settings(kept)

    def other_address(self, integration: str, values: Mapping[str, str]) -> OtherAddress | None:
        """Return the address to which a key would be sent; see ``Connections.other_address``."""
        installed = self._workspace.installed
        field = fields_of(installed.get("integration", integration)).get(BASE_URL)
        if field is None:
            return None
        typed = read_field(field, values.get(BASE_URL, ""))
        if typed:
            return different(
                "", typed, origins_of(self._workspace, worker_of(installed, integration))
            )
        connections = at(self._connections(), integration)
        # Only the settings of the only connection are taken over.
        return other_address(self._workspace, connections[0]) if len(connections) == 1 else None

    def _check_kept_address(self, integration: str) -> None:
        """Refuse to send a new key to the address of the existing connection, unless it is proven.

        The address is in the database, and a database can come from a backup that somebody changed.
        """
        other = self.other_address(integration, {})
        http = http_of(self._workspace.installed, worker_of(self._workspace.installed, integration))
        # Without a key or a permission, nothing is sent that anybody could misuse.
        if other is None or http is None or http.auth.scheme == "none":
            return
        [connected] = at(self._connections(), integration)
        if not is_proven(self._workspace, connected):
            raise not_confirmed(integration, other)

    def _connectable(self, integration: str) -> Permissions:
        """Return what the athlete may do at an integration, if the athlete may connect it."""
        # Not from the cache: the entry says to which address the key is sent.
        installed = self._workspace.installed
        entry = installed.get("integration", integration)
        if entry.closed is not None:
            raise not_connectable(entry)
        source = worker_of(installed, integration)
        self._athletes.check_tier(self._athlete, source)
        permissions = Permissions(self._workspace.policy, entry, source)
        permissions.check_integration()
        return permissions

    def _today(self) -> date:
        return local_time(self._workspace.clock.now(), self._connections()).date()

    def _connections(self) -> list[ConnectionRow]:
        with self._workspace.database.read() as db:
            return list_connections(db, self._athlete)


def _permission_needed(integration: str) -> UserMistake:
    return UserMistake(
        "FG-permission-needed",
        f"{integration} is connected by a permission that you give in a browser",
        fix=f"fitglue connect {integration}; an application calls connections.begin_connect",
    )
