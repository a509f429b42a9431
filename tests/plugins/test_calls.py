"""Tests of which plugins a call reaches: the plugin of one entry and every wrapper, or all plugins,
one after another.
"""

from __future__ import annotations

import logging
import signal
import threading

import pytest

from fitglue_registry.errors import PluginFailed
from fitglue_registry.hookspecs import WRAPPER_GROUP, hookimpl
from fitglue_registry.plugin_api import Account, Opinion, Part, Unavailable, UnavailableState


def connect(plugins, entry):
    return plugins.of(entry).call("fitglue_connect", connection="the connection")


def wrapper_of(plugin, log):
    @hookimpl(wrapper=True)
    def fitglue_connect(connection):
        log.append(connection)
        return (yield)

    return plugin(fitglue_connect, api=None)


def opinions(verdict):
    def fitglue_dedupe(pairs):
        return [Opinion(verdict, "because")] * len(pairs)

    return fitglue_dedupe


def raising(pairs):
    raise ValueError("no idea")


raising.__name__ = "fitglue_dedupe"


# -- addressed -------------------------------------------------------------------------------------


def test_an_addressed_call_reaches_only_the_plugin_of_its_entry(load, plugin, greet, entry):
    """An addressed hook is called only in the plugin of the entry, even if other
    plugins have it.
    """
    plugins = load(one=plugin(greet("one")), two=plugin(greet("two")))
    assert [connect(plugins, entry(name)).id for name in ("one", "two", "one")] == [
        "one",
        "two",
        "one",
    ]


def test_a_plugin_gets_the_arguments_that_it_names(load, plugin, entry):
    """A hook gets the arguments that it declares and may omit the others."""

    def fitglue_fetch(ids):
        for external_id in ids:
            yield Part(external_id, "detail", b"{}")

    fetching = load(good=plugin(fitglue_fetch)).of(entry("good"))
    jobs = [{"connection": None, "part": "detail", "ids": ["i1", "i2"], "summaries": {}}]
    assert list(fetching.iterate("fitglue_fetch", jobs)) == [
        (0, Part("i1", "detail", b"{}")),
        (0, Part("i2", "detail", b"{}")),
    ]


@pytest.mark.parametrize("state", [*UnavailableState, *map(str, UnavailableState)], ids=repr)
def test_a_plugin_may_write_a_state_as_a_member_or_as_text(load, plugin, entry, state):
    """A plugin may write the state of an unavailable part as an enum member or as its text, and
    both mean the same.
    """

    def fitglue_fetch(ids):
        yield Unavailable(ids[0], "detail", state, "FG-example", "because")

    fetching = load(good=plugin(fitglue_fetch)).of(entry("good"))
    jobs = [{"connection": None, "part": "detail", "ids": ["i1"], "summaries": {}}]
    [(_, answer)] = fetching.iterate("fitglue_fetch", jobs)
    assert answer.state == UnavailableState(str(state))


def test_a_wrapper_sees_the_calls_of_every_plugin(load, plugin, greet, entry, point):
    """A hook wrapper sees the calls of all plugins, although each call reaches only one
    implementation.
    """
    log = []
    plugins = load(
        point("tracing", wrapper_of(plugin, log), group=WRAPPER_GROUP),
        one=plugin(greet("one")),
        two=plugin(greet("two")),
    )
    assert [connect(plugins, entry(name)).id for name in ("one", "two")] == ["one", "two"]
    assert log == ["the connection"] * 2


def test_a_wrapper_may_replace_the_answer(load, plugin, greet, entry, point):
    """A wrapper may return another answer, which must have the same type."""

    @hookimpl(wrapper=True)
    def fitglue_connect():
        account = yield
        return account.id if account.id == "two" else Account("replaced")

    wrapper = point("caching", plugin(fitglue_connect, api=None), group=WRAPPER_GROUP)
    plugins = load(wrapper, one=plugin(greet("one")), two=plugin(greet("two")))
    assert connect(plugins, entry("one")) == Account("replaced")
    with pytest.raises(PluginFailed, match="answered with str, expected Account"):
        connect(plugins, entry("two"))


def test_an_implementation_among_the_wrappers_is_never_called(load, plugin, greet, entry, point):
    """A hook implementation in the entry-point group of wrappers is never called."""
    plugins = load(
        point("misplaced", plugin(greet("misplaced"), api=None), group=WRAPPER_GROUP),
        good=plugin(greet("good")),
    )
    assert connect(plugins, entry("good")).id == "good"


@pytest.mark.parametrize("broken", [ImportError("gone"), SystemExit(2)])
def test_a_broken_wrapper_is_ignored_and_named(load, plugin, greet, entry, point, caplog, broken):
    """A wrapper that cannot be imported is named in the log, and calls work without it."""
    plugins = load(point("tracing", broken, group=WRAPPER_GROUP), good=plugin(greet("good")))
    with caplog.at_level(logging.WARNING):
        assert connect(plugins, entry("good")).id == "good"
    assert "hook wrapper tracing is ignored" in caplog.text


