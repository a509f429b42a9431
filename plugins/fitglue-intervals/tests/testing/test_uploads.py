"""The stand-in accepts uploads, updates and deletions as the API's specification describes them."""

from __future__ import annotations

import gzip
import io
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from fitglue_intervals.testing import Account, StandIn
from fitglue_intervals.testing.files import plain_file_of
from fitglue_intervals.testing.zips import write_zip
from fitglue_registry.testing import Fault

KEY = ("API_KEY", "stand-in-key")


class Client:
    """A session with the key of one stand-in."""

    def __init__(self, server: StandIn) -> None:
        self.root = server.url + "/api/v1"
        self.session = requests.Session()
        self.session.auth = KEY

    def upload(self, content: bytes, file_name: str = "ride.fit", **params: str):
        return self.session.post(
            f"{self.root}/athlete/0/activities",
            params=params,
            files={"file": (file_name, content)},
            timeout=10,
        )

    def put(self, id_: str, **fields: object):
        return self.session.put(f"{self.root}/activity/{id_}", json=fields, timeout=10)

    def get(self, path: str, **params: str):
        return self.session.get(f"{self.root}/{path}", params=params, timeout=10)


@pytest.fixture
def account():
    return Account({})


@pytest.fixture
def server(account):
    with StandIn(account) as running:
        yield running


@pytest.fixture
def client(server):
    made = Client(server)
    with made.session:
        yield made


@pytest.fixture(scope="module")
def recorded():
    """The account that the uploaded files come from: one workout of each of two starts."""
    return Account.generate(count=12, seed=4, distinct_streams=1, strava_stubs=0)


@pytest.fixture(scope="module")
def file(recorded):
    """The FIT file of a ride."""
    return plain_file_of(recorded.plan(ride_of(recorded)))


def ride_of(account: Account) -> str:
    """Return an activity with one leg whose file is a FIT file."""
    for id_ in account.ids():
        row = account.row(id_)
        if row.get("type") == "Ride" and row.get("file_type") == "fit":
            return id_
    raise AssertionError("the account has no ride")


def id_of(answer: requests.Response) -> str:
    [identity] = answer.json()["activities"]
    return identity["id"]


def test_a_new_file_is_created(client, account, file):
    """The upload of a new file has status 201, and names the new activity by a text."""
    answer = client.upload(file)
    assert (answer.status_code, answer.json()["icu_athlete_id"]) == (201, account.athlete_id)
    assert id_of(answer).startswith("i")


def test_the_same_file_exists(client, file):
    """The second upload of a file has status 200 and names the activity that the first made."""
    first = client.upload(file)
    second = client.upload(file, name="Another name")
    assert (second.status_code, id_of(second)) == (200, id_of(first))


def test_equal_uploads_at_once_make_one_activity(client, account, file):
    """Of several uploads of one file at the same moment, one has status 201."""
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(client.upload, [file] * 4))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len(account.ids()) == 1


def test_a_file_of_a_device_is_known(file, recorded):
    """The upload of a file that the account got from a device has status 200 and the id of that
    activity.
    """
    with StandIn(recorded) as server:
        answer = Client(server).upload(file)
    assert (answer.status_code, id_of(answer)) == (200, ride_of(recorded))


@pytest.mark.parametrize("packed", ["gzip", "zip"])
def test_a_packed_file_is_the_same_file(client, file, packed):
    """A file in a gzip or in a zip is recognized as the file that was uploaded before."""
    first = client.upload(file)
    buffer = io.BytesIO()
    write_zip(buffer, {"ride.fit": file})
    content = gzip.compress(file) if packed == "gzip" else buffer.getvalue()
    second = client.upload(content, f"ride.fit.{packed}")
    assert (second.status_code, id_of(second)) == (200, id_of(first))


def test_a_zip_of_two_files_makes_two_activities(client, file, recorded):
    """A zip with a known and a new file has status 201 and names both activities."""
    known = id_of(client.upload(file))
    other = next(
        content
        for id_ in recorded.ids()
        if (content := plain_file_of(recorded.plan(id_))) not in (None, file)
    )
    buffer = io.BytesIO()
    write_zip(buffer, {"a.fit": file, "b.fit": other})
    answer = client.upload(buffer.getvalue(), "both.zip")
    ids = [identity["id"] for identity in answer.json()["activities"]]
    assert (answer.status_code, ids[0]) == (201, known)
    assert len(set(ids)) == 2


def test_an_upload_is_listed(client, recorded, file):
    """An uploaded workout is listed with its start, its length and the source UPLOAD."""
    id_ = id_of(client.upload(file))
    [row] = client.get("athlete/0/activities", oldest="2000-01-01").json()
    original = recorded.row(ride_of(recorded))
    assert (row["id"], row["source"], row["type"]) == (id_, "UPLOAD", original["type"])
    assert row["start_date"] == original["start_date"]
    assert row["elapsed_time"] == pytest.approx(original["elapsed_time"], abs=2)


