"""What is replaced in a cassette before it is written: keys, tokens, names, ids, places, files."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import zipfile
from datetime import UTC, datetime

import pytest

from fitglue_formats import activities
from fitglue_garmin.testing.files import file_of, zipped
from fitglue_garmin.testing.workout import Leg, Workout
from tools import record as recording
from tools.record import LIVE, record
from tools.scrubbing import MADE_UP_DEGREES, MOST_SAMPLES, SCRUBBED, Scrubber

KEY = "GCDC_planted+key/77001"
NAME = "Ada Planted"
ATHLETE = "i317960"
JSON = {"Content-Type": ["application/json"]}
START = datetime(2026, 11, 20, 6, 50, 45, tzinfo=UTC)


@pytest.fixture
def scrubber():
    """Return a scrubber that knows the key and the account."""
    return Scrubber([KEY, NAME], [ATHLETE], "/token")


@pytest.fixture
def scrubbed(scrubber):
    """Return a function that scrubs a JSON body."""

    def call(content):
        body = scrubber.body("/rows", JSON, json.dumps(content).encode())
        return json.loads(body)

    return call


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("name", "Morning"),
        ("activityName", "Harbour loop"),
        ("description", "word"),
        ("ownerFullName", "Ada"),
        ("email", "ada@example.org"),
        ("anything", "ada@example.org"),
        ("anything", "two words"),
        ("locationName", "Oslo"),
        ("profileImageUrl", "https://example.org/ada.jpg"),
        ("polyline", "abcdef"),
        ("label", "Home"),
        ("external_id", "Ada Lovelace's file"),
        ("error", f"the key {KEY} is wrong"),
    ],
)
def test_texts_of_people_are_replaced(scrubbed, key, text):
    """A text about a person, or one in free words, is replaced, whatever its key is called."""
    assert scrubbed({key: text}) == {key: SCRUBBED}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("type", "VirtualRide"),
        ("startTimeGMT", "2026-11-20 06:50:45"),
        ("created", "2026-11-27T17:23:33.191+00:00"),
        ("timeZone", "Europe/Oslo"),
        ("distance", 7882.2),
        ("beginTimestamp", 1795157445000),
        ("trainer", True),
        ("averageHR", None),
    ],
)
def test_what_describes_a_workout_stays(scrubbed, key, value):
    """Times, measurements and words of the service stay, so that a plugin understands them."""
    assert scrubbed({key: value}) == {key: value}


@pytest.mark.parametrize(
    ("key", "value", "made_up"),
    [
        ("startLatitude", 59.9, MADE_UP_DEGREES),
        ("start_lon", 10.7, MADE_UP_DEGREES),
        ("icu_weight", 61.5, None),
        ("weight", 61, None),
        ("icu_resting_hr", 42, None),
    ],
)
def test_places_and_bodies_are_replaced(scrubbed, key, value, made_up):
    """Coordinates are made up, and what is measured of a body outside a workout is left out."""
    assert scrubbed({key: value}) == {key: made_up}


def test_a_track_is_a_made_up_line(scrubbed):
    """The coordinates of a stream are replaced, and the others are cut to the same length."""
    samples = MOST_SAMPLES + 5
    streams = [
        {"type": "latlng", "data": [59.9] * samples, "data2": [10.7] * samples},
        {"type": "heartrate", "data": [120] * samples},
    ]
    track, heartrate = scrubbed(streams)
    assert {len(track["data"]), len(track["data2"]), len(heartrate["data"])} == {MOST_SAMPLES}
    assert all(abs(value - MADE_UP_DEGREES) < 0.01 for value in track["data"] + track["data2"])
    assert heartrate["data"] == [120] * MOST_SAMPLES


def test_an_id_is_the_same_everywhere(scrubber, scrubbed):
    """A made-up id replaces a real one in addresses, texts and numbers, each time the same."""
    uri = scrubber.uri("https://example.org/activity/20999000111?athlete=i317960&oldest=2026-11-01")
    row = scrubbed(
        {"activityId": 20999000111, "external_id": "20999000111.fit", "athlete_id": "i317960"}
    )
    made_up = str(row["activityId"])
    assert row["external_id"] == f"{made_up}.fit"
    assert f"/activity/{made_up}?athlete={row['athlete_id']}&oldest=2026-11-01" in uri
    assert "20999000111" not in uri
    assert row["athlete_id"] != ATHLETE


def test_uuids_are_ids(scrubbed):
    """Two different UUIDs stay different, and a UUID keeps its form."""
    first, second = "0b7c0f5e-1111-4222-8333-944455566677", "1b7c0f5e-1111-4222-8333-944455566677"
    row = scrubbed({"activityUUID": first, "again": {"uuid": first}, "other": second})
    assert row["activityUUID"] == row["again"]["uuid"] != row["other"]
    assert first not in str(row)
    assert row["activityUUID"].startswith("00000000-0000-4000-8000-")


def test_uuids_that_differ_only_at_their_end_are_different_ids(scrubbed):
    """Workouts whose UUIDs begin alike stay different workouts."""
    uuids = [f"0b7c0f5e-1111-4222-8333-{number:012}" for number in range(50)]
    rows = scrubbed([{"activityUUID": uuid} for uuid in uuids])
    assert len({row["activityUUID"] for row in rows}) == len(uuids)


@pytest.mark.parametrize("key", ["workoutId", "courseId", "gear_id", "id", "serialNumber"])
@pytest.mark.parametrize("value", [7, 987, 1234, "i12", "1234"])
def test_a_short_id_is_an_id(scrubbed, key, value):
    """The ids of the first users, courses and shoes have few digits."""
    made_up = scrubbed({key: value})[key]
    assert made_up != value
    assert len(str(made_up)) >= 5


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("phase", "+4799887766"),
        ("hiddenText", "word"),
        ("pace", "Jane"),
        ("team", "Acme"),
        ("type", "Jane"),
        ("eventType", "Smith"),
        ("created", "Jane"),
        ("timezone", "Jane"),
        ("external_id", "Jane-Smith.fit"),
        ("birthDate", "1980-01-02"),
        ("anything", "1980-01-02"),
        ("handle", "jane"),
        ("", "Jane"),
    ],
)
def test_a_text_stays_only_where_it_is_known(scrubbed, key, value):
    """A short word, a day or a number as text is replaced under a key for something else."""
    assert scrubbed({key: value}) == {key or f"{SCRUBBED}_0": SCRUBBED}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mobile", 99887766),
        ("contact", 99887766),
        ("distance", 4799887766),
        ("ageAtActivity", 44),
        ("birthYear", 1980),
        ("userWeight", 70.5),
        ("customKey", 5),
        ("bbox", [59.1, 10.2]),
        ("northEast", [59.1, 10.1]),
        ("minCoord", 59.123456),
        ("", [59.1, 99887766]),
    ],
)
def test_a_number_stays_only_where_it_is_known(scrubbed, key, value):
    """A number under a key that is no measurement is left out, and so is one that is too large."""
    [left] = scrubbed({key: value}).values()
    assert left in (None, [None, None])


@pytest.mark.parametrize("key", ["maxLat", "startLatLng", "end_lng", "topLeftLongitude"])
def test_each_coordinate_is_made_up(scrubbed, key):
    """A coordinate is recognized by a word of its key, wherever that is."""
    assert scrubbed({key: [59.9]}) == {key: [MADE_UP_DEGREES]}


@pytest.mark.parametrize("key", ["Jane Smith", "i317960", "20999000111", "jane@example.org"])
def test_a_key_that_is_a_name_or_an_id_is_replaced(scrubbed, key):
    """Some objects have names or ids as keys."""
    assert key not in str(scrubbed({key: {"distance": 5.0}}))


def test_a_list_without_a_key_keeps_nothing(scrubbed):
    """Nothing says what the items of such a list are."""
    content = ["+47 99887766", "1980-01-02", "a.b@c.example", "Jane", 5]
    assert scrubbed(content) == [SCRUBBED] * 4 + [None]


def test_a_stream_of_an_unknown_type_keeps_nothing(scrubbed):
    """The samples of a stream stay if its type is a measurement."""
    [stream] = scrubbed([{"type": "whereabouts", "data": [59.9, 10.7]}])
    assert stream["data"] == [None, None]


@pytest.mark.parametrize(
    ("address", "scrubbed_address"),
    [
        ("/athlete/0/activities?oldest=2026-11-01", "/athlete/0/activities?oldest=2026-11-01"),
        ("/users/Ada Nordmann", "/users/scrubbed"),
        ("/callback?code=abc&state=jane", "/callback?code=scrubbed&state=scrubbed"),
        ("/search?search=jane&limit=40", "/search?search=scrubbed&limit=40"),
        ("/activities/i12,i34", "/activities/i10001,i10002"),
    ],
)
def test_an_address_keeps_only_known_parameters(scrubber, address, scrubbed_address):
    """Ids and names in an address, and parameters that nobody knows, are replaced."""
    assert scrubber.uri(f"https://example.org{address}") == f"https://example.org{scrubbed_address}"


def test_a_token_is_made_up(scrubber):
    """What the address for tokens returns is replaced by a token that says only when it ends."""
    body = scrubber.body("/login/token", {}, b"aaaa.bbbb.cccc")
    _, payload, signature = body.split(b".")
    assert json.loads(base64.urlsafe_b64decode(payload + b"==")).keys() == {"exp"}
    assert signature == SCRUBBED.encode()


@pytest.mark.parametrize("body", [b"<html>Ada</html>", b"not JSON", b'{"cut": "of'])
def test_another_body_is_replaced_as_a_whole(scrubber, body):
    """Nothing of a body stays that is not JSON."""
    assert scrubber.body("/rows", {}, body) == SCRUBBED.encode()


def test_a_compressed_body_is_scrubbed(scrubber):
    """The compression of the transport hides nothing."""
    body = gzip.compress(json.dumps({"name": NAME}).encode())
    headers = {"content-encoding": ["gzip"]}
    assert json.loads(scrubber.body("/rows", headers, body)) == {"name": SCRUBBED}


def test_only_harmless_headers_stay(scrubber):
    """Cookies and other headers of a response are dropped."""
    headers = {"Set-Cookie": ["session=1"], "Retry-After": ["14"], "X-User": [NAME]}
    assert scrubber.headers(headers) == {"Retry-After": ["14"]}


def unpacked(body):
    """Return the file inside a zip or a gzip."""
    if body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return archive.read(archive.namelist()[0])
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda file: zipped(20999000111, file)])
def test_a_file_is_replaced_by_a_made_up_one(scrubber, pack):
    """A file keeps its container and its start; its track, device and name are not those of the
    athlete.
    """
    original = file_of(Workout(Leg(20999000111, START, "running", 2718), serial=3999111222))
    made_up = scrubber.body("/file", {}, pack(original))
    assert made_up[:2] == pack(original)[:2]
    [real], [replaced] = activities(original), activities(unpacked(made_up))
    assert replaced.start_utc == real.start_utc == START
    assert "latlng" in {stream.type for stream in real.streams}
    assert "latlng" not in {stream.type for stream in replaced.streams}
    assert replaced.device.serial != real.device.serial
    assert b"20999000111" not in made_up


def test_a_broken_file_is_replaced_too(scrubber):
    """A file that nobody can read could still contain a place."""
    made_up = scrubber.body("/file", {}, b"\x0e\x10\x00\x00\x00\x00\x00\x00.FIT" + b"secret")
    assert b"secret" not in made_up
    assert activities(made_up)


def test_nothing_is_written_with_a_secret(scrubber):
    """The last look at a cassette finds secrets and ids of the athlete in it."""
    assert scrubber.leaks(f"a {KEY} and {ATHLETE}") == [KEY, ATHLETE]
    assert scrubber.leaks("neither") == []


def _planted_intervals(_):
    account = recording.intervals.Account.generate(3, until=recording._UNTIL, strava_stubs=0)
    newest = account.ids()[0]
    account.edit(newest, name="At Planted Street 5", description="ada@planted.example")
    return recording.intervals.StandIn(account, api_key=recording.STAND_IN_KEY)


def _planted_garmin(clock):
    account = recording.garmin.Account.generate(3, until=recording._UNTIL)
    newest = account.ids()[0]
    account.edit(newest, activityName="At Planted Street 5", description="ada@planted.example")
    account.edit(newest, ownerFullName="Ada Planted", locationName="Planted")
    return recording.garmin.StandIn(account, api_key=recording.STAND_IN_KEY, clock=clock)


@pytest.mark.parametrize(
    ("source", "stand_in"), [("garmin", _planted_garmin), ("intervals", _planted_intervals)]
)
def test_a_recording_has_none_of_the_planted_texts(source, stand_in, monkeypatch):
    """Recorded from an account with planted texts, a cassette has neither them nor the key, the
    account, the ids of its workouts, or a coordinate.
    """
    accounts = []

    def start(clock):
        server = stand_in(clock)
        accounts.append(server.account)
        return server

    monkeypatch.setitem(LIVE, source, recording.Live(LIVE[source].plugin, start))
    text = record(source)
    [account] = accounts
    ids = [str(number) for number in account.ids()]
    planted = ["lanted", "Ada", recording.STAND_IN_KEY, "317960", "7700123", *ids]
    assert [word for word in planted if word in text] == []
    assert re.search(r"\b59\.9[0-9]{3,}", text) is None
    assert "Authorization" not in text