def test_a_wrapper_that_blocks_at_import_is_ignored(load, plugin, greet, entry, point, release):
    """The import of a wrapper has the same time limit as that of a plugin."""
    wrapper = point("tracing", lambda: release.wait(30), group=WRAPPER_GROUP)
    assert (
        connect(load(wrapper, time_limit_s=0.2, good=plugin(greet("good"))), entry("good")).id
        == "good"
    )


def test_a_wrapper_that_raises_ends_the_call_and_not_the_program(load, plugin, greet, entry, point):
    """An exception in a wrapper becomes an error of the call that it wraps."""

    @hookimpl(wrapper=True)
    def fitglue_connect():
        raise ValueError("in the wrapper")
        yield

    plugins = load(
        point("tracing", plugin(fitglue_connect, api=None), group=WRAPPER_GROUP),
        good=plugin(greet("good")),
    )
    with pytest.raises(PluginFailed, match="ValueError"):
        connect(plugins, entry("good"))


def test_a_keyboard_interrupt_in_the_main_thread_passes(load, plugin, entry, release):
    """Ctrl-C during a call raises KeyboardInterrupt in the caller at once, even if the plugin
    blocks.
    """

    def fitglue_connect(connection):
        signal.raise_signal(signal.SIGINT)
        release.wait(30)

    with pytest.raises(KeyboardInterrupt):
        connect(load(good=plugin(fitglue_connect)), entry("good"))


def test_all_calls_of_a_plugin_run_on_one_thread_that_is_not_the_callers(load, plugin, entry):
    """All calls of a plugin run on one daemon thread, so a plugin may use objects that are bound to
    a thread.
    """
    threads = []

    def fitglue_connect(connection):
        threads.append(threading.current_thread())
        return Account("x")

    plugins = load(good=plugin(fitglue_connect))
    connect(plugins, entry("good"))
    connect(plugins, entry("good"))
    assert len(set(threads)) == 1
    assert threads[0] is not threading.current_thread()
    assert threads[0].daemon


# -- broadcast -------------------------------------------------------------------------------------


def test_a_broadcast_calls_the_plugins_in_the_order_of_their_names(load, plugin):
    """A broadcast yields the answer of each plugin with its name, in the order of the names."""
    plugins = load(b=plugin(opinions("same")), a=plugin(opinions("different")))
    answers = [
        (name, answer[0].verdict, error)
        for name, answer, error in plugins.broadcast(["b", "a"], "fitglue_dedupe", pairs=[1])
    ]
    assert answers == [("a", "different", None), ("b", "same", None)]


def test_one_failure_in_a_broadcast_loses_no_other_answer(load, plugin, point):
    """A broadcast yields the errors of plugins that raise or cannot be imported, and the answers of
    all others.
    """
    plugins = load(
        point("c", ImportError("gone")),
        a=plugin(opinions("same")),
        b=plugin(raising),
        d=plugin(opinions("same")),
    )
    answers = list(plugins.broadcast(["a", "b", "c", "d"], "fitglue_dedupe", pairs=[1]))
    assert [
        (name, answer is not None, error and error.code) for name, answer, error in answers
    ] == [
        ("a", True, None),
        ("b", False, "FG-plugin-raised"),
        ("c", False, "FG-plugin-import-failed"),
        ("d", True, None),
    ]


def test_a_plugin_without_the_hook_is_not_part_of_a_broadcast(load, plugin, greet):
    """A broadcast yields nothing for a plugin that does not implement the hook."""
    assert list(load(a=plugin(greet("a"))).broadcast(["a"], "fitglue_dedupe", pairs=[1])) == []


def test_a_plugin_that_blocks_in_a_broadcast_is_not_called_again(load, plugin, release):
    """A plugin that blocks in a broadcast can no longer be loaded, so that no later call waits
    for it again.
    """

    def fitglue_dedupe(pairs):
        release.wait(30)

    plugins = load(time_limit_s=0.2, a=plugin(fitglue_dedupe), b=plugin(opinions("same")))
    first = [
        (name, error and error.code)
        for name, _, error in plugins.broadcast(["a", "b"], "fitglue_dedupe", pairs=[1])
    ]
    assert first == [("a", "FG-plugin-blocked"), ("b", None)]
    assert plugins.info("a").error.code == "FG-plugin-blocked"


# -- saved payloads --------------------------------------------------------------------------------


def test_a_plugin_without_offline_records_is_reported(load, plugin, greet, entry):
    """Reading a saved payload with a plugin that cannot do it ends with FG-plugin-not-offline."""
    with pytest.raises(PluginFailed) as caught:
        load(good=plugin(greet("x"))).of(entry("good")).offline_records(b"{}", "a.json", None)
    assert caught.value.code == "FG-plugin-not-offline"


def test_offline_records_are_guarded_like_a_hook(load, plugin, greet, entry):
    """An answer of ``offline_records`` that has a wrong type is refused like that of a hook."""
    plugins = load(
        good=plugin(
            greet("x"), offline_records=lambda content, name, streams: (content, name, streams)
        )
    )
    with pytest.raises(PluginFailed, match="with tuple, expected list"):
        plugins.of(entry("good")).offline_records(b"{}", "a.json", None)
