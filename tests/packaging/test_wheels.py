"""Tests of the wheels: their contents, and that they work in an empty environment outside the
checkout.
"""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry._version import __version__
from tests.packaging.environment import (
    BOOSTERS,
    CHECKOUT,
    DESTINATIONS,
    FILES,
    FORMATS,
    GARMIN,
    INTERVALS,
    Environment,
    build,
    empty_environment,
    unpack,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.long

KEY = "stand-in-key"
#: Import name → the folder of its distribution.
PROJECTS = {
    "fitglue_registry": CHECKOUT,
    "fitglue_boosters": BOOSTERS,
    "fitglue_destinations": DESTINATIONS,
    "fitglue_formats": FORMATS,
    "fitglue_garmin": GARMIN,
    "fitglue_intervals": INTERVALS,
    "fitglue_files": FILES,
}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory) -> dict[str, Path]:
    """Return a wheel of each distribution: import name → path."""
    out = tmp_path_factory.mktemp("wheels")
    return {name: build(project, out) for name, project in PROJECTS.items()}


@pytest.fixture(scope="module")
def names(wheels) -> dict[str, set[str]]:
    """Return the names of the files in each wheel."""
    return {name: set(zipfile.ZipFile(wheel).namelist()) for name, wheel in wheels.items()}


@pytest.fixture(scope="module")
def installed(wheels, tmp_path_factory) -> Environment:
    """Return an environment in which all wheels are installed."""
    environment = empty_environment(tmp_path_factory.mktemp("installed"))
    environment.install(*wheels.values())
    return environment


@pytest.fixture
def synced(installed, tmp_path) -> Environment:
    """Return the environment with a home in which an account is connected and synced."""
    environment = Environment(
        installed.folder, installed.variables | {"FITGLUE_HOME": str(tmp_path / "home")}
    )
    with StandIn(Account.generate(8, strava_stubs=1), api_key=KEY) as service:
        environment.run(
            "fitglue",
            "connect",
            "intervals",
            "--base-url",
            service.url,
            FITGLUE_INTERVALS_API_KEY=KEY,
        )
        environment.run("fitglue", "sync")
    return environment


@pytest.mark.parametrize("folder", ["integrations", "sources", "schemas"])
def test_the_catalogue_is_in_the_hosts_wheel(names, folder):
    """The host's wheel contains every file of the registry, below
    ``fitglue_registry/catalogue``.
    """
    files = {
        f"fitglue_registry/catalogue/{folder}/{path.name}"
        for path in (CHECKOUT / "registry" / folder).iterdir()
    }
    assert files - names["fitglue_registry"] == set()


@pytest.mark.parametrize("file", ["tiers.yaml", "merge.yaml"])
def test_tiers_and_merge_rules_are_in_the_hosts_wheel(names, file):
    """The host's wheel contains the tiers and the merge rules."""
    assert f"fitglue_registry/catalogue/{file}" in names["fitglue_registry"]


def test_the_migrations_are_in_the_hosts_wheel(names):
    """The host's wheel contains the migrations, so an installed host can create and upgrade a
    database.
    """
    folder = CHECKOUT / "fitglue_registry" / "store" / "migrations"
    wanted = {
        path.relative_to(CHECKOUT).as_posix()
        for path in folder.rglob("*")
        if path.suffix in (".py", ".mako")
    }
    assert wanted - names["fitglue_registry"] == set()


def test_the_files_plugin_brings_its_own_registry_folder(names):
    """The wheel of the files plugin contains its entries, as a third party's wheel does, and the
    host's wheel does not.
    """
    entries = {
        "fitglue_files/registry/integrations/files.yaml",
        "fitglue_files/registry/sources/files.yaml",
    }
    assert entries - names["fitglue_files"] == set()
    assert not any("files.yaml" in name for name in names["fitglue_registry"])


def test_the_garmin_plugin_brings_its_table_of_units(names):
    """The wheel of the Garmin plugin contains the table of the values that it reads."""
    assert "fitglue_garmin/values.toml" in names["fitglue_garmin"]


def test_the_intervals_plugin_brings_its_schemas(names):
    """The wheel of the Intervals.icu plugin contains the schemas that it checks payloads with."""
    assert {
        "fitglue_intervals/schemas/activity.json",
        "fitglue_intervals/schemas/streams.json",
    } - names["fitglue_intervals"] == set()


