"""Tests of how many requests one budget, several budgets and several processes grant in a time."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from fitglue_registry.errors import StoreFailed
from fitglue_registry.policy import Policy
from fitglue_registry.registry import Budget as Limit
from fitglue_registry.transport.budget import FileBudget, NoBudget, budget_of
from fitglue_registry.transport.policy import HttpPolicy


@pytest.fixture
def budget(tmp_path, clock):
    """A function that opens the budget file with these limits, as another process would."""
    return lambda *limits: FileBudget(tmp_path, "ip example.org", limits, clock)


def granted(budget, clock, seconds):
    """Return the times of all requests that are granted within some seconds to a client that asks
    as often as possible.
    """
    moments, end = [], clock.monotonic() + seconds
    while clock.monotonic() < end:
        wait_s = budget.acquire()
        if wait_s:
            clock.sleep(wait_s)
        else:
            moments.append(clock.monotonic())
    return moments


def most_in(moments, seconds):
    """Return the largest number of moments in any window of this length."""
    return max(
        sum(1 for moment in moments if first <= moment < first + seconds) for first in moments
    )


@pytest.mark.parametrize(
    ("limit", "window", "most"),
    [
        (Limit(requests=8, per_s=1), 1, 8),
        (Limit(requests=8, per_s=1, burst=10), 1.25, 10),
        (Limit(requests=10, per_s=1, burst=3), 1, 10),
        (Limit(requests=10, per_s=1, burst=3), 0.3, 3),
        (Limit(requests=100, per_s=900), 900, 100),
        (Limit(requests=1000, per_s=1), 1, 1000),
    ],
)
def test_no_window_ever_holds_more_than_the_limit(budget, clock, limit, window, most):
    """No window of time contains more granted requests than the limit, wherever it begins."""
    moments = granted(budget(limit), clock, 3 * window)
    assert most_in(moments, window * 0.999) <= most


@pytest.mark.parametrize(
    "limit",
    [
        Limit(requests=8, per_s=1),
        Limit(requests=8, per_s=1, burst=10),
        Limit(requests=300, per_s=1),
        Limit(requests=250, per_s=900),
    ],
)
def test_the_limit_is_used(budget, clock, limit):
    """At least nine tenths of the requests that the limit allows are granted."""
    moments = granted(budget(limit), clock, 4 * limit.per_s)
    assert len(moments) >= 0.9 * 4 * limit.requests


def test_all_of_several_limits_hold(budget, clock):
    """Limits of ten requests per second and of fifty per minute hold at the same time."""
    moments = granted(budget(Limit(requests=10, per_s=1), Limit(requests=50, per_s=60)), clock, 120)
    assert (most_in(moments, 0.999) <= 10, most_in(moments, 59.9) <= 50, len(moments) >= 90) == (
        True,
        True,
        True,
    )


def test_two_budgets_on_one_file_count_together(budget, clock):
    """A request that one budget grants counts for another budget on the same file, even if the
    first no longer exists.
    """
    limit = Limit(requests=5, per_s=10)
    assert [budget(limit).acquire() for _ in range(5)] == [0.0] * 5
    assert 0 < budget(limit).acquire() <= 10.5


def test_two_processes_together_never_exceed_the_limit(tmp_path):
    """Two processes with a real clock are together granted no more requests than the
    limit allows.
    """
    script = Path(__file__).with_name("budget_process.py")
    command = [sys.executable, str(script), str(tmp_path), "20", "10", "0.1"]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    grants = []
    for process in processes:
        for line in process.communicate(timeout=20)[0].splitlines():
            asked_at, granted_at = map(float, line.split())
            grants.append((asked_at, granted_at))
    assert len(grants) == 40
    # On a busy machine, much time may pass between the two times of a grant. Only grants that are
    # completely inside a window are known to belong to it.
    for begin, _ in grants:
        assert sum(begin <= asked_at and end <= begin + 0.08 for asked_at, end in grants) <= 10


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"held": [0, 0], "granted": 5}',
        b'{"held": "x", "granted": {}}',
        b'{"held": [1e999, 1], "granted": {"2/1": [[0, 1e999]]}}',
        b"\xff\x00",
    ],
)
def test_a_damaged_file_is_replaced(budget, tmp_path, content):
    """A damaged file is replaced by a valid one, and counting starts at zero."""
    limit = Limit(requests=2, per_s=1)
    budget(limit).acquire()
    (file,) = tmp_path.glob("*.json")
    file.write_bytes(content)
    assert [budget(limit).acquire() for _ in range(2)] == [0.0, 0.0]
    assert json.loads(file.read_bytes())["granted"]["2/1"]


def test_a_clock_that_is_set_back_shortens_nothing_and_blocks_nobody(budget, clock):
    """After the clock is set back, earlier requests and holds count as if they were made now."""
    limit = Limit(requests=2, per_s=10)
    budget(limit).acquire()
    budget(limit).hold(5)
    clock.move(days=-1)
    assert 4.9 <= budget(limit).acquire() <= 5.1
    clock.sleep(5.1)
    assert (budget(limit).acquire(), 0 < budget(limit).acquire() <= 10.5) == (0.0, True)


def test_a_hold_is_for_all_processes(budget, clock):
    """A hold of one process also stops the others, and the longer of two holds counts."""
    limit = Limit(requests=100, per_s=1)
    first, second = budget(limit), budget(limit)
    first.acquire()
    second.hold(30)
    second.hold(10)
    assert first.acquire() > 0 or first.acquire() > 0
    clock.sleep(29)
    assert 0.9 < budget(limit).acquire() < 1.1


def test_a_lease_ends(budget, clock):
    """Requests of a lease that were not used in time cannot be used later, because others may have
    been granted since.
    """
    limit = Limit(requests=640, per_s=1)
    idle, busy = budget(limit), budget(limit)
    idle.acquire()
    clock.sleep(1.02)
    assert [busy.acquire() for _ in range(640)] == [0.0] * 640
    assert idle.acquire() > 0


def test_a_folder_that_cannot_be_written_is_named(tmp_path, clock):
    """A folder that cannot be written raises FG-budget-unusable, because no limit could be kept."""
    (tmp_path / "taken").write_text("a file where a folder should be")
    with pytest.raises(StoreFailed) as caught:
        FileBudget(tmp_path / "taken", "x", [Limit(requests=1, per_s=1)], clock).acquire()
    assert caught.value.code == "FG-budget-unusable"


def test_scopes_are_counted_separately(tmp_path, clock):
    """Two accounts share a limit of the address, and each has its own limit of the account."""
    limits = (Limit(requests=3, per_s=60, scope="ip"), Limit(requests=2, per_s=60, scope="account"))
    policy = HttpPolicy("https://example.org", limits=limits)
    first, second = (
        budget_of(policy, tmp_path, integration="example", account=name, clock=clock)
        for name in ("a", "b")
    )
    assert [first.acquire(), first.acquire()] == [0.0, 0.0]
    assert first.acquire() > 0
    assert len(list(tmp_path.glob("*.json"))) == 2
    clock.sleep(62)
    assert [first.acquire(), first.acquire(), second.acquire()] == [0.0, 0.0, 0.0]
    assert second.acquire() > 0


@pytest.mark.parametrize("counted", [False, True])
def test_what_a_server_on_this_machine_asks_for_ends_with_the_process(tmp_path, clock, counted):
    """A wait that a stand-in asked for is known to another session only if budgets hold there."""
    rules = dataclasses.replace(Policy.personal(), budget_on_loopback=counted)
    limits = (Limit(requests=100, per_s=1),)
    policy = HttpPolicy("http://127.0.0.1:1", limits=limits, rules=rules)
    first, second = [
        budget_of(policy, tmp_path, integration="x", account="y", clock=clock) for _ in range(2)
    ]
    first.hold(3600)
    assert first.acquire() == 3600
    assert (second.acquire() > 0) is counted


def test_loopback_has_only_the_limits_that_its_responses_state(tmp_path, clock):
    """A server on this machine has no budget until one of its responses asks for a wait."""
    policy = HttpPolicy("http://127.0.0.1:1", limits=(Limit(requests=1, per_s=60),))
    budget = budget_of(policy, tmp_path, integration="x", account="y", clock=clock)
    assert isinstance(budget, NoBudget)
    assert [budget.acquire() for _ in range(100)] == [0.0] * 100
    budget.hold(5)
    assert budget.acquire() == 5
    clock.sleep(5)
    assert budget.acquire() == 0.0
