"""A stand-in, a connection to it over real HTTP, and the delivery of a recorded ride."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from fitglue_formats import activities
from fitglue_intervals import plugin
from fitglue_intervals.sending import file as sent_file
from fitglue_intervals.testing import Account, StandIn
from fitglue_intervals.testing.files import plain_file_of
from fitglue_registry.errors import UserMistake
from fitglue_registry.model import Gear, TrainingLoad
from fitglue_registry.plugin_api import Account as ConnectedAccount
from fitglue_registry.plugin_api import Delivery, OriginalFile
from fitglue_registry.plugins.delivery_answers import CHECKS, DELIVERY_RESULTS, FOUND_RESULTS
from fitglue_registry.registry import Auth
from fitglue_registry.testing import FakeClock, FakeConnection
from fitglue_registry.transport.policy import HttpPolicy
from fitglue_registry.transport.session import HttpSession
from fitglue_registry.transport.waiting import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fitglue_registry.model import SourceActivity

EXTERNAL_ID = "fitglue-7Qm2xV0pLw9dTz"
#: The fields of the second request, as the ride of these tests has them.
VALUES = {
    "name": "Evening ride",
    "description": "Into the wind – “hard”",
    "type": "GravelRide",
    "tags": ["outdoors"],
    "icu_training_load": 81,
    "icu_rpe": 7,
    "feel": 2,
}


@pytest.fixture
def account() -> Account:
    """Return the account that receives: it has no activity, and two items of gear."""
    made = Account({})
    made.gear += [
        {"id": "b7", "name": "Gravel bike", "type": "Bike", "distance": 1_200_000.0},
        {"id": "b8", "name": "Race bike", "type": "Bike", "distance": 9_000.0},
    ]
    return made


@pytest.fixture
def server(account: Account) -> Iterator[StandIn]:
    """Return a running stand-in of the account."""
    with StandIn(account) as running:
        yield running


@pytest.fixture
def connection(server: StandIn) -> Iterator[FakeConnection]:
    """Return a connection with a real session, whose clock lets no test wait."""
    clock = FakeClock()
    auth = Auth(scheme="basic", username="API_KEY", secret="api_key")
    policy = HttpPolicy(server.url, auth=auth, retries=2)
    with HttpSession(
        policy, secrets=lambda: {"api_key": server.api_key or "none"}, pace=Pace(clock)
    ) as session:
        made = FakeConnection(session, entry="intervals", clock=clock)
        made.account = ConnectedAccount(server.athlete_id)
        yield made


@pytest.fixture(scope="session")
def recorded() -> Account:
    """Return the account of the athlete's watch, where the files of the tests come from."""
    return Account.generate(count=20, seed=4, distinct_streams=1, strava_stubs=0)


@pytest.fixture(scope="session")
def file(recorded: Account) -> OriginalFile:
    """Return the FIT file of the shortest ride, so that reading it takes little time."""
    files = []
    for id_ in recorded.ids():
        row = recorded.row(id_)
        if row.get("type") == "Ride" and row.get("file_type") == "fit":
            content = plain_file_of(recorded.plan(id_))
            assert content is not None
            files.append(content)
    shortest = min(files, key=len)
    return OriginalFile(shortest, "2026-11-01-ride.fit", "fit", "0" * 64)


@pytest.fixture(scope="session")
def race() -> tuple[bytes, list[SourceActivity]]:
    """Return the FIT file of a triathlon, and its legs."""
    recorded = Account.generate(count=60, seed=1, distinct_streams=1, strava_stubs=0)
    for id_ in recorded.ids():
        plan = recorded.plan(id_)
        if len(plan.legs) > 1:
            content = plain_file_of(plan)
            assert content is not None
            return content, activities(content)
    raise AssertionError("the account has no triathlon")


@pytest.fixture(scope="session")
def ride(file: OriginalFile) -> SourceActivity:
    """Return the ride as the host has merged it: the recording, and what the athlete wrote."""
    [leg] = activities(file.content)
    return msgspec.structs.replace(
        leg,
        title="Evening ride",
        description="Into the wind – “hard”",
        sport="GravelRide",
        tags=("outdoors",),
        training_load=81.4,
        training_loads=(TrainingLoad(81.4, "power"),),
        rpe=7,
        feel=2,
        gear=Gear("gravel  BIKE"),
    )


@pytest.fixture
def delivery(ride: SourceActivity, file: OriginalFile) -> Callable[..., Delivery]:
    """Return a delivery of the ride, with changed values; ``activity`` changes fields of it."""
    made = Delivery(EXTERNAL_ID, "create", 12, ride, file)

    def make(activity: dict[str, Any] | None = None, **changes: Any) -> Delivery:
        changed = msgspec.structs.replace(ride, **(activity or {}))
        return replace(made, activity=changed, **changes)

    return make


@dataclass
class Sender:
    """Calls the hooks of the destination with one connection."""

    connection: FakeConnection

    def send(self, delivery: Delivery) -> Any:
        """Send a delivery, and check that the host can store the result."""
        return checked(
            plugin.fitglue_deliver(connection=self.connection, delivery=delivery), DELIVERY_RESULTS
        )

    def find(self, delivery: Delivery) -> Any:
        """Look a delivery up, and check that the host can store the result."""
        return checked(
            plugin.fitglue_find_delivery(connection=self.connection, delivery=delivery),
            FOUND_RESULTS,
        )


def checked(result: Any, types: tuple[type, ...]) -> Any:
    """Return a result that the host accepts."""
    assert type(result) in types
    check = CHECKS.get(type(result))
    assert check is None or check(result) is None
    return result


@pytest.fixture
def hooks(connection: FakeConnection) -> Sender:
    return Sender(connection)


@pytest.fixture
def without_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the library that writes FIT files be missing."""

    def missing(_: Delivery) -> None:
        raise UserMistake(
            "FG-extra-missing",
            "FIT files cannot be written",
            fix="pip install 'fitglue-formats[fit-write]'",
        )

    monkeypatch.setattr(sent_file, "_made", missing)