@pytest.mark.parametrize("name", PROJECTS)
def test_a_wheel_holds_its_package_and_nothing_else(names, name):
    """A wheel contains its package with a ``py.typed`` marker, and no tests, caches or stray
    files.
    """
    metadata = f"{name}-{__version__}.dist-info/"
    assert [
        path
        for path in names[name]
        if not path.startswith((f"{name}/", metadata)) or "__pycache__" in path
    ] == []
    assert f"{name}/py.typed" in names[name]


def test_the_hosts_wheel_holds_the_license(names):
    """The host's wheel contains the text of the license."""
    assert f"fitglue_registry-{__version__}.dist-info/licenses/LICENSE" in names["fitglue_registry"]


@pytest.mark.parametrize("project", PROJECTS.values(), ids=lambda project: project.name)
def test_a_wheel_built_from_the_sdist_is_the_same(project, tmp_path, names):
    """A wheel that is built from the source distribution has the same files as ours."""
    unpacked = unpack(build(project, tmp_path, "sdist"), tmp_path / "sdist")
    wheel = build(unpacked, tmp_path)
    assert set(zipfile.ZipFile(wheel).namelist()) == names[wheel.name.partition("-")[0]]


def test_nothing_is_imported_from_the_checkout(installed):
    """In the test environment our packages are imported from the environment, not from the
    checkout.
    """
    printed = installed.run(
        "python",
        "-c",
        "import fitglue_registry, fitglue_files, fitglue_intervals as i; print(i.__file__)",
    ).stdout
    assert printed.startswith(str(installed.folder))
    assert str(CHECKOUT) not in installed.run(
        "python", "-c", "import sys; print(sys.path)"
    ).stdout.replace(".venv", "")


def test_the_command_prints_its_version(installed):
    """``fitglue --version`` prints the version of the installed host."""
    assert installed.run("fitglue", "--version").stdout == f"fitglue {__version__}\n"


def test_the_registry_is_found(installed, tmp_path):
    """``fitglue registry list`` lists the built-in entries and those of the files plugin, each with
    an installed plugin.
    """
    printed = installed.run(
        "fitglue", "registry", "list", "--json", FITGLUE_HOME=str(tmp_path)
    ).stdout
    states = {
        f"{entry['kind']}/{entry['id']}": entry["availability"]["state"]
        for entry in map(json.loads, printed.splitlines())
    }
    assert {
        "integration/intervals",
        "source/intervals",
        "integration/files",
        "source/files",
        "integration/strava",
    } <= set(states)
    assert set(states.values()) == {"not-connected", "not-connectable"}


def test_the_registry_is_valid(installed, tmp_path):
    """``fitglue registry check`` finds both folders of entries, and no error in them."""
    report = json.loads(
        installed.run("fitglue", "registry", "check", "--json", FITGLUE_HOME=str(tmp_path)).stdout
    )
    assert [folder["files"] >= 2 for folder in report["folders"]] == [True, True]
    assert report["errors"] == []


def test_connect_and_sync_work(synced):
    """An account is connected and its history is synced with only the installed packages."""
    (activity, *_) = activities = [
        json.loads(line)
        for line in synced.run("fitglue", "activities", "--json").stdout.splitlines()
    ]
    assert len(activities) == 7
    assert activity["sources"] == ["intervals"]


def test_a_missing_plugin_is_named_with_its_fix(tmp_path, wheels):
    """With only the host installed, ``connect`` names from the catalogue the plugin that
    Intervals.icu needs, and how to install it.
    """
    environment = empty_environment(tmp_path)
    environment.install(wheels["fitglue_registry"])
    process = environment.run(
        "fitglue", "connect", "intervals", "--json", check=False, FITGLUE_INTERVALS_API_KEY=KEY
    )
    assert process.returncode == 8
    assert json.loads(process.stderr)["error"]["fix"] == "fitglue plugin install fitglue-intervals"


def test_a_plugin_is_added_to_the_environment_of_the_command(tmp_path, wheels):
    """``fitglue plugin install`` installs a plugin from a folder, and the plugin passes its
    check.
    """
    environment = empty_environment(tmp_path)
    environment.install(wheels["fitglue_registry"], wheels["fitglue_formats"])
    environment.run("fitglue", "plugin", "install", str(FILES))
    assert json.loads(
        environment.run("fitglue", "plugin", "check", "fitglue-files", "--json").stdout
    )["ok"]
