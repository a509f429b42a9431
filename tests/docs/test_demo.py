"""Tests that the demonstration shows what it promises, and fails if the store differs from it."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import unicodedata

import pytest

from tests.docs.pages import CHECKOUT

pytestmark = pytest.mark.long

DEMO = CHECKOUT / "tools" / "demo.py"


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Return what the demonstration prints at 80 columns, without the developer's own settings."""
    folder = tmp_path_factory.mktemp("demo")
    variables = os.environ | {
        "COLUMNS": "80",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "FITGLUE_DATABASE": "sqlite:////nowhere/fitglue.db",
    }
    process = subprocess.run(
        [sys.executable, str(DEMO), str(folder / "demo")],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        env=variables,
        cwd=folder,
        check=False,
    )
    assert process.returncode == 0, process.stdout
    return process.stdout


@pytest.fixture
def demo():
    """Import the demonstration as a module."""
    spec = importlib.util.spec_from_file_location("demo", DEMO)
    module = importlib.util.module_from_spec(spec)
    sys.modules["demo"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["demo"]


def test_it_goes_through_the_main_job(shown):
    """The demonstration shows connect, three syncs, the list, one activity, why and SQL, in this
    order, and then the same workouts from other places.
    """
    typed = [line.split()[2] for line in shown.splitlines() if line.startswith("$ fitglue")]
    account = [
        "connect",
        "sync",
        "activities",
        "show",
        "sync",
        "sync",
        "activities",
        "why",
        "why",
        "sql",
    ]
    assert typed == [
        *account,
        "connect",
        "sync",
        "import",
        "import",
        "duplicates",
        "duplicates",
        "activities",
        "why",
        "why",
        "duplicates",
        "duplicates",
    ]


def test_it_makes_one_list_of_two_accounts_two_archives_and_a_folder(shown):
    """The demonstration counts records, explains why one workout is one, and undoes a decision."""
    assert re.search(r"\d+ records of 5 sources are \d+ workouts", shown)
    assert all(
        text in shown
        for text in (
            "the same workout?",
            "One workout because",
            "Where they differ",
            "Undone: the split of",
        )
    )


def test_it_shows_a_corrected_value_and_why_it_is_so(shown):
    """The demonstration explains the start of a file whose clock was set while it was recorded, in
    a few lines.
    """
    explained = shown.partition("15. Files contain errors.")[2].partition("16. ")[0]
    assert "start_utc" in explained.partition("Remarks about values")[2]
    assert len(explained.splitlines()) < 30


def test_it_ends_with_the_readers_own_key(shown):
    """The last lines of the demonstration show the same steps for the reader's own account."""
    assert "fitglue connect intervals  " in shown.partition("own account")[2]


def test_it_fits_80_columns(shown):
    """No line is wider than 80 columns, except the last one, whose paths cannot be shortened."""
    assert [line for line in shown.splitlines()[:-1] if _columns(line) > 80] == []


def test_a_broken_promise_ends_it_with_1(demo, tmp_path, monkeypatch, capsys):
    """If a step does not do what it says, the exit code is 1 and the step is named."""
    monkeypatch.setattr(demo.Demo, "fitglue", lambda self, *arguments: 0)
    assert demo.main([str(tmp_path / "demo")]) == 1
    assert "one connection: expected ['intervals'], found []" in capsys.readouterr().err


def test_a_folder_of_somebody_elses_is_left_alone(demo, tmp_path, capsys):
    """The demonstration empties only a folder that a demonstration made."""
    (tmp_path / "precious").touch()
    assert demo.main([str(tmp_path)]) == 1
    assert (tmp_path / "precious").exists()


def _columns(line: str) -> int:
    """Return how many columns of a terminal a line takes."""
    characters = [
        character
        for character in line
        if not unicodedata.combining(character) and character != "\ufe0f"
    ]
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in characters)
    return len(characters) + wide
