"""Installs a plugin with pip into the environment that the host runs in."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from contextlib import suppress
from importlib import invalidate_caches
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from fitglue_registry.errors import Place, PluginFailed, UserMistake
from fitglue_registry.input_files import read_file
from fitglue_registry.plugins import Plugins
from fitglue_registry.registry.paths import expanded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

_PIP_OPTIONS = ("--disable-pip-version-check", "--no-input")
_LAST_LINES = 6


def install_plugin(
    requirement: str,
    *,
    upgrade: bool = False,
    on_command: Callable[[str], None] | None = None,
) -> list[str]:
    """Install a plugin with pip; see ``InstalledPlugins.install``."""
    command_line = _command_line(requirement, upgrade=upgrade)
    before = _versions()
    if on_command is not None:
        on_command(" ".join(command_line))
    _run(command_line)
    after = _versions()
    # pip does not report what it has installed in a stable form, so the versions are compared.
    changed = [name for name in after if name not in before or before[name] != after[name]]
    names = changed or _meant(requirement, after)
    if not names:
        raise PluginFailed(
            "FG-plugin-not-found",
            f"{requirement} was installed, but contains no plugin",
            why="none of its distributions has the entry-point group fitglue.plugins",
            fix="report it to its author",
        )
    return names


def _command_line(requirement: str, *, upgrade: bool) -> list[str]:
    command_line = [
        sys.executable,
        "-m",
        "pip",
        "install",
        *_PIP_OPTIONS,
    ]
    if upgrade:
        command_line.append("--upgrade")
    return [*command_line, _target(requirement)]


def _target(requirement: str) -> str:
    """Return the argument for pip: the absolute path of a folder or wheel, or a requirement.

    A folder in the working directory may have the name of a distribution by chance, and its build
    would run code. It is meant only if it is written as a path.
    """
    # Something like --index-url=… would be an option of pip.
    if requirement.startswith("-"):
        raise _no_plugin(requirement)
    path = _path(requirement)
    if path is not None:
        return str(path.resolve())
    if _is_address(requirement):
        return requirement
    try:
        Requirement(requirement)
    except InvalidRequirement as error:
        raise _no_plugin(requirement, str(error).splitlines()[0]) from error
    return requirement


def _no_plugin(requirement: str, why: str | None = None) -> UserMistake:
    return UserMistake(
        "FG-usage",
        f"{requirement!r} is not a plugin",
        why=why,
        fix="use a name such as fitglue-intervals, a folder such as ./my-plugin, or a wheel",
    )


def _path(requirement: str) -> Path | None:
    """Return the folder or wheel that is meant, or ``None`` if a name is meant.

    Raises:
        UserMistake: FG-path-missing if a path is meant and nothing is there.
    """
    separators = {os.sep, os.altsep or os.sep}
    is_path = requirement.startswith((".", "~")) or not separators.isdisjoint(requirement)
    if _is_address(requirement) or not (is_path or requirement.endswith(".whl")):
        return None
    path = expanded(requirement)
    try:
        path.lstat()
    except (OSError, ValueError) as error:
        raise UserMistake(
            "FG-path-missing",
            "the folder or wheel cannot be found",
            at=Place(requirement),
            why=getattr(error, "strerror", None) or str(error),
            fix="name a folder that exists, or the plugin without a path",
        ) from error
    return path


def _is_address(requirement: str) -> bool:
    """Return whether a plugin is named by its address, such as git+https://… for pip."""
    return "://" in requirement


def _run(command_line: list[str]) -> None:
    pip = subprocess.run(  # noqa: S603 - a list, no shell
        command_line,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env=_environment_of_builds(),
    )
    if pip.returncode == 0:
        return
    output = (pip.stderr or pip.stdout).splitlines()
    lines = [line.strip() for line in output if line.strip()]
    raise PluginFailed(
        "FG-plugin-install-failed",
        f"pip could not install {command_line[-1]}",
        why=" / ".join(lines[-_LAST_LINES:]) or "it gave no reason",
        fix="check the name or the path, and the network connection",
    )


def _environment_of_builds() -> dict[str, str]:
    """Return the environment for pip without our keys, because a build runs third-party code."""
    environment = {}
    for name, value in os.environ.items():
        if not name.startswith("FITGLUE_") and name != "PGPASSWORD":
            environment[name] = value
    return environment


def _versions() -> dict[str, str | None]:
    """Return name → version of every installed plugin, without importing any."""
    # The import system caches folders, and would miss what pip has just installed.
    invalidate_caches()
    # A new instance, because the host's own caches what it has found.
    plugins = Plugins()
    return {name: plugins.distribution(name).version for name in plugins.names()}


def _meant(requirement: str, names: Iterable[str]) -> list[str]:
    """Return the plugin that ``requirement`` names, if it was installed before.

    A plugin has the name of its distribution.
    """
    meant = canonicalize_name(_distribution(requirement))
    return [name for name in names if canonicalize_name(name) == meant]


def _distribution(requirement: str) -> str:
    """Return the name of the distribution in a folder, a wheel or a requirement.

    A requirement looks like ``fitglue-intervals>=0.1``.
    """
    path = _path(requirement)
    if path is None:
        with suppress(InvalidRequirement):
            return Requirement(requirement).name
        return ""
    if path.is_dir():
        with suppress(UserMistake, ValueError, KeyError, TypeError):
            text = read_file(path / "pyproject.toml").decode()
            return str(tomllib.loads(text)["project"]["name"])
    return path.name.partition("-")[0]
