"""The stand-in as a command, which another process controls through its control endpoints."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys

import pytest
import requests

from fitglue_intervals.testing import Account, StandIn
from fitglue_intervals.testing.__main__ import main

pytestmark = pytest.mark.long

COMMAND = [sys.executable, "-m", "fitglue_intervals.testing"]


@pytest.fixture
def server():
    with StandIn(Account.generate(count=20)) as running:
        yield running


@pytest.fixture
def send(server):
    """Send a command to the control endpoint and return its response."""
    with requests.Session() as session:
        yield lambda command, /, **arguments: session.post(
            f"{server.url}/_stand_in/{command}", json=arguments
        ).json()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_prints_its_address_and_stops_on_a_signal(number):
    """The command prints only its address to stdout, says on stderr how to connect, serves, and
    exits with 0 on a signal.
    """
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*COMMAND, "--count", "5", "--key", "k", "--warm"], **pipes) as process:
        url = process.stdout.readline().strip()
        answer = requests.get(
            url + "/api/v1/athlete/0/activities?oldest=2000-01-01",
            auth=("API_KEY", "k"),
            timeout=10,
        )
        process.send_signal(number)
        output, errors = process.communicate(timeout=10)
    assert (len(answer.json()), process.returncode, output) == (5, 0, "")
    assert (
        errors == "The key is k. In another terminal, run:\n"
        f"  fitglue connect intervals --base-url {url}\n"
    )


def test_command_serves_a_file_of_rows(tmp_path):
    """The option ``--rows`` serves a captured list."""
    file = tmp_path / "rows.json"
    file.write_text(
        json.dumps([{"id": "i1", "start_date_local": "2026-01-01T10:00:00"}]), encoding="utf-8"
    )
    with subprocess.Popen(
        [*COMMAND, "--rows", str(file)], stdout=subprocess.PIPE, text=True
    ) as process:
        url = process.stdout.readline().strip()
        answer = requests.get(
            url + "/api/v1/activity/i1", auth=("API_KEY", "stand-in-key"), timeout=10
        )
        process.terminate()
    assert answer.json()["id"] == "i1"


def test_edit_and_delete(server, send):
    """Another process can edit and delete an activity."""
    edited, deleted = server.account.ids()[:2]
    send("edit", id=edited, name="From outside")
    send("delete", id=deleted)
    assert server.account.row(edited)["name"] == "From outside"
    assert deleted not in server.account


def test_late_upload_stub_and_native_copy(server, send):
    """Another process can add a late upload, a stub and its native copy; each response
    has the id.
    """
    late = send("add", start_date_local="2026-01-01T10:00:00", sport="Hike")["result"]
    stub = send("add_strava_stub", start_date_local="2026-01-02T10:00:00")["result"]
    copy = send("make_native", stub_id=stub, keep_stub=True)["result"]
    assert set(server.account.records.present([late, stub, copy])) == {late, stub, copy}


def test_the_key_is_changed_and_revoked(server, send):
    """Another process can replace the accepted key and revoke it."""
    send("set_key", key="other")
    assert server.api_key == "other"
    send("revoke_key")
    assert server.api_key is None


def test_ids_are_listed(server):
    """Another process can read the ids of all activities."""
    answer = requests.get(server.url + "/_stand_in/ids", timeout=10)
    assert answer.json() == server.account.ids()


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("edit", {"id": "i0", "name": "x"}, "KeyError"),
        ("add", {"start_date_local": "today"}, "ValueError"),
        ("explode", {}, "unknown command: POST explode"),
    ],
)
def test_mistakes_are_explained(send, name, arguments, message):
    """A command that cannot be carried out is answered with the reason."""
    assert message in send(name, **arguments)["error"]


def test_a_port_in_use_is_a_mistake_in_what_was_typed(capsys):
    """A port on which another program listens ends the command with exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as deleted, pytest.raises(SystemExit) as ended:
        main(["--port", str(deleted.getsockname()[1]), "--count", "1"])
    assert ended.value.code == 2
    assert "argument --port" in capsys.readouterr().err


def test_rows_that_cannot_be_read_are_a_mistake_in_what_was_typed(tmp_path, capsys):
    """A file of rows that does not exist ends the command with exit code 2."""
    with pytest.raises(SystemExit) as ended:
        main(["--rows", str(tmp_path / "none.json")])
    assert ended.value.code == 2
    assert "argument --rows" in capsys.readouterr().err
