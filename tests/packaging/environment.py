"""Builds our distributions and installs them, without a package index, into an empty virtual
environment outside the checkout.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from importlib.metadata import distributions
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
BOOSTERS = CHECKOUT / "plugins" / "fitglue-boosters"
DESTINATIONS = CHECKOUT / "plugins" / "fitglue-destinations"
FORMATS = CHECKOUT / "plugins" / "fitglue-formats"
FILES = CHECKOUT / "plugins" / "fitglue-files"
GARMIN = CHECKOUT / "plugins" / "fitglue-garmin"
INTERVALS = CHECKOUT / "plugins" / "fitglue-intervals"


@dataclass(frozen=True)
class Environment:
    """A virtual environment, and the variables that its commands run with."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def bin(self) -> Path:
        """The folder of its commands."""
        return self.folder / "bin"

    def run(
        self, *words: str, cwd: Path | None = None, check: bool = True, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one of its commands, by default in the folder of the environment, and return the
        process.
        """
        environment = (
            self.variables | {"PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}"} | variables
        )
        process = subprocess.run(
            [str(self.bin / words[0]), *words[1:]],
            cwd=cwd or self.folder,
            env=environment,
            text=True,
            encoding="utf-8",
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert not check or process.returncode == 0, (
            f"{' '.join(words)} ended with {process.returncode}\n{process.stdout}\n{process.stderr}"
        )
        return process

    def install(self, *wheels: Path) -> None:
        """Install wheels without their dependencies."""
        self.run("python", "-m", "pip", "install", "--no-deps", *map(str, wheels))


def plain_variables(home: Path) -> dict[str, str]:
    """Return the variables of a machine that has never used FitGlue, pip or a proxy."""
    inherited = {
        name: os.environ[name]
        for name in ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
        if name in os.environ
    }
    return inherited | {
        "HOME": str(home),
        "FITGLUE_SECRETS": "file",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_CONFIG_FILE": os.devnull,
    }


def build(project: Path, out: Path, kind: str = "wheel") -> Path:
    """Build a wheel or an sdist of a project with the build backend that is installed here, and
    return its path.
    """
    before = set(out.glob("*"))
    process = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(out)],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, (
        f"{project.name} does not build\n{process.stdout}\n{process.stderr}"
    )
    return next(iter(set(out.glob("*")) - before))


def empty_environment(folder: Path) -> Environment:
    """Return an environment that has links to everything that our distributions depend on, but not
    these.
    """
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True
    )
    offered = folder / "offered"
    offered.mkdir()
    _link_dependencies(offered)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    (folder / "venv" / "lib" / version / "site-packages" / "offered.pth").write_text(
        f"{offered}\n", encoding="utf-8"
    )
    home = folder / "user"
    home.mkdir()
    return Environment(folder / "venv", plain_variables(home))


def _link_dependencies(offered: Path) -> None:
    names = {
        re.sub(r"[-_.]+", "_", distribution.metadata["Name"].lower())
        for distribution in distributions()
    }
    ours = {name for name in names if "fitglue" in name}
    for installed in {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}:
        for path in installed.iterdir():
            if (
                path.suffix == ".pth"
                or path.name == "__pycache__"
                or any(name in path.name.lower() for name in ours)
            ):
                continue
            if not (offered / path.name).exists():
                (offered / path.name).symlink_to(path)


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack an sdist, and return the one folder inside it."""
    shutil.unpack_archive(archive, folder, filter="data")
    return next(folder.iterdir())
