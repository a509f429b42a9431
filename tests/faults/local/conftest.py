"""Fixtures of the tests of local faults: homes to damage, the store of an undisturbed run, and the
command as a person runs it.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry import Host, Policy
from fitglue_registry.cli.app import run
from tests.faults.local.small_disk import SmallDisk
from tests.sync.builders import finished
from tests.sync.natural import natural

KEY = "a-key-of-the-stand-in"


@dataclass(frozen=True)
class Result:
    """The result of a call of the command."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The output, parsed as one JSON document."""
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        """The last error that was printed."""
        # With --json the error of a stopped connection is the last event on standard output.
        last = (self.err or self.out).splitlines()[-1]
        error: dict[str, Any] = json.loads(last)["error"]
        return error


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    for name in [name for name in os.environ if name.startswith("FITGLUE_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setenv("FITGLUE_SECRETS", "file")


@pytest.fixture(scope="package")
def service():
    """Yield a server with an account that no test changes."""
    with StandIn(
        Account.generate(count=6, seed=5, strava_stubs=1, distinct_streams=1), api_key=KEY
    ) as server:
        yield server


@dataclass(frozen=True)
class Homes:
    """A home that was only connected, one that was synced with original files, and the contents of
    the latter by natural keys.
    """

    connected: Path
    synced: Path
    expected: dict[str, Any]


@pytest.fixture(scope="package")
def homes(service, tmp_path_factory):
    """Return the homes, which are prepared once and copied by the tests."""
    folder = tmp_path_factory.mktemp("homes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FITGLUE_SECRETS", "file")
        with Host(folder / "connected", policy=Policy.personal()) as host:
            host.connect("intervals", {"api_key": KEY, "base_url": service.url})
        shutil.copytree(folder / "connected", folder / "synced")
        with Host(folder / "synced", policy=Policy.personal()) as host:
            finished(host, files=True)
            expected = natural(host)
    return Homes(folder / "connected", folder / "synced", expected)


@pytest.fixture
def connected(homes, tmp_path):
    """Return a home of this test's own that was only connected."""
    return Path(shutil.copytree(homes.connected, tmp_path / "home"))


@pytest.fixture
def synced(homes, tmp_path):
    """Return a home of this test's own that was synced."""
    return Path(shutil.copytree(homes.synced, tmp_path / "home"))


def store_of(home: Path, **options: Any) -> dict[str, Any]:
    """Return the contents of a home's store by natural keys."""
    with Host(home, **options, policy=Policy.personal()) as host:
        return natural(host)


def lost(actual: dict[str, Any], expected: dict[str, Any]) -> int:
    """Return how many things differ between two stores."""
    return sum(_differences(actual[name], expected[name]) for name in expected)


def _differences(actual: Any, expected: Any) -> int:
    if isinstance(expected, dict):
        return sum(actual.get(key) != expected.get(key) for key in actual.keys() | expected.keys())
    if isinstance(expected, list):
        return sum(item not in actual for item in expected) + sum(
            item not in expected for item in actual
        )
    return int(actual != expected)


def after_the_fault(home: Path, homes: Homes) -> int:
    """Run one more sync, which must finish, and return how many things differ from the store of an
    undisturbed run.
    """
    with Host(home, policy=Policy.personal()) as host:
        finished(host, files=True)
        return lost(natural(host), homes.expected)


@pytest.fixture
def fitglue(monkeypatch, tmp_path):
    """Return a function that runs the command on a home and returns the exit code, output and
    errors.
    """

    def call(*arguments: str, home: Path | None = None) -> Result:
        monkeypatch.setenv("FITGLUE_HOME", str(home or tmp_path / "home"))
        out, err = io.StringIO(), io.StringIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = run([str(argument) for argument in arguments])
        return Result(code, out.getvalue(), err.getvalue())

    return call


def complete(error: dict[str, Any]) -> bool:
    """Return whether an error has a code, what happened, where or why, and a fix."""
    return bool(
        error["code"]
        and error["what"]
        and (error.get("where") or error.get("why"))
        and error.get("fix")
    )


def execute(file: Path, *statements: str) -> None:
    """Execute statements on a database file without FitGlue."""
    connection = sqlite3.connect(file, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


@pytest.fixture
def disk(tmp_path):
    """Yield a small disk of 64 MB."""
    if shutil.which("mount") is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    disk = SmallDisk(tmp_path / "disk")
    problem = disk.mount(64_000)
    if problem:
        pytest.skip(f"a small disk cannot be mounted here: {problem}")
    yield disk
    disk.unmount()
