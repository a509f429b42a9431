"""Tests that the order of events does not matter: neither when the syncs run, nor which account is
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
from fitglue_registry import Host, Options, Policy
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.store import tables as t
from fitglue_registry.sync.events import SyncFinished
from fitglue_registry.testing import FakeClock
from tests.faults.machine.account_rules import unreadable_file
from tests.faults.machine.workouts import Workout, World
from tests.sync.natural import natural

FIRST = datetime.fromisoformat("2026-11-20T07:00:00")


def now_held(host):
    """Return what is live in a store, without its past, by natural keys."""
    store = natural(host)
    live = {key: row for key, row in store["records"].items() if row[0] != "gone"}
    derived = {
        name: {key: value for key, value in store[name].items() if key[:2] in live}
        for name in ("source_activities", "streams")
    }
    groups = {
        frozenset(key for key in members if key[:2] in live): value
        for members, value in store["activities"].items()
    }
    return {
        "records": live,
        **derived,
        "parts": {key: value for key, value in store["parts"].items() if key[0] in live},
        "claims": [claim for claim in store["claims"] if claim[0][:2] in live],
        "quarantine": {key: code for key, code in store["quarantine"].items() if key in live},
        "activities": {
            members: value[0] for members, value in groups.items() if members and not value[1]
        },
    }


def sync(host, name=None):
    """Sync everything with its files, and assert that the sync finishes."""
    last = list(host.sync(name, options=Options(full=True, files=True)))[-1]
    assert isinstance(last, SyncFinished), last


def change(world, kind, which):
    """Make one change to an account."""
    serial = world.serial()
    ids = sorted(external_id for external_id, workout in world.workouts.items() if not workout.stub)
    external_id = ids[which % len(ids)] if ids else None
    if kind == "new" or external_id is None:
        world.put(
            f"i{serial}",
            Workout(
                FIRST - timedelta(days=which * 40, seconds=serial),
                title=f"new {serial}",
                file=unreadable_file(serial),
            ),
        )
    elif kind == "stub":
        world.put(
            str(9_000_000 + serial),
            Workout(FIRST - timedelta(days=which, seconds=serial), stub=True),
        )
    elif kind == "native":
        stub = next(
            (external_id for external_id, workout in world.workouts.items() if workout.stub), None
        )
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
            "laps": {"laps": serial % 4, "analyzed": serial},
            "start": {"start": FIRST - timedelta(days=which * 50, seconds=serial)},
            "file": {"file": unreadable_file(serial), "uploaded": serial},
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
    """Return a home with an empty database."""
    home = tmp_path_factory.mktemp("empty")
    with Host(home, policy=Policy.personal()) as host, host.workspace.database.read():
        pass
    return home


@pytest.fixture(scope="module")
def new_host(empty_home, tmp_path_factory):
    """Return a function that opens a host on a new home with an empty database."""

    def make():
        home = Path(tempfile.mkdtemp(dir=tmp_path_factory.getbasetemp()))
        (home / "fitglue.db").write_bytes((empty_home / "fitglue.db").read_bytes())
        return Host(home, secrets=MemorySecretStore(), clock=FakeClock(), policy=Policy.personal())

    return make


def connect(host, server):
    """Connect to a server, and return the name of the connection."""
    return host.connect(
        "intervals", {"api_key": server.api_key, "base_url": server.url}
    ).connection.name


def same_as_one_sync(steps, new_host):
    """Assert that a store that followed these changes with syncs in between equals that of one sync
    at the end.
    """
    world = World()
    with StandIn(world.account) as server, new_host() as followed, new_host() as fresh:
        connect(followed, server)
        for step in steps:
            if step == "sync":
                sync(followed)
            else:
                change(world, *step)
        for external_id in [
            external_id for external_id, workout in world.workouts.items() if workout.odd
        ]:
            # Otherwise the first store keeps the last valid state, which the second one never saw.
            world.change(external_id, odd=False)
        sync(followed)
        connect(fresh, server)
        sync(fresh)
        assert now_held(followed) == now_held(fresh)


@settings(max_examples=2, phases=[Phase.generate])
@given(steps=life)
def test_a_store_after_many_syncs_equals_that_of_one_sync(new_host, steps):
    """A store that followed an account through edits, deletions and copies has the same content
    as a store of one sync at the end.
    """
    same_as_one_sync(steps, new_host)


@pytest.mark.long
def test_a_store_after_many_syncs_equals_that_of_one_sync_in_many_examples(new_host, reliability):
    """In forty random sequences, a store that followed an account has the same content as a
    store of one sync at the end.
    """
    lives = []

    @settings(max_examples=40)
    @given(steps=life)
    def compare(steps):
        same_as_one_sync(steps, new_host)
        lives.append(steps)

    compare()
    reliability(
        "machine",
        "syncs at any time, compared with one sync at the end",
        times=len(lives),
        lost=0,
        seen="the same store",
    )


def two_accounts():
    """Return two accounts with three common workouts, which have equal Strava ids, and one workout
    each that only it has. Each account has titles of its own.
    """
    worlds = defaultdict(dict)
    for owner, own_number in (("i1", 10), ("i2", 20)):
        for number in (1, 2, 3, own_number):
            start = FIRST - timedelta(days=number)
            workout = Workout(
                start, title=f"{owner} {number}", heartrate=100 + number, strava_id=str(number)
            )
            worlds[owner][f"i{own_number}{number}"] = workout
    return [
        Account.from_rows(
            [workout.row(external_id, {}) for external_id, workout in workouts.items()],
            athlete_id=owner,
            streams={external_id: workout.streams() for external_id, workout in workouts.items()},
        )
        for owner, workouts in worlds.items()
    ]


@settings(max_examples=2, phases=[Phase.generate])
@given(order=st.permutations(["connect 0", "connect 1", "sync", "sync 0", "sync 1"]))
def test_the_order_of_connects_and_syncs_does_not_change_the_store(new_host, order):
    """Workouts that two accounts share are joined with the same values, regardless of the order
    in which the accounts were connected and synced.
    """
    first, second = two_accounts()
    with (
        StandIn(first) as server_1,
        StandIn(second) as server_2,
        new_host() as host,
        new_host() as other,
    ):
        names = {}
        for step in order:
            action, _, which = step.partition(" ")
            if action == "connect":
                names[which] = connect(host, (server_1, server_2)[int(which)])
            elif which in names:
                sync(host, names[which])
            elif names and not which:
                sync(host)
        sync(host)
        for server in (server_1, server_2):
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
    """The comparison of two stores includes the documents of their activities."""
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
