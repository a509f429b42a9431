"""Tests of the make targets that change a machine: they report missing requirements first, and what
they install works and can be removed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.packaging.environment import CHECKOUT, plain_variables


def make(
    *words: str, home, check: bool = True, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run make in the checkout, for a user with this home, and return the process."""
    without_pip = {
        name: value for name, value in plain_variables(home).items() if not name.startswith("PIP_")
    }
    # Which package index pip uses, and through which proxy, depends on the machine.
    machine_settings = {
        name: os.environ[name]
        for name in os.environ
        if name.startswith("PIP_") or name.lower().endswith(("_proxy", "_ca_bundle"))
    }
    environment = without_pip | machine_settings | variables
    process = subprocess.run(
        ["make", "-C", str(CHECKOUT), "--no-print-directory", *words],
        env=environment,
        text=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert not check or process.returncode == 0, f"{process.stdout}\n{process.stderr}"
    return process


@pytest.fixture
def old_python(tmp_path):
    """Return a Python that is too old: make's check of it ends with exit code 1."""
    script = tmp_path / "python2"
    script.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    script.chmod(0o755)
    return script


@pytest.mark.parametrize("target", ["install", "setup"])
def test_a_python_that_is_too_old_is_reported_first(old_python, tmp_path, target):
    """If the Python is too old, make names it, the required version and the fix, and creates
    nothing.
    """
    process = make(
        target, f"PYTHON={old_python}", f"VENV={tmp_path}/venv", home=tmp_path, check=False
    )
    assert process.returncode == 2
    assert process.stderr.startswith(
        "make: Python 3.11 or newer with its venv module is needed, but this was found: "
        f"{old_python} (Debian: apt install python3-venv"
    )
    assert not (tmp_path / "venv").exists()


def test_a_missing_python_is_reported_first(tmp_path):
    """On a machine without any Python, make names the required version and the fix."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "make", "grep", "sed", "expand", "test", "echo"):
        (tools / name).symlink_to(shutil.which(name))
    process = make("install", home=tmp_path, check=False, PATH=str(tools))
    assert process.stderr.startswith(
        "make: Python 3.11 or newer with its venv module is needed, but this was found: no python3"
    )


def test_a_command_of_somebody_elses_is_not_replaced(tmp_path):
    """``make install`` does not replace a program of that name that it did not install."""
    theirs = tmp_path / ".local" / "bin" / "fitglue"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("theirs", encoding="utf-8")
    process = make("install", f"PYTHON={sys.executable}", home=tmp_path, check=False)
    assert f"{theirs} exists and was not installed by FitGlue" in process.stderr
    assert theirs.read_text(encoding="utf-8") == "theirs"


def test_nothing_to_remove_is_no_error(tmp_path):
    """``make uninstall`` without an installation succeeds and reports that nothing is installed."""
    assert (
        make("uninstall", home=tmp_path).stdout
        == f"FitGlue is not installed in {tmp_path}/.local/lib/fitglue.\n"
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return a home after ``make install``."""
    home = tmp_path_factory.mktemp("new user")
    make("install", f"PYTHON={sys.executable}", home=home)
    return home


@pytest.mark.long
def test_install_puts_the_command_on_the_path(installed):
    """After ``make install`` the command in ~/.local/bin works with all plugins, and uses nothing
    from the checkout.
    """
    process = subprocess.run(
        [f"{installed}/.local/bin/fitglue", "doctor", "--offline"],
        env=plain_variables(installed),
        text=True,
        capture_output=True,
        check=False,
        cwd=installed,
    )
    assert process.returncode == 0, process.stdout
    shown = set(process.stdout.split())
    plugins = {
        "fitglue-boosters",
        "fitglue-destinations",
        "fitglue-files",
        "fitglue-garmin",
        "fitglue-intervals",
    }
    assert plugins <= shown
    assert str(CHECKOUT) not in process.stdout


@pytest.mark.long
def test_uninstall_keeps_the_data_and_reports_where(installed):
    """``make uninstall`` removes everything except the data folder, and prints its path."""
    subprocess.run(
        [f"{installed}/.local/bin/fitglue", "doctor", "--offline"],
        env=plain_variables(installed),
        check=True,
    )
    output = make("uninstall", home=installed).stdout
    assert f"Your data stays in {installed}/.local/share/fitglue" in output
    assert [
        path.relative_to(installed).as_posix() for path in (installed / ".local").glob("*/*")
    ] == [".local/share/fitglue"]
