"""Services and pipelines that copy to each other, in any graph: the copying ends, each workout is
one activity, and each destination gets it at most once.

The services are a model, which copies with a delay, writes recordings anew, thins them, moves the
start by a second, and drops ids. Matching and the store are the real ones. The engine is reduced to
its rule: an activity is sent to a destination once, unless the account has a record of it that no
pipeline has sent, or nothing but what was sent is left.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fitglue_registry.decisions.stored_decisions import StoredDecisions
from fitglue_registry.matching.matcher import Matcher
from fitglue_registry.matching.plugin_opinions import OpinionPlugins
from fitglue_registry.matching.remembering import remember_sent
from fitglue_registry.model import delivery_serial
from fitglue_registry.plugins import Plugins
from fitglue_registry.store.activity_details import load_activity
from fitglue_registry.store.sent_identities import add_identities
from fitglue_registry.store.source_activity_rows import load_rows
from tests.deliveries import deliver
from tests.library import START, make_activity

SERVICES = ("a", "b", "c")
WORKOUTS = 2
#: Services copy copies of copies for ever if they are in a circle; the model stops them here.
MOST_HOPS = 3
MOST_ROUNDS = 12
#: What a privacy zone cuts off at the start; the rest starts so late that the score says different.
CUT_OFF_S = 3000


@dataclass(frozen=True)
class Way:
    """How one service copies to another one, and what is left of a recording there."""

    origin: str
    target: str
    keeps_id: bool
    keeps_serial: bool
    shift_s: int
    kept: float  # share of the distance that is left after thinning


@dataclass
class Held:
    """One record at a service."""

    workout: int
    shift_s: int
    distance_m: float
    claims: tuple[str, ...]
    hops: int = 0
    copied: set[int] = field(default_factory=set)


WAYS = st.builds(
    Way,
    st.sampled_from(SERVICES),
    st.sampled_from(SERVICES),
    st.booleans(),
    st.booleans(),
    st.sampled_from((0, 1)),
    st.sampled_from((1.0, 0.999)),
).filter(lambda way: way.origin != way.target)
GRAPHS = st.fixed_dictionaries(
    {
        "ways": st.lists(WAYS, max_size=4),
        "destinations": st.sets(st.sampled_from(SERVICES), min_size=1),
        "sources": st.sets(st.sampled_from(SERVICES)),
        "keeps_id": st.booleans(),
        "is_late": st.booleans(),
        "is_cut": st.booleans(),
    }
)


class World:
    """Some services, and one athlete who connects them."""

    def __init__(self, library, graph):
        self.library, self.graph = library, graph
        self.matcher = Matcher(OpinionPlugins(Plugins([])), StoredDecisions())
        self.held = {name: [] for name in ("watch", *SERVICES)}
        self.connections = {name: library.connection(name) for name in self.held}
        self.listed = {}
        self.sent = {}
        self.late = []
        self._minutes = itertools.count(1)
        for workout in range(WORKOUTS):
            claims = (f"watch:{workout}",)
            self.held["watch"].append(Held(workout, 0, 30_000.0 + workout, claims))

    @property
    def is_cut(self):
        """Whether a privacy zone cuts off so much that only the serial number tells what it is."""
        return self.graph["is_cut"] and all(way.keeps_serial for way in self.graph["ways"])

    def now(self):
        """Return a later moment each time."""
        hours, minutes = divmod(next(self._minutes), 60)
        return f"2026-06-16T{hours:02}:{minutes:02}:00.000Z"

    def round(self):
        """Let everything happen once that is due, and return whether anything happened."""
        copied = self.copy()
        listed = self.sync()
        answered = self.answer()
        sent = self.send()
        return any((copied, listed, answered, sent))

    def copy(self):
        """Let each service copy what it holds and has not copied yet."""
        copied = []
        for number, way in enumerate(self.graph["ways"]):
            for held in self.held[way.origin]:
                if number in held.copied or held.hops >= MOST_HOPS:
                    continue
                held.copied.add(number)
                kept = []
                for claim in held.claims:
                    is_kept = way.keeps_serial if claim.startswith("device:") else way.keeps_id
                    if is_kept and not claim.startswith("watch:"):
                        kept.append(claim.replace(":00Z", ":01Z") if way.shift_s else claim)
                shift_s = held.shift_s + way.shift_s
                distance_m = held.distance_m * way.kept
                copied.append((way.target, (held.workout, shift_s, distance_m, kept, held.hops)))
        for target, (workout, shift_s, distance_m, kept, hops) in copied:
            self.hold(target, Held(workout, shift_s, distance_m, tuple(kept), hops + 1))
        return copied

    def hold(self, service, held):
        """Let a service store a record under an id of its own, and return the id."""
        own = f"{service}:{len(self.held[service])}"
        held.claims = (own, *(claim for claim in held.claims if claim[:2] != f"{service}:"))
        self.held[service].append(held)
        return own

    def sync(self):
        """Store and match what the connected services hold, one record after the other."""
        new = []
        for service in ("watch", *sorted(self.graph["sources"])):
            for number, held in enumerate(self.held[service]):
                if (service, number) in self.listed:
                    continue
                now = self.now()
                values = {"first_seen_at": now, "changed_at": now}
                record = self.library.record(self.connections[service], None, **values)
                start = START + timedelta(days=held.workout, seconds=held.shift_s)
                values = {"start_local": start, "distance_m": held.distance_m}
                if held.shift_s >= CUT_OFF_S:
                    values["elapsed_s"] = 600.0
                activity = make_activity(claims=held.claims, **values)
                [source_activity_id] = self.library.put(record, activity).ids
                self.listed[service, number] = source_activity_id
                new.append(source_activity_id)
                self.matcher.rematch(
                    self.library.db, self.library.athlete_id, [source_activity_id], now
                )
        return new

    def answer(self):
        """Store the answers of destinations that arrive only after a sync."""
        late, self.late = self.late, []
        for delivery_id, identity in late:
            self.remember(delivery_id, identity)
        return late

    def remember(self, delivery_id, identity):
        """Store by what a delivery is recognized."""
        athlete_id = self.library.athlete_id
        remember_sent(
            self.library.db, self.matcher, athlete_id, delivery_id, [identity], self.now()
        )

    def send(self):
        """Send what each destination lacks."""
        sent = []
        for activity_id in sorted(self.activities()):
            for service in sorted(self.graph["destinations"]):
                details = load_activity(self.library.db, activity_id)
                if (service, activity_id) not in self.sent and self.may_get(details, service):
                    self.send_to(service, details)
                    sent.append(activity_id)
        return sent

    def may_get(self, details, service):
        """Return whether an account may get an activity."""
        originals = [member for member in details.members if member.sent_by is None]
        return bool(originals) and all(member.entry != service for member in originals)

    def send_to(self, service, details):
        """Send an activity: write the delivery, upload it, and store the answer now or later."""
        athlete_id = self.library.athlete_id
        external_id = f"{athlete_id}-{len(self.sent)}"
        now = self.now()
        times = {"planned_at": now, "updated_at": now, "sent_at": now}
        delivery_id = deliver(
            self.library, details.id, external_id=external_id, destination=service, **times
        )
        add_identities(self.library.db, athlete_id, delivery_id, ())
        workout = (details.activity.start_local - START).days
        self.sent[service, details.id] = workout
        at = details.activity.start_local.strftime("%Y-%m-%dT%H:%M:00Z")
        claims = [f"device:{delivery_serial(external_id)}@{at}"]
        if self.graph["keeps_id"]:
            claims.append(f"fitglue:{external_id}")
        held = Held(workout, 0, details.activity.distance_m, tuple(claims))
        if self.is_cut:
            held.shift_s, held.distance_m = CUT_OFF_S, held.distance_m / 10
        identity = self.hold(service, held)
        if self.graph["is_late"]:
            self.late.append((delivery_id, identity))
        else:
            self.remember(delivery_id, identity)

    def activities(self):
        """Return the activities, each with the workouts that its records are of."""
        rows = load_rows(self.library.db, self.listed.values())
        activities = {}
        for (service, number), source_activity_id in self.listed.items():
            workouts = activities.setdefault(rows[source_activity_id].activity_id, set())
            workouts.add(self.held[service][number].workout)
        return activities


def run(library, graph):
    """Let a world come to rest, and return it."""
    world = World(library, graph)
    for _ in range(MOST_ROUNDS):
        if not world.round():
            return world
    pytest.fail("the copying does not end")


def check(world):
    """Check that each workout is one activity, and that each destination got it at most once."""
    activities = world.activities()
    assert sorted(map(sorted, activities.values())) == [[number] for number in range(WORKOUTS)]
    deliveries = [(service, workout) for (service, _), workout in world.sent.items()]
    assert len(deliveries) == len(set(deliveries))


@given(graph=GRAPHS)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_copying_ends_in_any_graph(library_of, sqlite, graph):
    """Whatever copies to whatever, everything comes to rest with one activity for each workout, and
    with at most one delivery to each destination.
    """
    with sqlite.write() as db:
        check(run(library_of(db), graph))
        db.rollback()


def test_a_loop_through_a_third_service_dies_out(library_of, sqlite):
    """What is sent to one service, copied to another one without any id, and copied back, is one
    activity with one delivery.
    """
    ways = [Way("a", "b", False, True, 1, 0.999), Way("b", "a", False, False, 1, 0.999)]
    graph = {
        "ways": ways,
        "destinations": {"a"},
        "sources": {"a", "b"},
        "keeps_id": False,
        "is_late": True,
        "is_cut": False,
    }
    with sqlite.write() as db:
        world = run(library_of(db), graph)
        check(world)
        assert len(world.sent) == WORKOUTS
        assert len(world.listed) > 3 * WORKOUTS
        db.rollback()
