"""Whatever is done in whatever order, with the plug pulled in between: model and store agree."""

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
from fitglue_registry import Host, Options
from tests.faults.machine.machine import Machine

CHILD, ROOT = Path(__file__).with_name("killed.py"), Path(__file__).parents[3]
#: So few rows a window that the walk through a small account has many windows.
ROWS = 3
SEEN = {
    "the plug is pulled at the n-th commit": "nothing; the next sync goes on",
    "SIGKILL at the n-th commit": "nothing; the next sync goes on",
    "stopped by hand, and a second process meanwhile": "the second: FG-sync-running",
    "the key is revoked": "FG-key-rejected until it is renewed",
    "the clock is set back": "nothing",
    "a row becomes odd": "the record in quarantine, with what was understood before",
}


@pytest.fixture(scope="module")
def empty_home(tmp_path_factory):
    home = tmp_path_factory.mktemp("empty")
    with Host(home) as host, host.workspace.database.read():
        pass
    return home


@pytest.fixture
def run_machine(empty_home, monkeypatch, reliability):
    """Runs a machine, and notes what it played."""
    monkeypatch.setattr(
        fitglue_intervals.listing, "split", partial(fitglue_intervals.listing.split, rows=ROWS)
    )

    def run(kind, database=lambda: None, **numbers):
        made = type(
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
            made,
            settings=settings(
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate, Phase.shrink],
                **numbers,
            ),
        )
        for fault, times in sorted(made.played.items()):
            reliability(
                "machine",
                fault,
                times=times,
                lost=len(made.lost),
                seen=SEEN.get(fault, "what the account holds"),
            )
        return made.played

    return run


class KilledMachine(Machine):
    """Syncs in child processes, too, which are killed without a chance to tidy up."""

    def new_secrets(self):
        return None  # kept in files, for the child to find

    @precondition(lambda self: self.key_is_good)
    @rule(point=st.integers(1, 14), full=st.booleans(), files=st.booleans())
    def is_killed(self, point, full, files):
        """At its n-th commit the process is gone from one instruction to the next."""
        options = Options(full=full, files=files)
        listing, moment = self.listing(options), self.clock.moment
        self.began(listing)
        self.host.close()
        asked = {
            "home": str(self.home),
            "database": self.url,
            "moment": moment.isoformat(),
            "point": point,
            "rows": ROWS,
            "options": {"full": full, "files": files},
        }
        child = subprocess.run(
            [sys.executable, "-W", "error", str(CHILD), json.dumps(asked)],
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=120,
            check=False,
        )
        self.host = self.open()
        assert child.returncode in (0, -signal.SIGKILL), child.stderr
        if child.returncode == 0:
            self.ended(listing, options, moment)
            self.agree()
        else:
            self.note("SIGKILL at the n-th commit")
            self.was_cut(listing, options)


def test_model_and_store_agree_whatever_is_done(run_machine):
    """Connect, sync, edit, delete, re-add, move, drift, clocks, keys, faults, in any order: the
    store holds what the account says.
    """
    assert run_machine(Machine, max_examples=8, stateful_step_count=20)["sync"]


@pytest.mark.long
def test_model_and_store_agree_whatever_is_done_many_times(run_machine):
    """The same, many times and longer."""
    assert run_machine(Machine, max_examples=80, stateful_step_count=50)[
        "the plug is pulled at the n-th commit"
    ]


@pytest.mark.long
def test_model_and_store_agree_whatever_process_is_killed(run_machine, monkeypatch):
    """The same, with processes that are killed."""
    monkeypatch.setenv("FITGLUE_SECRETS", "file")
    assert run_machine(KilledMachine, max_examples=40, stateful_step_count=40)[
        "SIGKILL at the n-th commit"
    ]


@pytest.mark.long
def test_model_and_store_agree_on_postgresql(
    run_machine, new_postgres_database, empty_home, tmp_path_factory
):
    """The same, on PostgreSQL."""
    template = new_postgres_database()
    with (
        Host(tmp_path_factory.mktemp("template"), template) as host,
        host.workspace.database.read(),
    ):
        pass
    assert run_machine(
        Machine,
        lambda: new_postgres_database(like=template),
        max_examples=20,
        stateful_step_count=40,
    )["sync"]
