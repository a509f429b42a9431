"""What was sent is updated, filled or deleted, and nothing else is touched."""

from __future__ import annotations

import json

import pytest

from fitglue_registry.errors import ConnectionStopped, Retryable
from fitglue_registry.plugin_api import NotThere, Receipt, Sent
from fitglue_registry.testing import Fault

ACTIVITY = "*/activity/*"


def bodies(server):
    """Return the JSON of each update."""
    return [json.loads(entry.body) for entry in server.requests if entry.method == "PUT"]


@pytest.fixture
def sent(hooks, server, delivery):
    """A ride that was sent before."""
    result = hooks.send(delivery())
    server.clear_requests()
    return result


def test_an_update_sends_only_what_changed(hooks, account, server, delivery, sent):
    """An update has the changed field and no other, in one request."""
    changed = delivery(
        {"title": "Night ride"}, action="update", changed=frozenset({"title"}), receipt=sent.receipt
    )
    result = hooks.send(changed)
    assert bodies(server) == [{"name": "Night ride"}]
    assert result.receipt == sent.receipt
    assert account.row(sent.receipt.remote_id)["name"] == "Night ride"


@pytest.mark.parametrize(
    ("field", "empty", "key", "there"),
    [
        ("description", None, "description", ""),
        ("tags", (), "tags", []),
        ("training_load", None, "icu_training_load", None),
        ("rpe", None, "icu_rpe", None),
        ("feel", None, "feel", None),
    ],
)
def test_an_update_removes_a_value(hooks, account, delivery, sent, field, empty, key, there):
    """A value that was removed here is removed there."""
    hooks.send(
        delivery({field: empty}, action="update", changed=frozenset({field}), receipt=sent.receipt)
    )
    assert account.row(sent.receipt.remote_id)[key] == there


def test_an_update_of_gear(hooks, account, delivery, sent, ride):
    """Other gear is set by its own id there."""
    from fitglue_registry.model import Gear

    hooks.send(
        delivery(
            {"gear": Gear("Race bike")},
            action="update",
            changed=frozenset({"gear"}),
            receipt=sent.receipt,
        )
    )
    assert account.row(sent.receipt.remote_id)["gear"]["id"] == "b8"


def test_an_update_of_what_cannot_be_sent(hooks, server, delivery, sent):
    """A change of the distance, which the service computes itself, needs no request."""
    result = hooks.send(
        delivery(action="update", changed=frozenset({"distance_m"}), receipt=sent.receipt)
    )
    assert isinstance(result, Sent)
    assert server.requests == []


def test_an_update_of_a_deleted_activity(hooks, account, delivery, sent):
    """If the athlete has deleted the activity there, an update says so and makes no new one."""
    account.delete(sent.receipt.remote_id)
    result = hooks.send(
        delivery(action="update", changed=frozenset({"title"}), receipt=sent.receipt)
    )
    assert (result.code, account.ids()) == ("FG-delivery-gone", [])


def test_an_update_without_a_receipt(hooks, account, delivery, sent):
    """If the receipt was lost, the activity is found by our external id."""
    result = hooks.send(delivery({"title": "Found"}, action="update", changed=frozenset({"title"})))
    assert result.receipt == sent.receipt
    assert account.row(sent.receipt.remote_id)["name"] == "Found"


def test_an_update_of_a_record_from_elsewhere(hooks, account, server, delivery):
    """A record that no delivery has made is never updated, and the result says so."""
    id_ = account.add("2026-11-01T07:00:00")
    receipt = Receipt(id_, None, {"record": "from elsewhere"})
    result = hooks.send(delivery(action="update", changed=frozenset({"title"}), receipt=receipt))
    assert list(result.left_out) == ["title"]
    assert server.requests == []


@pytest.mark.parametrize("fault", [Fault.status(500), Fault.reset(), Fault.cut()])
def test_an_update_is_repeated(hooks, account, server, delivery, sent, fault):
    """An update whose response is lost is sent again, because the second has no other effect."""
    server.fault(ACTIVITY, fault, method="PUT")
    hooks.send(
        delivery({"rpe": 9}, action="update", changed=frozenset({"rpe"}), receipt=sent.receipt)
    )
    assert account.row(sent.receipt.remote_id)["icu_rpe"] == 9


