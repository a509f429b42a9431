"""What a host holds, and everything that can be read of it without asking any source."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date
    from types import TracebackType
    from typing import Self

    from fitglue_registry.model import Stream
    from fitglue_registry.plugins import Plugins
    from fitglue_registry.redaction.redactor import Redactor
    from fitglue_registry.registry import Catalogue, Folder
    from fitglue_registry.secrets.chain import ChainSecretStore
    from fitglue_registry.secrets.file_store import FileSecretStore
    from fitglue_registry.secrets.keyring_store import KeyringSecretStore
    from fitglue_registry.secrets.protocol import SecretStore
    from fitglue_registry.store.activity_details import ActivityDetails
    from fitglue_registry.store.blobs import BlobStore
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.store.database import Database
    from fitglue_registry.store.lists import Filter
    from fitglue_registry.store.raw_parts import RawStore
    from fitglue_registry.store.sql import SqlResult
    from fitglue_registry.transport.clock import WaitingClock

#: The athlete where nobody says otherwise.
ME = "me"


class Library:
    """What a host holds, opened when it is first needed, and everything that can be read of it;
    ``Host`` says what the arguments are.
    """

    def __init__(
        self,
        home: str | Path | None = None,
        database: str | None = None,
        *,
        secrets: SecretStore | None = None,
        blobs: BlobStore | None = None,
        plugins: Plugins | None = None,
        folders: Sequence[Folder] | None = None,
        clock: WaitingClock | None = None,
        on_wait: Callable[[float, str], None] | None = None,
    ) -> None:
        self._home, self._url = home, database
        self._given_secrets, self._given_blobs, self._given_folders, self._given_clock = (
            secrets,
            blobs,
            folders,
            clock,
        )
        self._given_plugins = plugins
        self.on_wait = on_wait
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back files, connections and threads."""
        self._closing.close()
        if self._given_plugins is None and "plugins" in self.__dict__:
            self.plugins.close()

    # -- the rooms ---------------------------------------------------------------------------------

    @cached_property
    def plugins(self) -> Plugins:
        """The plugins; each is imported when one of its hooks is first needed."""
        from fitglue_registry.plugins import Plugins

        plugins = self._given_plugins or Plugins()
        plugins.redact = lambda text: self.redactor.text(text)
        return plugins

    @cached_property
    def home(self) -> Path:
        """The folder of everything local."""
        named = self._home or os.environ.get("FITGLUE_HOME")
        if named:
            return Path(named).expanduser().absolute()  # a plugin may change the working directory
        from platformdirs import user_data_path

        return user_data_path("fitglue", appauthor=False)

    def _make_home(self) -> None:
        """Make the folder before anything in it, private: where one has trained and slept is nobody
        else's business.
        """
        with suppress(OSError):  # whoever needs it says what is wrong with it
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)

    @cached_property
    def database(self) -> Database:
        """The database; opened, and brought up to date, with its first transaction."""
        from fitglue_registry.store.database import Database

        self._make_home()
        url = (
            self._url
            or os.environ.get("FITGLUE_DATABASE")
            or f"sqlite:///{self.home / 'fitglue.db'}"
        )
        database = Database(url)
        self._closing.callback(database.close)
        return database

    @cached_property
    def catalogue(self) -> Catalogue:
        """The entries of the built-in registry and of every distribution that brings some; its
        ``problems`` say what is left out.
        """
        from fitglue_registry.registry import Folder, default_folder

        self._make_home()
        if self._given_folders is not None:
            return self._load_catalogue(self._given_folders)
        found, errors = self.plugins.registry_folders()
        folders = [Folder(default_folder()), *(Folder(path, name) for name, path in found)]
        catalogue = self._load_catalogue(folders)
        catalogue.problems += errors
        return catalogue

    def _load_catalogue(self, folders: Sequence[Folder]) -> Catalogue:
        from fitglue_registry.registry.cache import CatalogueCache

        cache = CatalogueCache(self.home / "cache", folders)
        kept = cache.read()
        if kept is not None:
            return kept
        # Only now: what reads YAML takes as long to import as everything else of a short command.
        from fitglue_registry.registry.loading import load_catalogue

        catalogue = load_catalogue(folders)
        cache.write(catalogue)
        return catalogue

    @cached_property
    def secrets(self) -> SecretStore:
        """Where the secrets of connections lie."""
        return self._given_secrets or self.local_secrets

    @cached_property
    def local_secrets(self) -> ChainSecretStore:
        """The secret store of this machine, whether or not the embedder brings another."""
        from fitglue_registry.secrets.chain import ChainSecretStore

        return ChainSecretStore(self._open_file_secrets, _open_keyring)

    def _open_file_secrets(self) -> FileSecretStore:
        from fitglue_registry.secrets.file_store import FileSecretStore

        return FileSecretStore(self.home / "secrets")

    @cached_property
    def clock(self) -> WaitingClock:
        """The time."""
        from fitglue_registry.transport.clock import SystemClock

        return self._given_clock or SystemClock()

    @cached_property
    def redactor(self) -> Redactor:
        """Knows every secret that this host has opened, and those of its environment; put its
        filter on your log handlers.
        """
        from fitglue_registry.redaction.environment import secrets_of_environment
        from fitglue_registry.redaction.redactor import Redactor

        return Redactor(secrets_of_environment(None, self._url or ""))

    @cached_property
    def blobs(self) -> BlobStore:
        """Where original files lie."""
        from fitglue_registry.store.blobs import FileBlobStore

        return self._given_blobs or FileBlobStore(self.home / "blobs")

    @cached_property
    def _raws(self) -> RawStore:
        from fitglue_registry.store.raw_parts import RawStore

        return RawStore(self.blobs)

    @property
    def now(self) -> str:
        """Now, as the store writes moments."""
        from fitglue_registry.model.moments import clock_text

        return clock_text(self.clock.now())

    # -- reading -----------------------------------------------------------------------------------

    def activities(self, wanted: Filter | None = None, athlete: str = ME) -> list[dict[str, Any]]:
        """The activities of an athlete as flat rows, newest first."""
        from fitglue_registry.store.lists import Filter, list_activities

        with self.database.read() as db:
            return list(list_activities(db, athlete, wanted or Filter()))

    def activity(self, reference: str, athlete: str = ME) -> ActivityDetails:
        """One activity whole, by number, ``last``, date, id, or an id at a source; raises
        ``UserMistake``.
        """
        from fitglue_registry.store.activity_details import load_activity
        from fitglue_registry.store.references import resolve

        with self.database.read() as db:
            return load_activity(db, resolve(db, athlete, reference))

    def streams(
        self, found: ActivityDetails, types: Sequence[str] | None = None
    ) -> tuple[Stream, ...]:
        """The streams of an activity, all or those named: one coherent set, of the one member that
        the merge rules say.
        """
        from fitglue_registry.store.stored_streams import load_streams

        with_streams = [
            member for member in found.members if member.stream_types and not member.gone
        ]
        if not with_streams:
            return ()
        giver = found.origins.get("streams", found.origins.get(""))
        richest = max(
            with_streams, key=lambda member: (member.id == giver, len(member.stream_types))
        )
        with self.database.read() as db:
            return load_streams(db, richest.id, types)

    def provenance(self, found: ActivityDetails) -> dict[str, dict[str, Any]]:
        """Field of an activity → how it was come by, its upstream field, a note, and the connection
        and record that said it.

        The defaults are the ``data`` table of the source's entry, the exceptions stand in the
        source activity; ``how`` is ``None`` where neither says anything, or where the entry is not
        installed any more.
        """
        from fitglue_registry.dedupe import ATHLETE

        members = {member.id: member for member in found.members}
        told: dict[str, dict[str, Any]] = {}
        for name in found.activity.__struct_fields__:
            giver = found.origins.get(name, found.origins.get("", 0))
            if giver == ATHLETE and name in found.origins:
                told[name] = {
                    "how": "reported",
                    "by": "athlete",
                    "upstream": None,
                    "note": None,
                    "connection": None,
                    "external_id": None,
                }
                continue
            member = members.get(giver)
            if member is None or getattr(found.activity, name) in (None, (), {}):
                continue
            entry = self.catalogue.find("source", member.entry)
            datum = (
                next((datum for datum in entry.data if datum.path == name), None) if entry else None
            )
            said = member.activity.provenance.get(name)
            told[name] = {
                "how": said.how if said else datum.kind if datum else None,
                "by": said.by if said else None,
                "upstream": (said.upstream if said else None)
                or (datum.upstream if datum else None)
                or None,
                "note": (said.note if said else None) or (datum.note if datum else None) or None,
                "connection": member.connection,
                "external_id": member.external_id,
            }
        return told

    def document(self, found: ActivityDetails, streams: bool = False) -> dict[str, Any]:
        """An activity whole, as plain values: the merged document, its provenance, and what it was
        made of.
        """
        from msgspec.structs import replace

        from fitglue_registry import model

        activity = (
            replace(found.activity, streams=self.streams(found)) if streams else found.activity
        )
        sources = [
            {
                "connection": member.connection,
                "source": member.entry,
                "external_id": member.external_id,
                "leg_no": member.leg_no,
                "gone": member.gone,
                "streams": list(member.stream_types),
                "completeness": {
                    "parts": list(member.activity.completeness.parts),
                    "missing": member.activity.completeness.missing,
                },
            }
            for member in found.members
        ]
        return {
            "number": found.number,
            "id": found.id,
            "gone_at": found.gone_at,
            "activity": model.to_builtins(activity),
            "provenance": self.provenance(found),
            "sources": sources,
        }

    def original_files(self, found: ActivityDetails) -> Iterator[tuple[str, bytes]]:
        """(external id, bytes) of the original files of an activity that were fetched."""
        for member in found.members:
            with self.database.read() as db:
                bodies = self._raws.newest(db, [member.record_id], only="file").get(
                    member.record_id, {}
                )
            if "file" in bodies:
                yield member.external_id, bodies["file"][0].read()

    def why(self, reference: str, athlete: str = ME) -> dict[str, Any]:
        """The story of a workout, stage by stage, also where it stopped or never came."""
        from fitglue_registry.sync.why import explain

        with self.database.read() as db:
            story = explain(db, athlete, reference)
        reason = (
            story["records"][0]["reason"] if story["records"] and not story["activity"] else None
        )
        return (
            story | {"fix": self._with_roads(reason.get("code"), story["fix"])} if reason else story
        )

    def duplicates(self, athlete: str = ME) -> list[dict[str, Any]]:
        """Each two activities that may be one workout and that nobody has decided about, side by
        side, with the evidence.
        """
        from fitglue_registry.decisions.deciding import pairs_to_decide

        with self.database.read() as db:
            return list(pairs_to_decide(db, athlete))

    def verdicts(self, athlete: str = ME) -> list[dict[str, Any]]:
        """What the athlete said of activities, newest first, what was taken back included."""
        from fitglue_registry.decisions.deciding import history

        with self.database.read() as db:
            return history(db, athlete)

    def sql(self, statement: str) -> SqlResult:
        """One statement on the views, read-only; raises ``UserMistake``."""
        from fitglue_registry.store.sql import run_sql

        return run_sql(self.database, statement)

    def views(self) -> Iterator[tuple[str, list[str]]]:
        """Each view that ``sql`` can ask, with its columns."""
        from fitglue_registry.store.sql import column_names

        yield from column_names(self.database)

    def quarantine(self, athlete: str = ME) -> list[dict[str, Any]]:
        """The records that could not be understood, each with its reason."""
        from fitglue_registry.store.quarantine import list_quarantine

        with self.database.read() as db:
            return list_quarantine(db, athlete)

    def stubs(self, athlete: str = ME) -> list[dict[str, Any]]:
        """What sources list and never deliver, and no other record stands in for: connection, code,
        reason, fix and count.
        """
        from fitglue_registry.store.counts import list_stubs

        with self.database.read() as db:
            return [
                stub | {"fix": self._with_roads(stub["code"], stub["fix"])}
                for stub in list_stubs(db, athlete)
            ]

    def _with_roads(self, code: str | None, fix: str | None) -> str | None:
        """What a source says that is to be done, and the command that tells every road where the
        registry knows some.
        """
        closed = self.catalogue.closed_by(code) if code else None
        return (
            "; ".join(filter(None, (fix, f"all roads: fitglue connect {closed.id}")))
            if closed
            else fix
        )

    def runs(self, athlete: str = ME, limit: int = 10) -> list[dict[str, Any]]:
        """The newest runs of an athlete."""
        from fitglue_registry.store.runs import last_runs

        with self.database.read() as db:
            return last_runs(db, athlete, limit)

    def health(self, connected: ConnectionRow) -> dict[str, int]:
        """How many records of a connection are in which state, in quarantine, and how many parts
        are still wanted.
        """
        from fitglue_registry.store.counts import connection_counts

        with self.database.read() as db:
            return connection_counts(db, connected.id)

    def totals(self, since: date, until: date, athlete: str = ME) -> dict[str, float]:
        """Count, moving seconds, metres and load of the activities of these local days, both
        included.
        """
        from fitglue_registry.store.counts import totals

        with self.database.read() as db:
            return totals(db, athlete, since, until)


def _open_keyring() -> KeyringSecretStore:
    from fitglue_registry.secrets.keyring_store import KeyringSecretStore

    return KeyringSecretStore()
