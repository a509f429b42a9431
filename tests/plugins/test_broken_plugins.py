"""Tests that a broken plugin is reported with what, where, why and a fix, and that the other
plugins keep working.
"""

from __future__ import annotations

import inspect
import subprocess
import sys
import textwrap

import pytest

from fitglue_registry.errors import AthleteNeeded, PluginFailed
from fitglue_registry.hookspecs import hookimpl
from fitglue_registry.plugin_api import Account, Window


def fitglue_lst(connection):
    """A hook whose name is misspelled."""


def with_default(connection=None):
    pass


def keyword_only(*, connection):
    pass


def unknown_argument(connection, windows):
    pass


def many(*args):
    pass


async def asynchronous(connection):
    pass


async def asynchronous_generator(connection):
    yield 1


def wrapping(connection):
    return (yield)


def _hook(function):
    """Mark the function as the ``fitglue_connect`` of a plugin."""
    return {"fitglue_connect": hookimpl(function)}


@pytest.mark.parametrize(
    "raised",
    [
        ImportError("no module named garmin"),
        ValueError("nonsense"),
        SystemExit(3),
        RecursionError("deep"),
    ],
)
def test_a_plugin_that_raises_at_import_is_named_with_the_reason(load, point, entry, raised):
    """Any exception during an import, even SystemExit, becomes an error of that plugin with its
    cause and a fix.
    """
    plugins = load(point("bad", raised, value="bad.plugin"))
    with pytest.raises(PluginFailed) as caught:
        plugins.load(entry("bad"))
    assert caught.value.code == "FG-plugin-import-failed"
    assert caught.value.what == "plugin bad (bad.plugin) cannot be imported"
    assert type(raised).__name__ in caught.value.why
    assert caught.value.fix == "reinstall it: fitglue plugin install --upgrade bad"


def test_an_import_error_names_file_and_line(load, point, entry, tmp_path, monkeypatch):
    """The error of a failed import names the file and the line that raised."""
    (tmp_path / "fg_broken_plugin.py").write_text("import os\nraise RuntimeError('on line two')\n")
    monkeypatch.syspath_prepend(tmp_path)
    plugins = load(point("bad", lambda: __import__("fg_broken_plugin")))
    with pytest.raises(PluginFailed) as caught:
        plugins.load(entry("bad"))
    assert (caught.value.at.file, caught.value.at.line) == (
        str(tmp_path / "fg_broken_plugin.py"),
        2,
    )


def test_a_plugin_that_blocks_at_import_is_abandoned(load, point, entry, plugin, greet, release):
    """An import that blocks ends with FG-plugin-blocked, and the other plugins are loaded."""
    plugins = load(
        point("bad", lambda: release.wait(30)), time_limit_s=0.2, good=plugin(greet("good"))
    )
    assert plugins.info("bad").error.code == "FG-plugin-blocked"
    assert plugins.of(entry("good")).call("fitglue_connect", connection=None) == Account("good")


@pytest.mark.parametrize(
    ("api", "code_fix"),
    [
        (None, "ask its author to add FITGLUE_HOOK_API = 1 to the plugin's module"),
        ("1", "ask its author to add FITGLUE_HOOK_API = 1 to the plugin's module"),
        (0, "upgrade the plugin: fitglue plugin install --upgrade bad"),
        (2, "upgrade fitglue-registry"),
    ],
)
def test_a_plugin_of_another_hook_api_is_refused_before_it_is_registered(
    load, plugin, greet, api, code_fix
):
    """A plugin whose hook API is missing, not an integer, older or newer is refused, and the fix
    says who has to upgrade.
    """
    error = load(bad=plugin(greet("bad"), api=api)).info("bad").error
    assert (error.code, error.fix) == ("FG-hook-api", code_fix)
    assert repr(api) in error.what


def test_an_entry_point_that_names_no_plugin_is_refused(load):
    """An entry point that names a value without hooks is reported as an error of that plugin."""
    assert load(bad=None).info("bad").error.code == "FG-hook-api"


def test_a_plugin_whose_attributes_raise_is_refused(load):
    """An exception while the host reads an attribute of a plugin is reported as its
    import error.
    """

    class Hostile:
        @property
        def FITGLUE_HOOK_API(self):  # noqa: N802 - the constant's name
            raise SystemExit(1)

    assert load(bad=Hostile()).info("bad").error.code == "FG-plugin-import-failed"


