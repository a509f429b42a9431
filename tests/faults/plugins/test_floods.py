"""Tests of plugins that block or flood: they are stopped at a limit and named, memory stays
bounded, and the other connection is complete.
"""

from __future__ import annotations

import itertools
import resource
import time

import pytest

from fitglue_registry.plugin_api import Listing, Part
from fitglue_registry.plugins.guard import Guard
from tests.faults.plugins.sources import activity, ids, listing, source
from tests.sampling import sampled

PATIENCE_S = 0.3


def stubborn(wait, items):
    """Yield these items, then block; block once more when the generator is closed."""
    try:
        yield from items
        wait()
    finally:
        wait()


class Slow(Exception):
    """An exception that blocks whoever prints it."""

    def __init__(self, wait):
        super().__init__()
        self._wait = wait

    def __str__(self):
        self._wait()
        return ""


BLOCKS = {
    "list, at once": lambda wait: {"list": lambda window: wait()},
    "fetch, at once": lambda wait: {"fetch": lambda ids: wait()},
    "list, between rows": lambda wait: {
        "list": lambda window: (
            wait() if number == 3 else listing(external_id)
            for number, external_id in enumerate(ids("bad"))
        )
    },
    "list, when it is closed": lambda wait: {
        "list": lambda window: stubborn(wait, map(listing, ids("bad")))
    },
    "fetch, between parts": lambda wait: {
        "fetch": lambda part, ids: (
            Part(external_id, part, b"{}") if number == 0 else wait()
            for number, external_id in enumerate(ids)
        )
    },
    "normalize": lambda wait: {"normalize": lambda record: wait()},
    "printing what it raised": lambda wait: {
        "list": lambda window: (_ for _ in ()).throw(Slow(wait))
    },
}


@pytest.mark.parametrize("place", sampled(BLOCKS, 1))
def test_a_plugin_that_blocks_stops_only_its_connection(
    accounts, undisturbed, reliability, release, place
):
    """A hook that blocks longer than the limit stops its own connection with ``FG-plugin-blocked``
    (exit 8); the other one finishes, and the abandoned thread blocks nothing.
    """
    outcome = accounts.sync(
        source("bad", **BLOCKS[place](lambda: release.wait(60))), time_limit_s=PATIENCE_S
    )
    assert (outcome.stopped["bad"].code, outcome.code) == ("FG-plugin-blocked", 8)
    lost = accounts.unknown(undisturbed) + accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins",
        "plugin blocks",
        lost=lost,
        seen="FG-plugin-blocked, exit 8; the other connections continue",
    )


def test_a_plugin_that_blocks_at_import_stops_only_its_connection(
    accounts, undisturbed, reliability, release
):
    """A plugin whose import blocks longer than the limit stops only its own connection."""
    outcome = accounts.sync(lambda: release.wait(60), time_limit_s=PATIENCE_S)
    assert (outcome.stopped["bad"].code, outcome.code) == ("FG-plugin-blocked", 8)
    lost = accounts.unknown(undisturbed) + accounts.lost(undisturbed)
    assert lost == 0
    reliability("plugins", "plugin blocks at import", lost=lost, seen="FG-plugin-blocked, exit 8")


def test_a_plugin_that_blocks_inside_the_writing_transaction_has_seconds(
    accounts, undisturbed, reliability, release, monkeypatch
):
    """A plugin that is asked for opinions blocks the writing transaction at most once, and for ten
    seconds at most, even if the time limit of the host is longer.
    """
    monkeypatch.setattr("fitglue_registry.plugins.broadcasting._QUICK_S", PATIENCE_S)
    calls = []

    def fitglue_dedupe(pairs):
        calls.append(time.monotonic())
        release.wait(60)

    began = time.monotonic()
    with accounts.host(source("bad", dedupe=fitglue_dedupe), time_limit_s=120) as host:
        list(host.sync())
    assert time.monotonic() - began < 30
    assert len(calls) == 1
    lost = accounts.unknown(undisturbed) + accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins",
        "plugin blocks inside the writing transaction",
        lost=lost,
        seen="a warning in the log after ten seconds, once",
    )


