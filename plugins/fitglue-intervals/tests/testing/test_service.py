"""The endpoints of the stand-in have the known habits of the real Intervals.icu API."""

from __future__ import annotations

import gzip
import json
import time

import pytest
import requests
from garmin_fit_sdk import Decoder, Stream

from fitglue_intervals.testing import Account, StandIn
from fitglue_intervals.testing.athlete import SECRETS

KEY = ("API_KEY", "stand-in-key")
LIST = "/athlete/0/activities"


class Client:
    """A session with the key of one stand-in."""

    def __init__(self, server: StandIn) -> None:
        self.server, self.session = server, requests.Session()
        self.session.auth = KEY

    def get(self, path: str, **params: str) -> requests.Response:
        return self.session.get(self.server.url + "/api/v1" + path, params=params, timeout=10)

    def rows(self, **params: str) -> list[dict]:
        return self.get(LIST, **{"oldest": "2000-01-01"} | params).json()


@pytest.fixture
def account():
    return Account.generate(count=60)


@pytest.fixture
def server(account):
    with StandIn(account) as running:
        yield running


@pytest.fixture
def client(server):
    made = Client(server)
    with made.session:
        yield made


def first(account: Account, **wanted: object) -> str:
    """Return the newest activity whose row has these values."""
    return next(id_ for id_ in account.ids() if wanted.items() <= account.row(id_).items())


def stub_of(account: Account) -> str:
    return next(id_ for id_ in account.ids() if account.is_stub(id_))


def test_ten_thousand_activities_start_at_once():
    """A server with 10,000 activities answers its first request in well under a second of processor
    time.
    """
    begun = time.process_time()
    with StandIn(Account.generate(count=10_000)) as server, requests.Session() as session:
        session.get(server.url + "/api/v1/athlete/0/profile", auth=KEY, timeout=10)
    assert time.process_time() - begun < 1


def test_list_is_newest_first(client):
    """The list is in descending order of the local start."""
    starts = [row["start_date_local"] for row in client.rows()]
    assert starts == sorted(starts, reverse=True)


def test_list_needs_oldest(client):
    """A list without ``oldest`` is answered with 422."""
    assert client.get(LIST).status_code == 422


def test_a_malformed_date_is_refused(client):
    """A malformed date is answered with 422."""
    assert client.get(LIST, oldest="yesterday").status_code == 422


def test_a_malformed_limit_is_a_server_error(client):
    """A value of the wrong type is answered with 500 and the name of a Java class, as by the real
    service.
    """
    answer = client.get(LIST, oldest="2026-01-01", limit="few")
    assert answer.status_code == 500
    assert "MethodArgumentTypeMismatchException" in answer.json()["error"]


def test_window_is_inclusive_at_both_ends(client):
    """A window between two date-times includes activities that start at either of them."""
    starts = [row["start_date_local"] for row in client.rows()]
    rows = client.rows(oldest=starts[9], newest=starts[4])
    assert [row["start_date_local"] for row in rows] == starts[4:10]


def test_bare_newest_includes_the_whole_day(client):
    """A bare date as ``newest`` includes an activity that starts in the evening of that day."""
    day = client.rows()[0]["start_date_local"][:10]
    assert [row["start_date_local"][:10] for row in client.rows(oldest=day, newest=day)] == [day]


def test_limit_keeps_the_newest(client):
    """The parameter ``limit`` keeps the newest rows of the window."""
    assert [row["id"] for row in client.rows(limit="3")] == [row["id"] for row in client.rows()][:3]


def test_fields_drops_nulls_and_ignores_unknown_names(client, account):
    """The parameter ``fields`` selects the named fields that are not null, and unknown names are
    ignored silently.
    """
    id_ = first(account, timezone=None)
    rows = client.rows(fields="id,timezone,average_watts")
    assert {"id": id_} in rows


def test_stubs_ignore_fields(client, account):
    """A Strava stub has its five keys even if ``fields`` selects others."""
    id_ = stub_of(account)
    row = next(row for row in client.rows(fields="name,id") if row["id"] == id_)
    assert set(row) == {"id", "icu_athlete_id", "start_date_local", "source", "_note"}


def test_list_has_no_intervals(client):
    """A row of the list never has ``icu_intervals``."""
    assert not any("icu_intervals" in row for row in client.rows())


def test_bulk_leaves_missing_ids_out(client, account):
    """A bulk response silently leaves out ids that do not exist."""
    first, second = account.ids()[0], account.ids()[5]
    assert {row["id"] for row in client.get(f"{LIST}/{first},i1,{second}").json()} == {
        first,
        second,
    }