def test_an_unknown_hook_is_refused_with_the_nearest_name(load, plugin):
    """A misspelled hook, which pluggy silently accepts, is refused with the place of the function
    and the name of the hook that was probably meant.
    """
    error = load(bad=plugin(fitglue_lst)).info("bad").error
    assert error.code == "FG-hook-unknown"
    assert error.what == "plugin bad implements fitglue_lst, which is not a hook"
    assert error.why == "did you mean fitglue_list?"
    assert (error.at.file, error.at.line) == (__file__, inspect.getsourcelines(fitglue_lst)[1])


def test_a_hook_under_another_name_is_taken_by_its_specname(load, plugin, entry):
    """A marker with ``specname`` decides which hook a function implements, and an unknown hook is
    refused.
    """

    @hookimpl(specname="fitglue_connect")
    def login(connection):
        return Account("login")

    @hookimpl(specname="fitglue_login")
    def other(connection):
        pass

    plugins = load(good=plugin(login=login), bad=plugin(other=other))
    assert plugins.of(entry("good")).call("fitglue_connect", connection=None).id == "login"
    assert plugins.info("bad").error.code == "FG-hook-unknown"


@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        (with_default, "gives 'connection' a default"),
        (keyword_only, "makes it keyword-only"),
        (unknown_argument, "has an unknown argument 'windows'"),
        (many, "has an unknown argument 'args'"),
        (asynchronous, "is a coroutine"),
        (asynchronous_generator, "is a coroutine"),
    ],
)
def test_a_signature_that_pluggy_would_misunderstand_is_refused(load, plugin, function, complaint):
    """A signature that pluggy would register and never pass arguments to is refused with the
    arguments that the hook has.
    """
    error = load(bad=plugin(**_hook(function))).info("bad").error
    assert error.code == "FG-hook-signature"
    assert complaint in error.what
    assert error.why == "the hook has the arguments connection"
    assert error.at.line == inspect.getsourcelines(function)[1]


def test_a_class_instead_of_its_instance_is_refused(load):
    """An entry point that names a class is refused, because its hooks would be called without
    ``self``.
    """

    class Example:
        FITGLUE_HOOK_API = 1

        @hookimpl
        def fitglue_connect(self, connection):
            pass

    assert load(bad=Example).info("bad").error.code == "FG-hook-signature"
    assert load(good=Example()).info("good").hooks == ("fitglue_connect",)


def test_a_wrapper_among_the_hooks_of_a_plugin_is_refused(load, plugin):
    """A hook wrapper in a plugin is refused, because it would see the calls of all plugins, and the
    fix names the entry-point group of wrappers.
    """
    error = load(bad=plugin(fitglue_connect=hookimpl(wrapper=True)(wrapping))).info("bad").error
    assert error.code == "FG-hook-signature"
    assert "fitglue.wrappers" in error.fix


def test_the_same_plugin_under_two_names_is_taken_once(load, plugin, greet):
    """A plugin that two entry points name is loaded under the first name and refused under the
    second.
    """
    module = plugin(greet("x"))
    plugins = load(one=module, two=module)
    assert plugins.info("one").error is None
    assert plugins.info("two").error.code == "FG-plugin-twice"


def test_a_plugin_with_one_bad_hook_is_ignored_completely(load, plugin, greet, entry):
    """No hook of a refused plugin is registered, not even its correct hooks."""
    plugins = load(bad=plugin(greet("bad"), fitglue_lst), good=plugin(greet("good")))
    with pytest.raises(PluginFailed):
        plugins.of(entry("bad")).call("fitglue_connect", connection=None)
    assert plugins.of(entry("good")).call("fitglue_connect", connection=None) == Account("good")


# -- calls -----------------------------------------------------------------------------------------


def call(plugins, entry, sign_of_life=None):
    return plugins.of(entry("bad"), sign_of_life).call("fitglue_connect", connection=None)


def connect_with(plugin, body):
    def fitglue_connect(connection):
        return body()

    return plugin(fitglue_connect)


@pytest.mark.parametrize("answer", [None, "i1", {"id": "i1"}, [Account("i1")]])
def test_an_answer_of_the_wrong_type_is_refused_with_what_was_expected(load, plugin, entry, answer):
    """An answer of a wrong type, such as None, is refused with its type and the expected type."""
    with pytest.raises(PluginFailed) as caught:
        call(load(bad=connect_with(plugin, lambda: answer)), entry)
    assert caught.value.code == "FG-plugin-answer"
    assert (
        caught.value.what == f"plugin bad answered with {type(answer).__name__}, expected Account"
    )
    assert caught.value.at.field == "bad: fitglue_connect"


