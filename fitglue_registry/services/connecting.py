"""Lists the connections of athletes, and connects, checks, renews and removes them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from fitglue_registry.errors import Busy, UserMistake
from fitglue_registry.matching.home_zones import load_home_zones
from fitglue_registry.policy.policy import BASE_URL
from fitglue_registry.registry.pasted import read_field
from fitglue_registry.registry.paths import absolute
from fitglue_registry.secrets.binding import bind
from fitglue_registry.services.addresses import (
    chosen_origin,
    different,
    origins_of,
    other_address,
)
from fitglue_registry.services.closed_services import not_connectable
from fitglue_registry.services.connection_secrets import (
    SecretKept,
    change_secrets,
    owner_of,
    rekey_secrets,
    track_secret,
)
from fitglue_registry.services.connection_status import connection_status, local_time
from fitglue_registry.services.permissions import Permissions, check_connections
from fitglue_registry.services.plugin_view import PluginViews
from fitglue_registry.services.secret_use import is_proven, not_confirmed
from fitglue_registry.store.activities import drop_empty
from fitglue_registry.store.athletes import ensure_athlete, lock_athlete
from fitglue_registry.store.connections import ConnectionRow as ConnectionRow
from fitglue_registry.store.connections import (
    add_connection,
    list_connections,
    new_connection_id,
    remove_connection,
    renew_connection,
)
from fitglue_registry.store.counts import connection_counts
from fitglue_registry.store.source_activity_search import members_of
from fitglue_registry.sync.lock import connection_lock
from fitglue_registry.sync.worker_limits import LISTING_UPLOAD
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.matching.matcher import Matcher
    from fitglue_registry.plugin_api import Account as Account
    from fitglue_registry.registry import Catalogue, Entry, Field
    from fitglue_registry.services.athletes import Athletes
    from fitglue_registry.services.connection_status import ConnectionStatus
    from fitglue_registry.sync.upload import Upload
    from fitglue_registry.transport.origin import OtherAddress
    from fitglue_registry.workspace import Workspace

    ConnectionList = list[ConnectionRow]
    SecretsKept = list[SecretKept]


#: How often to look up the connection to an account again that others are changing.
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class ConnectResult:
    """A connection that was accepted by its service and stored.

    Attributes:
        connection: The stored connection.
        account: The account, as the service reported it.
        renewed: Whether the account was already connected, and has new credentials now.
    """

    connection: ConnectionRow
    account: Account
    renewed: bool


@dataclass(frozen=True, slots=True)
class _Proven:
    """A connection that the service has accepted, before it is stored."""

    connection_id: str
    source: Entry
    account: Account
    settings: Mapping[str, str]
    secret: Mapping[str, str]  # with its origin


class _ChangedMeanwhile(Exception):
    """Raised if another call has changed the connection to an account since it was looked up."""


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
        connections = self.list(athlete)
        for connected in connections:
            if name in (connected.name, connected.id):
                return connected
        at_integration = self.at(name, athlete)
        # Most athletes have one account per service, so its name is enough.
        if len(at_integration) == 1:
            return at_integration[0]
        names = [connected.name for connected in connections]
        known = ", ".join(names) or "none yet"
        raise UserMistake(
            "FG-connection-unknown",
            f"the connection {name!r} does not exist",
            why=f"existing connections: {known}",
            fix="fitglue connections" if connections else "fitglue connect intervals",
        )

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
                missing are taken from the only connection at this integration.
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
        permissions = self._connectable(integration, athlete)
        entry, source = permissions.integration, permissions.source
        permissions.check_settings(values)
        operators = permissions.operators_settings()
        kept = self.kept_settings(integration, athlete)
        if BASE_URL not in {**values, **operators}:
            self._check_kept_address(integration, athlete)
        # What was typed now takes precedence over what is stored, and the operator over both.
        secret, settings = read_fields(entry, {**kept, **values, **operators})
        of_athlete = permissions.athletes_settings(settings)
        # From here on, a message of the service that repeats the key is redacted.
        self._workspace.redactor.add(secret.values())
        # The plugin needs a connection to ask whose account it is. If the account turns out to be
        # connected already, this id is never stored.
        connection_id = new_connection_id()
        view = self._views.of_new(connection_id, source, of_athlete, secret)
        account = self._views.prove(source, view)
        origin = chosen_origin(settings, origins_of(self._workspace, source))
        if secret and origin:
            secret = bind(secret, origin)
        return self._store(_Proven(connection_id, source, account, of_athlete, secret), athlete)

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
        permissions = self._connectable(integration, athlete)
        source = permissions.source
        _, in_use = read_fields(permissions.integration, settings)
        connection_id = new_connection_id()
        view = self._views.of_new(connection_id, source, in_use, {})
        with upload.without_folder():
            account = self._views.prove(source, view, LISTING_UPLOAD)
        account = upload.cleaned_account(account)
        existing = self.of_account(integration, account, athlete)
        kept = existing.settings if existing is not None else {}
        return self._store(_Proven(connection_id, source, account, kept, {}), athlete)

    def at(self, integration: str, athlete: str = ME) -> ConnectionList:
        """Return the connections of an athlete at an integration, oldest first.

        Args:
            integration: The id of the integration's entry.
            athlete: The athlete.
        """
        connections = self.list(athlete)
        return [connected for connected in connections if connected.integration == integration]

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
        return _to_account(self.list(athlete), integration, account)

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
        entry = self._workspace.catalogue.get("integration", integration)
        connections = self.at(integration, athlete)
        if len(connections) != 1:
            return {}
        kept = {}
        for name in _fields_of(entry):
            if name in connections[0].settings:
                kept[name] = connections[0].settings[name]
        source = source_of(self._workspace.catalogue, integration)
        return self._views.permissions_of(source).athletes_settings(kept)

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
        installed = self._workspace.installed
        field = _fields_of(installed.get("integration", integration)).get(BASE_URL)
        if field is None:
            return None
        typed = read_field(field, values.get(BASE_URL, ""))
        if typed:
            return different(
                "", typed, origins_of(self._workspace, source_of(installed, integration))
            )
        connections = self.at(integration, athlete)
        # Only the settings of the only connection are taken over.
        return other_address(self._workspace, connections[0]) if len(connections) == 1 else None

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
        source = self._workspace.catalogue.get("source", connected.source)
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
            ``wanted`` and ``failed`` count parts.
        """
        with self._workspace.database.read() as db:
            return connection_counts(db, connected.id)

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

    def check_value(self, field: Field, value: str) -> None:
        """Check a value of an entry's field, without asking the service.

        Args:
            field: The field of an entry.
            value: The value, as it was pasted or typed.

        Raises:
            UserMistake: FG-field-refused if it cannot be right.
        """
        read_field(field, value)

    def remove(self, name: str, athlete: str = ME) -> None:
        """Remove a connection with its records, files, secrets and every activity that only it has.

        Args:
            name: The exact name or id of the connection.
            athlete: The athlete.

        Raises:
            UserMistake: FG-connection-unknown if no connection has that name or id.
            Busy: FG-sync-running while it is being synced.
        """
        workspace = self._workspace
        connected = self._exactly(name, athlete)
        lock = connection_lock(
            workspace.database, workspace.home, connected.id, connected.name, workspace.now
        )
        # Plugins are imported here, before the transaction, because other writers wait for it.
        matcher = workspace.matcher()
        with lock, change_secrets(workspace) as change:
            track_secret(change, connected)
            with workspace.database.write() as db:
                # Another sync may store a blob from now on, whose row this transaction cannot see.
                # Therefore only blobs that are older than this moment may be deleted below.
                began = datetime.now(UTC)
                lock_athlete(db, athlete)
                unused = self._remove_rows(db, matcher, connected)
            # A power cut must not undo the commit after its blobs were deleted.
            workspace.database.flush_commits()
            for sha256 in unused:
                workspace.raws.blobs.delete(sha256, stored_before=began)

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

    def _check_kept_address(self, integration: str, athlete: str) -> None:
        """Refuse to send a new key to the address of the existing connection, unless it is proven.

        The address is in the database, and a database can come from a backup that somebody changed.
        """
        other = self.other_address(integration, {}, athlete)
        if other is None:
            return
        [connected] = self.at(integration, athlete)
        if not is_proven(self._workspace, connected):
            raise not_confirmed(integration, other)

    def _connectable(self, integration: str, athlete: str) -> Permissions:
        """Return what an athlete may do at an integration, if the athlete may connect it."""
        # Not from the cache: the entry says to which address the key is sent.
        installed = self._workspace.installed
        entry = installed.get("integration", integration)
        if entry.closed is not None:
            raise not_connectable(entry)
        source = source_of(installed, integration)
        self._athletes.check_tier(athlete, source)
        permissions = Permissions(self._workspace.policy, entry, source)
        permissions.check_integration()
        return permissions

    def _store(self, proven: _Proven, athlete: str) -> ConnectResult:
        """Store a new connection and its secret, or give them to the one that has the account."""
        integration = proven.source.integration or proven.source.id
        for _ in range(_ATTEMPTS):
            existing = self.of_account(integration, proven.account, athlete)
            if existing is not None:
                proven = replace(proven, connection_id=existing.id)
            with suppress(_ChangedMeanwhile):
                self._try_to_store(proven, existing, athlete)
                connected = self.get(proven.connection_id, athlete)
                return ConnectResult(connected, proven.account, renewed=existing is not None)
            proven = replace(proven, connection_id=new_connection_id())
        raise Busy(
            "FG-connection-changing",
            f"the connection to {proven.account.id} is being connected and removed by others",
            fix="connect again",
        )

    def _try_to_store(
        self,
        proven: _Proven,
        existing: ConnectionRow | None,
        athlete: str,
    ) -> None:
        """Store a new connection, or update ``existing``.

        Raises:
            _ChangedMeanwhile: Another call has connected or removed the account since ``existing``
                was looked up. Nothing is stored: a secret belongs to one connection.
        """
        workspace = self._workspace
        integration = proven.source.integration or proven.source.id
        with change_secrets(workspace) as change:
            ref = None
            if proven.secret:
                ref = change.put(owner_of(integration, proven.connection_id), proven.secret)
            if existing is not None:
                track_secret(change, existing)
            with workspace.database.write() as db:
                ensure_athlete(db, athlete, workspace.now)
                lock_athlete(db, athlete)
                connections = list_connections(db, athlete)
                now = _to_account(connections, integration, proven.account)
                if _id_of(now) != _id_of(existing):
                    raise _ChangedMeanwhile
                if existing is None:
                    check_connections(workspace.policy, len(connections))
                if existing is not None:
                    renew_connection(db, existing.id, proven.account, proven.settings, ref)
                else:
                    connection = ConnectionRow(
                        id=proven.connection_id,
                        athlete_id=athlete,
                        name=integration,
                        integration=integration,
                        source=proven.source.id,
                        account=proven.account,
                        settings=proven.settings,
                        created_at=workspace.now,
                        secret_ref=ref,
                    )
                    add_connection(db, connection)
            # The end of this change deletes the old secret. Without the flush, a power cut could
            # undo the commit after that, and the database would name the deleted secret again.
            workspace.database.flush_commits()

    def _remove_rows(self, db: Db, matcher: Matcher, connected: ConnectionRow) -> set[str]:
        """Remove a connection from the database; return the blobs that no record uses anymore."""
        raws = self._workspace.raws
        before = raws.used_blobs(db)
        # The activities that lose a record are matched again, and those without any record are
        # deleted.
        touched = remove_connection(db, connected.id)
        members = members_of(db, touched)
        matcher.rematch(db, connected.athlete_id, members, self._workspace.now)
        drop_empty(db, touched)
        return before - raws.used_blobs(db)

    def _exactly(self, name: str, athlete: str) -> ConnectionRow:
        """Return the connection with exactly this name or id.

        ``get`` also accepts an integration, so removing a connection twice would remove another
        one.
        """
        connected = self.get(name, athlete)
        if name not in (connected.name, connected.id):
            raise UserMistake(
                "FG-connection-unknown",
                f"the connection {name!r} does not exist",
                why=f"the connection at {name} is called {connected.name}",
                fix="fitglue connections",
            )
        return connected


