"""The same faults through the command: what a person reads, and the exit code that a script
gets.
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import suppress

import pytest

from fitglue_registry import Host
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
REST = [
    ("window", "a web page under 200", 5, "FG-answer-not-json", "sign in to this network"),
    ("sizing", "403", 3, "FG-not-permitted", "check that the key belongs to this account"),
    ("sizing", "404", 5, "FG-unexpected-status", "check the base URL"),
    ("window", "429", 4, "FG-rate-limited", "run the command again later"),
    ("window", "429, retry after an hour", 4, "FG-rate-limited", "run the command again in 60 min"),
    ("bulk", "503, retry after an hour", 4, "FG-source-down", "run the command again in 60 min"),
    ("streams", "500", 4, "FG-source-down", "run the command again later"),
    ("streams", "502 with HTML", 4, "FG-source-down", "nothing that was fetched is lost"),
    ("detail", "redirect to another host", 5, "FG-redirect-refused", "check the base URL"),
    ("window", "redirect without end", 5, "FG-redirect-refused", "check the base URL"),
    ("sizing", "truncated", 5, "FG-answer-not-json", "try again later"),
    ("window", "JSON of another shape", 5, "FG-unexpected-answer", "upgrade fitglue-intervals"),
    (
        "streams",
        "200 with an error inside",
        5,
        "FG-unexpected-answer",
        "run the command again later",
    ),
    ("streams", "broken gzip", 4, "FG-answer-broken", "run the command again later"),
    ("window", "reset before the headers", 4, "FG-answer-broken", "run the command again later"),
    ("window", "reset after the headers", 4, "FG-answer-broken", "run the command again later"),
    ("window", "nested 100,000 deep", 5, "", "fitglue quarantine"),
    ("window", "a body of 500 MB, unannounced", 5, "FG-answer-too-large", "max_body_mb"),
    ("window", "a gzip of 500 MB", 5, "FG-answer-too-large", "max_body_mb"),
    ("streams", "never answering", 4, "FG-timeout", "run the command again later"),
    ("window", "one byte at a time", 4, "FG-timeout", "run the command again later"),
]


@pytest.fixture
def connected(server, fitglue):
    """The account is connected under a key that can be recognised."""
    kept = server.api_key
    server.set_key(KEY)
    fitglue("connect", "intervals", "--key-stdin", "--base-url", server.url, typed=KEY)
    yield server
    server.set_key(kept)


@pytest.mark.parametrize(
    ("endpoint", "fault", "exit_code", "code", "fix"),
    [*EVERYDAY, *(pytest.param(*row, marks=pytest.mark.long) for row in REST)],
)
def test_the_command_says_what_where_why_and_what_to_do(
    connected, fitglue, impatience, reliability, world, endpoint, fault, exit_code, code, fix
):
    """One error, its four lines, the exit code of the documented table, never a traceback or the
    key; afterwards all is well.
    """
    if endpoint == "detail":
        connected.fault(ENDPOINTS["bulk"], Fault.raw_body(b"[]"), times=None)
    connected.fault(ENDPOINTS[endpoint], FAULTS[fault], times=None)
    impatience[:] = [0.25] if "FG-timeout" in code else []
    said = fitglue("sync")
    assert (said.code, code in said.err) == (exit_code, True)
    assert fix in said.err + said.out
    if code:
        assert [line.split(":")[0].strip() for line in said.err.splitlines()[-4:]] == [
            "error",
            "where",
            "why",
            "fix",
        ]
    assert "Traceback" not in said.err
    assert KEY not in said.err + said.out
    connected.clear_faults()
    impatience.clear()
    again = ["--full"] * (healed_by(endpoint, fault) == "walk")
    assert fitglue("sync", "--files", *again).code == 0
    with Host() as host:
        differs = lost(world.undisturbed, natural(host))
    assert differs == []
    reliability(
        "upstream",
        f"as a command: {fault}",
        lost=len(differs),
        seen=f"{code or 'a row in quarantine'}, exit {exit_code}",
    )


@pytest.mark.long
def test_a_server_that_never_answers_is_remarked_on_in_the_terminal(connected):
    """After ten seconds the command says that there is no answer yet, and how long it will wait at
    most.
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
    said = b""
    with suppress(OSError):
        while b"has not answered for 10 s" not in said and (block := os.read(main, 4096)):
            said += block
    process.kill()
    process.wait()
    os.close(main)
    assert b"waiting 50 s: 127.0.0.1 has not answered for 10 s" in said
