"""Tests of the same faults through the command: the message that a person reads, and the exit code
that a script gets.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from contextlib import suppress

import pytest

from fitglue_registry import Host, Policy
from fitglue_registry.testing import Fault
from tests.cli import conftest as cli
from tests.faults.upstream.compare import lost
from tests.faults.upstream.matrix import ENDPOINTS, FAULTS, healed_by
from tests.sync.natural import natural

_environment, fitglue = cli._environment, cli.fitglue
KEY = "planted-key-of-this-account"

EVERYDAY = [
    ("sizing", "401", 3, "FG-key-rejected", "copy the key again"),
]
LONG = [
    ("window", "a web page with status 200", 5, "FG-answer-not-json", "sign in to this network"),
    ("sizing", "403", 3, "FG-not-permitted", "check that the key belongs to this account"),
    ("sizing", "404", 5, "FG-unexpected-status", "check the base URL"),
    ("window", "429", 4, "FG-rate-limited", "run the command again later"),
    ("window", "429, retry after an hour", 4, "FG-rate-limited", "run the command again in 60 min"),
    ("bulk", "503, retry after an hour", 4, "FG-source-down", "run the command again in 60 min"),
    ("streams", "500", 4, "FG-source-down", "run the command again later"),
    ("streams", "502 with HTML", 4, "FG-source-down", "nothing that was fetched is lost"),
    ("detail", "redirect to another host", 5, "FG-redirect-refused", "check the base URL"),
    ("window", "endless redirect", 5, "FG-redirect-refused", "check the base URL"),
    ("sizing", "truncated", 5, "FG-answer-not-json", "try again later"),
    (
        "window",
        "JSON of an unexpected shape",
        5,
        "FG-unexpected-answer",
        "upgrade fitglue-intervals",
    ),
    (
        "streams",
        "status 200 with an error in the body",
        5,
        "FG-unexpected-answer",
        "run the command again later",
    ),
    ("streams", "broken gzip", 4, "FG-answer-broken", "run the command again later"),
    ("window", "reset before the headers", 4, "FG-answer-broken", "run the command again later"),
    ("window", "reset after the headers", 4, "FG-answer-broken", "run the command again later"),
    ("window", "nested 100,000 deep", 5, "", "fitglue quarantine"),
    ("window", "a body of 500 MB without a stated length", 5, "FG-answer-too-large", "max_body_mb"),
    ("window", "a gzip of 500 MB", 5, "FG-answer-too-large", "max_body_mb"),
    ("streams", "no response", 4, "FG-timeout", "run the command again later"),
    ("window", "one byte at a time", 4, "FG-timeout", "run the command again later"),
]


@pytest.fixture
def connected(server, fitglue):
    """Yield the server, to which the account is connected with a key that the test can
    recognize.
    """
    original_key = server.api_key
    server.set_key(KEY)
    fitglue("connect", "intervals", "--key-stdin", "--base-url", server.url, typed=KEY)
    yield server
    server.set_key(original_key)


@pytest.mark.parametrize(
    ("endpoint", "fault", "exit_code", "code", "fix"),
    [*EVERYDAY, *(pytest.param(*row, marks=pytest.mark.long) for row in LONG)],
)
def test_the_command_reports_what_where_why_and_the_fix(
    connected, fitglue, impatience, reliability, world, endpoint, fault, exit_code, code, fix
):
    """A fault is reported as one error in four lines with the exit code that the README lists,
    without a traceback or the key, and the next sync makes up for it.
    """
    if endpoint == "detail":
        connected.fault(ENDPOINTS["bulk"], Fault.raw_body(b"[]"), times=None)
    connected.fault(ENDPOINTS[endpoint], FAULTS[fault], times=None)
    impatience[:] = [0.25] if "FG-timeout" in code else []
    result = fitglue("sync")
    assert (result.code, code in result.err) == (exit_code, True)
    assert fix in result.err + result.out
    if code:
        assert [line.split(":")[0].strip() for line in result.err.splitlines()[-4:]] == [
            "error",
            "where",
            "why",
            "fix",
        ]
    assert "Traceback" not in result.err
    assert KEY not in result.err + result.out
    connected.clear_faults()
    impatience.clear()
    again = ["--full"] * (healed_by(endpoint, fault) == "walk")
    assert fitglue("sync", "--files", *again).code == 0
    with Host(policy=Policy.personal()) as host:
        differs = lost(world.undisturbed, natural(host))
    assert differs == []
    reliability(
        "upstream",
        f"as a command: {fault}",
        lost=len(differs),
        seen=f"{code or 'a row in quarantine'}, exit {exit_code}",
    )


@pytest.mark.long
def test_a_server_that_never_answers_is_reported_in_the_terminal(connected):
    """After ten seconds without a response the terminal shows so, and how long the command will
    wait at most.
    """
    connected.fault(ENDPOINTS["sizing"], Fault.hold(), times=None)
    main, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "fitglue_registry", "sync"],
        stdin=side,
        stdout=side,
        stderr=side,
        env={**os.environ, "COLUMNS": "120", "TERM": "xterm"},
    )
    os.close(side)
    output = b""
    with suppress(OSError):
        while b"has not answered for 10 s" not in output and (block := os.read(main, 4096)):
            output += block
    process.kill()
    process.wait()
    os.close(main)
    waits = re.search(rb"waiting (49|50) s, until .*: 127.0.0.1 has not answered for 10 s", output)
    assert waits
