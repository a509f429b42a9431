"""What is killed: a piece of work on a prepared store, with the store that it makes when nobody
disturbs it.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import msgspec

from fitglue_intervals.testing import Account, History, StandIn
from fitglue_registry.errors import AthleteNeeded, UserMistake
from fitglue_registry.store.blobs import sweep
from fitglue_registry.store.file_blobs import FileBlobStore
from fitglue_registry.sync.deriving.deriver import Deriver
from fitglue_registry.sync.options import Options
from tests.faults.kill.hosts import finish, open_host
from tests.sync.builders import native
from tests.sync.natural import natural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fitglue_registry import Host
    from tests.faults.kill.forks import Death, Forks


@dataclass(frozen=True)
class Place:
    """A home and the database that belongs to it (``None``: SQLite in the home)."""

    home: Path
    database: str | None = None


class Places:
    """Makes homes on one kind of database, copies them, and throws them away."""

    def __init__(self, folder: Path, kind: str, new_database: Callable[..., str] | None) -> None:
        self.kind = kind
        self._folder, self._new_database, self._made = folder, new_database, 0

    def new(self, like: Place | None = None) -> Place:
        """An empty place, or a copy of one that nobody has open."""
        self._made += 1
        home = self._folder / str(self._made)
        if like:
            shutil.copytree(like.home, home)
        database = (
            self._new_database(like=like.database if like else None) if self._new_database else None
        )
        return Place(home, database)

    def settled(self, place: Place) -> None:
        """Wait until the server has noticed that its client is dead."""
        if place.database:
            ask_server(
                place.database,
                """DO $$ BEGIN
                WHILE EXISTS (SELECT FROM pg_stat_activity WHERE datname = '%s') LOOP
                    PERFORM pg_sleep(0.002); PERFORM pg_stat_clear_snapshot();
                END LOOP; END $$""".replace("%s", name_of(place.database)),
            )

    def drop(self, place: Place) -> None:
        """Remove a place that is of no more use."""
        shutil.rmtree(place.home, ignore_errors=True)
        if place.database:
            ask_server(place.database, f"DROP DATABASE {name_of(place.database)} WITH (FORCE)")


def name_of(url: str) -> str:
    """The name of the database in a URL."""
    return url.partition("?")[0].rpartition("/")[2]


def ask_server(url: str, statement: str) -> None:
    """Run a statement beside a database, not in it."""
    import psycopg

    with psycopg.connect(
        url.replace(f"/{name_of(url)}?", "/postgres?"), autocommit=True
    ) as connection:
        connection.execute(statement)


@dataclass
class Scenario:
    """A prepared place, the work of which each run is killed, and the store that an undisturbed run
    leaves.
    """

    places: Places
    work: str
    again: Callable[[Host], None]
    options: dict[str, Any] = field(default_factory=dict)
    prepared: Place = field(init=False)
    expected: dict[str, Any] = field(init=False)
    undisturbed: Death = field(init=False)
    # The source of the connection that stays when one is removed.
    other: StandIn = field(init=False)

    def begin(
        self,
        forks: Forks,
        prepare: Callable[[Host], None],
        change: Callable[[], None] = lambda: None,
    ) -> Scenario:
        """Prepare the place, let ``change`` happen at the source, and run the work undisturbed on a
        copy.
        """
        self.prepared = self.places.new()
        with open_host(self.prepared.home, self.prepared.database) as host:
            prepare(host)
        change()
        place = self.places.new(like=self.prepared)
        self.undisturbed = self.run(forks, place)
        with open_host(place.home, place.database) as host:
            assert lasting_faults(host) == []
            self.expected = natural(host)
        self.places.drop(place)
        return self

    @property
    def points(self) -> list[str]:
        """The names of the points that the undisturbed work passes."""
        return self.undisturbed.points

    def run(self, forks: Forks, place: Place, **how: Any) -> Death:
        """Let a child do the work, and die as ``how`` says."""
        death = forks.run(self.work, place.home, place.database, **(self.options | how))
        self.places.settled(place)
        return death

    def lost_after(self, place: Place) -> int:
        """Do the work once more without a repair by hand, and count the differences from the store
        of an undisturbed run.
        """
        with open_host(place.home, place.database) as host:
            self.again(host)
            assert lasting_faults(host) == []
            return differences(self.expected, natural(host))

    def dangling(self, place: Place) -> list[str]:
        """What a store names and does not have, as a kill left it: nobody may be sure that the work
        is done again.
        """
        with open_host(place.home, place.database) as host:
            with host.workspace.database.read() as db:
                blobs = [
                    sha256
                    for sha256 in host.workspace.raws.used_blobs(db)
                    if not host.workspace.raws.blobs.has(sha256)
                ]
            return blobs + [
                one.name for one in host.connections.list() if not _opens(host, one.secret_ref)
            ]

    def lost_when_killed(self, forks: Forks, **how: Any) -> tuple[Death, int]:
        """Kill one run on a fresh copy, and count what is lost after the next one."""
        place = self.places.new(like=self.prepared)
        death = self.run(forks, place, **how)
        lost = self.lost_after(place)
        self.places.drop(place)
        return death, lost


def _opens(host: Host, reference: str | None) -> bool:
    try:
        return reference is None or bool(host.workspace.secrets.get(reference))
    except AthleteNeeded:
        return False


def differences(expected: dict[str, Any], found: dict[str, Any]) -> int:
    """How many entries of two stores differ."""
    return sum(sum(1 for _ in _unequal(expected[name], found[name])) for name in expected)


def _unequal(expected: Any, found: Any) -> Iterator[Any]:
    if isinstance(expected, dict):
        yield from (
            key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)
        )
    elif isinstance(expected, list):
        yield from [one for one in expected if one not in found]
        yield from [one for one in found if one not in expected]
        if len(expected) != len(found):
            yield len(found)
    elif expected != found:
        yield found


def lasting_faults(host: Host) -> list[str]:
    """What is wrong with a store that should be sound: its file, its references, its blobs, its
    keys, and whatever is left over.
    """
    found = [
        f"doctor: {check.name}: {check.detail}"
        for check in host.upkeep.checks(offline=True)
        if check.state == "broken"
    ]
    with host.workspace.database.read() as db:
        used = host.workspace.raws.used_blobs(db)
        if host.workspace.database.dialect == "sqlite":
            found += [
                str(row) for row in db.exec_driver_sql("PRAGMA integrity_check") if row[0] != "ok"
            ]
            found += [str(row) for row in db.exec_driver_sql("PRAGMA foreign_key_check")]
    blobs = FileBlobStore(host.home / "blobs")
    sweep(blobs, used, datetime.now(UTC) + timedelta(hours=1))
    if {blob.sha256 for blob in blobs.all()} != used:
        found.append("the blobs are not those that rows name")
    for sha256 in used:
        blobs.get(sha256)
    for one in host.connections.list():
        if one.secret_ref:
            host.workspace.secrets.get(one.secret_ref)
    left = list((host.home / "blobs").rglob(".unfinished-*"))
    return [*found, f"left over: {left}"] if left else found


# -- the works -------------------------------------------------------------------------------------


class Sources:
    """The stand-ins of a session; those that no scenario changes are shared, since a workout's
    streams take a while to make.
    """

    def __init__(self) -> None:
        self._started: dict[object, StandIn] = {}

    def same(self, athlete: str = "i1", count: int = 6) -> StandIn:
        """A source that stays as it is: a few workouts and a stub, the same of every athlete."""
        return self._start((athlete, count), athlete, count)

    def own(self, count: int = 6) -> StandIn:
        """A source for one scenario, which may change it."""
        return self._start(len(self._started), "i1", count)

    def _start(self, key: object, athlete: str, count: int) -> StandIn:
        if key not in self._started:
            history = History(count, seed=5, strava_stubs=1, distinct_streams=1)
            self._started[key] = StandIn(Account.from_history(history, athlete)).start()
        return self._started[key]

    def close(self) -> None:
        """Stop them."""
        for server in self._started.values():
            server.close()


@dataclass
class Workshop:
    """What a scenario is made with: the process that forks, homes on one kind of database, and
    sources.
    """

    forks: Forks
    places: Places
    sources: Sources

    def scenario(self, work: str, again: Callable[[Host], None], **options: Any) -> Scenario:
        """A scenario that is still to be prepared."""
        return Scenario(self.places, work, again, options)

    def warm_up(self) -> None:
        """Do every kind of work once in the process that forks, so that children are killed at work
        and not at their preparations.
        """
        place = self.places.new()
        works: dict[str, dict[str, Any]] = {
            "connect": {"values": values_of(self.sources.same())},
            "sync": {"files": True},
            "rebuild": {},
            "disconnect": {"name": "intervals"},
        }
        for work, options in works.items():
            self.forks.run(work, place.home, place.database, here=True, **options)
        self.places.drop(place)


def values_of(server: StandIn) -> dict[str, str]:
    """What an athlete types to connect."""
    return {"api_key": str(server.api_key), "base_url": server.url}


def connect(host: Host, *servers: StandIn) -> None:
    """Connect these, the one after the other."""
    for server in servers:
        host.connect("intervals", values_of(server))


def sync(host: Host, *, files: bool = True) -> None:
    """A whole sync, which has to go well."""
    finish(host.sync(options=Options(files=files)))


def first_sync(workshop: Workshop) -> Scenario:
    """The first sync of a connection, with original files."""
    server = workshop.sources.same()
    return workshop.scenario("sync", sync, files=True).begin(
        workshop.forks, lambda host: connect(host, server)
    )


def later_sync(workshop: Workshop) -> Scenario:
    """A sync that finds one workout edited, one late, one deleted, one odd, and a stub that became
    native.
    """
    server = workshop.sources.own()

    def prepare(host: Host) -> None:
        connect(host, server)
        sync(host)

    return workshop.scenario("sync", sync, files=True).begin(
        workshop.forks, prepare, lambda: change(server.account)
    )


def change(source: Account) -> None:
    """Let everything happen at a source that a sync has to find."""
    ids = native(source)
    source.edit(ids[0], name="Renamed")
    source.edit_intervals(next(one for one in ids if source.intervals(one)[0]))
    source.delete(ids[2])
    source.add("2026-11-01T06:00:00", id="i900000001", created="2026-11-21T06:00:00+00:00")
    source.add_row(
        {
            "id": "i99",
            "start_date_local": "2026-11-18T10:00:00",
            "type": "Run",
            "moving_time": {"odd": 1},
        }
    )
    source.make_native(next(one for one in source.ids() if source.is_stub(one)), keep_stub=True)


def two_connections(workshop: Workshop) -> Scenario:
    """The first sync of two connections of one athlete, that hold the same workouts."""
    servers = [workshop.sources.same(), workshop.sources.same("i2", 8)]
    made = workshop.scenario("sync", sync, files=True).begin(
        workshop.forks, lambda host: connect(host, *servers)
    )
    assert any(len(members) == 2 for members in made.expected["activities"])
    return made


def rebuild(workshop: Workshop) -> Scenario:
    """A rebuild after the plugin got better: it gives each workout another title, and streams that
    it had missed.
    """
    check = Deriver.check

    def worse(self: Deriver, *args: Any, **how: Any) -> Any:
        return [
            msgspec.structs.replace(one, title="as it was", streams=())
            for one in check(self, *args, **how)
        ]

    def prepare(host: Host) -> None:
        connect(host, workshop.sources.same())
        with patch.object(Deriver, "check", worse):
            sync(host)

    return workshop.scenario("rebuild", lambda host: finish(host.syncs.rebuild())).begin(
        workshop.forks, prepare
    )


def disconnect(workshop: Workshop) -> Scenario:
    """The removal of one of two connections that hold the same workouts, with files that only the
    one had.
    """
    servers = [workshop.sources.same("i2", 8), workshop.sources.same()]

    def prepare(host: Host) -> None:
        connect(host, *servers)
        sync(host)

    def again(host: Host) -> None:
        with suppress(UserMistake):  # it is gone: that is what the athlete sees
            host.connections.remove("intervals")

    made = workshop.scenario("disconnect", again, name="intervals").begin(workshop.forks, prepare)
    made.other = servers[1]
    return made


def first_connect(workshop: Workshop) -> Scenario:
    """The first connect of a home, which makes its database and its key file too."""
    server = workshop.sources.same()
    made = workshop.scenario(
        "connect", lambda host: connect(host, server), values=values_of(server)
    )
    return made.begin(workshop.forks, lambda host: host.home.mkdir(parents=True, exist_ok=True))


def renewed_connect(workshop: Workshop) -> Scenario:
    """Another key for a connection that is there."""
    server = workshop.sources.own()
    made = workshop.scenario(
        "connect",
        lambda host: connect(host, server),
        values={"api_key": "renewed-key", "base_url": server.url},
    )
    return made.begin(
        workshop.forks, lambda host: connect(host, server), lambda: server.set_key("renewed-key")
    )


SCENARIOS: dict[str, Callable[[Workshop], Scenario]] = {
    "a first sync": first_sync,
    "a later sync": later_sync,
    "a sync of two connections": two_connections,
    "a rebuild": rebuild,
    "the removal of a connection": disconnect,
    "a first connect": first_connect,
    "a connect with another key": renewed_connect,
}
