"""A plugin that raises, anywhere and anything: named, the other connection whole, and nothing lost
once it is fixed.
"""

from __future__ import annotations

import logging
import os
import signal
import time

import pytest
import sqlalchemy as sa

from fitglue_registry.errors import Busy, ConnectionStopped, FitglueError, PluginFailed, StoreFailed
from fitglue_registry.plugin_api import Part
from fitglue_registry.store.tables import parts
from tests.faults.plugins.sources import activity, ids, listing, source
from tests.faults.plugins.sources import some as few


class Unprintable(Exception):
    def __str__(self):
        raise ValueError("not even this")

    __repr__ = __str__


class Sly(BaseException):
    """Neither an error nor an exit."""


class Liar(Exception):
    @property
    def __class__(self):
        raise SystemExit(4)


class Nameless(type):
    @property
    def __name__(cls):
        raise RuntimeError("no name")


class OfNoName(Exception, metaclass=Nameless):
    pass


def fatal():
    """One of each kind that a plugin can raise."""
    return [
        ValueError("half way"),
        SystemExit(0),
        SystemExit("bye"),
        KeyboardInterrupt(),
        GeneratorExit(),
        MemoryError(),
        StopIteration(1),
        Sly("neither"),
        Unprintable(),
        Liar("a lie"),
        OfNoName(),
        OSError(28, "No space left on device"),
        ExceptionGroup("several", [ValueError(1)]),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
        StoreFailed("FG-disk-full", "full"),
        Busy("FG-sync-running", "running"),
        FitglueError("FG-odd", "in no branch"),
        AssertionError("x" * 10_000),
    ]


def some():
    """The three that are the most likely to pass through a careless border."""
    return [error for error in fatal() if type(error) in (SystemExit, Unprintable, StoreFailed)]


#: A few of them each time, all of them in the long run.
KINDS = pytest.mark.parametrize("kinds", [some, pytest.param(fatal, marks=pytest.mark.long)])


def raising(error):
    """A hook, or an import, that does nothing else."""

    def hook():
        raise error

    return hook


def failing(name, moment, error):
    """A generator of what a hook answers for these ids, and raises at this moment."""

    def at(ids, make):
        if moment == "before the first row":
            raise error

        def produce():
            ids_, last = list(ids), len(ids) - 1
            for number, external_id in enumerate(ids_):
                if (moment == "at the first row" and number == 0) or (
                    moment == "between rows" and number == (last + 1) // 2 and number
                ):
                    raise error
                yield make(external_id)
            if moment == "after the last row":
                raise error

        return produce()

    if name == "list":
        return {"list": lambda window: at(ids("bad"), listing)}
    return {"fetch": lambda part, ids: at(ids, lambda one: Part(one, part, b"{}"))}


@KINDS
@pytest.mark.parametrize(
    "moment",
    few(["between rows", "before the first row", "at the first row", "after the last row"], 1),
)
def test_a_list_that_raises_stops_its_connection_alone(
    accounts, undisturbed, reliability, moment, kinds
):
    """Whatever it raises and when: FG-plugin-raised names it, the other connection is whole, and
    nothing of the list was believed.
    """
    for error in kinds():
        outcome = accounts.sync(source("bad", **failing("list", moment, error)))
        assert outcome.stopped["bad"].code == "FG-plugin-raised", error.__traceback__
        assert (outcome.code, bool(outcome.stopped["bad"].fix)) == (8, True)
    assert accounts.unknown(undisturbed) == 0
    lost = accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins",
        f"list raises anything, {moment}",
        times=len(kinds()),
        lost=lost,
        seen="FG-plugin-raised, exit 8; the other connections go on",
    )


@KINDS
@pytest.mark.parametrize("moment", few(["at the first row", "before the first row"], 1))
def test_a_fetch_that_always_raises_stops_its_connection_alone(
    accounts, undisturbed, reliability, moment, kinds
):
    """Where no id is answered the plugin is named, summaries stay, and the parts stay wanted."""
    for error in kinds():
        outcome = accounts.sync(source("bad", **failing("fetch", moment, error)))
        assert (outcome.stopped["bad"].code, outcome.code) == ("FG-plugin-raised", 8)
    assert accounts.unknown(undisturbed) == 0
    lost = accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins",
        "fetch raises anything, before it answers",
        times=len(kinds()),
        lost=lost,
        seen="FG-plugin-raised, exit 8; the other connections go on",
    )


@KINDS
@pytest.mark.parametrize("moment", few(["between rows", "after the last row"], 1))
def test_a_fetch_that_raises_after_it_answered_loses_nothing(
    accounts, undisturbed, reliability, moment, caplog, kinds
):
    """What was answered before is stored, the rest is asked for singly, and what was raised is a
    line in the log.
    """
    for error in kinds():
        with caplog.at_level(logging.INFO):
            assert accounts.sync(source("bad", **failing("fetch", moment, error))).code == 0
        assert "plugin bad raised" in caplog.text
        caplog.clear()
        with (
            accounts.host() as host,
            host.workspace.database.write() as db,
        ):  # to be fetched once more
            db.execute(sa.update(parts).where(parts.c.part == "detail").values(state="wanted"))
    lost = accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins",
        "fetch raises anything, after some answers",
        times=len(kinds()),
        lost=lost,
        seen="a warning in the log: what was not answered is asked for singly",
    )


