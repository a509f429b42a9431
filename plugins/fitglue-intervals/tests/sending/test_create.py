"""A workout is created by an upload of its original file and a second request."""

from __future__ import annotations

import gzip
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from fitglue_registry.errors import AthleteNeeded, Retryable
from fitglue_registry.model import Device, Gear, Stub
from fitglue_registry.plugin_api import Accepted, OriginalFile, Receipt, Rejected, Sent, Uncertain
from fitglue_registry.testing import Fault

from .conftest import EXTERNAL_ID, VALUES

VIENNA = ZoneInfo("Europe/Vienna")
UPLOAD = "*/activities"


def writes(server):
    """Return method and status of each request that changes something."""
    return [(entry.method, entry.status) for entry in server.requests if entry.method != "GET"]


def test_the_original_file_arrives_byte_for_byte(hooks, account, delivery, file):
    """The original file of the device is what Intervals.icu has afterwards, unchanged."""
    result = hooks.send(delivery())
    assert account.file(result.receipt.remote_id) == file.content


def test_everything_is_there(hooks, account, delivery):
    """After the second request, the activity has the values of the merged one, and our id."""
    [id_] = [hooks.send(delivery()).receipt.remote_id]
    row = account.row(id_)
    assert VALUES.items() <= row.items()
    assert row["gear"]["id"] == "b7"
    assert row["external_id"] == EXTERNAL_ID


def test_the_result_names_the_activity(hooks, delivery):
    """The result has the id, the page, and the claims by which the activity is recognized."""
    result = hooks.send(delivery())
    id_ = result.receipt.remote_id
    assert isinstance(id_, str)
    assert result.receipt.url == f"https://intervals.icu/activities/{id_}"
    assert {f"intervals:{id_}", f"fitglue:{EXTERNAL_ID}"} <= set(result.identities)
    assert not result.existed
    assert result.left_out == {}


def test_three_requests_are_enough(hooks, server, delivery):
    """A new workout without gear needs a look at the days around it, one upload and one second
    request, and nothing else.
    """
    hooks.send(delivery({"gear": None}))
    assert [(entry.method, entry.status) for entry in server.requests] == [
        ("GET", 200),
        ("POST", 201),
        ("PUT", 200),
    ]


def test_the_same_delivery_again_makes_no_second_activity(hooks, account, delivery):
    """A delivery that is sent again finds its own upload, says so, and completes it."""
    first = hooks.send(delivery())
    account.edit(first.receipt.remote_id, type="Ride")
    second = hooks.send(delivery())
    assert (second.existed, second.receipt) == (True, first.receipt)
    assert account.ids() == [first.receipt.remote_id]
    assert account.row(first.receipt.remote_id)["type"] == "GravelRide"


def test_a_workout_that_is_there_from_elsewhere_is_left_alone(hooks, account, server, delivery):
    """If the maker of the watch has brought the same workout, its record stays as it is, whatever
    its file: nothing is uploaded, and it gets no identities, because it is not ours.
    """
    there = hooks.send(delivery(external_id="other-delivery")).receipt.remote_id
    account.edit(there, external_id="22543294456", name="From the watch")
    server.clear_requests()
    result = hooks.send(delivery())
    assert (result.existed, result.identities) == (True, ())
    assert result.receipt.data == {"record": "from elsewhere"}
    assert "title" in result.left_out
    assert account.row(there)["name"] == "From the watch"
    assert writes(server) == []


def test_a_file_that_is_there_from_elsewhere_is_left_alone(hooks, account, server, delivery):
    """If only the file shows that the workout is there, the service says so, and the record stays
    as it is.
    """
    there = hooks.send(delivery(external_id="other-delivery")).receipt.remote_id
    account.edit(there, external_id="22543294456", name="Cut on the site", elapsed_time=60)
    server.clear_requests()
    result = hooks.send(delivery())
    assert (result.existed, result.identities) == (True, ())
    assert account.row(there)["name"] == "Cut on the site"
    assert writes(server) == [("POST", 200)]


def test_a_stub_from_strava_is_no_copy(hooks, account, delivery, ride):
    """The stub of a Strava activity with the same start keeps nothing back: uploading the file is
    how the athlete gets a complete activity.
    """
    local = (ride.start_local or ride.start_utc.astimezone(VIENNA)).replace(tzinfo=None)
    stub = account.add_strava_stub(f"{local:%Y-%m-%dT%H:%M:%S}")
    claims = (*ride.claims, f"intervals:{stub}")
    result = hooks.send(delivery({"start_local": local, "claims": claims}))
    assert set(account.ids()) == {stub, result.receipt.remote_id}


def test_a_compressed_original_is_sent_as_it_is(hooks, server, delivery, file):
    """A file that a source keeps as gzip is uploaded with these bytes and the suffix .gz."""
    packed = replace(file, content=gzip.compress(file.content, mtime=0))
    hooks.send(delivery(file=packed))
    [part] = [entry for entry in server.requests if entry.method == "POST"]
    assert packed.content in part.body
    assert f'filename="{EXTERNAL_ID}.fit.gz"'.encode() in part.body


