"""The order in which things come does not matter: neither when it is synced, nor which account was
connected first.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry import Host, Options
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.store import tables as t
from fitglue_registry.sync.events import SyncFinished
from fitglue_registry.testing import FakeClock
from tests.faults.machine.workouts import Workout, World
from tests.sync.natural import natural

FIRST = datetime.fromisoformat("2026-11-20T07:00:00")


def now_held(host):
    """A store without its past: what is live, by natural keys."""
    whole = natural(host)
    live = {key: said for key, said in whole["records"].items() if said[0] != "gone"}
    kept = {
        name: {key: said for key, said in whole[name].items() if key[:2] in live}
        for name in ("source_activities", "streams")
    }
    groups = {
        frozenset(key for key in members if key[:2] in live): said
        for members, said in whole["activities"].items()
    }
    return {
        "records": live,
        **kept,
        "parts": {key: said for key, said in whole["parts"].items() if key[0] in live},
        "claims": [one for one in whole["claims"] if one[0][:2] in live],
        "quarantine": {key: code for key, code in whole["quarantine"].items() if key in live},
        "activities": {
            members: said[0] for members, said in groups.items() if members and not said[1]
        },
    }


def sync(host, name=None):
    """Sync everything with its files; nothing may stop."""
    last = list(host.sync(name, options=Options(full=True, files=True)))[-1]
    assert isinstance(last, SyncFinished), last


def change(world, kind, which):
    """One thing that happens to an account."""
    serial = world.serial()
    ids = sorted(external_id for external_id, one in world.workouts.items() if not one.stub)
    external_id = ids[which % len(ids)] if ids else None
    if kind == "new" or external_id is None:
        world.put(
            f"i{serial}",
            Workout(
                FIRST - timedelta(days=which * 40, seconds=serial),
                title=f"new {serial}",
                file=b"%d" % serial,
            ),
        )
    elif kind == "stub":
        world.put(
            str(9_000_000 + serial),
            Workout(FIRST - timedelta(days=which, seconds=serial), stub=True),
        )
    elif kind == "native":
        stub = next((external_id for external_id, one in world.workouts.items() if one.stub), None)
        if stub is not None:
            world.put(
                f"i{serial}",
                Workout(world.workouts[stub].start, title=f"copy {serial}", strava_id=stub),
            )
    elif kind == "delete":
        world.delete(external_id)
    else:
        edits = {
            "title": {"title": f"renamed {serial}"},
            "laps": {"laps": serial % 4, "analysed": serial},
            "start": {"start": FIRST - timedelta(days=which * 50, seconds=serial)},
            "file": {"file": b"%d" % serial, "uploaded": serial},
            "odd": {"odd": True},
        }
        world.change(external_id, **edits[kind])


kinds = st.sampled_from(
    ["new", "stub", "native", "delete", "title", "laps", "start", "file", "odd"]
)
life = st.lists(
    st.one_of(st.just("sync"), st.tuples(kinds, st.integers(0, 12))), min_size=4, max_size=20
)


@pytest.fixture(scope="module")
def empty_home(tmp_path_factory):
    home = tmp_path_factory.mktemp("empty")
    with Host(home) as host, host.workspace.database.read():
        pass
    return home


@pytest.fixture(scope="module")
def new_host(empty_home, tmp_path_factory):
    """Makes hosts on empty homes."""

    def make():
        home = Path(tempfile.mkdtemp(dir=tmp_path_factory.getbasetemp()))
        (home / "fitglue.db").write_bytes((empty_home / "fitglue.db").read_bytes())
        return Host(home, secrets=MemorySecretStore(), clock=FakeClock())

    return make


def connect(host, server):
    return host.connect(
        "intervals", {"api_key": server.api_key, "base_url": server.url}
    ).connection.name


def same_as_one_sync(lived, new_host):
    world = World()
    with StandIn(world.account) as server, new_host() as followed, new_host() as fresh:
        connect(followed, server)
        for step in lived:
            if step == "sync":
                sync(followed)
            else:
                change(world, *step)
        for external_id in [external_id for external_id, one in world.workouts.items() if one.odd]:
            # Else the store keeps what was understood before, and a new one has nothing.
            world.change(external_id, odd=False)
        sync(followed)
        connect(fresh, server)
        sync(fresh)
        assert now_held(followed) == now_held(fresh)


@settings(max_examples=3, phases=[Phase.generate])
@given(lived=life)
def test_however_often_it_was_synced_the_store_is_that_of_one_sync(new_host, lived):
    """A store that followed an account through edits, deletions and copies holds what a store of
    one late sync holds.
    """
    same_as_one_sync(lived, new_host)


@pytest.mark.long
def test_however_often_it_was_synced_the_store_is_that_of_one_sync_many_times(
    new_host, reliability
):
    """The same, many times."""
    lives = []

    @settings(max_examples=40)
    @given(lived=life)
    def compare(lived):
        same_as_one_sync(lived, new_host)
        lives.append(lived)

    compare()
    reliability(
        "machine",
        "a life with syncs anywhere in it, against one sync at its end",
        times=len(lives),
        lost=0,
        seen="the same store",
    )


def two_accounts():
    """Two accounts that know three workouts in common, by Strava's ids, and two alone; each tells
    them in its own words.
    """
    worlds = defaultdict(dict)
    for owner, alone in (("i1", 10), ("i2", 20)):
        for number in (1, 2, 3, alone):
            start = FIRST - timedelta(days=number)
            workout = Workout(
                start, title=f"{owner} {number}", heartrate=100 + number, strava_id=str(number)
            )
            worlds[owner][f"i{alone}{number}"] = workout
    return [
        Account.from_rows(
            [one.row(external_id, {}) for external_id, one in workouts.items()],
            athlete_id=owner,
            streams={external_id: one.streams() for external_id, one in workouts.items()},
        )
        for owner, workouts in worlds.items()
    ]


@settings(max_examples=2, phases=[Phase.generate])
@given(order=st.permutations(["connect 0", "connect 1", "sync", "sync 0", "sync 1"]))
def test_whichever_account_was_connected_first_the_store_is_the_same(new_host, order):
    """Workouts that two accounts share are joined, and told in the same words, in whatever order
    they were connected and synced.
    """
    first, second = two_accounts()
    with StandIn(first) as one, StandIn(second) as two, new_host() as host, new_host() as other:
        names = {}
        for step in order:
            what, _, which = step.partition(" ")
            if what == "connect":
                names[which] = connect(host, (one, two)[int(which)])
            elif which in names:
                sync(host, names[which])
            elif names and not which:
                sync(host)
        sync(host)
        for server in (one, two):
            connect(other, server)
        sync(other)
        assert natural(host)["activities"] == natural(other)["activities"]
        assert now_held(host) == now_held(other)
        with host.workspace.database.read() as db:
            members = db.execute(
                sa.select(sa.func.count())
                .select_from(t.source_activities)
                .group_by(t.source_activities.c.activity_id)
            )
            assert sorted(members.scalars()) == [1, 1, 2, 2, 2]


def test_documents_are_compared_whole(new_host):
    """The comparison above would see another word: documents are in it."""
    first, _ = two_accounts()
    with StandIn(first) as server, new_host() as host:
        connect(host, server)
        sync(host)
        documents = now_held(host)["activities"].values()
        assert {msgspec.json.decode(document)["title"] for document in documents} == {
            "i1 1",
            "i1 2",
            "i1 3",
            "i1 10",
        }
