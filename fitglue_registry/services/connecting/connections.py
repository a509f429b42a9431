"""The service for the connections of athletes: each method is one thing that a user can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from fitglue_registry.matching.home_zones import load_home_zones
from fitglue_registry.registry.part_options import choices_in, refused_parts
from fitglue_registry.registry.pasted import read_field
from fitglue_registry.services.argument_types import checks_arguments
from fitglue_registry.services.connected_entries import entry_of
from fitglue_registry.services.connecting.choosing import choose
from fitglue_registry.services.connecting.entry_fields import oauth2_of
from fitglue_registry.services.connecting.expiring import set_expiry
from fitglue_registry.services.connecting.finding import at, exactly_named, named, to_account
from fitglue_registry.services.connecting.proving import Prover
from fitglue_registry.services.connecting.removing import remove
from fitglue_registry.services.connecting.storing import store
from fitglue_registry.services.connection_secrets import rekey_secrets
from fitglue_registry.services.connection_status import connection_status, local_time
from fitglue_registry.services.key_expiry import read_expiry
from fitglue_registry.services.plugin_view import PluginViews
from fitglue_registry.store.connections import list_connections
from fitglue_registry.store.counts import connection_counts
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fitglue_registry.plugin_api import Account as Account
    from fitglue_registry.registry import Field
    from fitglue_registry.services.athletes import Athletes
    from fitglue_registry.services.connecting.asking import Asker
    from fitglue_registry.services.connecting.asking import Authorization as Authorization
    from fitglue_registry.services.connecting.asking import NeededPermission as NeededPermission
    from fitglue_registry.services.connecting.removing import Removed as Removed
    from fitglue_registry.services.connecting.storing import ConnectResult
    from fitglue_registry.services.connection_secrets import SecretKept
    from fitglue_registry.services.connection_status import ConnectionStatus
    from fitglue_registry.store.connections import ConnectionRow as ConnectionRow
    from fitglue_registry.sync.upload import Upload
    from fitglue_registry.transport.oauth_app import App as App
    from fitglue_registry.transport.origin import OtherAddress
    from fitglue_registry.workspace import Workspace

    ConnectionList = list[ConnectionRow]
    SecretsKept = list[SecretKept]


@checks_arguments
class Connections:
    """The connections of athletes to their accounts."""

    def __init__(self, workspace: Workspace, athletes: Athletes) -> None:
        self._workspace = workspace
        self._athletes = athletes
        self._views = PluginViews(workspace)

    def list(self, athlete: str = ME) -> ConnectionList:
        """Return the connections of an athlete, oldest first."""
        with self._workspace.database.read() as db:
            return list_connections(db, athlete)

    def get(self, name: str, athlete: str = ME) -> ConnectionRow:
        """Return a connection.

        Args:
            name: The name or the id of a connection, or the id of an integration at which the
                athlete has only one connection.
            athlete: The athlete.

        Returns:
            The connection, without its secrets.

        Raises:
            UserMistake: FG-connection-unknown if no connection matches.
        """
        return named(self.list(athlete), name)

    def connect(
        self,
        integration: str,
        values: Mapping[str, str],
        athlete: str = ME,
    ) -> ConnectResult:
        """Check credentials and settings with the service, and store the connection.

        If the account is already connected, its connection gets the new credentials. Nothing is
        stored unless the service accepts them.

        Args:
            integration: The id of the integration's entry.
            values: Field of that entry → its value, as it was pasted or typed. Settings that are
                missing are taken from the only connection at this integration. The options of the
                source's parts, such as ``files``, can be ``yes`` or ``no``; see ``choose``.
            athlete: The athlete, who is added to the store if necessary.

        Returns:
            The connection and its account.

        Raises:
            UserMistake: FG-unknown-entry, FG-no-source, FG-tier, FG-setting-unknown or
                FG-field-refused; FG-integration-not-allowed, FG-setting-not-allowed,
                FG-path-not-allowed or FG-too-many-connections if the policy of the host forbids it.
            AthleteNeeded: FG-not-connectable if accounts at this integration cannot be connected
                (the fix lists the alternatives), FG-address-not-confirmed if the existing
                connection uses an address at which no key was proven, or FG-key-rejected and other
                refusals of the service.
            Retryable: The service cannot be asked now.
            PluginFailed: The plugin is missing or broken.
            StoreFailed: The connection or its secret cannot be stored.
        """
        proven = self._prover(athlete).prove(integration, values)
        return store(self._workspace, proven, athlete)

    def permission_of(
        self,
        integration: str,
        values: Mapping[str, str],
        athlete: str = ME,
    ) -> NeededPermission | None:
        """Return how an integration asks for a permission in a browser, if it does.

        Such an integration is connected with ``begin_connect`` and ``finish_connect``.

        Args:
            integration: The id of the integration's entry.
            values: See ``connect``.
            athlete: The athlete.

        Returns:
            The ``oauth2`` block of the entry, and whether the app of this installation is known;
            ``None`` if the integration is connected with values.

        Raises:
            UserMistake: What ``connect`` raises.
        """
        if oauth2_of(self._workspace, integration) is None:
            return None
        return self._asker(athlete).needed(integration, values)

    def begin_connect(
        self,
        integration: str,
        values: Mapping[str, str],
        redirect_uri: str,
        athlete: str = ME,
        app: App | None = None,
    ) -> Authorization:
        """Begin to connect an account for which the athlete gives a permission in a browser.

        Send the browser to the address that is returned. The service sends it back to
        ``redirect_uri``; pass the complete address to ``finish_connect``, within ten minutes. Any
        host on the same database and the same secret store can do that.

        Args:
            integration: The id of the integration's entry.
            values: Field of that entry → its value. Most such integrations need none.
            redirect_uri: Where the browser is sent back: an https address of your application, an
                http address of this machine, or an address with a scheme of your own that contains
                a period, such as ``com.example.app:/back``.
            athlete: The athlete.
            app: Another app than the one that is known here. ``finish_connect`` keeps it in the
                secret store of this machine when the service has issued the first token to it.

        Returns:
            The address.

        Raises:
            UserMistake: What ``connect`` raises; FG-no-permission-needed if the integration is
                connected in another way; FG-redirect-refused for an address to which no browser
                may be sent back; FG-app-elsewhere for an ``app`` if the application has its own
                secret store.
            AthleteNeeded: FG-app-missing if the app is not known here.
        """
        return self._asker(athlete).begin(integration, values, redirect_uri, app)

    def is_answer(self, callback: str) -> bool:
        """Return whether an address belongs to a ``begin_connect`` that is being waited for.

        Args:
            callback: The complete address to which the browser was sent back.
        """
        return self._asker(ME).is_answer(callback)

    def check_answer(self, callback: str, authorization: Authorization) -> None:
        """Check an address that a person has pasted, before ``finish_connect`` uses it.

        Args:
            callback: The address.
            authorization: What ``begin_connect`` has returned.

        Raises:
            UserMistake: FG-permission-incomplete if it is not the address to which the browser was
                sent back; FG-permission-unknown if it belongs to another attempt.
        """
        self._asker(ME).check_answer(callback, authorization)

    def finish_connect(self, callback: str, athlete: str = ME) -> ConnectResult:
        """Finish what ``begin_connect`` began, and store the connection.

        If the athlete did not give all permissions, the notes of the account say what is missing.
        If the account cannot be connected, the permission is taken back at the service, or the
        error says where the athlete can do so.

        Args:
            callback: The complete address to which the browser was sent back. Each can be used
                once.
            athlete: The athlete for whom ``begin_connect`` was called.

        Returns:
            The connection and its account.

        Raises:
            UserMistake: FG-permission-unknown if nobody waits for this address.
            AthleteNeeded: FG-permission-denied if the athlete said no, FG-permission-refused if the
                service issues no token, FG-app-refused if it does not accept the app.
            ConnectionStopped: FG-permission-request-refused if the service does not accept how it
                was asked.
            Retryable: The service does not work at the moment. Begin again later: an address can be
                used only once.
            FitglueError: What ``connect`` raises.
        """
        return self._asker(athlete).finish(callback)

    def connect_upload(
        self,
        integration: str,
        settings: Mapping[str, str],
        upload: Upload,
        athlete: str = ME,
    ) -> ConnectResult:
        """Connect what is in an upload, for ``Imports.add_bytes``.

        The settings name a file that the host itself has written, and they are not stored. A
        connection that reads paths as well keeps them.

        Args:
            integration: The id of the integration's entry.
            settings: What the plugin has recognized in the upload.
            upload: The upload.
            athlete: The athlete, who is added to the store if necessary.

        Returns:
            The connection and its account.

        Raises:
            FitglueError: What ``connect`` raises.
        """
        proven = self._prover(athlete).prove_upload(integration, settings, upload)
        return store(self._workspace, proven, athlete)

    def at(self, integration: str, athlete: str = ME) -> ConnectionList:
        """Return the connections of an athlete at an integration, oldest first.

        Args:
            integration: The id of the integration's entry.
            athlete: The athlete.
        """
        return at(self.list(athlete), integration)

    def of_account(
        self,
        integration: str,
        account: Account,
        athlete: str = ME,
    ) -> ConnectionRow | None:
        """Return the connection of an athlete to an account.

        Args:
            integration: The id of the integration's entry.
            account: The account, of which only the id is compared.
            athlete: The athlete.

        Returns:
            The connection, or ``None`` if the athlete has not connected this account.
        """
        return to_account(self.list(athlete), integration, account)

    def kept_settings(self, integration: str, athlete: str = ME) -> dict[str, str]:
        """Return the settings that ``connect`` takes over from an existing connection.

        They include the base URL, so that a new key goes to the address at which the old one was
        used.

        Args:
            integration: The id of the integration's entry.
            athlete: The athlete.

        Returns:
            Field → value; empty unless the athlete has exactly one connection at the integration.

        Raises:
            UserMistake: FG-unknown-entry.
        """
        return self._prover(athlete).kept_settings(integration)

    def other_address(
        self,
        integration: str,
        values: Mapping[str, str],
        athlete: str = ME,
    ) -> OtherAddress | None:
        """Return the address to which ``connect`` would send a key, unless it is the service's own.

        Nothing is sent. The service's own address is that of the installed entry.

        Args:
            integration: The id of the integration's entry.
            values: See ``connect``.
            athlete: The athlete.

        Returns:
            The address, and the connection from which it is taken, which is empty if ``values``
            contains it; ``None`` for the address of the entry.

        Raises:
            UserMistake: FG-unknown-entry, FG-no-source, or FG-field-refused.
        """
        return self._prover(athlete).other_address(integration, values)

    def probe(self, name: str, athlete: str = ME) -> Account:
        """Ask the service again whose account a connection belongs to.

        Nothing is stored.

        Args:
            name: See ``get``.
            athlete: The athlete.

        Returns:
            The account, as the service reports it now.

        Raises:
            UserMistake: FG-connection-unknown.
            FitglueError: What the service or the plugin refuses, as in ``connect``.
        """
        connected = self.get(name, athlete)
        source = entry_of(self._workspace.catalogue, connected)
        permissions = self._views.permissions_of(source)
        permissions.check_stored(connected.settings)
        view = self._views.of(connected, source)
        # Where everything was uploaded, there is nobody to ask.
        if not permissions.has_places(view.settings):
            return connected.account
        return self._views.prove(source, view)

    def health(self, connected: ConnectionRow) -> dict[str, int]:
        """Return the number of records of a connection in each state.

        Args:
            connected: The connection.

        Returns:
            State of a record → number. The key ``quarantine`` counts the records in quarantine, and
            ``wanted`` and ``failed`` count parts, without those that the athlete does not want.
        """
        source = self._workspace.catalogue.find("source", connected.source)
        refused = frozenset[str]()
        if source is not None:
            refused = refused_parts(source, choices_in(source, connected.settings))
        with self._workspace.database.read() as db:
            return connection_counts(db, connected.id, refused)

    def status(self, connected: ConnectionRow) -> ConnectionStatus:
        """Return whether a connection works, what to do if not, and its number of records.

        No service is asked.

        Args:
            connected: The connection.
        """
        return connection_status(self._workspace, connected, self.health(connected))

    def local_time(self, athlete: str = ME) -> datetime:
        """Return the current time in the athlete's home zone.

        If none is set, it is that of the first account that has one, or of this machine.
        """
        now = self._workspace.clock.now()
        with self._workspace.database.read() as db:
            at_home = load_home_zones(db, athlete).local_time(now)
        return at_home or local_time(now, self.list(athlete))

    def choose(
        self,
        name: str,
        options: Mapping[str, bool | None],
        athlete: str = ME,
    ) -> bool:
        """Keep as a setting of a connection which parts its syncs fetch.

        A part that is chosen is fetched by the next sync of all workouts, also of those that were
        stored before. What was fetched before a part is refused stays.

        Args:
            name: See ``get``.
            options: Option of a part in the entry of the source, such as ``files`` → whether it is
                fetched; ``None`` leaves the decision to the entry.
            athlete: The athlete.

        Returns:
            Whether anything has changed.

        Raises:
            UserMistake: FG-connection-unknown; FG-option-unknown if the source has no such option.
        """
        return choose(self._workspace, self.get(name, athlete), options)

    def check_value(self, field: Field, value: str) -> None:
        """Check a value of an entry's field, without asking the service.

        Args:
            field: The field of an entry.
            value: The value, as it was pasted or typed.

        Raises:
            UserMistake: FG-field-refused if it cannot be right.
        """
        value = read_field(field, value)
        if field.expires and value:
            read_expiry(field, value, self.local_time().date())

    def set_expiry(
        self,
        name: str,
        typed: str,
        athlete: str = ME,
    ) -> bool:
        """Keep the last day on which the key of a connection is valid.

        Args:
            name: See ``get``.
            typed: The day as ISO 8601, or a number of days from now; empty if it is not known.
            athlete: The athlete.

        Returns:
            Whether anything has changed.

        Raises:
            UserMistake: FG-connection-unknown; FG-option-unknown if the keys of the integration do
                not end; FG-field-refused if the day cannot be right.
        """
        connected = self.get(name, athlete)
        today = self.local_time(athlete).date()
        return set_expiry(self._workspace, connected, typed, today)

    def remove(self, name: str, athlete: str = ME) -> Removed:
        """Remove a connection with its records, files, secrets and every activity that only it has.

        A permission that the athlete gave in a browser is taken back at the service.

        Args:
            name: The exact name or id of the connection.
            athlete: The athlete.

        Returns:
            Whether the permission was taken back, and why not.

        Raises:
            UserMistake: FG-connection-unknown if no connection has that name or id.
            Busy: FG-sync-running while it is being synced.
        """
        return remove(self._workspace, exactly_named(self.list(athlete), name))

    def rekey(self, to: Literal["file", "keyring"] | None = None) -> SecretsKept:
        """Encrypt the secrets of all connections with a new key file.

        A process that is killed loses no secret, and the next call continues.

        Args:
            to: The store to which all secrets are moved first, or ``None`` to leave each where it
                is. Secrets in a keyring are not encrypted by us.

        Returns:
            Where each secret is now. A secret that cannot be opened is unchanged and has an error.

        Raises:
            UserMistake: FG-rekey-elsewhere if the application has its own secret store.
        """
        return rekey_secrets(self._workspace, to)

    def _asker(self, athlete: str) -> Asker:
        # Few services use OAuth 2, and oauthlib takes 10 ms to import.
        from fitglue_registry.services.connecting.asking import Asker

        return Asker(
            self._workspace,
            self._prover(athlete),
            athlete,
        )

    def _prover(self, athlete: str) -> Prover:
        return Prover(self._workspace, self._athletes, self._views, athlete)
