"""What the command asks and says about Garmin Connect."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import closing

import pytest

from fitglue_garmin.testing import Account, StandIn
from fitglue_registry import Host, Policy
from fitglue_registry.cli.app import LateLoader
from fitglue_registry.cli.context import CliContext
from fitglue_registry.cli.sync_report import follow
from fitglue_registry.services.events import BacklogCounted

KEY = "GCDC_stand-in-key"


@pytest.fixture
def service():
    """Return a running stand-in."""
    with StandIn(Account.generate(3)) as running:
        yield running


@pytest.mark.parametrize(("typed", "kept"), [("2027-06-30", "2027-06-30"), ("", None)])
def test_a_terminal_asks_how_long_the_key_is_valid(service, tmp_path, typed, kept):
    """At a terminal, the key and its end are asked for, and the end may stay unknown."""
    main, side = pty.openpty()
    command = [sys.executable, "-m", "fitglue_registry", "connect", "garmin"]
    process = subprocess.Popen(
        [*command, "--base-url", service.url],
        stdin=side,
        stdout=side,
        stderr=side,
        start_new_session=True,
    )
    os.close(side)
    output = b""
    for question, answer in ((b"Key of the Personal API:", KEY), (b"or until when:", typed)):
        while question not in output:
            output += os.read(main, 1000)
        os.write(main, f"{answer}\n".encode())
    while process.poll() is None or b"Next:" not in output:
        try:
            output += os.read(main, 1000)
        except OSError:
            break
    os.close(main)
    assert process.wait(10) == 0
    assert KEY.encode() not in output
    assert b"connect.garmin.com/app/settings/personalApiToken" in output
    assert b"Only one key can" in output
    with Host(tmp_path / "home", policy=Policy.personal()) as host:
        [connection] = host.connections.list()
    assert connection.settings.get("key_expires") == kept


def test_without_a_terminal_the_end_of_the_key_is_not_needed(fitglue, service, monkeypatch):
    """In a script, a key is enough, and its end can be given in a variable."""
    monkeypatch.setenv("FITGLUE_GARMIN_API_KEY", f'"{KEY}"')
    arguments = ("connect", "garmin", "--base-url", service.url)
    assert "Ada Nordmann (7700123)" in fitglue(*arguments).out
    assert "expires" not in fitglue("connections").out
    monkeypatch.setenv("FITGLUE_GARMIN_KEY_EXPIRES", "9")
    fitglue(*arguments)
    assert "the key expires in 9 days" in fitglue("connections").out


def test_the_end_of_a_key_is_not_announced_too_early(fitglue, service, monkeypatch):
    """A key that is valid for a year is no news."""
    monkeypatch.setenv("FITGLUE_GARMIN_API_KEY", KEY)
    fitglue("connect", "garmin", "--base-url", service.url, "--set", "key_expires=365 days")
    assert "✓" in fitglue("doctor").out


def test_a_long_backlog_is_announced(capsys):
    """Before hours of requests, the command says how long they take, and what can be done now."""
    with closing(CliContext(LateLoader())) as cli:
        follow(cli, (event for event in [BacklogCounted("garmin", 5_990, 5_990.0, 1.0)]))
    assert (
        "garmin: 5,990 requests are left, which take about 1.7 h at 1 per second. What is listed "
        "can be used now"
    ) in " ".join(capsys.readouterr().err.split())
