"""The wheels: what is inside, and that they work in an empty environment outside the checkout."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry._version import __version__
from tests.packaging.environment import (
    CHECKOUT,
    FILES,
    FORMATS,
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
    "fitglue_formats": FORMATS,
    "fitglue_intervals": INTERVALS,
    "fitglue_files": FILES,
}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory) -> dict[str, Path]:
    """A wheel of each distribution, by its import name."""
    out = tmp_path_factory.mktemp("wheels")
    return {name: build(project, out) for name, project in PROJECTS.items()}


@pytest.fixture(scope="module")
def names(wheels) -> dict[str, set[str]]:
    """What each wheel holds."""
    return {name: set(zipfile.ZipFile(wheel).namelist()) for name, wheel in wheels.items()}


@pytest.fixture(scope="module")
def installed(wheels, tmp_path_factory) -> Environment:
    """All of them, in an environment that has never seen the checkout."""
    environment = empty_environment(tmp_path_factory.mktemp("installed"))
    environment.install(*wheels.values())
    return environment


@pytest.fixture
def synced(installed, tmp_path) -> Environment:
    """The same with an account connected and synced."""
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
def test_the_catalogue_travels_in_the_hosts_wheel(names, folder):
    """Every file of the registry is inside, below ``fitglue_registry/catalogue``."""
    files = {
        f"fitglue_registry/catalogue/{folder}/{path.name}"
        for path in (CHECKOUT / "registry" / folder).iterdir()
    }
    assert files - names["fitglue_registry"] == set()


@pytest.mark.parametrize("file", ["tiers.yaml", "merge.yaml"])
def test_tiers_and_merge_rules_travel_in_the_hosts_wheel(names, file):
    """So are the two files beside the folders."""
    assert f"fitglue_registry/catalogue/{file}" in names["fitglue_registry"]


def test_the_migrations_travel_in_the_hosts_wheel(names):
    """A database can be made and brought up to date from what is installed."""
    folder = CHECKOUT / "fitglue_registry" / "store" / "migrations"
    wanted = {
        path.relative_to(CHECKOUT).as_posix()
        for path in folder.rglob("*")
        if path.suffix in (".py", ".mako")
    }
    assert wanted - names["fitglue_registry"] == set()


def test_the_files_plugin_brings_its_own_registry_folder(names):
    """Its entries are inside its own wheel, as a third party's are, and not in the host's."""
    entries = {
        "fitglue_files/registry/integrations/files.yaml",
        "fitglue_files/registry/sources/files.yaml",
    }
    assert entries - names["fitglue_files"] == set()
    assert not any("files.yaml" in name for name in names["fitglue_registry"])


def test_the_intervals_plugin_brings_its_schemas(names):
    """What it reads of payloads is checked by schemas of its own."""
    assert {
        "fitglue_intervals/schemas/activity.json",
        "fitglue_intervals/schemas/streams.json",
    } - names["fitglue_intervals"] == set()


@pytest.mark.parametrize("name", PROJECTS)
def test_a_wheel_holds_its_package_and_nothing_else(names, name):
    """No test, cache or stray file travels along, and the types are marked as such."""
    metadata = f"{name}-{__version__}.dist-info/"
    assert [
        one
        for one in names[name]
        if not one.startswith((f"{name}/", metadata)) or "__pycache__" in one
    ] == []
    assert f"{name}/py.typed" in names[name]


def test_the_hosts_wheel_holds_the_license(names):
    """The licence text travels along."""
    assert f"fitglue_registry-{__version__}.dist-info/licenses/LICENSE" in names["fitglue_registry"]


@pytest.mark.parametrize("project", PROJECTS.values(), ids=lambda project: project.name)
def test_a_wheel_built_from_the_sdist_is_the_same(project, tmp_path, names):
    """Whoever builds from the source distribution gets what we built."""
    unpacked = unpack(build(project, tmp_path, "sdist"), tmp_path / "sdist")
    wheel = build(unpacked, tmp_path)
    assert set(zipfile.ZipFile(wheel).namelist()) == names[wheel.name.partition("-")[0]]


def test_nothing_is_imported_from_the_checkout(installed):
    """The environment is what it claims to be: its packages are its own."""
    printed = installed.run(
        "python",
        "-c",
        "import fitglue_registry, fitglue_files, fitglue_intervals as i; print(i.__file__)",
    ).stdout
    assert printed.startswith(str(installed.folder))
    assert str(CHECKOUT) not in installed.run(
        "python", "-c", "import sys; print(sys.path)"
    ).stdout.replace(".venv", "")


def test_the_command_says_its_version(installed):
    """``fitglue --version`` works."""
    assert installed.run("fitglue", "--version").stdout == f"fitglue {__version__}\n"


def test_the_registry_is_found(installed, tmp_path):
    """The built-in entries and those that the files plugin brought are listed, each with a plugin
    that is there.
    """
    printed = installed.run(
        "fitglue", "registry", "list", "--json", FITGLUE_HOME=str(tmp_path)
    ).stdout
    states = {
        f"{one['kind']}/{one['id']}": one["availability"]["state"]
        for one in map(json.loads, printed.splitlines())
    }
    assert {
        "integration/intervals",
        "source/intervals",
        "integration/files",
        "source/files",
        "integration/strava",
    } <= set(states)
    assert set(states.values()) == {"not-connected", "not-connectable"}


def test_the_registry_is_right(installed, tmp_path):
    """``registry check`` finds the folders and nothing wrong in them."""
    found = json.loads(
        installed.run("fitglue", "registry", "check", "--json", FITGLUE_HOME=str(tmp_path)).stdout
    )
    assert [folder["files"] >= 2 for folder in found["folders"]] == [True, True]
    assert found["errors"] == []


def test_connect_and_sync_work(synced):
    """An account is connected and its history stored, with nothing but what is installed."""
    (activity, *_) = activities = [
        json.loads(line)
        for line in synced.run("fitglue", "activities", "--json").stdout.splitlines()
    ]
    assert len(activities) == 7
    assert activity["sources"] == ["intervals"]


def test_a_missing_plugin_is_named_with_its_fix(tmp_path, wheels):
    """The host alone knows from its catalogue which plugin Intervals.icu needs, and how to get
    it.
    """
    environment = empty_environment(tmp_path)
    environment.install(wheels["fitglue_registry"])
    done = environment.run(
        "fitglue", "connect", "intervals", "--json", check=False, FITGLUE_INTERVALS_API_KEY=KEY
    )
    assert done.returncode == 8
    assert json.loads(done.stderr)["error"]["fix"] == "fitglue plugin install fitglue-intervals"


def test_a_plugin_is_added_to_the_environment_of_the_command(tmp_path, wheels):
    """``fitglue plugin install`` takes a folder, and what it installed passes its check; what the
    plugin depends on is there, since this environment has no index to get it from.
    """
    environment = empty_environment(tmp_path)
    environment.install(wheels["fitglue_registry"], wheels["fitglue_formats"])
    environment.run("fitglue", "plugin", "install", str(FILES))
    assert json.loads(
        environment.run("fitglue", "plugin", "check", "fitglue-files", "--json").stdout
    )["ok"]
