"""Tests of plugins that raise any exception in any hook: the plugin is named, the other connection
is complete, and nothing is lost once the plugin is fixed.
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
from tests.sampling import sampled


class Unprintable(Exception):
    """An exception that raises when it is printed."""

    def __str__(self):
        raise ValueError("not even this")

    __repr__ = __str__


class Sly(BaseException):
    """An exception that derives from ``BaseException`` directly, so neither ``except Exception``
    nor a handler of exits catches it.
    """


class Liar(Exception):
    """An exception that raises when its class is asked for."""

    @property
    def __class__(self):
        raise SystemExit(4)


class Nameless(type):
    """A metaclass whose classes raise when their name is asked for."""

    @property
    def __name__(cls):
        raise RuntimeError("no name")


class OfNoName(Exception, metaclass=Nameless):
    """An exception whose class has no name."""


def every_error():
    """Return one exception of every kind that a plugin can raise."""
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


def typical_errors():
    """Return the three exceptions that are most likely to slip through a careless ``except``."""
    return [
        error for error in every_error() if type(error) in (SystemExit, Unprintable, StoreFailed)
    ]


#: The typical errors are tried every time, all of them in ``make test-long``.
KINDS = pytest.mark.parametrize(
    "kinds", [typical_errors, pytest.param(every_error, marks=pytest.mark.long)]
)


def raising(error):
    """Return a hook, or an import, that only raises this error."""

    def hook():
        raise error

    return hook


def failing(name, moment, error):
    """Return a hook that yields its answers for these ids and raises ``error`` at ``moment``."""

    def produce_or_raise(ids, make):
        if moment == "before the first row":
            raise error

        def produce():
            ids_, last = list(ids), len(ids) - 1
            for number, external_id in enumerate(ids_):
                if (moment == "produce_or_raise the first row" and number == 0) or (
                    moment == "between rows" and number == (last + 1) // 2 and number
                ):
                    raise error
                yield make(external_id)
            if moment == "after the last row":
                raise error

        return produce()

    if name == "list":
        return {"list": lambda window: produce_or_raise(ids("bad"), listing)}
    return {
        "fetch": lambda part, ids: produce_or_raise(
            ids, lambda external_id: Part(external_id, part, b"{}")
        )
    }


@KINDS
@pytest.mark.parametrize(
    "moment",
    sampled(
        [
            "between rows",
            "before the first row",
            "produce_or_raise the first row",
            "after the last row",
        ],
        1,
    ),
)
def test_a_list_that_raises_stops_only_its_connection(
    accounts, undisturbed, reliability, moment, kinds
):
    """Whatever ``fitglue_list`` raises, and whenever, the error names the plugin, the other
    connection is complete, and no row of the list is stored.
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
        f"list raises any exception, {moment}",
        times=len(kinds()),
        lost=lost,
        seen="FG-plugin-raised, exit 8; the other connections continue",
    )


@KINDS
@pytest.mark.parametrize(
    "moment", sampled(["produce_or_raise the first row", "before the first row"], 1)
)
def test_a_fetch_that_always_raises_stops_only_its_connection(
    accounts, undisturbed, reliability, moment, kinds
):
    """If ``fitglue_fetch`` raises before it answers for any id, the plugin is named, the summaries
    are kept, and the parts stay wanted.
    """
    for error in kinds():
        outcome = accounts.sync(source("bad", **failing("fetch", moment, error)))
        assert (outcome.stopped["bad"].code, outcome.code) == ("FG-plugin-raised", 8)
    assert accounts.unknown(undisturbed) == 0
    lost = accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins",
        "fetch raises any exception, before it answers",
        times=len(kinds()),
        lost=lost,
        seen="FG-plugin-raised, exit 8; the other connections continue",
    )


