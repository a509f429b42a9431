"""Tests that the store agrees with a model after any sequence of actions, aborted and killed syncs
included.
"""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

import fitglue_intervals.listing
from fitglue_registry import Host, Policy
from tests.faults.machine.access import ExchangedKey, Permission, PlainKey
from tests.faults.machine.kill_rules import KilledMachine, KilledTokenMachine
from tests.faults.machine.machine import Machine
from tests.faults.machine.state import ROWS
from tests.faults.machine.token_rules import TokenMachine

TOKENS = [
    pytest.param(ExchangedKey, id="exchange"),
    pytest.param(Permission, id="oauth2"),
]
SEEN = {
    "the process aborts at the n-th commit": "nothing: the next sync continues",
    "SIGKILL at the n-th commit": "nothing: the next sync continues",
    "stopped by the user, while a second process tries to sync": (
        "the second process: FG-sync-running"
    ),
    "the key is revoked": "FG-key-rejected until it is renewed",
    "the clock is set back": "nothing",
    "requests for tokens fail: 500": "FG-source-down; the next sync continues",
    "requests for tokens fail: 503": "FG-source-down; the next sync continues",
    "requests for tokens fail: lost": (
        "FG-source-down; then nothing, or that the service has replaced the permission meanwhile"
    ),
    "the access is revoked during a sync": "FG-key-rejected or FG-permission-ended",
    "deletions are held until they are confirmed": "exit 5, until `--confirm-deletions`",
    "tokens end early": "nothing: they are renewed",
    "tokens end during a sync": "nothing: they are renewed, and the sync continues",
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

    def run(kind, database=lambda: None, access=PlainKey, **numbers):
        machine = type(
            kind.__name__,
            (kind,),
            {
                "empty": empty_home,
                "access_by": access,
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


def test_model_and_store_agree_whatever_is_done(run_machine):
    """After any sequence of connects, syncs, edits, deletions, clock changes, key changes and
    aborted syncs, the store matches the account.
    """
    assert run_machine(Machine, max_examples=8, stateful_step_count=20)["sync"]


@pytest.mark.parametrize("access", TOKENS)
def test_model_and_store_agree_with_tokens(run_machine, monkeypatch, access):
    """The same is true of a key that is exchanged for tokens, and of a permission (OAuth 2), while
    tokens end, are replaced and revoked, and what issues them fails.
    """
    monkeypatch.setenv("FITGLUE_SECRETS", "file")
    played = run_machine(TokenMachine, access=access, max_examples=2, stateful_step_count=15)
    assert played["connect, or connect again with a renewed key"]


@pytest.mark.long
@pytest.mark.parametrize("access", TOKENS)
def test_model_and_store_agree_with_tokens_many_times(run_machine, monkeypatch, access):
    """After many long sequences of actions, no workout, key or permission is lost."""
    monkeypatch.setenv("FITGLUE_SECRETS", "file")
    played = run_machine(TokenMachine, access=access, max_examples=80, stateful_step_count=50)
    assert played["a backup with secrets is restored"]
    assert played["tokens end during a sync"]


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
@pytest.mark.parametrize("access", TOKENS)
def test_model_and_store_agree_with_tokens_whatever_process_is_killed(
    run_machine, monkeypatch, access
):
    """The same is true with tokens: a killed process loses neither a key nor a permission."""
    monkeypatch.setenv("FITGLUE_SECRETS", "file")
    numbers = {"max_examples": 20, "stateful_step_count": 40}
    assert run_machine(KilledTokenMachine, access=access, **numbers)["SIGKILL at the n-th commit"]


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
