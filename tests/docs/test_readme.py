"""Runs the first five minutes of the README as they are printed: commands, files and Python."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from fitglue_garmin.testing import Account as GarminAccount
from fitglue_garmin.testing import StandIn as GarminStandIn
from fitglue_intervals.testing import Account, StandIn
from fitglue_intervals.testing.files import plain_file_of
from fitglue_intervals.testing.garmin_archive import garmin_archive
from fitglue_intervals.testing.strava_archive import strava_archive
from fitglue_registry.cli.app import EXIT_CODES
from tests.docs.pages import DOCS, README, blocks, prose
from tests.packaging.environment import (
    CHECKOUT,
    DESTINATIONS,
    FILES,
    FORMATS,
    GARMIN,
    INTERVALS,
    Environment,
    build,
    empty_environment,
    plain_variables,
)

if TYPE_CHECKING:
    from pathlib import Path

RUN = {"athlete", "import", "plugin", "embedder"}


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Environment:
    """Return an environment in which the host and its plugins are installed as wheels."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "wheels").mkdir()
    environment = empty_environment(folder)
    environment.install(
        *(
            build(project, folder / "wheels")
            for project in (CHECKOUT, FORMATS, DESTINATIONS, GARMIN, INTERVALS, FILES)
        )
    )
    return environment


@pytest.fixture
def desk(tmp_path) -> Path:
    """Return an empty folder in which a reader types commands."""
    desk = tmp_path / "desk"
    desk.mkdir()
    return desk


def type_in(
    environment: Environment,
    desk: Path,
    section: str,
    ends: dict[str, int] | None = None,
    **variables: str,
) -> dict[str, str]:
    """Run each command of a section in a shell, and return what it printed, by command.

    ``ends`` has the expected exit codes of the commands that do not end with 0.
    """
    printed = {}
    variables |= {"HOME": str(desk), "XDG_DATA_HOME": str(desk / "data")}
    for command in [
        command
        for block in blocks(README)
        if block.words.get("test") == section
        for command in block.commands
    ]:
        process = subprocess.run(
            ["bash", "-c", command],
            cwd=desk,
            text=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
            env=environment.variables | {"PATH": f"{environment.bin}:/usr/bin:/bin"} | variables,
        )
        assert process.returncode == (ends or {}).get(command, 0), (
            f"{command}\n{process.stdout}\n{process.stderr}"
        )
        printed[command] = process.stdout
    return printed


def test_the_five_minutes_of_an_athlete(environment, desk):
    """The README's commands for athletes work with an empty data folder."""
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    account = Account.generate(12, until=yesterday)
    others = GarminAccount.generate(4, until=yesterday)
    with (
        StandIn(account, api_key="a-key") as service,
        GarminStandIn(others, api_key="GCDC_a-key") as garmin,
    ):
        printed = type_in(
            environment,
            desk,
            "athlete",
            FITGLUE_INTERVALS_API_KEY="a-key",
            FITGLUE_INTERVALS_BASE_URL=service.url,
            FITGLUE_GARMIN_API_KEY="GCDC_a-key",
            FITGLUE_GARMIN_BASE_URL=garmin.url,
        )
    assert "nothing new" in printed["fitglue sync"]
    assert len((desk / "month.jsonl").read_text(encoding="utf-8").splitlines()) == 12 + 4


@pytest.mark.long
def test_the_archives_of_an_athlete(environment, desk):
    """The same workouts in two archives and a folder become one list with the README's commands."""
    account = Account.generate(12, until=datetime.now(UTC).date() - timedelta(days=1))
    plans = [
        plan
        for plan in map(account.plan, account.ids())
        if plan.shape.sport.gps and len(plan.legs) == 1
    ]
    (desk / "Downloads").mkdir()
    (desk / "rides").mkdir()
    strava_archive(desk / "Downloads" / "export_12345.zip", plans[:3])
    garmin_archive(desk / "Downloads" / "garmin.zip", enumerate(plans[1:4], 11_000_000_001))
    (desk / "rides" / "ride.fit").write_bytes(plain_file_of(plans[0]))
    printed = type_in(environment, desk, "import", {"fitglue connect strava": 3})
    assert "3 new" in printed["fitglue import ~/Downloads/export_12345.zip --dry-run"]
    assert len(printed["fitglue activities"].splitlines()) == 1 + 4
    assert "One workout because" in printed["fitglue why last"]


def test_the_five_minutes_of_a_plugin_author(environment, desk):
    """The README's files are a complete plugin that installs, passes its check, and syncs."""
    for block in blocks(README):
        if "file" in block.words:
            path = desk / block.words["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    printed = type_in(environment, desk, "plugin", {"fitglue sync": 5})
    assert "Round the lake" in printed["fitglue activities"]
    assert "2026-04-30T06:00:00" in printed["fitglue quarantine"]


def run_program(page: Path, desk: Path, **variables: str) -> str:
    """Run the program on a page as an application would, and return what it prints."""
    (program,) = [block.text for block in blocks(page) if block.words.get("test") == "embedder"]
    process = subprocess.run(
        [sys.executable, "-c", program],
        cwd=desk,
        text=True,
        capture_output=True,
        check=False,
        env=plain_variables(desk) | variables,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_the_five_minutes_of_an_embedder(desk):
    """The README's program syncs an athlete of its own into the folder that it names."""
    assert "done: {" in run_program(README, desk)
    assert (desk / "app-data" / "fitglue.db").exists()


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def test_an_embedder_with_stores_of_its_own(desk, database, request):
    """The embedder's program syncs in either database, with the application's own vault."""
    url = (
        {"APP_DATABASE": request.getfixturevalue("postgres_url")}
        if database == "postgresql"
        else {}
    )
    assert "done: {" in run_program(DOCS / "embedding.md", desk, **url)
    assert (desk / "app-data" / "fitglue.db").exists() == (database == "sqlite")
    assert not (desk / "app-data" / "secrets").exists()


def test_every_block_is_run():
    """Every block of commands or Python in the README names the test that runs it."""
    runnable = [
        block for block in blocks(README) if block.language in ("console", "python", "bash", "sh")
    ]
    assert [
        block.text
        for block in runnable
        if block.words.get("test") not in RUN and "file" not in block.words
    ] == []


def test_an_entry_is_no_longer_than_fifteen_lines():
    """The entries in the README have at most fifteen lines."""
    lengths = {
        block.words["file"]: len(block.text.splitlines())
        for block in blocks(README)
        if block.language == "yaml"
    }
    assert {file: length for file, length in lengths.items() if length > 15} == {}


def test_the_exit_codes_are_those_of_the_command():
    """The table of exit codes for athletes is the one that ``fitglue --help`` prints."""
    assert [
        f"| {code} | {meaning} |"
        for code, meaning in EXIT_CODES.items()
        if f"| {code} | {meaning} |" not in prose(DOCS / "athlete.md")
    ] == []