@pytest.mark.parametrize(
    "raised", [ZeroDivisionError("half"), SystemExit(1), KeyboardInterrupt(), GeneratorExit()]
)
def test_whatever_a_hook_raises_is_named_with_plugin_hook_and_line(load, plugin, entry, raised):
    """An exception in a hook, even SystemExit or a KeyboardInterrupt that the plugin raises, ends
    only that call.
    """

    def body():
        raise raised

    with pytest.raises(PluginFailed) as caught:
        call(load(bad=connect_with(plugin, body)), entry)
    assert caught.value.code == "FG-plugin-raised"
    assert caught.value.what == f"plugin bad raised {type(raised).__name__} in fitglue_connect"
    assert caught.value.at.file == __file__
    assert caught.value.at.field == "bad: fitglue_connect"
    assert caught.value.fix
    assert caught.value.__cause__ is raised


def test_endless_recursion_in_a_hook_is_its_own_error(load, plugin, entry):
    """A hook that calls itself endlessly ends with an error, and the plugin can be called again."""

    def body():
        return body()

    plugins = load(bad=connect_with(plugin, body))
    for _ in range(2):
        with pytest.raises(PluginFailed, match="RecursionError"):
            call(plugins, entry)


def test_an_error_of_the_host_that_a_plugin_raises_is_unchanged(load, plugin, entry):
    """A FitglueError that a plugin raises is passed to the caller unchanged."""
    raised_by_plugin = AthleteNeeded("FG-key-rejected", "the key was rejected", fix="copy it again")

    def body():
        raise raised_by_plugin

    with pytest.raises(AthleteNeeded) as caught:
        call(load(bad=connect_with(plugin, body)), entry)
    assert caught.value is raised_by_plugin
    assert caught.value.__cause__ is None


def test_a_hook_that_blocks_is_abandoned_and_can_be_asked_again(load, plugin, entry, release):
    """A hook that blocks ends with FG-plugin-blocked and the time limit, and the next call runs on
    a new thread.
    """
    answers = iter([lambda: release.wait(30), lambda: Account("again")])
    plugins = load(bad=connect_with(plugin, lambda: next(answers)()), time_limit_s=0.2)
    with pytest.raises(PluginFailed) as caught:
        call(plugins, entry)
    assert caught.value.code == "FG-plugin-blocked"
    assert caught.value.what == "plugin bad did not respond for 0.2 s"
    assert call(plugins, entry) == Account("again")


def test_a_wait_that_is_known_of_is_no_blocking(load, plugin, entry, release):
    """The time limit of a hook does not expire while its HTTP session is known to be working."""
    checks = []

    def sign_of_life():
        checks.append(1)
        if len(checks) == 3:
            release.set()
        return float("inf")

    plugins = load(
        bad=connect_with(plugin, lambda: release.wait(30) and Account("late")), time_limit_s=0.05
    )
    assert call(plugins, entry, sign_of_life=sign_of_life) == Account("late")


def test_a_process_with_a_blocked_plugin_ends(tmp_path):
    """A process ends although a plugin still blocks on an abandoned thread."""
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent("""
        import threading
        from fitglue_registry.plugins.guard import Guard
        from fitglue_registry.errors import PluginFailed
        try:
            Guard("bad", time_limit_s=0.1).call("import", threading.Event().wait)
        except PluginFailed as error:
            print(error.code)
        endless = lambda: iter(threading.Event().wait, None)
        try:
            list(Guard("bad", time_limit_s=0.1).iterate("list", [endless]))
        except PluginFailed as error:
            print(error.code)
    """)
    )
    process = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=20, check=True
    )
    assert process.stdout.split() == ["FG-plugin-blocked"] * 2


def test_a_hook_that_the_plugin_lacks_is_reported(load, plugin, greet, entry):
    """A call of a hook that the plugin does not have ends with FG-hook-missing and the entry that
    needs the hook.
    """
    plugins = load(good=plugin(greet("good")))
    assert not plugins.of(entry("good")).implements("fitglue_list")
    with pytest.raises(PluginFailed) as caught:
        plugins.of(entry("good")).iterate(
            "fitglue_list", [{"connection": None, "window": Window()}]
        ).__next__()
    assert caught.value.code == "FG-hook-missing"
    assert "source/good" in caught.value.what


def test_a_loading_error_does_not_grow_with_each_question(load, point, entry):
    """The error of a plugin that cannot be loaded is the same each time, and its traceback does not
    grow.
    """
    plugins = load(point("bad", ImportError("gone")))
    lengths = set()
    for _ in range(3):
        with pytest.raises(PluginFailed) as caught:
            plugins.load(entry("bad"))
        lengths.add(len(inspect.getinnerframes(caught.value.__traceback__)))
    assert len(lengths) == 1
