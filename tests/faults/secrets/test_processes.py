"""Tests of what other users of the machine and child processes can see of a running command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fitglue_registry.testing import Fault
from tests.faults.secrets.conftest import KEY
from tests.faults.secrets.searching import Search

SEARCH = Search({"key": KEY})


@pytest.mark.long
@pytest.mark.skipif(
    not Path("/proc/self/cmdline").exists(), reason="only Linux shows processes below /proc"
)
def test_no_argument_and_no_child_of_a_running_command_holds_the_key(service, home, reliability):
    """While a key is checked, it is in neither the arguments nor the environment of the command and
    its children.
    """
    service.fault("*/profile", Fault.hold(), times=1)
    command = [
        sys.executable,
        "-m",
        "fitglue_registry",
        "connect",
        "intervals",
        "--key-stdin",
        "--base-url",
        service.url,
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        process.stdin.write(KEY.encode())
        process.stdin.close()
        while not service.requests and process.poll() is None:
            os.sched_yield()  # wait until the command has started and sent a request
        tasks = Path(f"/proc/{process.pid}/task")
        children = [
            child for task in tasks.iterdir() for child in (task / "children").read_text().split()
        ]
        seen = [
            Path(f"/proc/{pid}/{name}").read_bytes()
            for pid in (str(process.pid), *children)
            for name in ("cmdline", "environ")
        ]
        process.kill()
    leaks = [name for content in seen for name in SEARCH.in_bytes(content)]
    assert b"connect" in seen[0]
    assert leaks + SEARCH.in_home(home) == []
    reliability(
        "secrets",
        "the list of processes while a key is checked",
        lost=len(leaks),
        seen="the command without the key",
    )


def test_a_build_of_a_plugin_inherits_no_key(tmp_path, monkeypatch, capsys):
    """The process that installs a plugin inherits neither the key nor the password of the database,
    because pip runs other people's code.
    """
    from fitglue_registry.cli.app import run

    calls = []

    def remember(arguments, **options):
        calls.append((arguments, options["env"]))
        return subprocess.CompletedProcess(arguments, 1, "", "no such plugin")

    monkeypatch.setattr(subprocess, "run", remember)
    for name in ("FITGLUE_INTERVALS_API_KEY", "PGPASSWORD"):
        monkeypatch.setenv(name, KEY)
    monkeypatch.setenv("FITGLUE_DATABASE", f"postgresql://me:{KEY}@127.0.0.1:1/db")
    assert run(["plugin", "install", "fitglue-nothing"]) == 8
    assert SEARCH.in_text(repr(calls)) == []
    assert "PATH" in calls[0][1]
