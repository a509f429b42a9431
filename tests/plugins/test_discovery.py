"""Tests that plugins and their registry folders are found without an import, and that plugins are
imported when they are first needed.
"""

from __future__ import annotations

import sys
from importlib.metadata import entry_points

import pytest

from fitglue_registry.errors import PluginFailed
from fitglue_registry.hookspecs import PLUGIN_GROUP, REGISTRY_GROUP
from fitglue_registry.plugins import Plugins


def test_of_a_hundred_plugins_only_those_that_are_used_are_imported(
    load, point, plugin, greet, entry
):
    """Listing plugins and their versions imports none of them, and calling one imports only that
    one.
    """
    points = [
        point(f"p{number:03}", plugin(greet(f"p{number:03}")), version="1.0")
        for number in range(100)
    ]
    plugins = load(*points)
    assert len(plugins.names()) == 100
    assert plugins.distribution("p050") == ("p050", "1.0")
    assert sum(candidate.imports for candidate in points) == 0
    plugins.of(entry("p042")).call("fitglue_connect", connection=None)
    plugins.of(entry("p042")).call("fitglue_connect", connection=None)
    assert [candidate.name for candidate in points if candidate.imports] == ["p042"]
    assert points[42].imports == 1


def test_the_plugins_of_this_environment_are_found_by_their_entry_points():
    """The host finds the plugins of all installed distributions without any configuration."""
    assert set(Plugins().names()) == {point.name for point in entry_points(group=PLUGIN_GROUP)}
    assert "fitglue-intervals" in Plugins().names()


def test_the_reference_plugin_loads_with_all_of_its_hooks():
    """The Intervals.icu plugin is found and loaded in the same way as a third party's plugin."""
    info = Plugins().info("fitglue-intervals")
    assert info.error is None
    assert set(info.hooks) == {
        "fitglue_connect",
        "fitglue_list",
        "fitglue_fetch",
        "fitglue_normalize",
        "fitglue_dedupe",
        "fitglue_deliver",
        "fitglue_find_delivery",
    }
    assert info.distribution == "fitglue-intervals"


def test_a_missing_plugin_says_how_to_install_it_and_what_may_be_meant(load, plugin, greet, entry):
    """The error for a missing plugin names the command that installs it, and a similar name if a
    plugin has one.
    """
    plugins = load(**{"fitglue-intervals": plugin(greet("x"))})
    with pytest.raises(PluginFailed) as caught:
        plugins.load(entry("fitglue-interval"))
    assert caught.value.code == "FG-plugin-missing"
    assert (
        caught.value.fix
        == "did you mean fitglue-intervals? Otherwise: fitglue plugin install fitglue-interval"
    )


def test_info_returns_what_is_known_about_a_plugin(load, point, plugin, greet):
    """The information about a plugin has its distribution, version and hooks, and the error of a
    plugin that cannot be loaded.
    """
    plugins = load(
        point("good", plugin(greet("x")), version="1.2"),
        point("bad", ImportError("gone"), version="0.1"),
    )
    good, bad = plugins.info("good"), plugins.info("bad")
    assert (good.distribution, good.version, good.loaded, good.hooks, good.error) == (
        "good",
        "1.2",
        True,
        ("fitglue_connect",),
        None,
    )
    assert (bad.distribution, bad.version, bad.loaded, bad.hooks, bad.error.code) == (
        "bad",
        "0.1",
        False,
        (),
        "FG-plugin-import-failed",
    )
    assert plugins.info("none").error.code == "FG-plugin-missing"


@pytest.mark.parametrize(
    ("accepted", "installed", "fits"),
    [
        (">=1,<2", "1.5", True),
        (">=1,<2", "2.0", False),
        (">=1,<2", "0.9", False),
        ("", "0.0.1", True),
        (">=1", None, True),
        (">=1", "1.1rc1", True),
        (">=1", "unknown", False),
    ],
)
def test_the_installed_version_is_held_to_the_range_of_the_entry(
    load, point, plugin, greet, entry, accepted, installed, fits
):
    """A version inside the range of the entry fits, also a pre-release or an unknown version, and
    any other version is refused.
    """
    plugins = load(point("good", plugin(greet("x")), version=installed))
    if fits:
        plugins.load(entry("good", version=accepted))
        return
    with pytest.raises(PluginFailed) as caught:
        plugins.load(entry("good", version=accepted))
    assert caught.value.code == "FG-plugin-version"
    assert f"but {installed} is installed" in caught.value.what
    assert caught.value.fix == f"fitglue plugin install 'good{accepted}'"


# -- registry folders ------------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with a registry folder that must not be imported."""
    folder = tmp_path / "fg_example_package"
    (folder / "registry" / "sources").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def folders_of(load, point, value):
    return load(point("example", None, group=REGISTRY_GROUP, value=value)).registry_folders()


def test_a_folder_of_entries_is_found_without_importing_its_package(load, point, package):
    """A registry folder is found without importing its package, even if that package is broken."""
    assert folders_of(load, point, "fg_example_package:registry") == (
        [(package / "registry", "example")],
        [],
    )
    assert "fg_example_package" not in sys.modules


def test_a_folder_is_found_in_a_package_without_init(load, point, package):
    """A registry folder is also found in a namespace package."""
    (package / "__init__.py").unlink()
    assert folders_of(load, point, "fg_example_package:registry")[0] == [
        (package / "registry", "example")
    ]


@pytest.mark.parametrize(
    "value",
    [
        "fg_example_package:nowhere",
        "fg_missing_package:registry",
        "fg_example_package.sub:registry",
        "fg_example_package",
        "fg_example_package:",
        ":registry",
        "fg_example_package:../..",
        "fg_example_package:/etc",
        "not a package:registry",
        "",
        "__main__:registry",
        "json.tool:x",
        "this_is:sys",
    ],
)
def test_a_folder_that_is_not_there_is_reported_beside_the_others(load, point, package, value):
    """An invalid registry folder is reported with its distribution, nothing is imported, and the
    other folders are found.
    """
    bad = point("bad", None, group=REGISTRY_GROUP, value=value)
    bad.value = value
    good = point("good", None, group=REGISTRY_GROUP, value="fg_example_package:registry")
    folders, [error] = load(bad, good).registry_folders()
    assert folders == [(package / "registry", "good")]
    assert error.code == "FG-registry-folder-missing"
    assert "distribution bad" in error.what
    assert "fg_example_package" not in sys.modules


def test_a_module_without_a_spec_is_reported(load, point, package, monkeypatch):
    """A registry folder in a module without an import spec is reported as missing."""
    monkeypatch.setitem(sys.modules, "fg_handmade", type(sys)("fg_handmade"))
    folders, [error] = folders_of(load, point, "fg_handmade:registry")
    assert (folders, error.code) == ([], "FG-registry-folder-missing")
