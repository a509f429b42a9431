"""Tests that ``plugin check`` runs its steps from the entry point to the versions and stops at the
first failure.
"""

from __future__ import annotations

import msgspec
import pytest

from fitglue_registry.hookspecs import REGISTRY_GROUP
from fitglue_registry.plugins.check import check_steps
from fitglue_registry.registry import Datum


@pytest.fixture
def check(load, point, plugin, greet, entry):
    """A function that returns (name, ok) of every step, and the error code of the last step."""

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


def test_a_plugin_in_order_passes_every_step(check):
    """A correct plugin passes the steps entry point, distribution, import, hooks, entries and
    versions.
    """
    assert check() == (
        passed("entry point", "distribution", "import", "hooks", "entries", "versions"),
        None,
    )


def test_it_stops_at_a_missing_entry_point(check, point, plugin, greet):
    """The check of a plugin that no entry point names ends at the first step."""
    assert check(point("other", plugin(greet("x")))) == (
        passed(then="entry point"),
        "FG-plugin-missing",
    )


def test_it_stops_at_the_import(check, point):
    """The check of a plugin whose module cannot be imported ends at the import."""
    assert check(point("good", ImportError("gone"))) == (
        passed("entry point", "distribution", then="import"),
        "FG-plugin-import-failed",
    )


def test_it_stops_at_the_hooks(check, point, plugin, greet):
    """The check of a plugin for another hook API ends at the hooks."""
    assert check(point("good", plugin(greet("x"), api=2))) == (
        passed("entry point", "distribution", "import", then="hooks"),
        "FG-hook-api",
    )


def test_it_stops_where_no_entry_names_the_plugin(check, entry):
    """The check of a plugin that no entry names ends at the entries."""
    steps = check(entries=[entry("another")])
    assert steps == (
        passed("entry point", "distribution", "import", "hooks", then="entries"),
        "FG-plugin-without-entry",
    )


def test_it_stops_where_an_entry_lists_a_hook_that_the_plugin_lacks(check, entry):
    """The check ends at the entries if an entry lists a hook that the plugin does not implement."""
    steps = check(entries=[entry("good", hooks=("fitglue_connect", "fitglue_list"))])
    assert steps == (
        passed("entry point", "distribution", "import", "hooks", then="entries"),
        "FG-hook-missing",
    )


def test_it_stops_where_the_version_does_not_fit(check, entry):
    """The check ends at the versions if the installed version is outside the range of an entry."""
    steps = check(entries=[entry("good", version=">=2")])
    assert steps == (
        passed("entry point", "distribution", "import", "hooks", "entries", then="versions"),
        "FG-plugin-version",
    )


def test_it_stops_at_the_plugins_own_registry_folder(
    load, point, plugin, greet, entry, tmp_path, monkeypatch
):
    """A mistake in an entry of the plugin's own registry folder is reported with file and line, as
    ``registry check`` reports it.
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
    """The check ends at the entries if a path under ``data`` is not a field of a source
    activity.
    """
    wrong = msgspec.structs.replace(
        entry("good"), data=(Datum(field="Distance", availability="always", path="distance"),)
    )
    last = check_steps(load(point("good", plugin(greet("x")), version="1.0")), "good", [wrong])[-1]
    assert (last.name, last.error.code) == ("entries", "FG-entry-unknown-path")
