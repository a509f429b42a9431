"""Tests of webhooks: each message is signed, has a stable id, and goes to one address only."""

from __future__ import annotations

import dataclasses
import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from fitglue_destinations import plugin
from fitglue_destinations.testing import Receiver
from fitglue_destinations.webhook import messages
from fitglue_destinations.webhook.messages import message_of
from fitglue_registry import Host, Policy
from fitglue_registry.errors import AthleteNeeded, FitglueError, Retryable, UserMistake
from fitglue_registry.plugin_api import NotThere, Rejected, Sent
from fitglue_registry.services.plugin_view import PluginViews
from fitglue_registry.testing import FakeClock, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATH = "/hook/4f9a77c2d1"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver whose address only the athlete knows."""
    with Receiver(path=PATH) as running:
        yield running


@pytest.fixture
def clock() -> FakeClock:
    """The clock of the host, with which no test waits."""
    return FakeClock(datetime.now(UTC))


@pytest.fixture
def host(tmp_path, clock) -> Iterator[Host]:
    """A host of one person, which keeps secrets in files."""
    with Host(tmp_path / "home", clock=clock, policy=Policy.personal()) as opened:
        yield opened


@pytest.fixture
def connected(host, receiver):
    """The webhook after it was connected; the receiver knows the secret."""
    result = host.connect("webhook", {"url": receiver.address})
    receiver.secret = result.made
    return result


@pytest.fixture
def send(host, connected) -> Callable:
    """A function that carries out a delivery to the connected webhook."""

    def deliver(delivery):
        workspace = host.workspace
        entry = workspace.catalogue.get("destination", "webhook")
        row = host.connections.get(connected.connection.id)
        view = PluginViews(workspace).of(row, entry)
        try:
            return workspace.plugins.of(entry).call(
                "fitglue_deliver", connection=view, delivery=delivery
            )
        finally:
            view.close()

    return deliver


@pytest.fixture
def workout(delivery) -> Callable:
    """A function that returns a delivery to the webhook."""

    def make(**values):
        return dataclasses.replace(delivery(settings={"path": ""}), settings={}, **values)

    return make


# -- connecting ------------------------------------------------------------------------------------


def test_connecting_makes_a_secret_and_proves_the_address(host, receiver, connected):
    """The receiver gets a ping; the secret has the form of Standard Webhooks."""
    assert connected.made.startswith("whsec_")
    assert [request.status for request in receiver.requests] == [204]
    assert json.loads(receiver.requests[0].body) == {"type": "ping", "data": {}}
    assert receiver.messages == []


def test_the_address_and_the_secret_are_nowhere_in_the_clear(host, receiver, connected, caplog):
    """Neither the row of the connection, nor its files, nor a log has them."""
    assert PATH not in repr(host.connections.get("webhook"))
    assert connected.made not in repr(connected)
    kept = [path.read_bytes() for path in host.home.rglob("*") if path.is_file()]
    for secret in (PATH.encode(), connected.made.encode()):
        assert not any(secret in content for content in kept)


def test_the_address_is_in_no_log(host, receiver, caplog):
    """Not even in the messages of the HTTP library on the level DEBUG."""
    with caplog.at_level(logging.DEBUG):
        host.connect("webhook", {"url": f"{receiver.address}?token=abcdef"})
    assert "POST" in caplog.text
    assert PATH not in caplog.text
    assert "abcdef" not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hook",
        "https://user:password@example.org/hook",
        "ftp://example.org/hook",
        "https://example.org/hook#part",
        "https://",
    ],
)
def test_an_address_to_which_nothing_may_be_sent_is_refused(host, url):
    """Before anything is sent, and without showing what may be a key."""
    with pytest.raises(UserMistake) as raised:
        host.connect("webhook", {"url": url})
    assert raised.value.code in ("FG-base-url-refused", "FG-field-refused")
    assert "password" not in str(raised.value)


def test_two_addresses_at_one_host_are_two_connections(host, receiver):
    """An automation service has one address for each receiver."""
    first = host.connect("webhook", {"url": receiver.address})
    with pytest.raises(FitglueError):  # nobody is at the other path
        host.connect("webhook", {"url": f"{receiver.url}/other"})
    receiver.route("/other", receiver._receive, method="POST")
    second = host.connect("webhook", {"url": f"{receiver.url}/other"})
    assert first.connection.id != second.connection.id
    assert not second.renewed


def test_nobody_at_the_address_stores_nothing(host, receiver):
    """A webhook is connected when its receiver has taken the ping."""
    receiver.fault(PATH, Fault.status(500), times=None)
    with pytest.raises(Retryable):
        host.connect("webhook", {"url": receiver.address})
    assert host.connections.list() == []


# -- what a connection without a source is ---------------------------------------------------------


def test_a_webhook_is_never_synced(host, connected):
    """A sync leaves it out, and says so if it is named."""
    with pytest.raises(UserMistake) as raised:
        list(host.sync())
    assert raised.value.code == "FG-no-connection"
    assert "no source" in raised.value.what
    with pytest.raises(UserMistake) as raised:
        list(host.sync("webhook"))
    assert raised.value.code == "FG-sends-only"


def test_a_webhook_is_shown_as_what_it_is(host, connected):
    """Nothing arrives from it, and its state is known."""
    status = host.connections.status(connected.connection)
    assert status.only_sends
    assert status.state == "ok"
    assert status.arrives == ()
    assert status.address is None


def test_a_webhook_has_no_parts_to_choose(host, connected):
    """A choice that only a source has is refused by name."""
    with pytest.raises(UserMistake) as raised:
        host.connections.choose("webhook", {"files": True})
    assert raised.value.code == "FG-option-unknown"


def test_a_backup_keeps_a_webhook_and_a_removal_ends_it(host, connected, tmp_path):
    """The row of a connection without a source can be read, restored and removed."""
    made = host.backups.make(tmp_path / "backup.zip")
    assert host.backups.verify(made.path)
    host.connections.remove("webhook")
    assert host.connections.list() == []


def test_doctor_asks_the_receiver(host, receiver, connected):
    """The check sends another signed ping."""
    [check] = [check for check in host.upkeep.checks() if check.name == "connection webhook"]
    assert check.state == "ok"
    assert "sends only" in check.detail
    receiver.secret = "whsec_" + "B" * 44
    [check] = [check for check in host.upkeep.checks() if check.name == "connection webhook"]
    assert check.state == "broken"


# -- messages --------------------------------------------------------------------------------------


def test_a_workout_arrives_signed(send, workout, receiver):
    """The receiver verifies the signature, and gets the document of the model."""
    sent = send(workout())
    assert isinstance(sent, Sent)
    [message] = receiver.messages
    assert message.type == "activity.created"
    assert message.data["id"] == "d-1"
    assert message.data["number"] == 12
    assert message.data["activity"]["title"] == "Morning ride"
    assert "streams" not in message.data["activity"]


def test_what_is_sent_again_is_a_copy(send, workout, receiver):
    """However often it is sent, the receiver has it once."""
    for _ in range(3):
        send(workout())
    assert len(receiver.messages) == 1
    assert receiver.copies == 2


def test_a_changed_workout_is_another_message(send, workout, receiver, activity):
    """The id of the workout stays, and that of the message changes."""
    send(workout())
    changed = {"action": "update", "changed": frozenset({"title"})}
    send(workout(activity=activity(title="Evening ride", streams=()), **changed))
    first, second = receiver.messages
    assert second.type == "activity.updated"
    assert second.data["changed"] == ["title"]
    assert first.id != second.id
    assert receiver.activities["d-1"]["title"] == "Evening ride"
    send(workout(action="delete"))
    assert receiver.activities == {}
    assert "activity" not in receiver.messages[-1].data


def test_samples_are_sent_if_the_pipeline_asks_for_them(workout):
    """Without being asked, nobody gets megabytes."""
    asked = dataclasses.replace(workout(), settings={"streams": "yes"})
    assert b'"watts"' in message_of(asked).body
    assert b'"watts"' not in message_of(workout()).body


def test_samples_that_are_too_much_are_left_out(workout, monkeypatch):
    """The workout itself still arrives, and the delivery says what is missing."""
    monkeypatch.setattr(messages, "LARGEST", 320)
    message = message_of(dataclasses.replace(workout(), settings={"streams": "yes"}))
    assert list(message.left_out) == ["streams"]
    assert b'"watts"' not in message.body


def test_a_message_that_is_too_large_is_rejected(send, workout, activity, receiver):
    """It is not even sent."""
    answer = send(workout(activity=activity(description="x" * 9_000_000)))
    assert answer.code == "FG-webhook-too-large"
    assert receiver.messages == []


def test_a_text_that_no_receiver_could_read_still_arrives(send, workout, activity, receiver):
    """A lone surrogate in a title is no reason to lose the workout."""
    send(workout(activity=activity(title="a\ud800b")))
    assert receiver.messages[0].data["activity"]["title"] == "a?b"


# -- answers of the receiver -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "FG-webhook-refused"),
        (404, "FG-webhook-refused"),
        (410, "FG-webhook-gone"),
        (413, "FG-webhook-too-large"),
        (422, "FG-webhook-refused"),
        (302, "FG-webhook-moved"),
        (308, "FG-webhook-moved"),
    ],
)
def test_what_a_receiver_refuses_is_rejected(send, workout, receiver, status, code):
    """The same message would be refused again."""
    receiver.fault(PATH, Fault.status(status), times=None)
    answer = send(workout())
    assert isinstance(answer, Rejected)
    assert answer.code == code


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_what_a_receiver_cannot_take_now_is_sent_later(send, workout, receiver, status):
    """The receiver has it once when it works again."""
    receiver.fault(PATH, Fault.status(status, retry_after=3600), times=None)
    with pytest.raises(Retryable) as raised:
        send(workout())
    assert raised.value.code != "FG-outcome-unknown"
    receiver.clear_faults()
    send(workout())
    assert len(receiver.messages) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_receiver_that_does_not_know_the_secret_waits_for_the_athlete(
    send, workout, receiver, status
):
    """Nothing is lost: the delivery continues when the secret is right."""
    receiver.fault(PATH, Fault.status(status), times=None)
    with pytest.raises(AthleteNeeded):
        send(workout())


def test_a_lost_answer_is_no_reason_to_ask_anybody(send, workout, receiver):
    """The message is repeated at once, and the receiver drops the copy."""
    receiver.fault(PATH, Fault.reset())
    assert isinstance(send(workout()), Sent)
    assert len(receiver.messages) == 1
    assert receiver.copies == 1


def test_after_a_kill_the_message_is_sent_again(workout):
    """A webhook cannot be asked, and need not be."""
    answer = plugin.fitglue_find_delivery(
        connection=dataclasses.make_dataclass("C", ["entry"])("webhook"),
        delivery=workout(),
    )
    assert answer == NotThere()


# -- rotating the secret ---------------------------------------------------------------------------


def test_the_old_and_the_new_secret_both_sign_for_a_day(host, receiver, clock):
    """A receiver has time to change its secret; after a day, only the new one signs."""
    first = host.connect("webhook", {"url": receiver.address})
    second = host.connect("webhook", {"url": receiver.address})
    assert second.renewed
    assert first.made != second.made
    for hours, known in ((1, 2), (24, 1)):
        clock.move(hours=hours)
        host.connections.probe("webhook")
        request = receiver.requests[-1]
        assert len(request.headers["webhook-signature"].split(" ")) == known
    headers = dict(request.headers)
    signed = Webhook(second.made).sign(
        headers["webhook-id"],
        clock.now(),
        request.body.decode(),
    )
    assert headers["webhook-signature"] == signed


def test_a_wrong_secret_does_not_verify(send, workout, receiver):
    """The receiver of the tests really verifies."""
    send(workout())
    request = receiver.requests[-1]
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 44).verify(request.body, dict(request.headers))


# -- servers ---------------------------------------------------------------------------------------


def test_an_athlete_of_a_server_cannot_name_an_address_unless_the_operator_allows_it(
    tmp_path, receiver
):
    """Even then, an address inside of the server's network is never requested."""
    with Host(tmp_path / "closed", policy=Policy()) as host:
        with pytest.raises(UserMistake) as raised:
            host.connect("webhook", {"url": receiver.address})
        assert raised.value.code == "FG-setting-not-allowed"
    allowed = Policy(operator_settings=Policy().operator_settings - {"webhooks"})
    with Host(tmp_path / "open", policy=allowed) as host:
        with pytest.raises(FitglueError) as raised:
            host.connect("webhook", {"url": receiver.address})
        assert raised.value.code == "FG-address-refused"
    assert receiver.requests == []


def test_a_stored_webhook_stops_when_the_policy_forbids_it(tmp_path, receiver):
    """The policy may be newer than the connection."""
    home = tmp_path / "home"
    with Host(home, policy=Policy.personal()) as host:
        host.connect("webhook", {"url": receiver.address})
    with Host(home, policy=Policy()) as host:
        with pytest.raises(FitglueError) as raised:
            host.connections.probe("webhook")
        assert raised.value.code == "FG-connection-not-allowed"
    assert len(receiver.requests) == 1
