"""The requests of the destination are those that the API documents, in each point in which another
program is known to be wrong.
"""

from __future__ import annotations

import base64
import json

import pytest

from fitglue_intervals.sending.fields import TYPES, values_of
from fitglue_intervals.testing.activity_types import TYPES as API_TYPES
from fitglue_registry.model import SPORTS, SourceActivity

from .conftest import EXTERNAL_ID


@pytest.fixture
def requests(hooks, server, delivery):
    """The upload and the second request of one delivery, and its result."""
    result = hooks.send(delivery({"gear": None}))
    _, upload, second = server.requests
    return upload, second, result


def test_the_user_is_the_literal_text(requests, server):
    """The user name is API_KEY and the password is the key, not the other way round."""
    for request in requests[:2]:
        scheme, _, credentials = request.headers["authorization"].partition(" ")
        assert scheme == "Basic"
        assert base64.b64decode(credentials).decode() == f"API_KEY:{server.api_key}"


def test_the_file_is_a_part_of_a_form(requests, file):
    """The upload is a form with the part "file", and not the bare bytes."""
    upload = requests[0]
    assert upload.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="file"' in upload.body
    assert file.content in upload.body


def test_ids_are_texts(requests, account):
    """The id in the response is kept as the text that it is, and not read as a number."""
    result = requests[2]
    assert result.receipt.remote_id == account.ids()[0]
    assert not result.receipt.remote_id.isdecimal()


def test_the_update_goes_to_the_activity(requests):
    """The second request is a PUT to /activity/{id}: the path below the athlete only lists."""
    _, second, result = requests
    assert (second.method, second.path) == ("PUT", f"/api/v1/activity/{result.receipt.remote_id}")


def test_one_activity_is_read_as_one_object(hooks, server, requests, delivery):
    """A single activity is read at /activity/{id}; the path below the athlete returns a list."""
    result = requests[2]
    server.clear_requests()
    found = hooks.find(delivery({"gear": None}, receipt=result.receipt))
    assert found.receipt == result.receipt
    [read] = server.requests
    assert (read.method, read.path) == ("GET", f"/api/v1/activity/{result.receipt.remote_id}")


@pytest.mark.parametrize("sport", sorted(SPORTS))
def test_each_sport_has_its_type(sport):
    """Each sport becomes the type of the same meaning, and none becomes a general one."""
    assert values_of(SourceActivity(sport=sport)) == {"type": sport}
    assert TYPES[sport] in API_TYPES


def test_each_type_is_reached():
    """Each type of the API is that of some sport."""
    assert set(TYPES.values()) == API_TYPES


@pytest.mark.parametrize(
    ("word", "type_"),
    [
        ("HIIT", "HighIntensityIntervalTraining"),
        ("trail_running", "TrailRun"),
        ("E-Bike Ride", "EBikeRide"),
    ],
)
def test_another_word_for_a_sport_is_understood(word, type_):
    """A booster may set a sport by another name; the service gets the name that it knows."""
    assert values_of(SourceActivity(sport=word)) == {"type": type_}


def test_the_upload_says_what_it_is(requests):
    """Name, description and external id are parameters of the upload itself, so that they are there
    even if the second request never arrives.
    """
    assert requests[0].params == {
        "external_id": [EXTERNAL_ID],
        "name": ["Evening ride"],
        "description": ["Into the wind – “hard”"],
        **{name: value for name, value in requests[0].params.items() if name == "device_name"},
    }


def test_the_second_request_has_no_empty_values(requests):
    """The second request has exactly the values of the workout, none of which is null."""
    body = json.loads(requests[1].body)
    assert None not in body.values()
    assert set(body) <= {
        "name",
        "description",
        "type",
        "tags",
        "icu_training_load",
        "icu_rpe",
        "feel",
    }
