"""A state machine of a source, a pipeline and two destinations that fail in every way.

One destination can look up what it has, the other one cannot. What must hold is checked after each
step, and at the end, when all faults are over.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fitglue_registry.errors import AthleteNeeded, Retryable, UserMistake
from fitglue_registry.model.stored import DeliveryState
from fitglue_registry.pipeline.sending import Sender
from fitglue_registry.plugin_api import Accepted, Rejected, Uncertain
from fitglue_registry.store.deliveries import list_deliveries
from fitglue_registry.sync.options import Options
from tests.services.pipelines.boxes import Box, Shelf, piped_host

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Delivery

NAMES = ("a", "b", "c", "d")
FAULTS = (
    "none",
    "unavailable",
    "key rejected",
    "rejected",
    "cut before",
    "cut after",
    "uncertain before",
    "uncertain after",
    "crash before",
    "crash after",
    "accepted",
)
#: The methods in which a run is killed: before the answer is read, and before it is stored.
KILLS = ("_answered", "_arrived", "_store")


class Counting(Box):
    """A destination that counts what it has carried out, and fails as it is told."""

    fault = "none"

    def __init__(self, name: str, *, finds: bool) -> None:
        super().__init__(name, finds=finds)
        self.creates: Counter[str] = Counter()
        self.on_deliver = Counting.fail

    def put(self, delivery: Delivery) -> None:
        """Carry out a delivery."""
        if delivery.action == "create":
            self.creates[delivery.external_id] += 1
        if delivery.action == "delete":
            del self.creates[delivery.external_id]
        super().put(delivery)

    def fail(self, delivery: Delivery) -> Any:
        """Fail, or return an answer; ``None`` carries out the delivery."""
        if self.fault.endswith("after") or self.fault == "accepted":
            self.put(delivery)
        match self.fault.partition(" ")[0]:
            case "unavailable":
                raise Retryable("FG-source-down", "it is down")
            case "key":
                raise AthleteNeeded("FG-key-rejected", "the key is rejected")
            case "cut":
                raise Retryable("FG-outcome-unknown", "the answer was lost")
            case "crash":
                raise KeyError("id")
            case "rejected":
                return Rejected("FG-too-short", "it is too short")
            case "uncertain":
                return Uncertain("nobody knows")
            case "accepted":
                return Accepted()
        return None


class PipelineMachine(RuleBasedStateMachine):
    """Sources that change, pipelines that are paused, destinations that fail, and kills."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.stack = ExitStack()
        self.shelf = Shelf()
        self.finder = Counting("finder", finds=True)
        self.blind = Counting("blind", finds=False)
        self.boxes = (self.finder, self.blind)
        self.paused = False
        self.kills = 0
        self.host = self.stack.enter_context(
            piped_host(self.folder, [self.shelf], list(self.boxes))
        )

    @initialize(delete_there=st.booleans())
    def apply(self, delete_there: bool) -> None:
        """Make the pipeline."""
        steps = [{"to": box.name, "name": box.name} for box in self.boxes]
        document = {
            "schema": 1,
            "name": "all",
            "delete_there": delete_there,
            "destinations": steps,
        }
        self.host.pipelines.apply(document)

    # -- the source, and the athlete -----------------------------------------------------------

    @rule(name=st.sampled_from(NAMES), title=st.sampled_from(["x", "y"]))
    def change(self, name: str, title: str) -> None:
        """Add a workout, bring it back, or edit it."""
        hour = NAMES.index(name) * 2 + 1
        self.shelf.add(name, title=name + title, start=f"2026-11-21T{hour:02}:00:00")

    @rule(name=st.sampled_from(NAMES))
    def remove(self, name: str) -> None:
        """Remove a workout."""
        self.shelf.rows.pop(name, None)

    @rule(first=st.integers(1, 4), second=st.integers(1, 4))
    def merge(self, first: int, second: int) -> None:
        """Say that two workouts are one."""
        with suppress(UserMistake):
            self.host.decisions.same([str(first), str(second)])

    @rule(number=st.integers(1, 4))
    def split(self, number: int) -> None:
        """Say that the records of a workout are several workouts."""
        with suppress(UserMistake):
            self.host.decisions.split(str(number))

    @rule(number=st.integers(1, 4), again=st.booleans())
    def replay(self, number: int, again: bool) -> None:
        """Ask for a workout once more."""
        with suppress(UserMistake):
            self.host.pipelines.replay("all", str(number), again=again)

    @rule(paused=st.sampled_from([False, False, True]))
    def pause(self, paused: bool) -> None:
        """Pause the pipeline, or resume it."""
        self.paused = paused
        (self.host.pipelines.pause if paused else self.host.pipelines.resume)("all")

    # -- faults and runs -----------------------------------------------------------------------

    @rule(which=st.booleans(), fault=st.sampled_from([*FAULTS, *["none"] * 10]))
    def break_(self, which: bool, fault: str) -> None:
        """Let a destination fail from now on, or work again."""
        self.boxes[which].fault = fault

    @rule(hours=st.sampled_from([0, 0.02, 2, 30]))
    def wait(self, hours: float) -> None:
        """Let time pass."""
        self.host.workspace.clock.sleep(hours * 3600)

    @rule()
    def sync(self) -> None:
        """List everything that the source has."""
        list(self.host.sync(options=Options(full=True)))

    @rule()
    def run(self) -> None:
        """Run the pipeline, which sends nothing while it is paused."""
        before = [len(box.calls) for box in self.boxes]
        list(self.host.pipelines.run())
        if self.paused:
            assert [len(box.calls) for box in self.boxes] == before

    @rule(method=st.sampled_from(KILLS), name=st.sampled_from(NAMES))
    def killed_run(self, method: str, name: str) -> None:
        """Run the pipeline with something to do, and kill it when it first comes to a step."""
        self.change(name, str(self.kills))
        self.kills += 1
        self.sync()

        def killed(*_: Any, **__: Any) -> None:
            raise KeyboardInterrupt

        with patch.object(Sender, method, killed), suppress(KeyboardInterrupt):
            list(self.host.pipelines.run())

    # -- what must hold ------------------------------------------------------------------------

    @invariant()
    def nothing_is_there_twice(self) -> None:
        """No delivery was created twice at a destination."""
        for box in self.boxes:
            assert all(count == 1 for count in box.creates.values()), (box.name, box.creates)

    def teardown(self) -> None:
        """End all faults, run to the end, and check what is where."""
        try:
            self.heal()
            self.check()
        finally:
            self.stack.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def heal(self) -> None:
        """End all faults, ask for what was rejected once more, and run for some days."""
        if not self.host.pipelines.list():
            return
        for box in self.boxes:
            box.fault = "none"
        self.pause(False)
        for _ in range(2):
            for _ in range(6):
                self.sync()
                self.run()
                self.wait(30)
            for number in self.numbers():
                self.host.pipelines.replay("all", str(number), again=True)
        self.run()

    def numbers(self) -> list[int]:
        """Return the numbers of the workouts that exist."""
        return [row["number"] for row in self.host.activities.list()]

    def check(self) -> None:
        """Each workout is where it must be, and nothing is left to do."""
        with self.host.workspace.database.read() as db:
            rows = list_deliveries(db, "me")
        for number in self.numbers():
            activity = self.host.activities.get(str(number))
            for box in self.boxes:
                firsts = [
                    row
                    for row in rows
                    if row.activity_id == activity.id
                    and row.destination == box.name
                    and row.follows_id is None
                ]
                assert len(firsts) == 1, (number, box.name, firsts)
                self.check_delivery(box, firsts[0], activity.activity.title)

    def check_delivery(self, box: Counting, row: Any, title: str) -> None:
        """A delivery has arrived with the newest title, or waits for a person."""
        if row.is_parked:
            assert box is self.blind, row
            return
        assert row.state == DeliveryState.SENT, (box.name, row)
        assert box.kept[row.external_id][-1] == title, (box.name, row, box.kept)
