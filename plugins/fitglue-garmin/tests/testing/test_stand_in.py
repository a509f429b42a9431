"""Tests of the stand-in: it answers as the facts about the service say."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from datetime import date

import pytest
import requests

from fitglue_formats import activities
from fitglue_garmin.testing import Account, Leg, StandIn, Workout
from fitglue_garmin.testing.files import file_of
from fitglue_garmin.testing.server import TOKEN
from fitglue_garmin.testing.workout import utc
from fitglue_registry.testing import FakeClock

LIST = "/activitylist-service/activities/search/activities"
ZIP = {"Accept": "application/x-zip-compressed"}


@pytest.fixture
def clock():
    """Return the clock of the service."""
    return FakeClock()


@pytest.fixture
def service(clock):
    """Return a running stand-in with an event among its workouts."""
    with StandIn(Account.generate(50), clock=clock) as running:
        yield running


def exchange(service, key=None):
    """Exchange a key for a token."""
    headers = {"Authorization": f"ApiKey {key or service.api_key}"}
    return requests.post(service.url + TOKEN, headers=headers, timeout=10)


@pytest.fixture
def get(service):
    """Return a function that sends a request with a token."""
    token = exchange(service).text

    def send(path, headers=None, **params):
        bearer = {"Authorization": f"Bearer {token}"}
        return requests.get(
            service.url + path, params, headers=bearer | (headers or {}), timeout=10
        )

    return send


def test_a_token_is_text_and_ends_after_a_day(service, get, clock):
    """The exchange answers with the bare token, which is valid for 24 hours."""
    answer = exchange(service)
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.text.count(".") == 2
    assert get(LIST, limit=1).status_code == 200
    clock.move(hours=24)
    assert get(LIST, limit=1).status_code == 401


def test_only_one_key_can_exist(service):
    """A newer key ends the one before, and a deleted key is rejected."""
    old = service.api_key
    service.set_key("GCDC_newer")
    assert exchange(service, old).status_code == 401
    assert exchange(service, "GCDC_newer").status_code == 200
    service.revoke_key()
    assert exchange(service, "GCDC_newer").status_code == 401


@pytest.mark.parametrize(("limit", "status"), [(1, 200), (45, 200), (46, 500), (None, 500)])
def test_a_page_of_more_than_45_rows_fails(get, limit, status):
    """Large pages, and the default of the service, are answered with 500."""
    params = {} if limit is None else {"limit": limit}
    assert get(LIST, **params).status_code == status


def test_a_bad_parameter_is_answered_with_an_empty_object(get):
    """A bad parameter is answered with 400 and no reason."""
    answer = get(LIST, limit="x")
    assert (answer.status_code, answer.json()) == (400, {})


def test_days_are_local_and_included(service, get):
    """Both days of a window are included, and count where the athlete was."""
    day = service.account.workout(service.account.ids()[0]).start_local.date()
    rows = get(LIST, limit=40, startDate=day, endDate=day).json()
    assert [row["startTimeLocal"][:10] for row in rows] == [str(day)]
    assert get(LIST, limit=40, endDate=date(2020, 1, 1)).json() == []


def test_legs_are_left_out_unless_they_are_asked_for(get):
    """With the default, only events are listed; both are listed on request."""
    assert not any(row["parentId"] for row in get(LIST, limit=45).json())
    rows = get(LIST, limit=45, excludeChildren="false").json()
    assert sum(bool(row["parentId"]) for row in rows) == 5
    [event] = [row for row in rows if row["isParent"]]
    assert event["beginTimestamp"] is None


def test_a_file_is_a_zip_that_is_packed_anew(service, get):
    """The same file arrives in another zip each time, and only as a zip."""
    path = f"/download-service/files/activity/{service.account.ids()[0]}"
    first, second = get(path, ZIP).content, get(path, ZIP).content
    assert first != second
    members = [zipfile.ZipFile(io.BytesIO(content)) for content in (first, second)]
    assert len({archive.read(archive.namelist()[0]) for archive in members}) == 1
    assert get(path).status_code == 406


def test_a_typed_workout_has_no_file(service, get):
    """The file of a workout that was typed in is answered with 404, and so is an unknown id."""
    account = service.account
    [typed, *_] = [number for number in account.ids() if account.workout(number).manual]
    assert get(f"/download-service/files/activity/{typed}", ZIP).status_code == 404
    assert get("/activity-service/activity/1").status_code == 404


def test_too_many_requests_of_a_second_are_refused_for_a_while(clock):
    """After too many requests of one second, all are refused for as long as the answer says."""
    with StandIn(Account(), clock=clock, most_per_second=2) as service:
        statuses = [exchange(service).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        assert exchange(service).headers["Retry-After"] == "14"
        clock.move(seconds=14)
        assert exchange(service).status_code == 200


def test_equal_arguments_give_equal_accounts():
    """A generated account depends on nothing but its arguments."""
    first, second = Account.generate(12), Account.generate(12)
    assert [first.row(number) for number in first.ids()] == [
        second.row(number) for number in second.ids()
    ]


def test_another_process_runs_it():
    """The command prints the address on its own line, and serves the account."""
    command = [sys.executable, "-m", "fitglue_garmin.testing", "--count", "3", "--key", "GCDC_x"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        url = process.stdout.readline().decode().strip()
        headers = {"Authorization": "ApiKey GCDC_x"}
        answer = requests.post(url + TOKEN, headers=headers, timeout=10)
        process.terminate()
        assert process.wait(timeout=10) == 0
    assert answer.status_code == 200


@pytest.mark.parametrize("kind", ["swimToBikeTransition_v2", "bikeToRunTransition_v2"])
def test_the_file_of_a_transition_names_it(kind):
    """The sub-sport in a file is that of the transition, by the names of the FIT profile."""
    change = Workout(Leg(7, utc("2026-11-02T06:31:10"), kind, 150))
    [activity] = activities(file_of(change))
    assert activity.sub_type.replace("_", "") == kind.removesuffix("_v2").casefold()