def test_bulk_gives_stubs_as_they_are(client, account):
    """A stub in a bulk response has its five keys even if intervals are asked for."""
    id_ = stub_of(account)
    assert client.get(f"{LIST}/{id_}", intervals="true").json() == [account.row(id_)]


def test_bulk_takes_a_long_url(client, account):
    """Several hundred ids fit into one request."""
    ids = ",".join([*account.ids(), *(f"i{number}" for number in range(2_000))])
    assert len(client.get(f"{LIST}/{ids}", intervals="true").json()) == 60


def test_detail_is_the_row_of_the_list(client, account):
    """The detail of an activity equals its row in the list."""
    id_ = account.ids()[0]
    assert client.get(f"/activity/{id_}").json() == account.row(id_)


def test_intervals_fill_the_whole_recording(client, account):
    """Intervals do not overlap and cover all samples; the end of each is excluded."""
    id_ = first(account, type="Ride", source="GARMIN_CONNECT")
    rows = client.get(f"/activity/{id_}", intervals="true").json()["icu_intervals"]
    ends = [0, *(row["end_index"] for row in rows)]
    assert [row["start_index"] for row in rows] == ends[:-1]
    assert ends[-1] == len(account.streams(id_)[0]["data"])


def test_intervals_have_an_address_of_their_own(client, account):
    """The path ``/intervals`` returns id, time of analysis, intervals and groups."""
    id_ = account.ids()[0]
    answer = client.get(f"/activity/{id_}/intervals").json()
    assert (answer["id"], answer["analyzed"]) == (id_, account.row(id_)["analyzed"])
    assert answer["icu_intervals"]


@pytest.mark.parametrize("form", ["streams", "streams.json"])
def test_streams_have_one_length(client, account, form):
    """All streams of a response have the same length, both lists of ``latlng`` included, under
    either path.
    """
    answer = client.get(f"/activity/{first(account, type='TrailRun')}/{form}").json()
    lengths = {len(entry["data"]) for entry in answer} | {
        len(entry["data2"]) for entry in answer if entry["data2"]
    }
    assert len(lengths) == 1


def test_types_choose_streams(client, account):
    """The parameter ``types`` selects streams, and types that the activity does not have are
    missing in the response.
    """
    answer = client.get(f"/activity/{account.ids()[0]}/streams", types="heartrate,time,smo2").json()
    assert {entry["type"] for entry in answer} == {"time", "heartrate"}


def test_streams_as_csv(client, account):
    """The CSV form starts with a BOM, has the columns ``lat`` and ``lng``, and ends with a row of
    bare commas.
    """
    id_ = first(account, type="TrailRun")
    body = client.get(f"/activity/{id_}/streams.csv").content
    lines = body.decode("utf-8-sig").splitlines()
    assert body.startswith(b"\xef\xbb\xbf")
    assert {"lat", "lng", "time"} <= set(lines[0].split(","))
    assert set(lines[-1]) == {","}


def test_manual_activity_has_no_streams(client, account):
    """The streams of a manual activity are an empty list, or only a BOM as CSV."""
    id_ = first(account, source="MANUAL")
    assert client.get(f"/activity/{id_}/streams").json() == []
    assert client.get(f"/activity/{id_}/streams.csv").content == b"\xef\xbb\xbf\n"


def test_manual_activity_has_no_file(client, account):
    """The file of a manual activity is answered with 404."""
    assert client.get(f"/activity/{first(account, source='MANUAL')}/file").status_code == 404


def test_file_is_a_real_fit_file(client, account):
    """The file of a watch's activity is a FIT file that Garmin's own decoder reads
    without errors.
    """
    id_ = first(account, type="WeightTraining")
    content = client.get(f"/activity/{id_}/file").content
    content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    messages, errors = Decoder(Stream.from_byte_array(bytearray(content))).read()
    assert not errors
    assert len(messages["record_mesgs"]) == len(account.streams(id_)[0]["data"])


def test_file_of_a_gpx_upload_is_gpx(client, account):
    """The file of an activity whose ``file_type`` is gpx is a GPX file."""
    assert b"<gpx " in client.get(f"/activity/{first(account, file_type='gpx')}/file").content


@pytest.mark.parametrize("part", ["", "/intervals", "/streams", "/streams.csv", "/file"])
def test_strava_is_refused(client, account, part):
    """Each read of a Strava activity is answered with 422 and the real service's message."""
    answer = client.get(f"/activity/{stub_of(account)}{part}")
    assert (answer.status_code, answer.json()) == (
        422,
        {"status": 422, "error": "Cannot read Strava activities via the API"},
    )


