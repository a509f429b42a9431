"""A pipeline of a host sends the workouts of a folder to an account at Intervals.icu, each of them
once, and recognizes them when they return.
"""

from __future__ import annotations

import pytest
import requests

from fitglue_registry import Host, Policy
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.testing import FakeClock, Fault

PIPELINE = {
    "schema": 1,
    "name": "everything",
    "destinations": [{"to": "intervals", "name": "icu", "update": True}],
}


@pytest.fixture
def folder(tmp_path):
    """The folder that the athlete's device writes to."""
    made = tmp_path / "rides"
    made.mkdir()
    return made


@pytest.fixture
def host(tmp_path, server, folder):
    """A host with the folder, the account, and a pipeline from all sources to the account."""
    with Host(
        tmp_path / "home",
        secrets=MemorySecretStore(),
        clock=FakeClock(),
        policy=Policy.personal(),
    ) as opened:
        opened.connect("files", {"paths": str(folder)})
        opened.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
        opened.pipelines.apply(PIPELINE)
        yield opened


def run(host):
    """Sync everything, and run all pipelines."""
    list(host.sync())
    return list(host.pipelines.run())


def test_a_ride_arrives_once(host, server, account, folder, file):
    """The original file arrives byte for byte, and nothing is sent again, although the account
    lists the ride from then on.
    """
    (folder / "ride.fit").write_bytes(file.content)
    run(host)
    [id_] = account.ids()
    assert account.file(id_) == file.content
    server.clear_requests()
    run(host)
    run(host)
    assert [entry.method for entry in server.requests if entry.method != "GET"] == []
    [activity] = host.activities()
    assert len(activity["sources"]) == 2


def test_a_new_title_arrives(host, account, folder, file):
    """A title that the athlete types here is changed there."""
    (folder / "ride.fit").write_bytes(file.content)
    run(host)
    [activity] = host.activities()
    host.decisions.edit(str(activity["number"]), {"title": "Around the lake"})
    run(host)
    run(host)
    [id_] = account.ids()
    assert account.row(id_)["name"] == "Around the lake"


@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(500),
        pytest.param(Fault.html_page(), marks=pytest.mark.long),
        pytest.param(Fault.reset().before_anything(), marks=pytest.mark.long),
    ],
)
def test_a_lost_answer_makes_no_second_activity(host, server, account, folder, file, fault):
    """An upload whose answer is lost is looked up by a later run, and there once in the end."""
    (folder / "ride.fit").write_bytes(file.content)
    server.fault("*/activities", fault, method="POST")
    run(host)
    host.workspace.clock.move(hours=1)
    run(host)
    host.workspace.clock.move(hours=1)
    run(host)
    [id_] = account.ids()
    assert account.row(id_)["external_id"].startswith("fitglue-")
    assert len(host.activities()) == 1


@pytest.mark.parametrize("fill_back", [True, False])
def test_the_account_s_own_record_is_only_filled(host, server, account, folder, file, fill_back):
    """A ride that the account has recorded itself is not sent to it. If the pipeline says so, what
    is empty there is filled, and the name that the athlete gave it there stays.
    """
    step = {"to": "intervals", "name": "icu", "fill_back": fill_back}
    host.pipelines.apply(PIPELINE | {"destinations": [step]})
    (folder / "ride.fit").write_bytes(file.content)
    requests.post(
        f"{server.url}/api/v1/athlete/0/activities",
        params={"name": "Mine", "external_id": "22543294456"},
        files={"file": ("ride.fit", file.content)},
        auth=("API_KEY", server.api_key),
        timeout=10,
    )
    list(host.sync())
    [activity] = host.activities()
    host.decisions.edit(str(activity["number"]), {"description": "Into the wind"})
    run(host)
    run(host)
    [id_] = account.ids()
    row = account.row(id_)
    assert (row["name"], row["external_id"]) == ("Mine", "22543294456")
    assert row["description"] == ("Into the wind" if fill_back else None)
