"""A workout without an original file arrives as a FIT file that is made from the activity."""

from __future__ import annotations

import hashlib

import pytest

from fitglue_formats import activities, device_claim
from fitglue_intervals import plugin
from fitglue_registry.model import delivery_claim
from fitglue_registry.plugin_api import Body, OriginalFile, Record
from fitglue_registry.testing import Fault, json_bytes

UPLOAD = "*/activities"


@pytest.fixture
def made(delivery):
    """A delivery without an original file, with changed fields of its activity."""

    def make(activity=None, **changes):
        return delivery(activity, **{"file": None} | changes)

    return make


def test_the_file_has_the_recording(hooks, account, made, ride):
    """The file that arrives has the start, the length and the samples of the activity."""
    id_ = hooks.send(made()).receipt.remote_id
    [leg] = activities(account.file(id_))
    types = {stream.type for stream in ride.streams}
    assert leg.start_utc == ride.start_utc
    assert leg.elapsed_s == pytest.approx(ride.elapsed_s, abs=1)
    assert types <= {stream.type for stream in leg.streams}


def test_the_file_has_claims_of_its_own(hooks, account, made):
    """The result names the hash of the file, and the file names a device that is made from the
    delivery, so that the host recognizes both.
    """
    delivery = made()
    result = hooks.send(delivery)
    content = account.file(result.receipt.remote_id)
    [leg] = activities(content)
    digest = hashlib.sha256(content).hexdigest()
    assert f"file:sha256:{digest}#0" in result.identities
    assert set(leg.claims) - set(result.identities) == {device_of(delivery)}


def test_what_returns_is_recognized(hooks, account, made):
    """The source of the same account claims what the result has named."""
    delivery = made()
    result = hooks.send(delivery)
    id_ = result.receipt.remote_id
    parts = {
        "summary": Body(json_bytes(account.row(id_))),
        "file": Body(account.file(id_)),
    }
    [returned] = plugin.fitglue_normalize(record=Record(id_, "intervals", parts))
    assert set(returned.claims) - set(result.identities) == {device_of(delivery)}
    assert delivery_claim(delivery.external_id) in returned.claims


def device_of(delivery):
    """Return the claim of the device that a file of ours names, whose serial the host knows."""
    return device_claim(delivery.serial, delivery.activity.start_utc)


def test_an_upload_whose_answer_is_lost_is_found(hooks, account, server, made):
    """A file that is made anew from a changed activity has another hash, so the account is searched
    before it is uploaded again.
    """
    server.fault(UPLOAD, Fault.html_page(), method="POST")
    hooks.send(made())
    result = hooks.send(made({"title": "Changed meanwhile", "calories_kcal": 1234.0}))
    assert (result.existed, account.ids()) == (True, [result.receipt.remote_id])
    assert account.row(result.receipt.remote_id)["name"] == "Changed meanwhile"


@pytest.mark.parametrize("leg", [{"leg_no": 1}, {"leg_no": 0, "parent": "triathlon"}])
def test_a_leg_does_not_bring_its_siblings(hooks, account, delivery, leg):
    """A leg of a multisport file arrives alone: its original file would make activities of the
    other legs as well.
    """
    id_ = hooks.send(delivery(leg)).receipt.remote_id
    assert account.ids() == [id_]
    assert account.file(id_) != delivery().file.content


@pytest.mark.parametrize(
    "content", [b"{}", b"PK\x03\x04", b'<?xml version="1.0"?>\n<gpx creator="StravaGPX"/>']
)
def test_an_original_that_must_not_be_sent_is_replaced(hooks, server, delivery, content):
    """A file of another format, and one that Strava has exported, is not uploaded."""
    file = OriginalFile(content, "ride.gpx", "gpx", "0" * 64)
    hooks.send(delivery(file=file))
    [upload] = [entry for entry in server.requests if entry.method == "POST"]
    assert content not in upload.body
    assert b".FIT" in upload.body


def test_an_original_that_is_refused_is_replaced(hooks, account, server, delivery, file):
    """If the service cannot read the original file, it gets a FIT file of the same workout."""
    body = '{"status":422,"error":"Unrecognized file format"}'
    server.fault(UPLOAD, Fault.status(422, body=body).before_anything(), method="POST")
    id_ = hooks.send(delivery()).receipt.remote_id
    assert account.ids() == [id_]
    assert account.file(id_) != file.content


def test_a_refused_original_is_the_reason(hooks, server, delivery):
    """If the service accepts no file, the reason is what it said about the original."""
    for error in ("about the original", "about the other"):
        body = f'{{"status":422,"error":"{error}"}}'
        server.fault(UPLOAD, Fault.status(422, body=body).before_anything(), method="POST")
    result = hooks.send(delivery())
    assert result.code == "FG-delivery-file-refused"
    assert "the original file: about the original" in result.reason


def test_a_workout_without_a_time_is_refused(hooks, server, made):
    """A workout of which only the day is known cannot be written as a file, and the result says
    why.
    """
    result = hooks.send(made({"start_utc": None, "start_precision": "day"}))
    assert result.code == "FG-start-unknown"
    assert "the workout has no original file" in result.reason
    assert {entry.method for entry in server.requests} == {"GET"}
