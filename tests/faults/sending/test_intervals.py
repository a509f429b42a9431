"""Tests of every fault at every endpoint with which workouts are sent to Intervals.icu: in the end,
each workout is there once, with everything that was sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import msgspec
import pytest

from fitglue_formats import activities
from fitglue_intervals import plugin
from fitglue_intervals.testing import Account, StandIn
from fitglue_intervals.testing.files import plain_file_of
from fitglue_registry.errors import FitglueError
from fitglue_registry.model import Gear
from fitglue_registry.plugin_api import (
    Accepted,
    Delivery,
    NotThere,
    OriginalFile,
    Rejected,
    Sent,
    Uncertain,
)
from fitglue_registry.plugin_api import Account as Owner
from fitglue_registry.registry import Auth
from fitglue_registry.testing import FakeClock, FakeConnection
from fitglue_registry.transport.policy import HttpPolicy
from fitglue_registry.transport.session import HttpSession
from fitglue_registry.transport.waiting import Pace
from tests.faults.upstream.matrix import FAULTS, ODD, SLOW

ACTIVITY = re.compile(r"/activity/[^/?]+$")
#: Each kind of request → its method, its address, and the action that sends it.
ENDPOINTS = {
    "look-up": ("GET", re.compile(r"/activities\?"), "create"),
    "upload": ("POST", re.compile(r"/activities\?"), "create"),
    "gear": ("GET", re.compile(r"/gear\.json"), "create"),
    "second request": ("PUT", ACTIVITY, "create"),
    "update": ("PUT", ACTIVITY, "update"),
    "record to fill": ("GET", ACTIVITY, "fill"),
    "filling": ("PUT", ACTIVITY, "fill"),
    "deletion": ("DELETE", ACTIVITY, "delete"),
}
_CHANGING = ("upload", "second request", "update", "filling", "deletion")
_FLOODS = {"a body of 500 MB", "a body of 500 MB without a stated length", "a gzip of 500 MB"}
#: Odd values in an activity mean nothing to a destination, and slow responses end as time-outs.
CELLS = {name: fault for name, fault in FAULTS.items() if name not in {*ODD, *SLOW, *_FLOODS}}
#: The service says that the activity is not there, which is what a deletion wants.
_LIES = {("deletion", "404", False)}
#: Endpoint, fault, and whether the service carries out the request.
ALL = [
    (endpoint, fault, is_carried_out)
    for endpoint in ENDPOINTS
    for fault in CELLS
    for is_carried_out in ((True, False) if endpoint in _CHANGING else (True,))
    if (endpoint, fault, is_carried_out) not in _LIES
]
EVERYDAY = [
    ("look-up", "a web page with status 200", True),
    ("upload", "500", True),
    ("upload", "500", False),
    ("upload", "empty body", True),
    ("gear", "duplicate rows", True),
    ("second request", "403", False),
    ("second request", "422", True),
    ("update", "reset before the headers", False),
    ("record to fill", "status 200 with an error in the body", True),
    ("filling", "502 with HTML", True),
    ("deletion", "a web page with status 200", False),
]
assert set(EVERYDAY) <= set(ALL)
#: The most requests that one attempt may send: five attempts of each of a few requests.
MOST_REQUESTS = 60


@dataclass
class World:
    """An account that receives a ride, and the connection to it."""

    account: Account
    server: StandIn
    connection: FakeConnection
    ride: Delivery

    def attempt(self, delivery):
        """Return what one attempt says, and its error if it has one."""
        try:
            answer = plugin.fitglue_deliver(connection=self.connection, delivery=delivery)
        except FitglueError as error:
            return None, error
        return answer, None

    def carry_on(self, delivery, answer):
        """Do what the host does after the fault is over, until the delivery is there."""
        receipt = delivery.receipt
        if isinstance(answer, Accepted):
            receipt = answer.receipt
        again = replace(delivery, receipt=receipt)
        # What was refused, or taken only in part, is sent again by the athlete (``--again``).
        is_told = isinstance(answer, Rejected) or (isinstance(answer, Sent) and answer.left_out)
        if isinstance(answer, Sent) and not is_told:
            return
        if delivery.action == "create" and not is_told:
            found = plugin.fitglue_find_delivery(connection=self.connection, delivery=again)
            if isinstance(found, Sent):
                return
            assert isinstance(found, NotThere)
        last = plugin.fitglue_deliver(connection=self.connection, delivery=again)
        assert isinstance(last, Sent)
        assert last.left_out == {}


@pytest.fixture(scope="module")
def original():
    """The original file of a ride, and the ride as it was merged."""
    recorded = Account.generate(count=12, seed=4, distinct_streams=1, strava_stubs=0)
    for id_ in recorded.ids():
        row = recorded.row(id_)
        if row.get("type") == "Ride" and row.get("file_type") == "fit":
            content = plain_file_of(recorded.plan(id_))
            [leg] = activities(content)
            return content, leg
    raise AssertionError("the account has no ride")


@pytest.fixture
def patience():
    """The longest times of a request: one byte, and the complete response."""
    return {}


@pytest.fixture
def world(original, patience):
    """A world without faults, in which nothing was sent yet."""
    content, leg = original
    ride = msgspec.structs.replace(
        leg, title="Evening", sport="GravelRide", rpe=7, tags=("a",), gear=Gear("Bike")
    )
    file = OriginalFile(content, "ride.fit", "fit", "0" * 64)
    account = Account({})
    account.gear.append({"id": "b7", "name": "Bike"})
    clock = FakeClock()
    with StandIn(account) as server:
        auth = Auth(scheme="basic", username="API_KEY", secret="api_key")
        policy = HttpPolicy(server.url, auth=auth, **patience)
        with HttpSession(
            policy, secrets=lambda: {"api_key": "stand-in-key"}, pace=Pace(clock)
        ) as session:
            connection = FakeConnection(session, entry="intervals", clock=clock)
            connection.account = Owner(server.athlete_id)
            yield World(
                account,
                server,
                connection,
                Delivery("7Qm2xV0pLw9dTz", "create", 1, ride, file),
            )


def delivery_of(world, action):
    """Return the delivery that a cell sends, after what has to be there before it."""
    ride = world.ride
    if action == "create":
        return ride
    if action == "fill":
        id_ = world.account.add("2026-11-01T07:00:00", name="Mine", tags=None, icu_rpe=None)
        claims = (*ride.activity.claims, f"intervals:{id_}")
        activity = msgspec.structs.replace(ride.activity, claims=claims)
        fields = frozenset({"tags", "rpe"})
        return replace(ride, action="fill", activity=activity, changed=fields)
    receipt = world.attempt(ride)[0].receipt
    activity = msgspec.structs.replace(ride.activity, title="Later", rpe=9)
    fields = frozenset({"title", "rpe"}) if action == "update" else frozenset()
    return replace(ride, action=action, activity=activity, changed=fields, receipt=receipt)


def differences(world, action):
    """Return how many things are not there as they were sent, or are there twice."""
    expected = {
        "create": [{"name": "Evening", "type": "GravelRide", "icu_rpe": 7, "tags": ["a"]}],
        "update": [{"name": "Later", "type": "GravelRide", "icu_rpe": 9, "tags": ["a"]}],
        "fill": [{"name": "Mine", "type": "Ride", "icu_rpe": 7, "tags": ["a"]}],
        "delete": [],
    }[action]
    rows = [world.account.row(id_) for id_ in world.account.ids()]
    there = [{key: row[key] for key in ("name", "type", "icu_rpe", "tags")} for row in rows]
    return 0 if there == expected else max(1, abs(len(there) - len(expected)))


def seen(answer, error):
    """Return what the athlete sees of the attempt that met the fault."""
    if error is not None:
        return f"{error.code}; looked up or sent again later"
    if isinstance(answer, Rejected):
        return f"{answer.code}, with the reason"
    if isinstance(answer, Accepted):
        return "the upload is there; the second request is sent later"
    if isinstance(answer, Uncertain):
        return "uncertain; looked up before it is sent again"
    return "sent; what is missing is named" if answer.left_out else "sent"


@pytest.mark.parametrize(
    ("endpoint", "fault", "is_carried_out"),
    [
        *EVERYDAY,
        *(pytest.param(*cell, marks=pytest.mark.long) for cell in ALL if cell not in EVERYDAY),
    ],
)
def test_a_fault_while_sending_loses_and_doubles_nothing(
    world, reliability, endpoint, fault, is_carried_out
):
    """Whatever an endpoint answers, the outcome is clear, and after the fault the workout is there
    once, with everything that was sent.
    """
    play(world, reliability, endpoint, fault, is_carried_out)


@pytest.mark.long
@pytest.mark.parametrize("is_carried_out", [True, False])
@pytest.mark.parametrize("endpoint", ["look-up", "upload", "second request"])
@pytest.mark.parametrize("patience", [{"read_s": 2.0, "total_s": 3.0, "retries": 1}])
def test_a_response_that_never_arrives_loses_and_doubles_nothing(
    world, reliability, endpoint, is_carried_out
):
    """A time-out says nothing about a request, so an upload is looked up before it is repeated."""
    play(world, reliability, endpoint, "no response", is_carried_out)


def play(world, reliability, endpoint, fault, is_carried_out):
    """Play one cell, and record what was seen and lost."""
    method, path, action = ENDPOINTS[endpoint]
    delivery = delivery_of(world, action)
    world.server.clear_requests()
    played = FAULTS[fault] if is_carried_out else FAULTS[fault].before_anything()
    rule = world.server.fault(path, played, times=None, method=method)
    answer, error = world.attempt(delivery)
    assert rule.fired
    assert len(world.server.requests) <= MOST_REQUESTS
    if error is not None:
        assert error.what
        assert error.fix
    world.server.clear_faults()
    world.connection.clock.move(hours=2)
    world.carry_on(delivery, answer)
    lost = differences(world, action)
    assert lost == 0
    done = "" if is_carried_out else ", before anything is done"
    reliability(
        "sending", f"Intervals.icu, {endpoint}: {fault}{done}", lost=lost, seen=seen(answer, error)
    )
