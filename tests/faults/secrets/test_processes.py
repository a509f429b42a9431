"""Tests of what other users of the machine can see of a running command, and of what its children
inherit.
"""

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
    """While a key that was piped in is proven, neither the arguments nor the environment of the
    command and its children contain it.
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
            os.sched_yield()  # nobody knows how long it takes to start
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
    leaks = [found for content in seen for found in SEARCH.in_bytes(content)]
    assert b"connect" in seen[0]
    assert leaks + SEARCH.in_home(home) == []
    reliability(
        "secrets",
        "the list of processes while a key is proven",
        lost=len(leaks),
        seen="the command without the key",
    )


def test_a_build_of_a_plugin_inherits_no_key(tmp_path, monkeypatch, capsys):
    """pip runs third-party code, so its process inherits neither the key nor the password of the
    database.
    """
    from fitglue_registry.cli.app import run

    given = []

    def remember(arguments, **options):
        given.append((arguments, options["env"]))
        return subprocess.CompletedProcess(arguments, 1, "", "no such plugin")

    monkeypatch.setattr(subprocess, "run", remember)
    for name in ("FITGLUE_INTERVALS_API_KEY", "PGPASSWORD"):
        monkeypatch.setenv(name, KEY)
    monkeypatch.setenv("FITGLUE_DATABASE", f"postgresql://me:{KEY}@127.0.0.1:1/db")
    assert run(["plugin", "install", "fitglue-nothing"]) == 8
    assert SEARCH.in_text(repr(given)) == []
    assert "PATH" in given[0][1]
