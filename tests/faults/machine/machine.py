"""A Hypothesis state machine: an account that changes, a store that follows it, and faults in
between; after each sync the store must agree with a model.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import initialize

from tests.faults.machine.account_rules import AccountRules, days_ago
from tests.faults.machine.fault_rules import FaultRules
from tests.faults.machine.sync_rules import SyncRules


class Machine(AccountRules, SyncRules, FaultRules):
    """All rules that hold for every kind of access."""

    @initialize(agos=st.lists(days_ago, min_size=3, max_size=8))
    def begin(self, agos: list[int]) -> None:
        """Create some workouts, most of them with a file, and a connection."""
        for ago in agos:
            self.record(ago, with_file=ago % 3 != 0)
        self.connect()
