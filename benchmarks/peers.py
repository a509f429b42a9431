"""The virtual environment of the other products: it is created once for the current lists of
packages, and each package that cannot be installed costs only the measurements that need it.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path

from measure import environment

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / ".venv-bench"
PYTHON = str(FOLDER / "bin" / "python")
#: The Singer target has an environment of its own.
TARGET = FOLDER / "target"
#: Environment → its list of packages.
LISTS = {FOLDER: HERE / "peers.txt", TARGET: HERE / "peers-target.txt"}
_MARK = FOLDER / ".ready"
#: The name at the beginning of a requirement such as ``dlt[duckdb]==1.31.0``.
_NAME = re.compile(r"[\w.-]+")
_LONGEST_REASON = 200


def set_up() -> dict[str, str]:
    """Create the environments, unless they exist for the current lists of packages.

    Returns:
        The reason for each package that could not be installed, by its name. It is tried again by
        the next run.
    """
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in LISTS.values())).hexdigest()
    if _MARK.is_file() and _MARK.read_text() == digest:
        return {}
    print("Setting up .venv-bench for the other products (once; a minute or two) …", flush=True)
    missing: dict[str, str] = {}
    for folder, wanted in LISTS.items():
        missing |= _install(folder, requirements(wanted))
    if not missing:
        _MARK.write_text(digest)
    return missing


def requirements(path: Path) -> list[str]:
    """Return the lines of a list of packages without its comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _install(folder: Path, wanted: list[str]) -> dict[str, str]:
    """Install packages into an environment, and return the reasons for those that are missing."""
    reason = _problem([sys.executable, "-m", "venv", str(folder)])
    if reason is not None:
        return dict.fromkeys(map(_name, wanted), reason)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--quiet", "install"]
    if _problem([*pip, *wanted]) is None:
        return {}
    # Pip installs all packages or none. Alone, each of them may be available.
    reasons = {_name(requirement): _problem([*pip, requirement]) for requirement in wanted}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def _name(requirement: str) -> str:
    """Return the name of the package that a requirement asks for."""
    matched = _NAME.match(requirement)
    assert matched is not None
    return matched.group()


def _problem(command: list[str]) -> str | None:
    """Run a command, and return the last line of its errors if it fails."""
    done = subprocess.run(
        command,
        env=environment(PIP_DISABLE_PIP_VERSION_CHECK="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return None
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return lines[-1].removeprefix("ERROR: ")[:_LONGEST_REASON]