@KINDS
@pytest.mark.parametrize("moment", sampled(["between rows", "after the last row"], 1))
def test_a_fetch_that_raises_after_it_answered_loses_nothing(
    accounts, undisturbed, reliability, moment, caplog, kinds
):
    """If ``fitglue_fetch`` raises after some answers, those are stored, the other ids are fetched
    one by one, and the exception is logged.
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
        "fetch raises any exception, after some answers",
        times=len(kinds()),
        lost=lost,
        seen="a warning in the log: the other ids are fetched one by one",
    )


@KINDS
def test_a_normalize_that_raises_puts_each_record_in_quarantine(
    accounts, undisturbed, reliability, kinds
):
    """A record whose normalize raises is quarantined with its raw parts, and a plugin that works
    derives all of them later.
    """
    for error in kinds():
        with accounts.host(source("bad", normalize=raising(error))) as host:
            list(host.sync())
            held = host.records.quarantine()
        assert {row["code"] for row in held} == {"FG-plugin-raised"}
        assert len(held) == len(ids("bad"))
    with accounts.host() as host:
        list(host.syncs.retry_quarantine())
    lost = accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins",
        "normalize raises any exception",
        times=len(kinds()),
        lost=lost,
        seen="FG-plugin-raised in quarantine, exit 5",
    )


def test_one_record_that_cannot_be_normalized_takes_no_other_along(accounts, undisturbed):
    """If one record of six cannot be normalized, the other five arrive, and the exit code is 5."""

    def fitglue_normalize(record):
        if record.external_id == "bad-3":
            raise Unprintable
        return [activity(record)]

    outcome = accounts.sync(source("bad", normalize=fitglue_normalize))
    assert (outcome.code, set(outcome.left)) == (5, {"bad-3"})
    assert accounts.unknown(undisturbed) == 0


@KINDS
def test_a_dedupe_that_raises_has_no_opinion(accounts, undisturbed, reliability, kinds, caplog):
    """If ``fitglue_dedupe`` raises, the opinions of the other plugins count, the sync is complete,
    and the log names the plugin.
    """
    for error in kinds():
        with caplog.at_level(logging.WARNING):
            outcome = accounts.sync(source("bad", dedupe=raising(error)))
        assert outcome.code == 0
    assert "plugin bad raised" in caplog.text
    lost = accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins",
        "dedupe raises any exception",
        times=len(kinds()),
        lost=lost,
        seen="a warning in the log; no opinion",
    )


@KINDS
def test_a_connect_that_raises_stores_nothing(accounts, undisturbed, reliability, kinds):
    """If ``fitglue_connect`` raises, no connection is stored."""
    for error in kinds():
        with accounts.host(source("bad", connect=raising(error))) as host:
            with pytest.raises(PluginFailed) as caught:
                host.connect("bad", {})
            assert caught.value.code == "FG-plugin-raised"
    lost = accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins",
        "connect raises any exception",
        times=len(kinds()),
        lost=lost,
        seen="FG-plugin-raised, exit 8; nothing stored",
    )


@KINDS
def test_what_a_plugin_raises_at_import_stops_only_its_connection(
    accounts, undisturbed, reliability, kinds
):
    """If a plugin cannot be imported, the connections of other plugins sync."""
    for error in kinds():
        outcome = accounts.sync(raising(error))
        assert outcome.stopped["bad"].code == "FG-plugin-import-failed"
    lost = accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins",
        "import raises any exception",
        times=len(kinds()),
        lost=lost,
        seen="FG-plugin-import-failed, exit 8",
    )


@pytest.mark.parametrize("hook", sampled(["fetch", "dedupe", "list", "normalize"]))
def test_endless_recursion_is_one_plugins_error(accounts, undisturbed, reliability, hook):
    """A hook that recurses endlessly is stopped by the interpreter's recursion limit, and the other
    plugins are unaffected.
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
        "plugins", "endless recursion", lost=lost, seen="FG-plugin-raised with RecursionError"
    )


def test_an_error_of_ours_made_by_a_plugin_is_taken_apart_and_made_anew(
    accounts, undisturbed, reliability
):
    """A ``FitglueError`` that a plugin raises keeps its branch, code and texts, cut to a maximum
    length, unless a part has the wrong type or the code is malformed.
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
        "plugin raises a FitglueError with malformed parts",
        times=3,
        lost=lost,
        seen="its own code, or FG-plugin-raised",
    )


@pytest.mark.parametrize("hook", sampled(["fetch", "dedupe", "list", "normalize"]))
def test_a_real_ctrl_c_passes_whatever_the_plugin_is_at(
    accounts, undisturbed, reliability, release, hook
):
    """Ctrl-C while a plugin blocks ends the sync with ``KeyboardInterrupt``; what was stored stays,
    and the next sync continues.
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
    # A background job of a shell ignores SIGINT.
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
        "plugins", "Ctrl-C while a hook blocks", lost=lost, seen="exit 130; the next sync continues"
    )
