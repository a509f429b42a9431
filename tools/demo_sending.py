"""The end of the demo: a pipeline sends new workouts on, is killed, and survives a loop."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from fitglue_destinations.testing import Receiver
from fitglue_formats import activities
from fitglue_formats.writing import write_fit
from fitglue_intervals.testing import Account, StandIn
from tools.demo_checks import Broken, expect

if TYPE_CHECKING:
    from pathlib import Path

    from tools.demo import Demo

#: The id of the athlete at the second account.
SECOND = "i900001"
PIPELINE = """\
schema: 1
name: everything
sources: [intervals, garmin, files]
wait: 0s
destinations:
  - {{to: intervals, name: second, connection: intervals-2}}
  - {{to: folder, name: disk, settings: {{path: "{folder}", format: fit}}}}
  - {{to: webhook, name: hook}}
privacy: {{leave_out: [description]}}
"""
#: How long the demo waits for the upload that it interrupts, in seconds.
_PATIENCE_S = 60.0


@dataclass
class Places:
    """Where the pipeline sends workouts."""

    second: StandIn
    folder: Path
    receiver: Receiver

    def counts(self) -> tuple[int, int, int]:
        """Return how many workouts are at the account, in the folder and at the webhook."""
        files = [file for file in self.folder.iterdir() if not file.name.startswith(".")]
        return len(self.second.account.ids()), len(files), len(self.receiver.activities)


def send_on(demo: Demo, key: str) -> None:
    """Play all steps of the end."""
    now = datetime.now(UTC)
    second = StandIn(Account({}, athlete_id=SECOND, now=now), api_key=key, latency_s=0.05)
    folder = demo.folder / "sent"
    folder.mkdir()
    with second, Receiver() as receiver:
        places = Places(second, folder.absolute(), receiver)
        make_pipeline(demo, places)
        send_first(demo, places)
        kill_while_sending(demo, places)
        loop(demo, places)
        why_sent(demo)


def make_pipeline(demo: Demo, places: Places) -> None:
    """Connect the destinations, and make a pipeline."""
    demo.say(
        "17. A pipeline sends workouts on, each of them once. Here, it sends what three sources "
        "bring to a second account at Intervals.icu, to a folder and to a webhook. `fitglue "
        "pipeline new` asks for each step; here, a file has them."
    )
    demo.fitglue("connect", "intervals", "--base-url", places.second.url)
    demo.environment = {**demo.environment, "FITGLUE_WEBHOOK_URL": places.receiver.address}
    demo.fitglue("connect", "webhook")
    file = demo.folder / "pipeline.yaml"
    file.write_text(PIPELINE.format(folder=places.folder))
    demo.fitglue("pipeline", "apply", str(file))
    demo.fitglue("pipeline", "show", "everything")
    expect("nothing of the past is sent", (0, 0, 0), places.counts())


def send_first(demo: Demo, places: Places) -> None:
    """Send one new workout."""
    demo.say(
        "18. A workout is recorded. The next sync brings it, and sends it on. Older ones are "
        "history, which is sent only if you ask for it: `fitglue pipeline run everything --since`."
    )
    demo.account.add(_today(3), name="To be sent on")
    demo.fitglue("sync", "intervals")
    expect("the workout in each place", (1, 1, 1), places.counts())


def kill_while_sending(demo: Demo, places: Places) -> None:
    """Kill the command after an upload was carried out, and before its answer is stored."""
    demo.say(
        "19. Another workout is recorded, and now the command is killed while it sends: the "
        "account has the workout already, but the answer may not have arrived. The next sync asks "
        "the account before it sends anything again."
    )
    title = "Sent while the power went out"
    demo.account.add(_today(2), name=title)
    process = demo.start("sync", "intervals")
    deadline = time.monotonic() + _PATIENCE_S
    while title not in _titles(places.second) and process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
            raise Broken("the upload to interrupt never began")
        # The upload is seen only at the server, and the moment to interrupt it is short.
        time.sleep(0.005)
    process.kill()
    process.wait()
    print(f"  Killed. The account has {len(places.second.account.ids())} workouts.")
    demo.fitglue("sync", "intervals")
    demo.fitglue("pipeline", "run", "everything")
    expect("each workout once in each place", (2, 2, 2), places.counts())


def loop(demo: Demo, places: Places) -> None:
    """Let everything that was sent return: directly, and through a third service."""
    demo.say(
        "20. The second account is a source as well, so what was sent comes back. A third service "
        "copies it, too: it writes each workout to another file, in the folder that FitGlue "
        "imports. All of it is recognized, and the copying dies out."
    )
    before = len(demo.host.activities())
    demo.fitglue("sync", "intervals-2")
    for external_id in places.second.account.ids():
        content = places.second.account.file(external_id)
        assert content is not None
        (demo.folder / "rides" / f"copy-of-{external_id}.fit").write_bytes(_copied(content))
    demo.fitglue("import", str(demo.folder / "rides"))
    demo.fitglue("pipeline", "run", "everything")
    expect("no workout is there twice", before, len(demo.host.activities()))
    expect("still each workout once in each place", (2, 2, 2), places.counts())


def why_sent(demo: Demo) -> None:
    """Explain what a pipeline did with a workout."""
    demo.say("21. Where is this workout now, and why? `why` says what each step said.")
    rows = [row for row in demo.host.activities() if row["title"] == "To be sent on"]
    expect("one workout with this title", 1, len(rows))
    demo.fitglue("why", str(rows[0]["number"]))
    demo.fitglue("deliveries", "list")


def _titles(server: StandIn) -> set[str]:
    """Return the titles of the workouts at an account."""
    account = server.account
    return {account.row(external_id).get("name", "") for external_id in account.ids()}


def _copied(content: bytes) -> bytes:
    """Return a file with the same workout, written by another program."""
    workouts = activities(content)
    device = workouts[0].device
    serial = int(device.serial) if device and device.serial else 1
    return write_fit(*workouts, serial=serial)


def _today(hours: int) -> str:
    """Return a local start so many hours ago."""
    start = datetime.now(UTC) - timedelta(hours=hours)
    return f"{start:%Y-%m-%dT%H:%M:%S}"
