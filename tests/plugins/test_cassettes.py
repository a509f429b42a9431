"""Each live source, replayed from its cassette with the real transport: connect, list, fetch and
normalize. No network is used.
"""

from __future__ import annotations

import re
from datetime import datetime

import pytest
import vcr
import yaml

from fitglue_registry import Host, Policy
from fitglue_registry.errors import FitglueError
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.testing import FakeClock
from tools.record import KEY, LIVE, one_request_at_a_time, record, sync_some_days
from tools.scrubbing import MADE_UP_DEGREES, SCRUBBED

SOURCES = sorted(LIVE)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.\w+")
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.([\w-]+)")


@pytest.fixture(params=SOURCES)
def source(request):
    """Return the id of a live source."""
    return request.param


@pytest.fixture
def cassette(source):
    """Return the content of the cassette of a source."""
    return yaml.safe_load(LIVE[source].cassette.read_text(encoding="utf-8"))


@pytest.fixture
def replay(source, cassette, tmp_path):
    """Return a function that connects and syncs from the cassette, and returns the host."""
    clock = FakeClock(datetime.fromisoformat(cassette["metadata"]["recorded_at"]))
    with Host(tmp_path, secrets=MemorySecretStore(), clock=clock, policy=Policy.personal()) as host:

        def call():
            path = str(LIVE[source].cassette)
            with one_request_at_a_time(), vcr.use_cassette(path, record_mode="none") as played:
                sync_some_days(host, source, {"api_key": KEY}, clock.now())
            return host, played

        yield call


def test_every_live_source_has_a_cassette():
    """Each source that is asked over HTTP has a cassette, and none is left over."""
    with Host(policy=Policy.personal()) as host:
        sources = {entry.integration for entry in host.entries.list("source")}
        integrations = {entry.id for entry in host.entries.list("integration") if entry.http}
    assert integrations & sources == set(LIVE)
    assert all(live.cassette.is_file() for live in LIVE.values())


def test_a_source_is_replayed(source, cassette, replay):
    """Everything that was recorded is asked for again, and each workout is understood: its sport,
    its start, its details and its samples.
    """
    host, played = replay()
    assert played.play_count == len(cassette["interactions"])
    [status] = [host.connections.status(row) for row in host.connections.list()]
    assert status.state == "ok"
    assert (status.waiting_parts, status.quarantine) == (0, 0)
    rows = host.activities()
    assert len(rows) >= 4
    details = [host.activities.get(str(row["number"])) for row in rows]
    for activity in (found.activity for found in details):
        assert activity.sport
        assert activity.start_utc
        assert {"summary", "detail"} <= set(activity.completeness.parts)
    with_files = [found for found in details if "file" in found.activity.completeness.parts]
    assert with_files
    assert any(host.activities.streams(found, ["heartrate"]) for found in details)


def test_a_cassette_says_with_what_it_was_recorded(source, cassette):
    """The file says in its first line and in its metadata whether the service or a stand-in
    answered.
    """
    first = LIVE[source].cassette.read_text(encoding="utf-8").splitlines()[0]
    with_whom = cassette["metadata"]["recorded_with"]
    assert first == f"# Recorded with {with_whom} by `make record`."
    assert with_whom.startswith("the stand-in of ") or with_whom.endswith(" itself")
    assert cassette["metadata"]["source"] == source


def test_a_cassette_has_nothing_personal(source, cassette):
    """No request has a header, no token is a real one, and names, e-mail addresses and coordinates
    are made up.
    """
    text = LIVE[source].cassette.read_text(encoding="utf-8")
    assert _EMAIL.search(text) is None
    assert set(_TOKEN.findall(text)) <= {SCRUBBED}
    for interaction in cassette["interactions"]:
        assert interaction["request"]["headers"] == {}
        headers = {name.lower() for name in interaction["response"]["headers"]}
        assert headers <= {"content-type", "retry-after", "etag"}
        for key, value in leaves(body_of(interaction)):
            if re.search(r"(?i)latitude|longitude", key) and value is not None:
                assert value == MADE_UP_DEGREES
            if re.search(r"(?i)fullname|displayname|locationname|activityname|^name$", key):
                assert value in (None, SCRUBBED)


def test_ids_of_a_cassette_stay_different(cassette):
    """Each workout has an id of its own, and as many UUIDs as workouts have one."""
    uuids: dict[str, set[str]] = {}
    for interaction in cassette["interactions"]:
        for row in objects(body_of(interaction)):
            if isinstance(row.get("activityUUID"), str):
                uuids.setdefault(str(row["activityId"]), set()).add(row["activityUUID"])
    assert all(len(found) == 1 for found in uuids.values())
    assert len(set().union(*uuids.values())) == len(uuids)


def test_a_cassette_says_what_stays(source):
    """Its heading says that the exact times of the workouts are those of the athlete."""
    heading = LIVE[source].cassette.read_text(encoding="utf-8").partition("interactions:")[0]
    assert "exact times" in heading


def objects(value):
    """Yield each object of a JSON document."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from objects(item)


def body_of(interaction):
    """Return the JSON of a response, or nothing if it has another form."""
    body = interaction["response"]["body"]["string"]
    try:
        return yaml.safe_load(body) if isinstance(body, str) and body[:1] in "[{" else None
    except yaml.YAMLError:
        return None


def leaves(value, key=""):
    """Yield each value of a JSON document with its key."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, name)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, key)
    else:
        yield key, value


@pytest.mark.long
def test_recording_with_the_stand_in_gives_the_same_cassette(source):
    """A cassette of a stand-in is not edited by hand: recording it again gives the same file."""
    text = LIVE[source].cassette.read_text(encoding="utf-8")
    if "the stand-in" not in text.splitlines()[0]:
        pytest.skip("it was recorded with the service")
    assert record(source) == text


def test_a_request_that_was_not_recorded_is_refused(source, replay, monkeypatch):
    """A plugin that asks for something else does not reach the network."""
    monkeypatch.setattr("tools.record.DAYS", 35)
    with pytest.raises(FitglueError) as caught:
        replay()
    assert "CannotOverwriteExistingCassetteException" in str(caught.value)
