"""Tests that pipelines which are killed at any point, and then run again, send each workout once.

A pipeline sends from one source to two destinations. One of them can look up what it has: it must
have each workout exactly once. The other one cannot: it must have each at most once, and whatever
may be missing there waits for the decision of a person.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from fitglue_registry.model.stored import DeliveryState
from fitglue_registry.store.deliveries import list_deliveries
from tests.faults.kill.hosts import finish
from tests.faults.kill.piped import BLIND, FINDER, PIPELINE, SHELF, Accounts, open_piped

if TYPE_CHECKING:
    from tests.faults.kill.forks import Death, Forks
    from tests.faults.kill.scenarios import Place, Places, Workshop

TITLES = ["Lunch run", "Morning ride", "Renamed", "Walk"]
SEEN = (
    "the next runs look up what may have arrived; each workout is there once, and what the other "
    "destination may lack waits for a decision"
)


@dataclass
class Sending:
    """A store with a pipeline that has work to do: a workout that was edited, and two new ones."""

    forks: Forks
    places: Places
    prepared: Place = field(init=False)
    undisturbed: Death = field(init=False)

    def begin(self) -> Sending:
        """Prepare the store, and do the work undisturbed on a copy."""
        self.prepared = self.places.new()
        with open_piped(self.prepared.home, self.prepared.database) as host:
            accounts = Accounts(self.prepared.home / "accounts")
            accounts.shelve({"a": _row("Sent", 1), "b": _row("Walk", 2)})
            host.connect(SHELF, {})
            host.pipelines.apply(PIPELINE)
            finish(host.sync())
            list(host.pipelines.run())
        rows = {
            "a": _row("Renamed", 1),
            "b": _row("Walk", 2),
            "c": _row("Morning ride", 3),
            "d": _row("Lunch run", 4),
        }
        accounts.shelve(rows)
        place, self.undisturbed = self.killed()
        assert wrong(place) == []
        assert parked(place) == 0
        self.places.drop(place)
        return self

    def killed(self, **how: Any) -> tuple[Place, Death]:
        """Do the work on a copy, killed as the keyword arguments say."""
        place = self.places.new(like=self.prepared)
        death = self.forks.run("send on", place.home, place.database, **how)
        self.places.settled(place)
        return place, death

    def lost_when_killed(self, **how: Any) -> tuple[Death, list[str]]:
        """Kill the work, pause the pipeline, resume it, run it to the end; return what is wrong."""
        place, death = self.killed(**how)
        found = sent_while_paused(place)
        run_to_the_end(place)
        found += wrong(place)
        self.places.drop(place)
        return death, found


def _row(title: str, hour: int) -> dict[str, Any]:
    return {"title": title, "sport": "Run", "start": f"2026-11-21T{hour:02}:00:00"}


def sent_while_paused(place: Place) -> list[str]:
    """Sync and run while the pipeline is paused; return what was sent nevertheless."""
    accounts = Accounts(place.home / "accounts")
    before = {name: len(accounts.requests(name)) for name in (FINDER, BLIND)}
    with open_piped(place.home, place.database, hours=1) as host:
        host.pipelines.pause("all")
        finish(host.sync())
        list(host.pipelines.run())
        host.pipelines.resume("all")
    return [
        f"{name} got a request while the pipeline was paused"
        for name, count in before.items()
        if len(accounts.requests(name)) != count
    ]


def run_to_the_end(place: Place) -> None:
    """Sync and run until nothing is left to do, some hours later each time."""
    for hours in range(2, 12, 3):
        with open_piped(place.home, place.database, hours=hours) as host:
            finish(host.sync())
            list(host.pipelines.run())


def wrong(place: Place) -> list[str]:
    """Return every workout that is missing at a destination or is there twice."""
    accounts = Accounts(place.home / "accounts")
    found = []
    copies = {name: accounts.copies(name) for name in (FINDER, BLIND)}
    for title in TITLES:
        if len(copies[FINDER].get(title, [])) != 1:
            found.append(f"{FINDER} has {title} as {copies[FINDER].get(title)}")
        if len(copies[BLIND].get(title, [])) > 1:
            found.append(f"{BLIND} has {title} as {copies[BLIND][title]}")
    for name, there in copies.items():
        found += [f"{name} has {title}" for title in there if title not in TITLES]
    missing = [title for title in TITLES if title not in copies[BLIND]]
    if len(missing) > parked(place):
        found.append(f"{BLIND} lacks {missing}, and no delivery waits for a decision")
    return found + unfinished(place)


def parked(place: Place) -> int:
    """Return how many deliveries wait for the decision of a person."""
    with open_piped(place.home, place.database) as host, host.workspace.database.read() as db:
        return sum(row.is_parked for row in list_deliveries(db, "me"))


def unfinished(place: Place) -> list[str]:
    """Return the deliveries that are neither there nor wait for a decision."""
    with open_piped(place.home, place.database) as host, host.workspace.database.read() as db:
        rows = list_deliveries(db, "me")
    return [
        f"{row.destination} {row.id} is {row.state}"
        for row in rows
        if row.state != DeliveryState.SENT and not row.is_parked
    ]


@pytest.fixture(scope="session")
def sending_on(workshop_on):
    """Return a function that returns the prepared store on one kind of database."""
    made: dict[str, Sending] = {}

    def get(kind: str) -> Sending:
        if kind not in made:
            workshop: Workshop = workshop_on(kind)
            made[kind] = Sending(workshop.forks, workshop.places).begin()
        return made[kind]

    return get


def kill_at(sending, points):
    """Kill the work at each of these points; return how often, by kind of point, and the faults."""
    times, faults = Counter(), []
    for point in points:
        death, found = sending.lost_when_killed(point=point)
        assert death.killed
        name = sending.undisturbed.points[point - 1]
        times["a request" if name.startswith("request") else "a commit"] += 1
        faults += [f"killed at point {point}, {name}: {fault}" for fault in found]
    return times, faults


def note(reliability, kind, times, faults):
    """Add a row for each kind of point, and assert that nothing is wrong."""
    for what, count in times.items():
        reliability(
            "kill",
            f"a sync and its pipelines, {kind}: SIGKILL at {what}",
            times=count,
            lost=len(faults),
            seen=SEEN,
        )
    assert faults == []


def test_killed_at_some_points_each_workout_is_sent_once(sending_on, reliability):
    """The points are spread over the sync, the decisions and the requests."""
    sending = sending_on("sqlite")
    names = sending.undisturbed.points
    requests = [number for number, name in enumerate(names, 1) if name.startswith("request")]
    points = [*requests[:2], requests[-1], requests[-1] + 1, requests[0] - 2]
    note(reliability, "sqlite", *kill_at(sending, points))


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_killed_at_every_point_each_workout_is_sent_once(sending_on, reliability, kind):
    """Every commit of the sync and of the pipelines, and both sides of every request."""
    sending = sending_on(kind)
    points = range(1, len(sending.undisturbed.points) + 1)
    note(reliability, kind, *kill_at(sending, points))


@pytest.mark.long
@pytest.mark.parametrize(("kind", "count"), [("sqlite", 60), ("postgresql", 30)])
def test_killed_at_random_moments_each_workout_is_sent_once(sending_on, reliability, kind, count):
    """Moments at which no point was foreseen, each a little after a point."""
    sending = sending_on(kind)
    chance = random.Random(f"pipelines {kind}")
    times, faults = Counter(), []
    while times.total() < count:
        point = chance.randint(1, len(sending.undisturbed.points))
        after_s = chance.random() ** 3 * sending.undisturbed.seconds / 20
        _, found = sending.lost_when_killed(point=point, after_s=after_s)
        times["a random moment"] += 1
        faults += [f"killed {after_s:.4f} s after point {point}: {fault}" for fault in found]
    note(reliability, kind, times, faults)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_killed_again_and_again_each_workout_is_sent_once(sending_on, reliability, kind):
    """Each of the runs after a kill is killed as well, a few points later."""
    sending = sending_on(kind)
    chance = random.Random(f"again {kind}")
    times, faults = Counter(), []
    for _ in range(6):
        place = sending.places.new(like=sending.prepared)
        for _again in range(4):
            point = chance.randint(1, 1 + len(sending.undisturbed.points) // 3)
            death = sending.forks.run("send on", place.home, place.database, point=point)
            sending.places.settled(place)
            times["several points in a row"] += death.killed
        run_to_the_end(place)
        faults += wrong(place)
        sending.places.drop(place)
    note(reliability, kind, times, faults)


def test_the_kills_reach_every_step(sending_on):
    """The work passes both sides of six requests, and a commit before and after each."""
    points = Counter(name.partition(":")[0] for name in sending_on("sqlite").undisturbed.points)
    assert points["request"] == 12
    assert points["commit"] >= 12