def test_detail_of_a_stub_may_be_the_stub(account):
    """With ``stub_detail``, the detail of a Strava activity is its stub, which was seen, too."""
    with StandIn(account) as server, requests.Session() as session:
        server.endpoints.stub_detail = True
        answer = session.get(
            f"{server.url}/api/v1/activity/{stub_of(account)}", auth=KEY, timeout=10
        )
    assert answer.json()["source"] == "STRAVA"


def test_unknown_activity_is_404(client):
    """An unknown id is answered with 404."""
    assert client.get("/activity/i1").status_code == 404


def test_unknown_path_is_answered_by_the_framework(client):
    """An unknown path is answered with 404, a timestamp and the path."""
    answer = client.get("/athlete/0/fitness")
    assert answer.status_code == 404
    assert set(answer.json()) == {"timestamp", "status", "error", "path"}


def test_wrong_verb_is_405(client, server):
    """A real path with the wrong method is answered with 405."""
    url = f"{server.url}/api/v1/athlete/0/profile"
    assert client.session.post(url, timeout=10).status_code == 405


def test_athlete_zero_is_the_owner(client):
    """Athlete ``0`` is the owner of the key in the settings, the profile and the list
    of athletes.
    """
    ids = (
        client.get("/athlete/0").json()["id"],
        client.get("/athlete/0/profile").json()["athlete"]["id"],
    )
    assert {*ids, client.get("/athletes").json()[0]["id"]} == {"i317960"}


def test_only_the_settings_hold_secrets(client):
    """Secrets are in the settings of the athlete, but neither in the profile nor in the list of
    athletes.
    """
    assert all(secret in client.get("/athlete/0").text for secret in SECRETS)
    assert not any(
        secret in client.get("/athlete/0/profile").text + client.get("/athletes").text
        for secret in SECRETS
    )


def test_connections_name_the_feeds(client):
    """The connections of an athlete say which platforms feed the account."""
    answer = client.get("/athlete/0/connections").json()
    assert answer["garmin_health_connected"]
    assert not answer["polar_connected"]


def test_foreign_athlete_is_denied(client):
    """The id of another athlete is answered with 403."""
    answer = client.get("/athlete/i42/activities", oldest="2026-01-01")
    assert (answer.status_code, answer.json()) == (403, {"status": 403, "error": "Access denied"})


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Basic QVBJX0tFWTp3cm9uZw==", 401),
        ("Basic c29tZWJvZHk6c3RhbmQtaW4ta2V5", 401),
        ("Basic not*base64", 500),
        ("Bearer stand-in-key", 403),
        ("", 403),
    ],
    ids=["wrong key", "wrong user", "malformed", "bearer", "nothing"],
)
def test_wrong_credentials(server, header, status):
    """A wrong key or user is answered with 401, malformed base64 with 500, and a bearer token or a
    missing key with 403.
    """
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(
            server.url + "/api/v1/athlete/0/profile", headers={"Authorization": header}, timeout=10
        )
    assert answer.status_code == status


def test_a_revoked_key_is_refused(client, server):
    """A revoked key is answered with 401 until another key is set."""
    server.revoke_key()
    assert client.get("/athlete/0/profile").json() == {"status": 401, "error": "Auth failed"}
    server.set_key("stand-in-key")
    assert client.get("/athlete/0/profile").status_code == 200


def test_given_rows_are_served_verbatim():
    """Captured rows are served unchanged, even if keys are missing."""
    rows = [
        {"id": "i7", "start_date_local": "2026-01-02T03:04:05", "odd": "NaN"},
        {"id": "i8", "name": None},
    ]
    account = Account.from_rows(
        rows, streams={"i7": [{"type": "time", "data": [0, 1]}]}, files={"i7": b"raw"}
    )
    with StandIn(account) as server, requests.Session() as session:
        session.auth = KEY
        assert (
            session.get(f"{server.url}/api/v1{LIST}?oldest=2026-01-01", timeout=10).json() == rows
        )
        assert session.get(f"{server.url}/api/v1/activity/i7/streams", timeout=10).json()[0][
            "data"
        ] == [0, 1]
        assert session.get(f"{server.url}/api/v1/activity/i7/file", timeout=10).content == b"raw"


def test_a_defect_of_the_stand_in_shows(client, server, account, caplog):
    """If the stand-in itself fails, its response says so."""
    account.add_row({"id": "i9", "start_date_local": "2026-01-01T00:00:00", "odd": object()})
    answer = client.get("/activity/i9")
    assert (
        answer.status_code,
        json.loads(answer.text)["error"].startswith("stand-in: TypeError"),
    ) == (500, True)
