"""Tests that no command shows or stores the key of Garmin or a token that was issued for it,
whatever the service answers.
"""

from __future__ import annotations

import json

import pytest

from fitglue_garmin.testing import Account, StandIn
from fitglue_garmin.testing.server import TOKEN
from fitglue_registry.cli.app import run
from fitglue_registry.testing import Fault
from tests.faults.secrets.searching import Search
from tests.sampling import sampled

KEY = 'GCDC_Pl4nted"key/0f+garmin'


@pytest.fixture
def garmin():
    """Yield a stand-in whose tokens a test can list."""
    with StandIn(Account.generate(3), api_key=KEY) as server:
        yield server


def called(capsys, *arguments):
    """Run a command in this process, and return what it printed."""
    run(list(arguments))
    return [*capsys.readouterr()]


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize(
    "form",
    sampled([("--debug",), (), ("--json",), ("-vv",), ("--debug", "--json")]),
)
def test_no_command_shows_or_stores_the_key_or_a_token(
    garmin, home, monkeypatch, capsys, caplog, form, reliability
):
    """Key and token are in no output and no file of the home, also when Garmin repeats them."""
    caplog.set_level("DEBUG")
    monkeypatch.setenv("FITGLUE_GARMIN_API_KEY", KEY)
    connect = ("connect", "garmin", "--base-url", garmin.url)
    said = called(capsys, *connect, *form)
    for command in ("sync", "connections", "doctor", "activities", "why last", "connections check"):
        said += called(capsys, *command.split(), *form)
    tokens = garmin.tokens.all_issued()
    repeated = json.dumps({"error": "X", "clientMessage": f"bad key {KEY} {tokens[-1]}"})
    for path in ("*", TOKEN):
        for status in (401, 403, 400, 500):
            garmin.fault(path, Fault.status(status, body=repeated), times=None)
            garmin.end_tokens()
            for command in ("sync", "connections check", "doctor"):
                said += called(capsys, *command.split(), *form)
            said += called(capsys, *connect, *form)
            garmin.clear_faults()
    said += called(capsys, "connections", "remove", "garmin", "--yes", *form)
    planted = {"key": KEY} | {f"token {number}": token for number, token in enumerate(tokens)}
    search = Search(planted)
    leaks = search.in_text(*said, caplog.text) + search.in_home(home)
    assert leaks == []
    reliability(
        "secrets",
        "Garmin repeats the key and the token in its errors",
        lost=len(leaks),
        seen="neither is shown or stored in the clear",
    )
