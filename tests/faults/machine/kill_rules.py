"""The rule of the machine for child processes that are killed with SIGKILL."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from fitglue_registry import Options
from tests.faults.machine.machine import Machine
from tests.faults.machine.state import ROWS, State, files
from tests.faults.machine.token_rules import TokenMachine

CHILD, ROOT = Path(__file__).with_name("killed.py"), Path(__file__).parents[3]


class KillRules(State):
    """What kills a process. The secrets are in files, where the child finds them."""

    def new_secrets(self) -> None:
        """Return ``None``, so that secrets are in files."""
        return

    @precondition(lambda self: self.can_sync)
    @rule(point=st.integers(1, 14), full=st.booleans(), files=files)
    def kill_at_commit(self, point: int, full: bool, files: bool | None) -> None:
        """Kill a sync with SIGKILL at its n-th commit."""
        options = Options(full=full, files=files)
        listing, moment = self.listing(options), self.clock.moment
        self.began(listing)
        self.access.before_kill()
        self.host.close()
        arguments = {
            "home": str(self.home),
            "database": self.url,
            "moment": moment.isoformat(),
            "point": point,
            "rows": ROWS,
            "registry": self.access.registry,
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
        self.access.after_kill(self.host)
        self.said += [child.stdout, child.stderr]
        assert child.returncode in (0, -signal.SIGKILL), child.stderr
        status = self.host.connections.status(self.host.connections.list()[0])
        if child.returncode == 0 and not status.held:
            self.ended(listing, options, moment)
            self.assert_agreement()
        else:
            if child.returncode:
                self.count("SIGKILL at the n-th commit")
            self.was_interrupted(listing, options)


class KilledMachine(KillRules, Machine):
    """A machine that also syncs in child processes, which are killed."""


class KilledTokenMachine(KillRules, TokenMachine):
    """A machine with tokens that also syncs in child processes, which are killed."""
