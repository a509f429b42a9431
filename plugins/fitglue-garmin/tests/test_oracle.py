"""Tests that a public client reads the stand-in, and finds what our plugin makes of the same
account.

The client, gcpapi-sync, has models that were generated from Garmin's OpenAPI document. It was
written by somebody else for the live service, so it shows that the stand-in has the true shape.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from itertools import chain

import pytest

from fitglue_formats.rows import readable_title
from fitglue_garmin import plugin
from fitglue_garmin.tables import tables
from fitglue_garmin.testing import Account, StandIn
from fitglue_registry import Host, Policy
from fitglue_registry.plugin_api import Body, Record
from fitglue_registry.secrets.memory import MemorySecretStore

gcpapi_sync = pytest.importorskip("gcpapi_sync")
models = pytest.importorskip("gcpapi_sync.models._generated")

pytestmark = pytest.mark.long

#: Field of the model → attribute of a row of the client, for values that have the same unit.
SAME = {
    "title": "activity_name",
    "description": "description",
    "elapsed_s": "elapsed_duration",
    "distance_m": "distance",
    "average_heartrate_bpm": "average_hr",
    "max_heartrate_bpm": "max_hr",
    "calories_kcal": "calories",
    "average_watts": "avg_power",
    "weighted_average_watts": "norm_power",
    "max_watts": "max_power",
}


@pytest.fixture(scope="module")
def service():
    """Return a running stand-in with each kind of workout, one of them a triathlon."""
    with StandIn(Account.generate(45)) as running:
        yield running


@pytest.fixture(scope="module")
def client(service):
    """Return the public client, connected to the stand-in."""
    with gcpapi_sync.GarminClient(service.api_key, base_url=service.url) as opened:
        yield opened


@pytest.fixture(scope="module")
def activities(service, tmp_path_factory):
    """Return our source activities by their id at Garmin, as a sync without files stores them."""
    home = tmp_path_factory.mktemp("home")
    made = {}
    with Host(home, secrets=MemorySecretStore(), policy=Policy.personal()) as host:
        host.connect("garmin", {"api_key": service.api_key, "base_url": service.url, "files": "no"})
        assert list(host.sync())
        for row in host.activities():
            details = host.activities.get(str(row["number"]))
            [member] = details.members
            made[int(member.activity.claims[0].removeprefix("garmin:"))] = member.activity
    return made


@pytest.fixture(scope="module")
def rows(client):
    """Return the rows that the client lists, by id: workouts, and legs in place of their event."""
    listed = client.iter_activities(
        exclude_children=False, start_date=date(2020, 1, 1), end_date=date(2026, 12, 31)
    )
    return {row.activity_id: row for row in listed if not row.is_parent}


def test_both_find_the_same_workouts(rows, activities):
    """Both find each workout, and each leg of an event, and nothing else."""
    assert rows.keys() == activities.keys()
    assert len(rows) > 45


def test_both_read_the_same_values(rows, activities):
    """What the client reads of a row equals what our plugin normalizes."""
    for number, row in rows.items():
        ours = activities[number]
        theirs = {name: getattr(row, attribute) for name, attribute in SAME.items()}
        theirs["title"] = readable_title(row.activity_name, row.activity_type.type_key)
        assert {name: getattr(ours, name) for name in SAME} == theirs
        assert ours.start_utc == row.start_time_gmt
        assert ours.start_local == row.start_time_local
        assert ours.sport_raw == row.activity_type.type_key


def test_both_read_the_same_details(client, activities):
    """What the client reads of a detail equals what our plugin normalizes."""
    for number, ours in activities.items():
        theirs = client.get_activity(number)
        assert ours.timezone == theirs.time_zone_unit.time_zone
        assert ours.rpe == theirs.summary.direct_workout_rpe / 10
        assert ours.min_heartrate_bpm == theirs.summary.min_hr
        uploaded = theirs.metadata.uploaded_date
        assert ours.extensions["uploaded_at"] == uploaded.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_both_find_the_same_legs(client, service, activities):
    """The legs of an event are those that the client finds in its detail, in the same order."""
    events = [number for number in service.account.ids() if service.account.workout(number).legs]
    for number in events:
        theirs = client.get_activity(number).metadata.child_ids
        legs = [leg for leg in activities.values() if leg.parent == str(number)]
        ours = [leg.claims[0] for leg in sorted(legs, key=lambda leg: leg.leg_no)]
        assert ours == [f"garmin:{child}" for child in theirs]


def test_both_download_the_same_file(client, service):
    """The file that the client takes from the zip has the hash that our plugin claims."""
    for number in service.account.ids()[:10]:
        if service.account.file(number) is None:
            continue
        theirs = client.download_activity(number).content
        parts = {
            "summary": client_row(service, number),
            "file": client.download_activity_zip(number),
        }
        record = Record(str(number), "garmin", {name: Body(part) for name, part in parts.items()})
        made = plugin.fitglue_normalize(record=record)
        claims = set(chain.from_iterable(activity.claims for activity in made))
        assert f"file:sha256:{hashlib.sha256(theirs).hexdigest()}#0" in claims


def client_row(service, number):
    """Return the row of a workout as JSON."""
    return json.dumps(service.account.row(number)).encode()


def test_the_client_is_refused_as_we_are(service):
    """A wrong key is an error of authentication for the client as well."""
    wrong = gcpapi_sync.GarminClient("GCDC_wrong", base_url=service.url)
    with wrong, pytest.raises(gcpapi_sync.AuthenticationError):
        wrong.get_activity(1)


def keys_of(model):
    """Return the keys of a model, as Garmin's document has them."""
    return {field.alias or name for name, field in model.model_fields.items()}


def test_each_key_that_we_read_is_in_garmins_document():
    """Each key of our table of values is one of the list or of the measurements of a detail."""
    made = tables()
    cadences = [value for kind in made.cadences for value in (kind.average, kind.highest)]
    values = [*made.fields.values(), *made.metrics.values(), *made.others.values(), *cadences]
    in_rows = {value.row for value in values if value.row}
    in_details = {value.detail for value in values if value.detail}
    assert in_rows - keys_of(models.SummarizedActivity) == set()
    assert in_details - keys_of(models.Summary) == set()


def test_each_key_of_the_stand_in_is_in_garmins_document(service):
    """The stand-in invents no key."""
    account = service.account
    for number in account.ids()[:20]:
        assert account.row(number).keys() - keys_of(models.SummarizedActivity) == set()
        detail = account.detail(number)
        assert detail.keys() - keys_of(models.ActivitySummary) == set()
        assert detail["summaryDTO"].keys() - keys_of(models.Summary) == set()
        assert detail["metadataDTO"].keys() - keys_of(models.Metadata) == set()
