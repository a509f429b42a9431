"""Tests of pipelines with faults of the store and of other processes, and of what they leave."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from fitglue_registry.errors import Busy, StoreFailed
from fitglue_registry.pipeline.sending import Sender
from fitglue_registry.store.deliveries import list_deliveries
from fitglue_registry.store.offers import count_waiting, offer
from fitglue_registry.store.pipelines import list_pipelines
from tests.faults.pipelines.machine import Counting
from tests.faults.secrets.searching import Search
from tests.services.pipelines.boxes import Shelf, piped_host
from tests.services.pipelines.conftest import ALL

SECRET = "s3cret-of-the-destination"


@pytest.fixture
def shelf():
    """Return a source with three workouts."""
    shelf = Shelf()
    for number in range(3):
        shelf.add(f"w{number}", start=f"2026-11-21T{number + 1:02}:00:00")
    return shelf


@pytest.fixture
def box():
    """Return a destination that can look up what it has."""
    return Counting("box", finds=True)


@pytest.fixture
def host(tmp_path, shelf, box):
    """Yield a host whose pipeline has three workouts to send."""
    with piped_host(tmp_path, [shelf], [box]) as host:
        host.pipelines.apply(ALL)
        list(host.sync())
        yield host


def run_to_the_end(host):
    """Run the pipelines some hours later, until nothing is left to do."""
    for _ in range(4):
        host.workspace.clock.sleep(timedelta(hours=7).total_seconds())
        list(host.pipelines.run())


def lost(box):
    """Return how many of the three workouts are missing or there twice."""
    return abs(len(box.creates) - 3) + sum(count - 1 for count in box.creates.values())


@pytest.mark.parametrize("step", ["plan", "answer"])
def test_a_disk_that_is_full_loses_nothing(host, box, monkeypatch, reliability, step):
    """While a decision or an answer is stored; the run stops, and the next one goes on."""

    def full(*_, **__):
        raise StoreFailed("FG-disk-full", "the disk is full", fix="free some space")

    with monkeypatch.context() as patched:
        if step == "plan":
            patched.setattr("fitglue_registry.services.pipelines.running.plan", full)
        else:
            patched.setattr(Sender, "_arrived", full)
        with pytest.raises(StoreFailed, match="the disk is full"):
            list(host.pipelines.run())
    run_to_the_end(host)
    reliability(
        "sending",
        f"the disk is full while the {step} of a delivery is stored",
        lost=lost(box),
        seen="FG-disk-full; the next run looks up what may have arrived, and goes on",
    )
    assert lost(box) == 0


def test_two_runs_at_once_send_nothing_twice(host, box, reliability):
    """The second one says that the pipelines are running, and sends nothing."""
    began, ends = threading.Event(), threading.Event()

    def slow(box, delivery):
        began.set()
        ends.wait(20)

    box.on_deliver = slow
    first = threading.Thread(target=lambda: list(host.pipelines.run()))
    first.start()
    began.wait(20)
    with pytest.raises(Busy) as caught:
        list(host.pipelines.run())
    ends.set()
    first.join()
    box.on_deliver = None
    run_to_the_end(host)
    reliability(
        "sending",
        "two runs of the pipelines at once",
        lost=lost(box),
        seen=f"{caught.value.code}; the first run sends everything",
    )
    assert lost(box) == 0


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.long)])
def test_a_run_over_many_offers_can_be_stopped_and_continued(host, box, reliability, count):
    """Each decision is stored on its own, so a run that is stopped goes on where it was."""
    with host.workspace.database.write() as db:
        [row] = list_pipelines(db, "me")
        ids = [f"no-longer-there-{number}" for number in range(count)]
        offer(db, "me", row.id, ids, host.workspace.now)
    events = host.pipelines.run()
    for _ in range(100):
        next(events)
    events.close()
    with host.workspace.database.read() as db:
        waiting = count_waiting(db, row.id)
    list(host.pipelines.run())
    run_to_the_end(host)
    with host.workspace.database.read() as db:
        left = count_waiting(db, row.id)
    reliability(
        "sending",
        f"{count} offers wait, and the run is stopped after 100 of them",
        lost=lost(box) + left,
        seen="the next run decides about the others",
    )
    assert waiting < count
    assert (lost(box), left) == (0, 0)


def test_what_a_destination_quotes_is_stored_without_the_key(tmp_path, shelf, box, reliability):
    """An error that quotes a key is stored and shown without it."""

    def quoting(box, delivery):
        raise StoreFailed("FG-x", f"Authorization: Bearer {SECRET}")

    box.on_deliver = quoting
    with piped_host(tmp_path, [shelf], [box]) as host:
        host.pipelines.apply(ALL)
        list(host.sync())
        events = list(host.pipelines.run())
        with host.workspace.database.read() as db:
            rows = list_deliveries(db, "me")
            tables = ("fg_deliveries", "fg_delivery_log", "fg_offers")
            stored = [str(db.execute(sa.text(f"SELECT * FROM {name}")).all()) for name in tables]
    found = Search({"the key": SECRET}).in_text(*stored, str(events), str(rows))
    reliability(
        "secrets",
        "a destination fails with an error that quotes the key",
        lost=len(found),
        seen="the key is replaced in deliveries, their log and the events",
    )
    assert found == []
