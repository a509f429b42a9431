"""The responses of the stand-in conform to the service's own OpenAPI specification."""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema_rs
import pytest
import requests

from fitglue_intervals.testing import Account, StandIn
from fitglue_intervals.testing.activity_types import TYPES
from fitglue_intervals.testing.row_context import CUSTOM_FIELDS

SHARED = Path(os.environ.get("FITGLUE_SHARED") or Path(__file__).resolve().parents[5] / "shared")
DOCUMENT = SHARED / "data" / "intervals" / "openapi-2026-07.json"
PAYLOADS = SHARED / "data" / "intervals" / "payloads"

pytestmark = [
    pytest.mark.long,
    pytest.mark.shared,
    pytest.mark.skipif(
        not DOCUMENT.exists(),
        reason=f"no OpenAPI document at {DOCUMENT}; FITGLUE_SHARED names its folder",
    ),
]


@pytest.fixture(scope="module")
def components():
    """The schemas of the specification, corrected where real responses are known to differ: nulls,
    the samples of streams, the skyline chart.
    """
    schemas = json.loads(DOCUMENT.read_text(encoding="utf-8"))["components"]["schemas"]
    for schema in schemas.values():
        properties = schema.get("properties", {})
        schema["properties"] = {
            name: {"anyOf": [{"type": "null"}, known]} for name, known in properties.items()
        }
    schemas["ActivityStream"]["properties"] |= {"data": {}, "data2": {}}
    for name in ("Activity", "ActivityWithIntervals"):
        schemas[name]["properties"]["skyline_chart_bytes"] = {"type": ["string", "null"]}
    return schemas


@pytest.fixture(scope="module")
def get():
    """Get a path of a running stand-in as JSON; ``get.account`` is the account that it serves."""
    account = Account.generate(count=120)
    with StandIn(account) as server, requests.Session() as session:
        session.auth = ("API_KEY", "stand-in-key")

        def fetch(path: str):
            return session.get(server.url + "/api/v1" + path, timeout=10).json()

        fetch.account = account
        yield fetch


def check(components: dict, name: str, value: object) -> None:
    """Validate a value against a schema, and reject keys that the schema does not have."""
    known = set(components[name]["properties"])
    unknown = set(value) - known - set(CUSTOM_FIELDS)
    assert not unknown
    jsonschema_rs.validate(
        {"$ref": f"#/components/schemas/{name}", "components": {"schemas": components}}, value
    )


def test_list(components, get):
    """Each row of the list is an ``Activity``, or a ``Hidden`` if it came from Strava."""
    for row in get("/athlete/0/activities?oldest=2000-01-01"):
        check(components, "Hidden" if "_note" in row else "Activity", row)


def test_bulk_with_intervals(components, get):
    """Each activity of a bulk response with intervals is an ``ActivityWithIntervals``, with its
    intervals and groups.
    """
    ids = [id_ for id_ in get.account.ids() if not get.account.is_stub(id_)][:40]
    for row in get(f"/athlete/0/activities/{','.join(ids)}?intervals=true"):
        check(components, "ActivityWithIntervals", row)
        for interval in row["icu_intervals"]:
            check(components, "Interval", interval)
        for group in row["icu_groups"]:
            check(components, "IntervalGroup", group)


def test_streams(components, get):
    """Each stream of each sport is an ``ActivityStream``."""
    by_type = {
        get.account.row(id_).get("type"): id_
        for id_ in get.account.ids()
        if not get.account.is_stub(id_)
    }
    for id_ in by_type.values():
        for stream in get(f"/activity/{id_}/streams"):
            check(components, "ActivityStream", stream)


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("/athlete/0", "WithSportSettings"),
        ("/athlete/0/profile", "AthleteProfile"),
        ("/athlete/0/connections", "AthleteConnections"),
    ],
)
def test_athlete(components, get, path, schema):
    """The responses about the athlete conform to the specification."""
    check(components, schema, get(path))


def test_athletes(components, get):
    """The list of athletes consists of ``AthleteWithTags`` objects."""
    for row in get("/athletes"):
        check(components, "AthleteWithTags", row)


def test_intervals(components, get):
    """The intervals of one activity are an ``IntervalsDTO``."""
    check(components, "IntervalsDTO", get(f"/activity/{get.account.ids()[0]}/intervals"))


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("error-401-auth-failed", 401),
        ("error-403-access-denied", 403),
        ("error-422-strava-read", 422),
    ],
)
def test_errors_are_those_captured(get, name, status):
    """The bodies of errors equal those that were captured from the real service."""
    captured = json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))
    with StandIn(get.account) as server, requests.Session() as session:
        stub = next(id_ for id_ in get.account.ids() if get.account.is_stub(id_))
        key = "wrong" if status == 401 else "stand-in-key"
        path = {401: "/athlete/0", 403: "/athlete/i42", 422: f"/activity/{stub}/streams"}[status]
        answer = session.get(server.url + "/api/v1" + path, auth=("API_KEY", key), timeout=10)
    assert (answer.status_code, answer.json()) == (status, captured)


def test_types_are_those_of_the_specification():
    """The types of activities that the stand-in accepts are those that the specification lists."""
    schemas = json.loads(DOCUMENT.read_text(encoding="utf-8"))["components"]["schemas"]
    assert set(schemas["SportSettings"]["properties"]["types"]["items"]["enum"]) == TYPES


def test_an_upload(components):
    """The response to an upload is an ``UploadResponse``, and what it made is an ``Activity``."""
    recorded = Account.generate(count=3, strava_stubs=0)
    with StandIn(Account({})) as server, requests.Session() as session:
        session.auth = ("API_KEY", "stand-in-key")
        files = [recorded.file(id_) for id_ in recorded.ids()]
        uploaded = session.post(
            f"{server.url}/api/v1/athlete/0/activities",
            params={"external_id": "x"},
            files={"file": ("ride.fit", next(filter(None, files)))},
            timeout=10,
        ).json()
        path = f"{server.url}/api/v1/activity/{uploaded['id']}"
        check(components, "UploadResponse", uploaded)
        check(components, "Activity", session.get(path, timeout=10).json())
        check(components, "Activity", session.put(path, json={"name": "y"}, timeout=10).json())
        check(components, "ActivityId", session.delete(path, timeout=10).json())


def test_captured_list_is_served_as_it_is():
    """The 781 rows of a real account are served unchanged."""
    rows = json.loads(
        (PAYLOADS / "activities-list-real-account-with-duplicates.json").read_text(encoding="utf-8")
    )
    with StandIn(Account.from_rows(rows)) as server, requests.Session() as session:
        session.auth = ("API_KEY", "stand-in-key")
        answer = session.get(
            f"{server.url}/api/v1/athlete/0/activities?oldest=2020-01-01", timeout=10
        )
    assert sorted(answer.json(), key=lambda row: row["id"]) == sorted(
        rows, key=lambda row: row["id"]
    )
