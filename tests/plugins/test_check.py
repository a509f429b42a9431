"""``plugin check`` walks from the entry point to the versions, and stops where it fails."""

from __future__ import annotations

import msgspec
import pytest

from fitglue_registry.hookspecs import REGISTRY_GROUP
from fitglue_registry.plugins.check import check_steps
from fitglue_registry.registry import Datum


@pytest.fixture
def walk(load, point, plugin, greet, entry):
    """(name, ok) of every step, and the code of the last one's error."""

    def make(installed=None, *, entries=None, version="1.0"):
        plugins = load(
            installed
            if installed is not None
            else point("good", plugin(greet("x")), version=version)
        )
        steps = check_steps(plugins, "good", [entry("good")] if entries is None else entries)
        return [(step.name, step.ok) for step in steps], steps[-1].error and steps[-1].error.code

    return make


def passed(*names, then=None):
    return [(name, True) for name in names] + ([(then, False)] if then else [])


def test_a_plugin_in_order_passes_every_step(walk):
    """Entry point, distribution, import, hooks, entries and versions are looked at."""
    assert walk() == (
        passed("entry point", "distribution", "import", "hooks", "entries", "versions"),
        None,
    )


def test_it_stops_at_an_entry_point_that_is_not_there(walk, point, plugin, greet):
    """Nothing further can be said of a plugin that nobody names."""
    assert walk(point("other", plugin(greet("x")))) == (
        passed(then="entry point"),
        "FG-plugin-missing",
    )


def test_it_stops_at_the_import(walk, point):
    """The distribution is there, its module is not."""
    assert walk(point("good", ImportError("gone"))) == (
        passed("entry point", "distribution", then="import"),
        "FG-plugin-import-failed",
    )


def test_it_stops_at_the_hooks(walk, point, plugin, greet):
    """The module is there and speaks another hook API."""
    assert walk(point("good", plugin(greet("x"), api=2))) == (
        passed("entry point", "distribution", "import", then="hooks"),
        "FG-hook-api",
    )


def test_it_stops_where_no_entry_names_the_plugin(walk, entry):
    """A plugin without an entry can never be used."""
    steps = walk(entries=[entry("another")])
    assert steps == (
        passed("entry point", "distribution", "import", "hooks", then="entries"),
        "FG-plugin-without-entry",
    )


def test_it_stops_where_an_entry_lists_a_hook_that_the_plugin_lacks(walk, entry):
    """Entry and plugin must say the same."""
    steps = walk(entries=[entry("good", hooks=("fitglue_connect", "fitglue_list"))])
    assert steps == (
        passed("entry point", "distribution", "import", "hooks", then="entries"),
        "FG-hook-missing",
    )


def test_it_stops_where_the_version_does_not_fit(walk, entry):
    """The last look is at the range that the entry accepts."""
    steps = walk(entries=[entry("good", version=">=2")])
    assert steps == (
        passed("entry point", "distribution", "import", "hooks", "entries", then="versions"),
        "FG-plugin-version",
    )


def test_it_stops_at_the_plugins_own_registry_folder(
    load, point, plugin, greet, entry, tmp_path, monkeypatch
):
    """A mistake in an entry that the plugin brings is found with file and line, as `registry check`
    finds it.
    """
    folder = tmp_path / "brought" / "registry" / "integrations"
    folder.mkdir(parents=True)
    (folder.parents[1] / "__init__.py").touch()
    (folder / "other.yaml").write_text("schema: 1\nkind: integration\nid: good\n")
    monkeypatch.syspath_prepend(tmp_path)
    plugins = load(
        point("good", plugin(greet("x")), version="1.0"),
        point("good", None, group=REGISTRY_GROUP, value="brought:registry"),
    )
    last = check_steps(plugins, "good", [entry("good")])[-1]
    assert (last.name, last.ok) == ("entries", False)
    assert last.error.at.file.endswith("other.yaml")


def test_it_stops_at_a_path_that_no_source_activity_has(load, point, plugin, greet, entry):
    """The table of data names fields of the model."""
    wrong = msgspec.structs.replace(
        entry("good"), data=(Datum(field="Distance", availability="always", path="distance"),)
    )
    last = check_steps(load(point("good", plugin(greet("x")), version="1.0")), "good", [wrong])[-1]
    assert (last.name, last.error.code) == ("entries", "FG-entry-unknown-path")
