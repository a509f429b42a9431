"""Fixtures that run the command, and homes that were synced once and are copied for each test."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry.cli.app import run
from fitglue_registry.transport.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEY = "stand-in-key"
TITLE = "[bold]Tempo[/bold] \x1b[31mred\x1b[0m \u202egnp"


@dataclass(frozen=True)
class CliResult:
    """The result of one run of the command."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> dict[str, Any]:
        return json.loads(self.err)["error"]


@pytest.fixture(autouse=True)
def _environment(monkeypatch, tmp_path):
    for name in [
        name
        for name in os.environ
        if name.startswith("FITGLUE_") or name in ("COLUMNS", "NO_COLOR")
    ]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FITGLUE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FITGLUE_SECRETS", "file")
    _let_time_fly(monkeypatch)


def _let_time_fly(monkeypatch):
    """Let every sleep take no time, and advance the clock instead."""
    slept = [0.0]
    monkeypatch.setattr(
        SystemClock, "sleep", lambda self, seconds: slept.append(slept.pop() + seconds)
    )
    monkeypatch.setattr(
        SystemClock, "now", lambda self: datetime.now(UTC) + timedelta(seconds=slept[0])
    )
    monkeypatch.setattr(SystemClock, "monotonic", lambda self: time.monotonic() + slept[0])


@pytest.fixture
def fitglue(capsys, monkeypatch) -> Callable[..., CliResult]:
    """Run the command in this process, with a standard input that is not a terminal."""

    def call(*arguments: str, typed: str = "") -> CliResult:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
        capsys.readouterr()
        code = run(arguments)
        out, err = capsys.readouterr()
        return CliResult(code, out, err)

    return call


@pytest.fixture
def child() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command as a process of its own, which does not outlive the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
        pipes = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        } | options
        process = subprocess.Popen(
            [sys.executable, "-m", "fitglue_registry", *arguments],
            text=True,
            encoding="utf-8",
            **pipes,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        with process:  # closes its pipes and waits for it
            pass


@pytest.fixture(scope="session")
def shared_intervals() -> Iterator[StandIn]:
    """The account of the synced home; tests must not change it."""
    account = Account.generate(30, strava_stubs=2)
    rides = [id_ for id_ in account.ids() if account.row(id_).get("type") == "Ride"]
    account.edit(rides[0], name=TITLE)
    account.edit(rides[1], device_watts=False)
    with StandIn(account) as server:
        yield server


@pytest.fixture(scope="session")
def template(shared_intervals, tmp_path_factory) -> Path:
    """A home in which the account was synced once."""
    from fitglue_registry import Host, Policy

    home = tmp_path_factory.mktemp("template")
    kept = os.environ.get("FITGLUE_SECRETS")
    os.environ["FITGLUE_SECRETS"] = "file"
    try:
        with Host(home, policy=Policy.personal()) as host:
            host.connect(
                "intervals", {"api_key": KEY, "base_url": f"{shared_intervals.url}/api/v1"}
            )
            list(host.sync())
    finally:
        os.environ.pop("FITGLUE_SECRETS") if kept is None else os.environ.update(
            FITGLUE_SECRETS=kept
        )
    return home


@pytest.fixture
def synced(template, shared_intervals, tmp_path) -> StandIn:
    """A home of this test in which the account was synced; its server is running."""
    shutil.copytree(template, tmp_path / "home")
    shared_intervals.clear_requests()
    return shared_intervals


@pytest.fixture
def intervals() -> Iterator[StandIn]:
    """A small account of this test."""
    with StandIn(Account.generate(6, strava_stubs=1)) as server:
        yield server


@pytest.fixture
def connect(fitglue, intervals) -> Callable[..., CliResult]:
    """Connect that account, with any further options."""

    def call(*options: str, key: str = KEY) -> CliResult:
        return fitglue(
            "connect",
            "intervals",
            "--key-stdin",
            "--base-url",
            f"{intervals.url}/api/v1",
            *options,
            typed=key,
        )

    return call