@KINDS
def test_a_normalize_that_raises_puts_each_record_in_quarantine(
    accounts, undisturbed, reliability, kinds
):
    """The raw parts are kept, and with a plugin that works everything is derived."""
    for error in kinds():
        with accounts.host(source("bad", normalize=raising(error))) as host:
            list(host.sync())
            held = host.records.quarantine()
        assert {one["code"] for one in held} == {"FG-plugin-raised"}
        assert len(held) == len(ids("bad"))
    with accounts.host() as host:
        list(host.syncs.retry_quarantine())
    lost = accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins",
        "normalize raises anything",
        times=len(kinds()),
        lost=lost,
        seen="FG-plugin-raised in quarantine, exit 5",
    )


def test_one_record_that_cannot_be_normalized_takes_no_other_along(accounts, undisturbed):
    """Five of six records arrive, and the exit code says that something is left over."""

    def fitglue_normalize(record):
        if record.external_id == "bad-3":
            raise Unprintable
        return [activity(record)]

    outcome = accounts.sync(source("bad", normalize=fitglue_normalize))
    assert (outcome.code, set(outcome.left)) == (5, {"bad-3"})
    assert accounts.unknown(undisturbed) == 0


@KINDS
def test_a_dedupe_that_raises_has_no_opinion(accounts, undisturbed, reliability, kinds, caplog):
    """Everybody else's opinions stand, the sync is whole, and the log names the plugin."""
    for error in kinds():
        with caplog.at_level(logging.WARNING):
            outcome = accounts.sync(source("bad", dedupe=raising(error)))
        assert outcome.code == 0
    assert "plugin bad raised" in caplog.text
    lost = accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins",
        "dedupe raises anything",
        times=len(kinds()),
        lost=lost,
        seen="a warning in the log; no opinion",
    )


@KINDS
def test_a_connect_that_raises_stores_nothing(accounts, undisturbed, reliability, kinds):
    """A connection is stored whole or not at all."""
    for error in kinds():
        with accounts.host(source("bad", connect=raising(error))) as host:
            with pytest.raises(PluginFailed) as caught:
                host.connect("bad", {})
            assert caught.value.code == "FG-plugin-raised"
    lost = accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins",
        "connect raises anything",
        times=len(kinds()),
        lost=lost,
        seen="FG-plugin-raised, exit 8; nothing stored",
    )


@KINDS
def test_what_a_plugin_raises_at_import_stops_its_connection_alone(
    accounts, undisturbed, reliability, kinds
):
    """The other connection syncs, also where the first one's plugin cannot be imported."""
    for error in kinds():
        outcome = accounts.sync(raising(error))
        assert outcome.stopped["bad"].code == "FG-plugin-import-failed"
    lost = accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins",
        "import raises anything",
        times=len(kinds()),
        lost=lost,
        seen="FG-plugin-import-failed, exit 8",
    )


@pytest.mark.parametrize("hook", few(["fetch", "dedupe", "list", "normalize"]))
def test_endless_recursion_is_one_plugins_error(accounts, undisturbed, reliability, hook):
    """A hook without end is stopped by the limit of the interpreter, and the others never
    notice.
    """

    def again(value):
        return [again(value)]

    broken = {
        "list": lambda window: again(window),
        "fetch": lambda ids: again(ids),
        "normalize": lambda record: again(record),
        "dedupe": lambda pairs: again(pairs),
    }
    accounts.sync(source("bad", **{hook: broken[hook]}))
    with accounts.host() as host:
        list(host.syncs.retry_quarantine())
    lost = accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins", "recursion without end", lost=lost, seen="FG-plugin-raised with RecursionError"
    )


def test_an_error_of_ours_made_by_a_plugin_is_taken_apart_and_made_anew(
    accounts, undisturbed, reliability
):
    """A subclass keeps its branch and its words, cut to a length; parts that are no text, and a
    code that is none, are a mistake.
    """

    class Own(ConnectionStopped):
        def as_dict(self):
            raise SystemExit(3)

        __str__ = as_dict

    odd = Own("FG-odd", "w" * 5000, why="because")
    no_text = ConnectionStopped("FG-odd", "fine")
    no_text.what = 5
    no_code = ConnectionStopped("FG-odd", "fine")
    no_code.code = "oh\x1b[31m"
    codes = []
    for error in (odd, no_text, no_code):
        stopped = accounts.sync(source("bad", list=raising(error))).stopped["bad"]
        assert len(stopped.what) <= 2000
        assert stopped.as_dict()
        codes.append(stopped.code)
    assert codes == ["FG-odd", "FG-plugin-raised", "FG-plugin-raised"]
    lost = accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins",
        "raises our own errors with parts that are none",
        times=3,
        lost=lost,
        seen="its own code, or FG-plugin-raised",
    )


@pytest.mark.parametrize("hook", few(["fetch", "dedupe", "list", "normalize"]))
def test_a_real_ctrl_c_passes_whatever_the_plugin_is_at(
    accounts, undisturbed, reliability, release, hook
):
    """The signal reaches the main thread while the plugin blocks; what was stored stays, and the
    next sync goes on.
    """

    def interrupted(*_):
        os.kill(os.getpid(), signal.SIGINT)
        release.wait(20)

    broken = {
        "list": lambda window: interrupted(),
        "fetch": lambda ids: interrupted(),
        "normalize": lambda record: interrupted(),
        "dedupe": lambda pairs: interrupted(),
    }
    # A shell's background job ignores it.
    kept = signal.signal(signal.SIGINT, signal.default_int_handler)
    began = time.monotonic()
    with accounts.host(source("bad", **{hook: broken[hook]}), time_limit_s=15) as host:
        with pytest.raises(KeyboardInterrupt):
            list(host.sync())
        assert time.monotonic() - began < 15
    signal.signal(signal.SIGINT, kept)
    lost = accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins", "Ctrl-C while a hook blocks", lost=lost, seen="exit 130; the next sync goes on"
    )