@pytest.mark.parametrize("was_carried_out", [True, False])
def test_an_update_can_be_looked_up(hooks, server, delivery, sent, was_carried_out):
    """After a long outage, the next attempt finds out whether an update has arrived."""
    fault = Fault.status(503)
    if not was_carried_out:
        fault = fault.before_anything()
    server.fault(ACTIVITY, fault, method="PUT", times=None)
    update = delivery({"rpe": 9}, action="update", changed=frozenset({"rpe"}), receipt=sent.receipt)
    with pytest.raises(Retryable):
        hooks.send(update)
    assert isinstance(hooks.find(update), Sent if was_carried_out else NotThere)


# -- filling ---------------------------------------------------------------------------------------


@pytest.fixture
def record(account):
    """A record of the account itself, with a name, but without description, tags and RPE."""
    return account.add(
        "2026-11-01T07:00:00", name="Mine", description="", tags=None, icu_rpe=None, feel=None
    )


@pytest.fixture
def fill(delivery, ride, record):
    """The delivery that fills the record from the activity that it belongs to."""
    changed = frozenset({"title", "description", "tags", "rpe", "feel"})
    claims = (*ride.claims, f"intervals:{record}")
    return delivery({"claims": claims}, action="fill", changed=changed)


def test_filling_fills_only_what_is_empty(hooks, account, server, fill, record):
    """Empty fields are filled in one request, and the name of the athlete stays."""
    result = hooks.send(fill)
    row = account.row(record)
    assert (row["name"], row["icu_rpe"], row["tags"]) == ("Mine", 7, ["outdoors"])
    assert list(bodies(server)[0]) == ["description", "tags", "icu_rpe", "feel"]
    assert result.left_out == {"title": "Intervals.icu has a value of its own"}


def test_a_filled_record_is_no_copy_of_ours(hooks, fill):
    """The record stays a source of its own: it gets no identities of a delivery."""
    result = hooks.send(fill)
    assert (result.identities, result.existed) == ((), True)
    assert result.receipt.data == {"record": "from elsewhere"}


def test_zero_is_not_empty(hooks, account, delivery, ride, record):
    """A training load of 0 there is a value, and is not replaced."""
    account.edit(record, icu_training_load=0)
    claims = (*ride.claims, f"intervals:{record}")
    fields = frozenset({"training_load"})
    hooks.send(delivery({"claims": claims}, action="fill", changed=fields))
    assert account.row(record)["icu_training_load"] == 0


def test_a_record_without_gaps_is_not_touched(hooks, account, server, fill, record):
    """If nothing is empty, no request changes anything."""
    account.edit(record, description="a", tags=["b"], icu_rpe=1, feel=1)
    hooks.send(fill)
    assert bodies(server) == []


def test_a_second_filling_changes_nothing(hooks, account, server, fill, record):
    """A filled record that the athlete has edited since keeps the athlete's values."""
    hooks.send(fill)
    account.edit(record, description="Edited there")
    server.clear_requests()
    hooks.send(fill)
    assert (bodies(server), account.row(record)["description"]) == ([], "Edited there")


def test_a_stub_cannot_be_filled(hooks, account, delivery, ride):
    """A record that came from Strava cannot be changed, so there is nothing to fill."""
    id_ = account.add_strava_stub("2026-11-01T07:00:00")
    claims = (*ride.claims, f"intervals:{id_}")
    result = hooks.send(
        delivery({"claims": claims}, action="fill", changed=frozenset({"description"}))
    )
    assert result.code == "FG-delivery-gone"


def test_our_own_copy_is_not_filled(hooks, account, delivery, sent, record, ride):
    """What a delivery has made is no record of the account: the record beside it is filled."""
    account.edit(sent.receipt.remote_id, description="")
    claims = (*ride.claims, *sent.identities, f"intervals:{record}")
    fields = frozenset({"description"})
    result = hooks.send(delivery({"claims": claims}, action="fill", changed=fields))
    assert result.receipt.remote_id == record
    assert account.row(sent.receipt.remote_id)["description"] == ""


