"""The connections of an athlete: prove and store one, look at it, give it a new key, remove it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from fitglue_registry.errors import UserMistake
from fitglue_registry.registry.pasted import read_field
from fitglue_registry.registry.paths import absolute
from fitglue_registry.services.closed_services import not_connectable
from fitglue_registry.services.connection_secrets import SecretKept, change_secrets, rekey_secrets
from fitglue_registry.services.connection_status import connection_status, local_time
from fitglue_registry.services.plugin_view import PluginViews
from fitglue_registry.store.activities import drop_empty
from fitglue_registry.store.athletes import ensure_athlete
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
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.matching.matcher import Matcher
    from fitglue_registry.plugin_api import Account as Account
    from fitglue_registry.registry import Catalogue, Entry, Field
    from fitglue_registry.services.athletes import Athletes
    from fitglue_registry.services.connection_status import ConnectionStatus
    from fitglue_registry.workspace import Workspace

    ConnectionList = list[ConnectionRow]
    SecretsKept = list[SecretKept]


@dataclass(frozen=True, slots=True)
class ConnectResult:
    """A connection that was proven and stored.

    ``renewed`` says that it was stored before, and has new credentials now.
    """

    connection: ConnectionRow
    account: Account
    renewed: bool


@dataclass(frozen=True, slots=True)
class _Proven:
    """What the service accepted, and what is to be stored of it."""

    connection_id: str
    source: Entry
    account: Account
    settings: Mapping[str, str]
    secret: Mapping[str, str]


class Connections:
    """The connections of athletes to their accounts."""

    def __init__(self, workspace: Workspace, athletes: Athletes) -> None:
        self._workspace = workspace
        self._athletes = athletes
        self._views = PluginViews(workspace)

    def list(self, athlete: str = ME) -> ConnectionList:
        """The connections of an athlete, oldest first."""
        with self._workspace.database.read() as db:
            return list_connections(db, athlete)

    def get(self, name: str, athlete: str = ME) -> ConnectionRow:
        """The connection of that name or id, or the only one at that integration.

        Raises ``UserMistake`` FG-connection-unknown.
        """
        connections = self.list(athlete)
        for connected in connections:
            if name in (connected.name, connected.id):
                return connected
        at_integration = self.at(name, athlete)
        if len(at_integration) == 1:
            return at_integration[0]
        names = [connected.name for connected in connections]
        known = ", ".join(names) or "none yet"
        raise UserMistake(
            "FG-connection-unknown",
            f"there is no connection {name!r}",
            why=f"connections: {known}",
            fix="fitglue connections" if connections else "fitglue connect intervals",
        )

    def connect(
        self,
        integration: str,
        values: Mapping[str, str],
        athlete: str = ME,
    ) -> ConnectResult:
        """Prove credentials and settings, and store the connection.

        ``values`` are the fields of the integration's entry by name, as pasted. The same account
        again gets new credentials. Nothing is stored unless all went well.

        Raises ``UserMistake`` for a value that cannot be one, ``AthleteNeeded`` for one that the
        service refuses and for a service whose accounts cannot be connected (with the other ways
        for its workouts), ``Retryable`` where the service cannot be asked now, ``PluginFailed``
        where the plugin is missing or broken.
        """
        entry = self._workspace.catalogue.get("integration", integration)
        if entry.closed is not None:
            raise not_connectable(entry)
        source = source_of(self._workspace.catalogue, integration)
        self._athletes.check_tier(athlete, source)
        kept = self.kept_settings(integration, athlete)
        secret, settings = read_fields(entry, {**kept, **values})
        self._workspace.redactor.add(secret.values())
        connection_id = new_connection_id()
        view = self._views.of_new(connection_id, source, settings, secret)
        account = self._views.prove(source, view)
        existing = self.of_account(integration, account, athlete)
        if existing is not None:
            connection_id = existing.id
        proven = _Proven(connection_id, source, account, settings, secret)
        self._store(proven, existing, athlete)
        connected = self.get(connection_id, athlete)
        return ConnectResult(connected, account, renewed=existing is not None)

    def at(self, integration: str, athlete: str = ME) -> ConnectionList:
        """The connections of an athlete at an integration, oldest first."""
        connections = self.list(athlete)
        return [connected for connected in connections if connected.integration == integration]

    def of_account(
        self,
        integration: str,
        account: Account,
        athlete: str = ME,
    ) -> ConnectionRow | None:
        """The connection of an athlete to this account, if there is one."""
        for connected in self.at(integration, athlete):
            if connected.account.id == account.id:
                return connected
        return None

    def kept_settings(self, integration: str, athlete: str = ME) -> dict[str, str]:
        """What ``connect`` takes from the only connection at an integration, by field name.

        A key is renewed where it was used, and not where the entry says.
        """
        entry = self._workspace.catalogue.get("integration", integration)
        connections = self.at(integration, athlete)
        if len(connections) != 1:
            return {}
        kept = {}
        for name in _fields_of(entry):
            if name in connections[0].settings:
                kept[name] = connections[0].settings[name]
        return kept

    def probe(self, name: str, athlete: str = ME) -> Account:
        """Ask the service again whose account a connection is; raises as ``connect`` does."""
        connected = self.get(name, athlete)
        source = self._workspace.catalogue.get("source", connected.source)
        return self._views.prove(source, self._views.of(connected, source))

    def health(self, connected: ConnectionRow) -> dict[str, int]:
        """How many records of a connection are in which state.

        Also how many are in quarantine, and how many parts are wanted or failed.
        """
        with self._workspace.database.read() as db:
            return connection_counts(db, connected.id)

    def status(self, connected: ConnectionRow) -> ConnectionStatus:
        """Whether a connection works, what to do where it does not, and how much it holds."""
        return connection_status(self._workspace, connected, self.health(connected))

    def local_time(self, athlete: str = ME) -> datetime:
        """Now, where the athlete is: in the zone of an account, else of this machine."""
        return local_time(self._workspace.clock.now(), self.list(athlete))

    def check_value(self, field: Field, value: str) -> None:
        """Raise ``UserMistake`` for what cannot be the value of an entry's field."""
        read_field(field, value)

    def remove(self, name: str, athlete: str = ME) -> None:
        """Remove a connection with its records, files, secrets and every activity that only it has.

        Raises ``Busy`` while it is synced, ``UserMistake`` where none has that name or id.
        """
        workspace = self._workspace
        connected = self._exactly(name, athlete)
        lock = connection_lock(
            workspace.database, workspace.home, connected.id, connected.name, workspace.now
        )
        # What the matcher needs is imported before the transaction, and not while others wait.
        matcher = workspace.matcher()
        with lock, change_secrets(workspace) as change:
            if connected.secret_ref:
                change.track(connected.secret_ref)
            with workspace.database.write() as db:
                # A blob that is put from now on belongs to another sync, whose row this transaction
                # cannot see.
                began = datetime.now(UTC)
                unused = self._remove_rows(db, matcher, connected)
            workspace.database.flush_commits()
            for sha256 in unused:
                workspace.raws.blobs.delete(sha256, stored_before=began)

    def rekey(self, to: Literal["file", "keyring"] | None = None) -> SecretsKept:
        """Seal the secrets of all connections with a new key file.

        ``to`` moves them into that store of this machine first. What cannot be opened is in the
        result, and stays as it is. Killed anywhere it loses nothing, and the next call goes on.

        Raises ``UserMistake`` FG-rekey-elsewhere where the application keeps the secrets.
        """
        return rekey_secrets(self._workspace, to)

    def _store(
        self,
        proven: _Proven,
        existing: ConnectionRow | None,
        athlete: str,
    ) -> None:
        """Store a connection and its secret, or give ``existing`` what was proven."""
        workspace = self._workspace
        integration = proven.source.integration or proven.source.id
        with change_secrets(workspace) as change:
            ref = None
            if proven.secret:
                owner = f"{integration} {proven.connection_id}"
                ref = change.put(owner, proven.secret)
            if existing is not None and existing.secret_ref:
                change.track(existing.secret_ref)
            with workspace.database.write() as db:
                ensure_athlete(db, athlete, workspace.now)
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
            workspace.database.flush_commits()

    def _remove_rows(self, db: Db, matcher: Matcher, connected: ConnectionRow) -> set[str]:
        """Remove a connection from the database; returns the blobs that no record uses then."""
        raws = self._workspace.raws
        before = raws.used_blobs(db)
        touched = remove_connection(db, connected.id)
        members = members_of(db, touched)
        matcher.rematch(db, connected.athlete_id, members, self._workspace.now)
        drop_empty(db, touched)
        return before - raws.used_blobs(db)

    def _exactly(self, name: str, athlete: str) -> ConnectionRow:
        """The connection of exactly that name or id.

        A removal that is done twice must not take the other connection at that integration.
        """
        connected = self.get(name, athlete)
        if name not in (connected.name, connected.id):
            raise UserMistake(
                "FG-connection-unknown",
                f"there is no connection called {name!r}",
                why=f"there is {connected.name}",
                fix="fitglue connections",
            )
        return connected


def source_of(catalogue: Catalogue, integration: str) -> Entry:
    """The source entry that lists an integration's records; raises ``UserMistake`` FG-no-source."""
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
    """Returns (secrets, settings) from what was pasted, cleaned as the entry says.

    Raises ``UserMistake`` for a field that the entry does not have, and for a value that cannot be
    one.
    """
    fields = _fields_of(entry)
    unknown = sorted(values.keys() - fields.keys())
    if unknown:
        raise UserMistake(
            "FG-setting-unknown",
            f"{entry.name} has no setting {unknown[0]!r}",
            why=f"it has {', '.join(fields)}",
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
    """The fields that an athlete is asked for, by name."""
    return {field.name: field for field in (*entry.credentials, *entry.settings)}