def test_a_long_description_is_in_no_address(hooks, account, server, delivery):
    """A description that is too long for an address arrives by the second request."""
    text = "Höhe und Wind. " * 400
    id_ = hooks.send(delivery({"description": text})).receipt.remote_id
    assert account.row(id_)["description"] == text
    assert all(len(entry.query) < 8_000 for entry in server.requests)


def test_gear_of_another_name_is_left_out(hooks, account, delivery):
    """Gear that the athlete does not have there is not invented, and the result says so."""
    result = hooks.send(delivery({"gear": Gear("Unicycle")}))
    assert result.left_out == {"gear": "you have no gear called 'Unicycle' at Intervals.icu"}
    assert account.row(result.receipt.remote_id)["gear"] is None


@pytest.mark.parametrize("twin", [{"id": "b9", "name": "GRAVEL BIKE"}, None])
def test_gear_must_be_the_only_one_of_its_name(hooks, account, delivery, twin):
    """Of two items with one name none is chosen, and retired gear does not count."""
    account.gear.append(twin or {"id": "b9", "name": "Gravel bike", "retired": "2025-01-01"})
    id_ = hooks.send(delivery()).receipt.remote_id
    gear = account.row(id_)["gear"]
    assert (gear and gear["id"]) == (None if twin else "b7")


def test_a_value_that_is_refused_costs_only_itself(hooks, account, server, delivery):
    """If the service does not accept one value, the others are set, and the result names it."""
    server.fault("*/activity/*", Fault.status(422), method="PUT")
    server.fault("*/activity/*", Fault.status(422).before_anything(), method="PUT", after=2)
    result = hooks.send(delivery({"gear": None}))
    assert list(result.left_out) == ["sport"]
    assert "does not accept it" in result.left_out["sport"]
    assert account.row(result.receipt.remote_id)["icu_rpe"] == 7


def test_a_missing_library_is_named(hooks, server, delivery, without_writer):
    """Without an original file and without the library that writes FIT files, nothing is sent, and
    the result says how to install it.
    """
    result = hooks.send(delivery(file=None))
    assert result.code == "FG-extra-missing"
    assert result.fix == "pip install 'fitglue-formats[fit-write]'"
    assert writes(server) == []


def test_complete_rest_is_not_a_rating_there(hooks, account, delivery):
    """The rating 0, which the API does not have, is left out, and the result says so."""
    result = hooks.send(delivery({"rpe": 0}))
    assert list(result.left_out) == ["rpe"]


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_a_file_that_is_refused(hooks, server, delivery, without_writer, status):
    """If the service accepts neither the original nor a FIT file of it, the workout is rejected
    with the reason that the service gives.
    """
    body = f'{{"status":{status},"error":"No records in file"}}'
    server.fault(UPLOAD, Fault.status(status, body=body).before_anything(), method="POST")
    result = hooks.send(delivery())
    assert isinstance(result, Rejected)
    assert result.code == "FG-delivery-file-refused"
    assert "No records in file" in result.reason


@pytest.mark.parametrize(
    "fault", [Fault.status(500), Fault.status(503), Fault.reset(), Fault.reset(after_headers=True)]
)
@pytest.mark.parametrize("before", [True, False])
def test_a_lost_upload_is_never_repeated_blindly(hooks, account, server, delivery, fault, before):
    """If nobody knows whether an upload was carried out, it is not sent again; the next attempt
    finds out, and there is one activity in the end.
    """
    server.fault(UPLOAD, fault.before_anything() if before else fault, method="POST")
    with pytest.raises(Retryable) as raised:
        hooks.send(delivery())
    assert raised.value.code == "FG-outcome-unknown"
    assert len([entry for entry in server.requests if entry.method == "POST"]) == 1
    assert type(hooks.find(delivery())).__name__ == "NotThere"
    result = hooks.send(delivery())
    assert (result.existed, account.ids()) == (not before, [result.receipt.remote_id])
    assert isinstance(hooks.find(delivery()), Sent)


@pytest.mark.parametrize("fault", [Fault.html_page(), Fault.shape(), Fault.empty_body()])
def test_a_strange_answer_is_uncertain(hooks, server, delivery, fault):
    """A response with status 200 that names no activity leaves open whether it was carried out."""
    server.fault(UPLOAD, fault, method="POST")
    result = hooks.send(delivery())
    assert isinstance(result, Uncertain)
    assert "without the id of an activity" in result.reason


def test_a_rate_limit_is_no_open_question(hooks, account, server, delivery):
    """An upload that meets a rate limit was not carried out, so it is sent again at once."""
    server.fault(UPLOAD, Fault.status(429, retry_after=1).before_anything(), method="POST")
    assert isinstance(hooks.send(delivery()), Sent)
    assert len(account.ids()) == 1


@pytest.mark.parametrize(("status", "code"), [(401, "FG-key-rejected"), (403, "FG-not-permitted")])
def test_a_key_that_is_not_accepted_needs_the_athlete(
    hooks, account, server, delivery, status, code
):
    """A rejected key and a missing permission stop the connection, and nothing was sent."""
    server.fault(UPLOAD, Fault.status(status).before_anything(), method="POST", times=None)
    with pytest.raises(AthleteNeeded) as raised:
        hooks.send(delivery())
    assert (raised.value.code, account.ids()) == (code, [])


