"""Tests of every fault that a receiver of webhooks can have: in the end, it has each workout once,
unless it has said that it does not want it.
"""

from __future__ import annotations

import socket
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fitglue_destinations import plugin
from fitglue_destinations.testing import Receiver
from fitglue_registry.errors import AthleteNeeded, ConnectionStopped, FitglueError, Retryable
from fitglue_registry.model import SourceActivity
from fitglue_registry.plugin_api import Delivery, Rejected, Sent
from fitglue_registry.registry import Auth
from fitglue_registry.testing import FakeClock, FakeConnection, Fault
from fitglue_registry.transport.policy import HttpPolicy
from fitglue_registry.transport.session import HttpSession
from fitglue_registry.transport.waiting import Pace
from tests.faults.upstream.matrix import FAULTS, ODD, SLOW

SECRET = "whsec_" + "A" * 43 + "="
OTHER = "whsec_" + "B" * 43 + "="
AUTH = Auth(scheme="webhook", address="url", secret="secret")
_FLOODS = {"a body of 500 MB", "a body of 500 MB without a stated length", "a gzip of 500 MB"}
#: A receiver sends no values that anybody reads.
CELLS = {name: fault for name, fault in FAULTS.items() if name not in {*ODD, *SLOW, *_FLOODS}}
EVERYDAY = ("500", "429", "404", "a web page with status 200", "reset before the headers")
DELIVERY = Delivery(
    external_id="d-1",
    action="create",
    number=12,
    activity=SourceActivity(title="Ride", sport="Ride"),
)


@pytest.fixture
def receiver():
    with Receiver(SECRET) as running:
        yield running


def connection_to(receiver, url=None, **values):
    """Return the connection to a receiver, with the session that every plugin gets."""
    url = url or receiver.url
    clock = FakeClock(datetime.now(UTC))
    policy = HttpPolicy(url, auth=AUTH, retries=1, read_s=5.0)
    session = HttpSession(
        replace(policy, **values),
        secrets=lambda: {"url": f"{url}/hook", "secret": SECRET},
        pace=Pace(clock),
    )
    return FakeConnection(session, entry="webhook", clock=clock)


def deliver(receiver, **values):
    """Carry out the delivery, and close the connection."""
    connection = connection_to(receiver, **values)
    with closing(connection.http):
        return plugin.fitglue_deliver(connection=connection, delivery=DELIVERY)


def outcome(receiver):
    """Return what a delivery ended with: an answer, or the error that it raised."""
    try:
        return deliver(receiver)
    except FitglueError as error:
        return error


def check(receiver, name, fault, reliability):
    """Play a fault at each attempt, then send again as the host does, and count the messages."""
    receiver.fault("/hook", fault, times=None)
    first = outcome(receiver)
    receiver.clear_faults()
    if isinstance(first, (Sent, Rejected)):
        seen = "sent" if isinstance(first, Sent) else first.code
    else:
        assert isinstance(first, (Retryable, AthleteNeeded, ConnectionStopped))
        seen = first.code
        assert isinstance(deliver(receiver), Sent)
    if not isinstance(first, Rejected):
        assert len(receiver.messages) == 1
    reliability("sending", f"webhook: {name}", lost=0, seen=seen)


@pytest.mark.parametrize("name", EVERYDAY)
def test_an_everyday_fault_costs_no_workout(receiver, name, reliability):
    """The receiver has the workout once in the end, or has refused it."""
    check(receiver, name, CELLS[name], reliability)


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in CELLS if name not in EVERYDAY])
def test_every_fault_costs_no_workout(receiver, name, reliability):
    """The same with every fault that a service can have."""
    check(receiver, name, CELLS[name], reliability)


@pytest.mark.parametrize("is_carried_out", [True, False])
def test_a_lost_answer_makes_no_second_workout(receiver, is_carried_out, reliability):
    """Nobody is asked: the message is sent again with the same id."""
    fault = Fault.reset()
    if not is_carried_out:
        fault = fault.before_anything()
    receiver.fault("/hook", fault)
    assert isinstance(deliver(receiver), Sent)
    assert len(receiver.messages) == 1
    assert receiver.copies == int(is_carried_out)
    where = "after" if is_carried_out else "before"
    fault_name = f"webhook: the connection is cut {where} the message was taken"
    reliability("sending", fault_name, lost=0, seen="sent")


def test_a_receiver_that_is_down_gets_the_workout_later(receiver, reliability):
    """The request was never sent, and the next one is the first."""
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(Retryable) as raised:
            deliver(receiver, url=url)
    assert "/hook" not in str(raised.value)
    deliver(receiver)
    assert len(receiver.messages) == 1
    reliability("sending", "webhook: nobody is there", lost=0, seen=raised.value.code)


def test_a_receiver_that_is_too_slow_gets_the_workout_once(receiver, reliability):
    """It has taken the message although nobody has heard its answer."""
    receiver.fault("/hook", Fault.hold(), times=None)
    with pytest.raises(Retryable) as raised:
        deliver(receiver, read_s=0.2)
    receiver.clear_faults()
    deliver(receiver)
    assert len(receiver.messages) == 1
    reliability("sending", "webhook: too slow", lost=0, seen=raised.value.code)


def test_a_receiver_with_another_secret_gets_the_workout_when_it_has_the_right_one(
    receiver, reliability
):
    """The connection waits for the athlete, and nothing is lost."""
    receiver.secret = OTHER
    with pytest.raises(AthleteNeeded) as raised:
        deliver(receiver)
    assert receiver.messages == []
    receiver.secret = SECRET
    deliver(receiver)
    assert len(receiver.messages) == 1
    reliability("sending", "webhook: another secret", lost=0, seen=raised.value.code)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_workout_is_never_sent_to_where_a_redirect_leads(receiver, status, reliability):
    """Neither the workout nor its signature is meant for anybody else."""
    with Receiver(SECRET) as elsewhere:
        receiver.fault("/hook", Fault.redirect(elsewhere.address, status=status), times=None)
        answer = deliver(receiver)
        assert elsewhere.requests == []
    assert answer.code == "FG-webhook-moved"
    reliability("sending", f"webhook: redirect {status}", lost=0, seen=answer.code)