def _to_account(
    connections: Iterable[ConnectionRow],
    integration: str,
    account: Account,
) -> ConnectionRow | None:
    """Return the one of these connections that is to an account, or ``None``."""
    for connected in connections:
        if connected.integration == integration and connected.account.id == account.id:
            return connected
    return None


def _id_of(connected: ConnectionRow | None) -> str | None:
    return None if connected is None else connected.id


def source_of(catalogue: Catalogue, integration: str) -> Entry:
    """Return the source entry of an integration; raise ``UserMistake`` FG-no-source if none is."""
    for entry in catalogue.entries("source"):
        if entry.integration == integration:
            return entry
    why = None
    if catalogue.problems:
        left_out = "; ".join(map(str, catalogue.problems))
        why = f"left out of the registry: {left_out}"
    raise UserMistake(
        "FG-no-source",
        f"no source belongs to integration {integration}",
        why=why,
        fix="see: fitglue registry list",
    )


def read_fields(entry: Entry, values: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Clean pasted values as the entry says, and separate them.

    Args:
        entry: The entry of the integration.
        values: Field → its value, as it was pasted or typed.

    Returns:
        The secrets and the settings, each by field name, without empty values.

    Raises:
        UserMistake: FG-setting-unknown for a field that the entry does not have, FG-field-refused
            for a value that cannot be right.
    """
    fields = _fields_of(entry)
    unknown = sorted(values.keys() - fields.keys())
    if unknown:
        raise UserMistake(
            "FG-setting-unknown",
            f"{entry.name} has no setting {unknown[0]!r}",
            why=f"its settings are {', '.join(fields)}",
            fix="use one of these",
        )
    secrets: dict[str, str] = {}
    settings: dict[str, str] = {}
    for name, field in fields.items():
        value = read_field(field, values.get(name, ""))
        if field.path:
            value = absolute(value)
        if value:
            destination = secrets if field.secret else settings
            destination[name] = value
    return secrets, settings


def _fields_of(entry: Entry) -> dict[str, Field]:
    """Return the fields that an athlete is asked for, by name."""
    return {field.name: field for field in (*entry.credentials, *entry.settings)}
