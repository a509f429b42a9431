"""Tests that the store agrees with a model after any sequence of actions, aborted and killed syncs
included.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

import fitglue_intervals.listing
from fitglue_registry import Host, Options, Policy
from tests.faults.machine.machine import Machine

CHILD, ROOT = Path(__file__).with_name("killed.py"), Path(__file__).parents[3]
#: So few rows per window that a full walk through a small account has many windows.
ROWS = 3
SEEN = {
    "the process aborts at the n-th commit": "nothing: the next sync continues",
    "SIGKILL at the n-th commit": "nothing: the next sync continues",
    "stopped by the user, while a second process tries to sync": (
        "the second process: FG-sync-running"
    ),
    "the key is revoked": "FG-key-rejected until it is renewed",
    "the clock is set back": "nothing",
    "a row becomes malformed": "the record in quarantine, with its last valid state",
}


@pytest.fixture(scope="module")
def empty_home(tmp_path_factory):
    """Return a home with an empty database."""
    home = tmp_path_factory.mktemp("empty")
    with Host(home, policy=Policy.personal()) as host, host.workspace.database.read():
        pass
    return home


@pytest.fixture
def run_machine(empty_home, monkeypatch, reliability):
    """Return a function that runs a machine, records what it played, and returns the counts."""
    monkeypatch.setattr(
        fitglue_intervals.listing, "split", partial(fitglue_intervals.listing.split, rows=ROWS)
    )

    def run(kind, database=lambda: None, **numbers):
        machine = type(
            kind.__name__,
            (kind,),
            {
                "empty": empty_home,
                "database": staticmethod(database),
                "played": Counter(),
                "lost": [],
            },
        )
        run_state_machine_as_test(
            machine,
            settings=settings(
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate, Phase.shrink],
                **numbers,
            ),
        )
        for fault, times in sorted(machine.played.items()):
            reliability(
                "machine",
                fault,
                times=times,
                lost=len(machine.lost),
                seen=SEEN.get(fault, "the store matches the account"),
            )
        return machine.played

    return run


class KilledMachine(Machine):
    """A machine that also syncs in child processes, which are killed with SIGKILL."""

    def new_secrets(self):
        """Return ``None``, so that keys are in files, where the child finds them."""
        return  # kept in files, for the child to find

    @precondition(lambda self: self.key_is_good)
    @rule(point=st.integers(1, 14), full=st.booleans(), files=st.booleans())
    def kill_at_commit(self, point, full, files):
        """Kill a sync with SIGKILL at its n-th commit."""
        options = Options(full=full, files=files)
        listing, moment = self.listing(options), self.clock.moment
        self.began(listing)
        self.host.close()
        arguments = {
            "home": str(self.home),
            "database": self.url,
            "moment": moment.isoformat(),
            "point": point,
            "rows": ROWS,
            "options": {"full": full, "files": files},
        }
        child = subprocess.run(
            [sys.executable, "-W", "error", str(CHILD), json.dumps(arguments)],
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=120,
            check=False,
        )
        self.host = self.open()
        assert child.returncode in (0, -signal.SIGKILL), child.stderr
        status = self.host.connections.status(self.host.connections.list()[0])
        if child.returncode == 0 and not status.held:
            self.ended(listing, options, moment)
            self.assert_agreement()
        else:
            if child.returncode:
                self.count("SIGKILL at the n-th commit")
            self.was_interrupted(listing, options)


def test_model_and_store_agree_whatever_is_done(run_machine):
    """After any sequence of connects, syncs, edits, deletions, clock changes, key changes and
    aborted syncs, the store matches the account.
    """
    assert run_machine(Machine, max_examples=8, stateful_step_count=20)["sync"]


@pytest.mark.long
def test_model_and_store_agree_whatever_is_done_many_times(run_machine):
    """After many long sequences of actions, the store matches the account."""
    assert run_machine(Machine, max_examples=80, stateful_step_count=50)[
        "the process aborts at the n-th commit"
    ]


@pytest.mark.long
def test_model_and_store_agree_whatever_process_is_killed(run_machine, monkeypatch):
    """After sequences of actions that include killed processes, the store matches the
    account.
    """
    monkeypatch.setenv("FITGLUE_SECRETS", "file")
    assert run_machine(KilledMachine, max_examples=40, stateful_step_count=40)[
        "SIGKILL at the n-th commit"
    ]


@pytest.mark.long
def test_model_and_store_agree_on_postgresql(
    run_machine, new_postgres_database, empty_home, tmp_path_factory
):
    """After sequences of actions on PostgreSQL, the store matches the account."""
    template = new_postgres_database()
    with (
        Host(tmp_path_factory.mktemp("template"), template, policy=Policy.personal()) as host,
        host.workspace.database.read(),
    ):
        pass
    assert run_machine(
        Machine,
        lambda: new_postgres_database(like=template),
        max_examples=20,
        stateful_step_count=40,
    )["sync"]