def test_an_athlete_that_does_not_exist(hooks, server, delivery):
    """A wrong athlete id is named, and not reported as a fault of the file."""
    server.fault(UPLOAD, Fault.status(404).before_anything(), method="POST")
    with pytest.raises(AthleteNeeded) as raised:
        hooks.send(delivery())
    assert raised.value.code == "FG-athlete-unknown"


@pytest.mark.parametrize("fault", [Fault.status(503), Fault.status(401), Fault.reset()])
def test_a_lost_second_request_is_repeated(hooks, account, server, delivery, fault):
    """If the second request fails for longer than a session tries, the result says that the upload
    is there; asked later, the values are missing, and the next attempt sends only them.
    """
    server.fault("*/activity/*", fault.before_anything(), method="PUT", times=None)
    accepted = hooks.send(delivery())
    assert isinstance(accepted, Accepted)
    server.clear_faults()
    again = delivery(receipt=accepted.receipt)
    assert type(hooks.find(again)).__name__ == "NotThere"
    server.clear_requests()
    result = hooks.send(again)
    assert writes(server) == [("PUT", 200)]
    assert account.row(result.receipt.remote_id)["icu_training_load"] == 81
    assert isinstance(hooks.find(again), Sent)


def test_a_second_request_that_meets_an_outage_is_repeated_at_once(hooks, server, delivery):
    """A short outage during the second request costs nothing, because repeating it is harmless."""
    server.fault("*/activity/*", Fault.status(502), method="PUT", times=2)
    assert isinstance(hooks.send(delivery()), Sent)


def test_nothing_is_sent_of_a_stub(hooks, server, delivery):
    """A workout of which only the date is known, because it is at Strava, is not sent."""
    stub = Stub("FG-strava-stub", "Strava does not allow it")
    result = hooks.send(delivery({"stub": stub}))
    assert (result.code, server.requests) == ("FG-delivery-from-strava", [])


def test_nothing_is_sent_that_strava_has_exported(hooks, server, delivery):
    """A recording that names Strava as its device is not sent."""
    result = hooks.send(delivery({"device": Device("StravaGPX")}))
    assert (result.code, server.requests) == ("FG-delivery-from-strava", [])


def test_a_workout_is_not_sent_back(hooks, account, server, delivery, ride):
    """A workout that this account has recorded is not sent to it."""
    id_ = account.add("2026-11-01T07:00:00")
    result = hooks.send(delivery({"claims": (*ride.claims, f"intervals:{id_}")}))
    assert (result.code, account.ids()) == ("FG-delivery-came-from-there", [id_])
    assert id_ in result.reason


def test_a_record_of_another_account_does_not_matter(hooks, account, delivery, ride):
    """A workout that came from another account at Intervals.icu is sent to this one."""
    other = account.add("2026-11-01T07:00:00", icu_athlete_id="i999")
    account.edit(other, icu_athlete_id="i999")
    claims = (*ride.claims, f"intervals:{other}", "intervals:i404")
    assert isinstance(hooks.send(delivery({"claims": claims})), Sent)


def test_our_own_copy_does_not_keep_a_workout_back(hooks, account, delivery, ride):
    """When what was sent has returned as a record of its activity, sending it again completes it
    and does not call it the origin.
    """
    first = hooks.send(delivery())
    claims = (*ride.claims, *first.identities)
    again = hooks.send(delivery({"claims": claims}, receipt=first.receipt))
    assert isinstance(again, Sent)
    assert account.ids() == [first.receipt.remote_id]


def test_a_receipt_of_a_deleted_activity(hooks, account, delivery):
    """If the athlete has deleted the activity there and asks for it again, it is uploaded again."""
    account.delete(hooks.send(delivery()).receipt.remote_id)
    result = hooks.send(delivery(receipt=Receipt("i1")))
    assert account.ids() == [result.receipt.remote_id]


def test_of_several_activities_of_one_file_the_right_one_is_named(hooks, account, delivery, race):
    """If the service makes several activities of a file, the one with the start of the workout gets
    its values, and all of them are recognized as ours.
    """
    content, legs = race
    run = legs[-1]
    changes = {
        "start_utc": run.start_utc,
        "start_local": run.start_local,
        "elapsed_s": run.elapsed_s,
        "sport": "TrailRun",
    }
    file = OriginalFile(content, "race.fit", "fit", "0" * 64)
    result = hooks.send(delivery(changes, file=file))
    starts = {account.row(id_)["start_date"] for id_ in account.ids()}
    assert len(starts) == len(legs)
    row = account.row(result.receipt.remote_id)
    assert row["start_date"] == f"{run.start_utc:%Y-%m-%dT%H:%M:%SZ}"
    assert row["type"] == "TrailRun"
    assert {f"intervals:{id_}" for id_ in account.ids()} <= set(result.identities)