def test_a_list_that_never_ends_is_stopped(accounts, undisturbed, reliability, monkeypatch):
    """A list with more rows than a window may have is stopped with ``FG-plugin-endless``, and none
    of its rows is stored.
    """
    monkeypatch.setattr("fitglue_registry.plugins.consumer.MOST_ROWS", 500)
    outcome = accounts.sync(
        source(
            "bad", list=lambda window: (listing(f"bad-{number}") for number in itertools.count())
        )
    )
    assert (outcome.stopped["bad"].code, outcome.code) == ("FG-plugin-endless", 8)
    lost = accounts.unknown(undisturbed) + accounts.lost(undisturbed)
    assert lost == 0
    reliability("plugins", "list yields endless rows", lost=lost, seen="FG-plugin-endless, exit 8")


@pytest.mark.long
def test_ten_million_rows_are_never_held(accounts, undisturbed, reliability):
    """A list of ten million rows is stopped after a hundred thousand, and memory grows by less than
    200 MB.
    """
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome = accounts.sync(
        source(
            "bad",
            list=lambda window: (Listing(f"bad-{number}", b"{}") for number in range(10_000_000)),
        )
    )
    assert outcome.stopped["bad"].code == "FG-plugin-endless"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000
    lost = accounts.unknown(undisturbed) + accounts.lost(undisturbed)
    assert lost == 0
    reliability("plugins", "list yields endless rows", lost=lost, seen="FG-plugin-endless, exit 8")


def test_rows_of_more_bytes_than_a_window_can_have_are_refused(
    accounts, undisturbed, reliability, monkeypatch
):
    """A window whose rows exceed the limit in bytes is refused, because all rows of a window are
    held in memory.
    """
    monkeypatch.setattr("fitglue_registry.plugins.calling.LARGEST_WINDOW", 1000)
    outcome = accounts.sync(
        source("bad", list=lambda window: [listing("bad-1", summary=b" " * 2000)])
    )
    assert (outcome.stopped["bad"].code, outcome.code) == ("FG-plugin-answer", 8)
    assert "must be split" in outcome.stopped["bad"].what
    lost = accounts.unknown(undisturbed) + accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins", "a window of more than 512 MB", lost=lost, seen="FG-plugin-answer, exit 8"
    )


@pytest.mark.long
def test_an_item_of_a_gigabyte_is_refused_as_soon_as_it_is_there(
    accounts, undisturbed, reliability
):
    """A part of one gigabyte is refused as soon as it arrives, without being queued, copied or
    stored.
    """
    huge = bytes(1_000_000_000)  # zero pages take no memory until they are written
    outcome = accounts.sync(
        source(
            "bad", fetch=lambda part, ids: (Part(external_id, part, huge) for external_id in ids)
        )
    )
    assert (outcome.stopped["bad"].code, outcome.code) == ("FG-plugin-answer", 8)
    lost = accounts.unknown(undisturbed) + accounts.lost(undisturbed)
    assert lost == 0
    reliability("plugins", "an item of 1 GB", lost=lost, seen="FG-plugin-answer, exit 8")


def test_heavy_items_are_not_queued_behind_each_other():
    """While nothing is read from the queue, at most one heavy item waits in it."""
    made = []

    def heavy():
        for number in range(5):
            made.append(number)
            yield number

    items = Guard("bad").iterate("hook", [heavy], weigh=lambda _: 10_000_000)
    read = [item for _, item in itertools.islice(items, 2)]
    assert read == [0, 1]
    assert len(made) <= 4
    assert [item for _, item in items] == [2, 3, 4]


def test_a_row_that_blocks_in_normalize_keeps_what_is_stored(accounts, undisturbed, release):
    """If normalize blocks on one row, the rows of that window are not stored, and the next sync
    stores them all.
    """

    def fitglue_normalize(record):
        if record.external_id == "bad-2":
            release.wait(60)
        return [activity(record)]

    assert (
        accounts.sync(source("bad", normalize=fitglue_normalize), time_limit_s=PATIENCE_S)
        .stopped["bad"]
        .code
        == "FG-plugin-blocked"
    )
    assert accounts.lost(undisturbed) == 0