def test_an_upload_has_its_file_and_streams(client, file):
    """The file of an uploaded workout is returned byte for byte, and its streams have positions."""
    id_ = id_of(client.upload(file))
    streams = {stream["type"]: stream for stream in client.get(f"activity/{id_}/streams").json()}
    assert client.get(f"activity/{id_}/file").content == file
    assert len(streams["latlng"]["data"]) == len(streams["latlng"]["data2"])
    assert len(streams["latlng"]["data"]) == len(streams["time"]["data"])


def test_parameters_set_fields(client, file):
    """The parameters of an upload set the name, the description, the device and the external id."""
    fields = {"name": "Lunch", "description": "Two\nlines", "external_id": "x-1"}
    id_ = id_of(client.upload(file, **fields, device_name="Edge"))
    row = client.get(f"activity/{id_}").json()
    assert fields.items() <= row.items()
    assert row["device_name"] == "Edge"


def test_the_file_name_is_the_external_id(client, file):
    """Without the parameter, the external id is the name of the file, as it was seen."""
    id_ = id_of(client.upload(file, "Morning.fit"))
    assert client.get(f"activity/{id_}").json()["external_id"] == "Morning.fit"


@pytest.mark.parametrize("content", [b"", b"not a workout", b"\x1f\x8bbroken", b"PK\x03\x04"])
def test_a_broken_file_is_refused(client, account, content):
    """An upload that is no FIT, TCX or GPX file is refused with 422 and changes nothing."""
    assert client.upload(content).status_code == 422
    assert account.ids() == []


def test_a_bare_body_is_refused(client, server, file):
    """A file that is sent as the body, and not as a part of a form, is refused with 415."""
    url = f"{client.root}/athlete/0/activities"
    answer = client.session.post(url, data=file, timeout=10)
    assert answer.status_code == 415


def test_an_upload_for_someone_else_is_refused(client, file):
    """An upload to another athlete is refused with 403."""
    url = f"{client.root}/athlete/i42/activities"
    assert client.session.post(url, files={"file": file}, timeout=10).status_code == 403


def test_an_update_changes_only_its_fields(client, file):
    """An update changes the fields that it names, and returns the activity."""
    id_ = id_of(client.upload(file, name="Before"))
    answer = client.put(id_, description="After", icu_rpe=7, tags=["a"])
    assert answer.status_code == 200
    values = [answer.json()[key] for key in ("name", "description", "icu_rpe", "tags")]
    assert values == ["Before", "After", 7, ["a"]]


def test_minus_one_clears_a_number(client, file):
    """The number -1 clears a field, as the specification says."""
    id_ = id_of(client.upload(file))
    client.put(id_, icu_training_load=80)
    assert client.put(id_, icu_training_load=-1).json()["icu_training_load"] is None


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"type": "HIIT"}, 422),
        ({"icu_rpe": 11}, 422),
        ({"icu_rpe": "hard"}, 500),
        ({"tags": "one"}, 500),
        ({"gear": {"id": "b404"}}, 422),
    ],
)
def test_invalid_values_are_refused(client, file, fields, status):
    """A value that is not valid is refused with 422, and one of another type with 500."""
    id_ = id_of(client.upload(file))
    assert client.put(id_, **fields).status_code == status


def test_gear_is_named_by_its_id(client, account, file):
    """The equipment of the athlete is listed, and an activity gets it by its id."""
    account.gear.append({"id": "b7", "name": "Gravel bike", "type": "Bike"})
    id_ = id_of(client.upload(file))
    [gear] = client.get("athlete/0/gear.json").json()
    assert client.put(id_, gear={"id": gear["id"]}).json()["gear"]["name"] == "Gravel bike"


def test_strava_activities_cannot_be_updated(client, account):
    """An update of a Strava activity is refused with 422, as the specification says."""
    stub = account.add_strava_stub("2026-11-01T07:00:00")
    assert client.put(stub, name="x").status_code == 422


def test_a_deleted_activity_is_gone(client, file):
    """A deleted activity is named in the response and no longer found, updated or deleted."""
    id_ = id_of(client.upload(file))
    url = f"{client.root}/activity/{id_}"
    assert client.session.delete(url, timeout=10).json()["id"] == id_
    assert client.get(f"activity/{id_}").status_code == 404
    assert client.put(id_, name="x").status_code == 404
    assert client.session.delete(url, timeout=10).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_the_path_of_several_activities_changes_none(client, file, method):
    """The path that lists several activities by id accepts neither updates nor deletions."""
    id_ = id_of(client.upload(file))
    url = f"{client.root}/athlete/0/activities/{id_}"
    assert client.session.request(method, url, json={}, timeout=10).status_code == 405


def test_a_request_may_be_carried_out_although_it_fails(client, server, account, file):
    """A status 500 that replaces the response leaves the uploaded activity there."""
    server.fault("*/activities", Fault.status(500), method="POST")
    assert client.upload(file).status_code == 500
    assert len(account.ids()) == 1


def test_a_request_may_fail_before_it_is_carried_out(client, server, account, file):
    """A status 500 before anything is done leaves the account as it was."""
    server.fault("*/activities", Fault.status(500).before_anything(), method="POST")
    assert client.upload(file).status_code == 500
    assert account.ids() == []
