"""The targets of make that change a machine: what they need is said first, what they install works,
what they remove is gone.
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
    """Run make in the checkout, for a user with that home."""
    plain = {
        name: value for name, value in plain_variables(home).items() if not name.startswith("PIP_")
    }
    # Which package index pip asks, and how it gets there, is the machine's own business.
    machines = {
        name: os.environ[name]
        for name in os.environ
        if name.startswith("PIP_") or name.lower().endswith(("_proxy", "_ca_bundle"))
    }
    environment = plain | machines | variables
    done = subprocess.run(
        ["make", "-C", str(CHECKOUT), "--no-print-directory", *words],
        env=environment,
        text=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert not check or done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture
def old_python(tmp_path):
    """A Python that is too old: what make asks of it ends with 1."""
    script = tmp_path / "python2"
    script.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    script.chmod(0o755)
    return script


@pytest.mark.parametrize("target", ["install", "setup"])
def test_a_python_that_is_too_old_is_said_first(old_python, tmp_path, target):
    """Nothing is begun: the line names the Python, what is needed, and what to do."""
    done = make(target, f"PYTHON={old_python}", f"VENV={tmp_path}/venv", home=tmp_path, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(
        f"make: {old_python} is not Python 3.11 or newer with its venv module (Debian: apt "
        "install python3-venv"
    )
    assert not (tmp_path / "venv").exists()


def test_no_python_at_all_is_said_first(tmp_path):
    """A machine without any Python gets the same line."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "make", "grep", "sed", "expand", "test", "echo"):
        (tools / name).symlink_to(shutil.which(name))
    done = make("install", home=tmp_path, check=False, PATH=str(tools))
    assert done.stderr.startswith("make: no python3 here is not Python 3.11")


def test_a_command_of_somebody_elses_is_not_replaced(tmp_path):
    """A program that happens to be called fitglue stays what it is."""
    theirs = tmp_path / ".local" / "bin" / "fitglue"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("theirs", encoding="utf-8")
    done = make("install", f"PYTHON={sys.executable}", home=tmp_path, check=False)
    assert f"{theirs} is there and is not ours" in done.stderr
    assert theirs.read_text(encoding="utf-8") == "theirs"


def test_nothing_to_remove_is_no_error(tmp_path):
    """``make uninstall`` on a machine without it says so."""
    assert (
        make("uninstall", home=tmp_path).stdout
        == f"There is no fitglue in {tmp_path}/.local/lib/fitglue.\n"
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """An empty home after ``make install``."""
    home = tmp_path_factory.mktemp("new user")
    make("install", f"PYTHON={sys.executable}", home=home)
    return home


@pytest.mark.long
def test_install_puts_the_command_on_the_path(installed):
    """The command in ~/.local/bin works, with both plugins, and nothing of it comes from the
    checkout.
    """
    done = subprocess.run(
        [f"{installed}/.local/bin/fitglue", "doctor", "--offline"],
        env=plain_variables(installed),
        text=True,
        capture_output=True,
        check=False,
        cwd=installed,
    )
    assert done.returncode == 0, done.stdout
    assert {"fitglue-files", "fitglue-intervals"} <= set(done.stdout.split())
    assert str(CHECKOUT) not in done.stdout


@pytest.mark.long
def test_uninstall_leaves_the_data_and_says_where(installed):
    """After ``make uninstall`` the data folder is all that is left of it."""
    subprocess.run(
        [f"{installed}/.local/bin/fitglue", "doctor", "--offline"],
        env=plain_variables(installed),
        check=True,
    )
    said = make("uninstall", home=installed).stdout
    assert f"Your data is left in {installed}/.local/share/fitglue" in said
    assert [
        path.relative_to(installed).as_posix() for path in (installed / ".local").glob("*/*")
    ] == [".local/share/fitglue"]