@pytest.mark.parametrize("fault", [Fault.error_object(), Fault.shape({})])
def test_an_error_is_not_taken_for_an_empty_record(hooks, account, server, fill, record, fault):
    """A response with status 200 that is not the record stops the connection; what the athlete has
    written there is not overwritten.
    """
    account.edit(record, description="Mine")
    server.fault(ACTIVITY, fault, method="GET", times=None)
    with pytest.raises(ConnectionStopped):
        hooks.send(fill)
    assert account.row(record)["description"] == "Mine"


def test_a_page_of_a_login_does_not_count_as_an_update(hooks, server, delivery, sent):
    """An update that a captive portal has answered with status 200 is not reported as sent."""
    server.fault(ACTIVITY, Fault.html_page().before_anything(), method="PUT", times=None)
    with pytest.raises(ConnectionStopped):
        hooks.send(delivery(action="update", changed=frozenset({"title"}), receipt=sent.receipt))


@pytest.mark.parametrize("was_carried_out", [True, False])
def test_a_filling_can_be_looked_up(hooks, server, fill, was_carried_out):
    """The next attempt finds out whether a filling has arrived."""
    fault = Fault.status(503)
    if not was_carried_out:
        fault = fault.before_anything()
    server.fault(ACTIVITY, fault, method="PUT", times=None)
    with pytest.raises(Retryable):
        hooks.send(fill)
    assert isinstance(hooks.find(fill), Sent if was_carried_out else NotThere)


# -- deletion --------------------------------------------------------------------------------------


def test_a_deletion_deletes_what_was_sent(hooks, account, delivery, sent):
    """What a delivery has made is deleted, and a second deletion changes nothing."""
    deletion = delivery(action="delete", receipt=sent.receipt)
    assert isinstance(hooks.find(deletion), NotThere)
    assert isinstance(hooks.send(deletion), Sent)
    assert account.ids() == []
    assert isinstance(hooks.find(deletion), Sent)
    assert isinstance(hooks.send(deletion), Sent)


def test_a_deletion_spares_what_was_not_sent(hooks, account, delivery):
    """A record of the account itself is never deleted, whatever the receipt says."""
    id_ = account.add("2026-11-01T07:00:00")
    result = hooks.send(delivery(action="delete", receipt=Receipt(id_)))
    assert (result.code, account.ids()) == ("FG-delivery-not-ours", [id_])


@pytest.mark.parametrize("fault", [Fault.status(503), Fault.reset()])
def test_a_deletion_is_repeated(hooks, account, server, delivery, sent, fault):
    """A deletion whose response is lost is sent again, and its status 404 is success then."""
    server.fault(ACTIVITY, fault, method="DELETE")
    assert isinstance(hooks.send(delivery(action="delete", receipt=sent.receipt)), Sent)
    assert account.ids() == []


# -- looking up ------------------------------------------------------------------------------------


def test_a_delivery_is_found_by_its_external_id(hooks, account, delivery, sent):
    """Without a receipt, a delivery is found by its external id among the workouts of the day."""
    account.add(account.row(sent.receipt.remote_id)["start_date_local"])
    found = hooks.find(delivery())
    assert (found.receipt, found.existed) == (sent.receipt, True)


def test_a_delivery_that_was_never_sent_is_not_there(hooks, account, delivery):
    """Other workouts of the same day are not taken for the delivery."""
    account.add("2026-11-01T07:00:00")
    assert isinstance(hooks.find(delivery()), NotThere)


def test_looking_up_changes_nothing(hooks, server, delivery, sent):
    """The look-up sends only requests that read."""
    hooks.find(delivery())
    hooks.find(delivery(receipt=sent.receipt))
    assert {entry.method for entry in server.requests} == {"GET"}


@pytest.mark.parametrize("external_id", ["", "22543294456"])
def test_a_copy_from_elsewhere_is_the_workout(hooks, account, delivery, sent, external_id):
    """A workout of the same start and length is there already, whoever has brought it. It is not
    ours, so it gets no identities.
    """
    account.edit(sent.receipt.remote_id, external_id=external_id)
    found = hooks.find(delivery())
    assert (found.existed, found.identities) == (True, ())
    assert found.receipt.data == {"record": "from elsewhere"}


def test_a_longer_workout_of_the_same_start_is_another_one(hooks, account, delivery, sent):
    """A workout of the same start that is longer is not taken for the delivery."""
    account.edit(sent.receipt.remote_id, external_id="", elapsed_time=99_999)
    assert isinstance(hooks.find(delivery()), NotThere)
