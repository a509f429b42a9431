"""The façade ``Host``: everything that an interface can do, for an application that embeds the host.

    with Host() as host:
        for event in host.sync():
            print(event)

Nothing here prints; logging goes to the logger ``fitglue_registry``.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as replace_fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from fitglue_registry.errors import AthleteNeeded, Busy, FitglueError, StoreFailed, UserMistake
from fitglue_registry.judge import Judge
from fitglue_registry.library import ME
from fitglue_registry.registry.paths import absolute

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from fitglue_registry.backup.format import Backup, OnStep
    from fitglue_registry.backup.restore import Restored
    from fitglue_registry.doctor import Check
    from fitglue_registry.importing import Recognition, Timing
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Account, Recognized
    from fitglue_registry.plugins import Availability
    from fitglue_registry.registry import Entry
    from fitglue_registry.secrets.changing import SecretChange
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.sync.context import ConnectionView, Context, Options
    from fitglue_registry.sync.events import Event

#: A blob is put before the row that names it; a younger one may belong to a sync that is at work.
_UNSETTLED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ConnectResult:
    """A connection that was proven and stored; ``renewed``: it was there already and got new
    credentials.
    """

    connection: ConnectionRow
    account: Account
    renewed: bool


@dataclass(frozen=True, slots=True)
class SecretKept:
    """Where the secret of a connection lies after ``rekey``, whether the new key seals it, and why
    it could not be opened.
    """

    connection: ConnectionRow
    kept_in: str
    new_key: bool
    error: FitglueError | None = None


class Host(Judge):
    """The host, on one folder and one database.

    ``home`` is the folder of everything local (``FITGLUE_HOME``, else the platform's data folder),
    ``database`` a SQLAlchemy URL (``FITGLUE_DATABASE``, else SQLite in ``home``). ``secrets``,
    ``blobs``, ``plugins``, ``clock`` and the registry ``folders`` replace the host's own;
    ``on_wait(seconds, reason)`` hears of every wait for a source, from any thread. Nothing is
    opened before it is needed.
    """

    # -- athletes and availability -----------------------------------------------------------------

    def add_athlete(self, athlete: str, tier: str | None = None) -> None:
        """Make an athlete, or give one another tier; raises ``UserMistake`` FG-unknown-tier."""
        from fitglue_registry.store.athletes import ensure_athlete

        if tier is not None and self.catalogue.tier(tier) is None:
            known = ", ".join(one.id for one in self.catalogue.tiers)
            raise UserMistake(
                "FG-unknown-tier",
                f"there is no tier {tier!r}",
                why=f"there are {known}",
                fix="use one of these",
            )
        with self.database.write() as db:
            ensure_athlete(db, athlete, self.now, tier)

    def athletes(self) -> list[str]:
        """The ids of all athletes."""
        from fitglue_registry.store.athletes import list_athletes

        with self.database.read() as db:
            return list_athletes(db)

    def availability(self, kind: str, entry_id: str, athlete: str = ME) -> Availability:
        """Whether an athlete can use an entry now, and if not, why and what to do."""
        from fitglue_registry.plugins import availability
        from fitglue_registry.store.athletes import athlete_tier

        entry = self.catalogue.get(kind, entry_id)
        with self.database.read() as db:
            tier = athlete_tier(db, athlete)
        states = [
            one.state for one in self.connections(athlete) if one.integration == entry.integration
        ]
        allowed = tier is None or self.catalogue.tier_includes(tier, entry)
        return availability(entry, self.plugins, allowed=allowed, tier=tier, connections=states)

    # -- connections -------------------------------------------------------------------------------

    def connections(self, athlete: str = ME) -> list[ConnectionRow]:
        """The connections of an athlete, oldest first."""
        from fitglue_registry.store.connections import list_connections

        with self.database.read() as db:
            return list_connections(db, athlete)

    def connection(self, name: str, athlete: str = ME) -> ConnectionRow:
        """The connection of that name or id, or the only one at that integration; raises
        ``UserMistake`` FG-connection-unknown.
        """
        every = self.connections(athlete)
        found = [one for one in every if name in (one.name, one.id)] or [
            one for one in every if name == one.integration
        ]
        if len(found) == 1:
            return found[0]
        known = ", ".join(one.name for one in every) or "none yet"
        raise UserMistake(
            "FG-connection-unknown",
            f"there is no connection {name!r}",
            why=f"connections: {known}",
            fix="fitglue connections" if every else "fitglue connect intervals",
        )

    def source_of(self, integration: str) -> Entry:
        """The source entry that lists an integration's records."""
        for entry in self.catalogue.entries("source"):
            if entry.integration == integration:
                return entry
        left_out = [str(problem) for problem in self.catalogue.problems]
        raise UserMistake(
            "FG-no-source",
            f"no source belongs to integration {integration}",
            fix="see: fitglue registry list",
            why=f"left out of the registry: {'; '.join(left_out)}" if left_out else None,
        )

    def connect(
        self, integration: str, values: Mapping[str, str], athlete: str = ME
    ) -> ConnectResult:
        """Prove credentials and settings (by name, as pasted), and store the connection; the same
        account again gets new credentials.

        Raises ``UserMistake`` for a value that cannot be one, ``AthleteNeeded`` for one that the
        service refuses, and for a service whose accounts cannot be connected, with the roads that
        its workouts do take, ``Retryable`` where it cannot be asked now, ``PluginFailed`` where the
        plugin is missing or broken. Nothing is stored unless all went well.
        """
        from fitglue_registry.store.athletes import ensure_athlete
        from fitglue_registry.store.connections import (
            add_connection,
            new_connection_id,
            renew_connection,
        )

        entry = self.catalogue.get("integration", integration)
        if entry.closed is not None:
            raise not_connectable(entry)
        source = self.source_of(integration)
        self._check_tier(source, athlete)
        there = [one for one in self.connections(athlete) if one.integration == integration]
        secret, settings = _read_fields(
            entry, {**self.kept_settings(integration, athlete), **values}
        )
        self.redactor.add(secret.values())
        connection_id = new_connection_id()
        view = self._view(connection_id, source, None, settings, lambda: secret)
        try:
            account = self._prove(source, view)
        finally:
            view.close()
        same = [one for one in there if one.account.id == account.id]
        with self._changing_secrets() as change:
            ref = (
                change.put(f"{integration} {same[0].id if same else connection_id}", secret)
                if secret
                else None
            )
            if same and same[0].secret_ref:
                change.leave(same[0].secret_ref)
            with self.database.write() as db:
                ensure_athlete(db, athlete, self.now)
                if same:
                    renew_connection(db, same[0].id, account, settings, ref)
                else:
                    add_connection(
                        db,
                        athlete_id=athlete,
                        integration=integration,
                        source=source.id,
                        account=account,
                        settings=settings,
                        secret_ref=ref,
                        connection_id=connection_id,
                        now=self.now,
                    )
            self.database.settle()
        return ConnectResult(
            self.connection(same[0].id if same else connection_id, athlete),
            account,
            renewed=bool(same),
        )

    def kept_settings(self, integration: str, athlete: str = ME) -> dict[str, str]:
        """What ``connect`` takes from the only connection there is: a key is renewed where it was
        used, not where the entry says.
        """
        entry = self.catalogue.get("integration", integration)
        there = [one for one in self.connections(athlete) if one.integration == integration]
        known = {field.name for field in (*entry.credentials, *entry.settings)}
        return (
            {name: value for name, value in there[0].settings.items() if name in known}
            if len(there) == 1
            else {}
        )

    def probe(self, name: str, athlete: str = ME) -> Account:
        """Ask the service again whose account a connection is; raises as ``connect`` does."""
        connected = self.connection(name, athlete)
        source = self.catalogue.get("source", connected.source)
        view = self._view_of(connected, source)
        try:
            return self._prove(source, view)
        finally:
            view.close()

    def disconnect(self, name: str, athlete: str = ME) -> None:
        """Remove a connection with its records, files, secrets and every activity that only it
        knew; raises ``Busy`` while it is synced.
        """
        from fitglue_registry.store.activities import drop_orphans
        from fitglue_registry.store.connections import remove_connection
        from fitglue_registry.store.source_activity_search import members_of
        from fitglue_registry.sync.lock import connection_lock

        connected = self._connection_called(name, athlete)
        with (
            connection_lock(self.database, self.home, connected.id, connected.name, self.now),
            self._changing_secrets() as change,
        ):
            if connected.secret_ref:
                change.leave(connected.secret_ref)
            with self.database.write() as db:
                # What is put from now on is another sync's, whose row this transaction cannot see.
                began = datetime.now(UTC)
                blobs = self._raws.used_blobs(db)
                touched = remove_connection(db, connected.id)
                self._matcher().place(db, athlete, members_of(db, touched), self.now)
                drop_orphans(db, touched)
                blobs -= self._raws.used_blobs(db)
            self.database.settle()
            for sha256 in blobs:
                self._raws.blobs.delete(sha256, stored_before=began)

    def rekey(self, to: Literal["file", "keyring"] | None = None) -> list[SecretKept]:
        """Seal the secrets of all connections with a new key file; ``to`` moves them into that
        store of this machine first.

        What cannot be opened is told, and stays as it is. Killed anywhere it loses nothing, and the
        next call goes on. Raises ``UserMistake`` FG-rekey-elsewhere where the application keeps the
        secrets.
        """
        from fitglue_registry.secrets.chain import ChainSecretStore

        if not isinstance(self.secrets, ChainSecretStore):
            raise UserMistake(
                "FG-rekey-elsewhere",
                "the secrets are kept by the application that embeds this host",
                fix="change the key there",
            )
        with self._changing_secrets() as change:
            failed = (
                {one.id: self._move_secret(one, to, change) for one in self._secretive()}
                if to
                else {}
            )
            sealed = self.secrets.rekey(one.secret_ref or "" for one in self._secretive())
            outcomes = []
            for one in self._secretive():
                ref = one.secret_ref or ""
                error = failed.get(one.id) or sealed.outcomes.get(ref)
                outcomes.append(
                    SecretKept(
                        one, ref.partition(":")[0], ref in sealed.outcomes and not error, error
                    )
                )
            return outcomes

    def _move_secret(
        self, one: ConnectionRow, to: str, change: SecretChange
    ) -> FitglueError | None:
        from fitglue_registry.store.connections import update_connection

        ref = one.secret_ref or ""
        if ref.startswith(f"{to}:"):
            return None
        try:
            new = change.put(f"{one.integration} {one.id}", self.secrets.get(ref), to)
        except AthleteNeeded as error:
            return error
        change.leave(ref)
        with self.database.write() as db:
            update_connection(db, one.id, secret_ref=new)
        self.database.settle()
        return None

    def _secretive(self) -> list[ConnectionRow]:
        """The connections of all athletes that have a secret."""
        from fitglue_registry.store.connections import list_connections

        with self.database.read() as db:
            return [one for one in list_connections(db) if one.secret_ref]

    def _changing_secrets(self) -> AbstractContextManager[SecretChange]:
        from fitglue_registry.secrets.changing import changing

        which = str(self.database.path.resolve()) if self.database.path else self.database.shown
        return changing(
            self.secrets,
            self.home,
            which,
            lambda: {one.secret_ref or "" for one in self._secretive()},
        )

    def _connection_called(self, name: str, athlete: str) -> ConnectionRow:
        """The connection of exactly that name or id: a removal that is done twice must not take the
        other connection that is left.
        """
        connected = self.connection(name, athlete)
        if name not in (connected.name, connected.id):
            raise UserMistake(
                "FG-connection-unknown",
                f"there is no connection called {name!r}",
                why=f"there is {connected.name}",
                fix="fitglue connections",
            )
        return connected

    def _prove(self, source: Entry, view: ConnectionView) -> Account:
        from fitglue_registry.plugin_api import Account

        self.plugins.load(source)
        account: Account = self.plugins.call(
            source, "fitglue_connect", Account, connection=view, sign_of_life=view.sign_of_life
        )
        return account

    def _check_tier(self, source: Entry, athlete: str) -> None:
        from fitglue_registry.store.athletes import athlete_tier

        with self.database.read() as db:
            tier = athlete_tier(db, athlete)
        if tier is not None and not self.catalogue.tier_includes(tier, source):
            raise UserMistake(
                "FG-tier",
                f"{source.name} belongs to tier {source.tier}, this athlete has {tier}",
                fix="ask whoever runs this service for the higher tier",
            )

    # -- what a plugin sees ------------------------------------------------------------------------

    def _view_of(self, connected: ConnectionRow, source: Entry) -> ConnectionView:
        return self._view(
            connected.id,
            source,
            connected.account,
            connected.settings,
            lambda: self._secret_of(connected.id),
        )

    def _secret_of(self, connection_id: str) -> Mapping[str, str]:
        """The secret as it is now: it may have been renewed since the connection was looked at."""
        from fitglue_registry.store.connections import get_connection

        with self.database.read() as db:
            found = get_connection(db, connection_id)
        return self.secrets.get(found.secret_ref) if found and found.secret_ref else {}

    def _view(
        self,
        connection_id: str,
        source: Entry,
        account: Account | None,
        settings: Mapping[str, str],
        secret: Callable[[], Mapping[str, str]],
    ) -> ConnectionView:
        from fitglue_registry.sync.context import ConnectionView

        http = (
            source.http or self.catalogue.get("integration", source.integration or source.id).http
        )

        def open_http() -> Any:
            from fitglue_registry.transport.budget import budget_of
            from fitglue_registry.transport.policy import policy_from_entry
            from fitglue_registry.transport.session import HttpSession

            assert http is not None
            policy = policy_from_entry(http, settings.get("base_url") or None)
            budget = budget_of(
                policy,
                self.home / "budget",
                integration=source.integration or source.id,
                account=connection_id,
                clock=self.clock,
            )
            return HttpSession(
                policy,
                secrets=secret,
                budget=budget,
                clock=self.clock,
                on_wait=self.on_wait,
                redactor=self.redactor,
            )

        shown = MappingProxyType(dict(settings))
        return ConnectionView(
            connection_id,
            source.id,
            account,
            shown,
            self.clock,
            open_http if http else None,
            cache=self.home / "cache" / "plugins" / source.plugin.name,
        )

    def _context(self, connected: ConnectionRow) -> Context:
        from fitglue_registry.sync.context import Context
        from fitglue_registry.sync.deriving.deriver import Deriver

        source = self.catalogue.get("source", connected.source)
        self.plugins.load(source)
        http = source.http or self.catalogue.get("integration", connected.integration).http
        return Context(
            self.database,
            self._raws,
            self.plugins,
            Deriver(self.plugins),
            self._matcher(),
            self.clock,
            self.home,
            source,
            connected,
            self._view_of(connected, source),
            http.connections if http else 1,
        )

    # -- work --------------------------------------------------------------------------------------

    def sync(
        self, name: str | None = None, athlete: str = ME, options: Options | None = None
    ) -> Iterator[Event]:
        """Sync one connection, or all of an athlete, one after the other; yields typed events
        (``sync/events.py``).

        A connection that cannot go on ends with ``SyncStopped`` and the next one begins. Raises
        ``UserMistake`` where there is no such connection, ``StoreFailed`` where the store fails.
        Closing the iterator stops cleanly; nothing stored is lost.
        """
        from fitglue_registry.sync.context import Options
        from fitglue_registry.sync.engine import sync_connection

        chosen = options or Options()
        if chosen.full and (chosen.since or chosen.until):
            raise UserMistake(
                "FG-options-conflict",
                "--full takes the whole history, --since and --until a part of it",
                fix="give one of them",
            )
        yield from self._each(name, athlete, lambda context: sync_connection(context, chosen))

    def recognize(self, paths: Iterable[str | Path], source: str | None = None) -> Recognition:
        """What some files and folders are, by every plugin that can tell, or as that source alone;
        nothing is written.

        Raises ``UserMistake`` for a path that is not there or cannot be read, and where nothing in
        them is known.
        """
        from fitglue_registry.importing import recognize

        return recognize(self, paths, source)

    def rehearse(self, what: Recognized, athlete: str = ME) -> Iterator[Event]:
        """The dry run of a source that was recognised and need not be connected: events as of
        ``sync``, and nothing is stored.
        """
        from fitglue_registry.store.connections import (
            new_connection_id,
            unstored_connection,
        )
        from fitglue_registry.sync.context import Options
        from fitglue_registry.sync.engine import sync_connection

        source = self.catalogue.get("source", what.entry)
        integration = source.integration or source.id
        self._check_tier(source, athlete)
        _, settings = _read_fields(self.catalogue.get("integration", integration), what.settings)
        view = self._view(new_connection_id(), source, None, settings, dict)
        try:
            account = self._prove(source, view)
        finally:
            view.close()
        there = [
            one
            for one in self.connections(athlete)
            if one.integration == integration and one.account.id == account.id
        ]
        connected = (
            replace_fields(there[0], settings=settings)
            if there
            else unstored_connection(
                athlete, integration, source.id, account, settings, view.id, what.name, self.now
            )
        )
        context = self._context(connected)
        try:
            yield from sync_connection(context, Options(full=True, files=True, dry_run=True))
        finally:
            context.view.close()

    def import_paths(
        self, what: Iterable[str | Path] | Recognition, athlete: str = ME, *, dry_run: bool = False
    ) -> Iterator[Event]:
        """Take what is new from files, folders and archives, or from what ``recognize`` found;
        yields events as ``sync`` does.

        Each source that is found is connected first, with a ``SourceConnected``; another archive of
        an account that is connected takes the place of the one before. A source that fails ends
        with ``SyncStopped`` and the next one begins. ``dry_run`` stores nothing.
        """
        from fitglue_registry.importing import Recognition, bring_in

        yield from bring_in(
            self,
            what if isinstance(what, Recognition) else self.recognize(what),
            athlete,
            dry_run=dry_run,
        )

    def watch(
        self,
        names: Sequence[str] = (),
        athlete: str = ME,
        stop: threading.Event | None = None,
        timing: Timing | None = None,
    ) -> Iterator[Event]:
        """Sync the connections of these names, or all that read files of this machine, whenever
        files appear there; for ever, or until ``stop`` is set.

        A file counts when nobody writes to it any more; a folder may go away and come back.

        Raises ``UserMistake`` where there is nothing to watch, or where the library that listens is
        not installed.
        """
        from fitglue_registry.importing import watch

        yield from watch(self, names, athlete, stop, timing)

    def rebuild(self, name: str | None = None, athlete: str = ME) -> Iterator[Event]:
        """Derive everything again from the raw parts, without the network; yields what changed."""
        from fitglue_registry.sync.deriving.rebuild import rebuild_connection

        yield from self._each(name, athlete, rebuild_connection)

    def retry_quarantine(self, athlete: str = ME) -> Iterator[Event]:
        """Try every record in quarantine again; yields what became of each."""
        from fitglue_registry.store.runs import RunLog
        from fitglue_registry.sync.fetching.parts import retry_quarantine
        from fitglue_registry.sync.lock import connection_lock

        def retry(context: Context) -> Iterator[Event]:
            connected = context.connected
            with connection_lock(
                context.database, context.home, connected.id, connected.name, context.now
            ):
                log = RunLog(connected.athlete_id, connected.id, "retry", context.now, {})
                yield from retry_quarantine(context, log, everything=True)
                with context.database.write() as db:
                    log.end(db, context.now, "complete")

        yield from self._each(None, athlete, retry)

    def _each(
        self, name: str | None, athlete: str, work: Callable[[Context], Iterator[Event]]
    ) -> Iterator[Event]:
        from fitglue_registry.sync.events import SyncStopped

        chosen = [self.connection(name, athlete)] if name else self.connections(athlete)
        if not chosen:
            raise UserMistake(
                "FG-no-connection", "there is no connection yet", fix="fitglue connect intervals"
            )
        for connected in chosen:
            context = None
            try:
                context = self._context(connected)
                yield from work(context)
            except Busy as error:
                if name:
                    raise
                yield SyncStopped(connected.name, error)
            except FitglueError as error:
                if isinstance(error, StoreFailed):
                    raise
                yield SyncStopped(connected.name, error)
            finally:
                if context is not None:
                    context.view.close()

    # -- backups -----------------------------------------------------------------------------------

    def backup(
        self, path: str | Path, *, with_secrets: bool = False, on_step: OnStep | None = None
    ) -> Backup:
        """Write a backup of the store into one new file, also while a sync is at work, and read it
        again; ``on_step(what, done, of)``.

        Keys are left out unless ``with_secrets``, and then only those in encrypted files can be
        taken along: whoever has the file has the keys. In PostgreSQL the database itself is for
        ``pg_dump``. Raises ``UserMistake`` where there is such a file already.
        """
        from fitglue_registry.backup.make import make

        return make(
            Path(path),
            self.database,
            self.blobs,
            self.home / "secrets" if with_secrets else None,
            self.now,
            on_step,
        )

    def verify_backup(self, path: str | Path, *, on_step: OnStep | None = None) -> Backup:
        """Read all of a backup; raises ``StoreFailed`` FG-backup-damaged, which names the first
        thing that is damaged.
        """
        from fitglue_registry.backup.format import verify

        return verify(Path(path), on_step)

    def restore(
        self, path: str | Path, *, replace: bool = False, on_step: OnStep | None = None
    ) -> Restored:
        """Make the store what it was in a backup; with ``replace`` a database that is there is
        moved aside, never deleted.

        Raises ``UserMistake`` where there is one and ``replace`` is not given, ``StoreFailed``
        where the backup is damaged or newer, ``Busy`` while a sync is at work; the store is then
        what it was. Other programs have to close the database first.
        """
        from fitglue_registry.backup.restore import restore

        try:
            restored = restore(
                Path(path),
                self.home,
                self.database,
                self.blobs,
                self.now,
                replace=replace,
                on_step=on_step,
            )
        finally:
            # It knows the dictionaries of the database that was here.
            self.__dict__.pop("_raws", None)
        return (
            restored
            if restored.backup.manifest.database == "postgresql"
            else replace_fields(
                restored,
                without_key=tuple(one.name for one in self._secretive() if not self._has_key(one)),
            )
        )

    def _has_key(self, one: ConnectionRow) -> bool:
        try:
            self.secrets.get(one.secret_ref or "")
        except AthleteNeeded:
            return False
        return True

    def doctor(
        self, *, offline: bool = False, deep: Literal["sample", "all"] | None = None
    ) -> Iterator[Check]:
        """Everything that can be looked at, one check after the other; ``offline`` asks no service,
        ``deep`` looks through the store and reads a sample of the raw answers again, or all of
        them.
        """
        from fitglue_registry.doctor import checks

        return checks(self, offline=offline, deep=deep)

    def mend(self) -> int:
        """Have the next sync fetch what is damaged or gone of the raw answers again, and sweep
        blobs; how many answers.
        """
        from fitglue_registry.backup.integrity import mend

        self.sweep_blobs()
        return mend(self.database, self.blobs)

    def normalize_offline(
        self, source: str, content: bytes, name: str, streams: bytes | None = None
    ) -> list[tuple[str, list[SourceActivity] | FitglueError]]:
        """(external id, its source activities or why they are refused) of a saved payload, by the
        plugin of a source.

        Raises ``RecordRefused`` with the reason where the whole payload is something else.
        """
        from fitglue_registry.sync.deriving.deriver import Deriver, goes_to_quarantine

        entry = self.catalogue.get("source", source)
        self.plugins.load(entry)
        deriver = Deriver(self.plugins)
        found: list[tuple[str, list[SourceActivity] | FitglueError]] = []
        for record in self.plugins.offline_records(entry, content, name, streams):
            try:
                found.append((record.external_id, deriver.check(entry, record)))
            except FitglueError as error:
                if not goes_to_quarantine(error):
                    raise
                found.append((record.external_id, error))
        return found

    def sweep_blobs(self) -> int:
        """Remove blobs that no record needs any more; their number comes back."""
        from fitglue_registry.store.blobs import sweep

        with self.database.read() as db:
            used = self._raws.used_blobs(db)
        return len(sweep(self._raws.blobs, used, self.clock.now() - _UNSETTLED))


def not_connectable(entry: Entry) -> AthleteNeeded:
    """The error for a service whose accounts cannot be connected: it tells the roads that its
    workouts do take.
    """
    assert entry.closed is not None
    roads = [
        f"{road.name} ({road.brings}): {road.how} Then: {road.command}"
        for road in entry.closed.roads
    ]
    return AthleteNeeded(
        "FG-not-connectable",
        f"an account at {entry.name} cannot be connected",
        why=entry.closed.why,
        fix=" Or: ".join(roads),
    )


def _read_fields(entry: Entry, values: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """(secrets, settings) out of what was pasted, cleaned as the entry says."""
    from fitglue_registry.registry.pasted import read_field

    fields = {field.name: field for field in (*entry.credentials, *entry.settings)}
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise UserMistake(
            "FG-setting-unknown",
            f"{entry.name} has no setting {unknown[0]!r}",
            why=f"it has {', '.join(fields)}",
            fix="use one of these",
        )
    read = {name: read_field(field, values.get(name, "")) for name, field in fields.items()}
    read |= {name: absolute(read[name]) for name, field in fields.items() if field.path}
    return (
        {name: value for name, value in read.items() if value and fields[name].secret},
        {name: value for name, value in read.items() if value and not fields[name].secret},
    )
