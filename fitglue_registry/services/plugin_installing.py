"""Installs a plugin with pip into the environment that the host runs in."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from contextlib import suppress
from importlib import invalidate_caches
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from fitglue_registry.errors import PluginFailed, UserMistake
from fitglue_registry.plugins import Plugins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_PIP_OPTIONS = ("--disable-pip-version-check", "--no-input")
_LAST_LINES = 6


def install_plugin(
    what: str,
    *,
    upgrade: bool = False,
    on_command: Callable[[str], None] | None = None,
) -> list[str]:
    """Install what is a name, a folder or a wheel; return the plugins that it brought.

    ``on_command`` is called with the command line before it runs.

    Raises ``UserMistake`` for what is an option of pip, ``PluginFailed`` where pip fails and where
    no plugin is in what was installed.
    """
    command_line = _command_line(what, upgrade=upgrade)
    before = _versions()
    if on_command is not None:
        on_command(" ".join(command_line))
    _run(command_line)
    after = _versions()
    changed = [name for name in after if name not in before or before[name] != after[name]]
    names = changed or _meant(what, after)
    if not names:
        raise PluginFailed(
            "FG-plugin-not-found",
            f"{what} is installed, and brings no plugin",
            why="no distribution in it has the entry point group fitglue.plugins",
            fix="tell its author",
        )
    return names


def _command_line(what: str, *, upgrade: bool) -> list[str]:
    command_line = [
        sys.executable,
        "-m",
        "pip",
        "install",
        *_PIP_OPTIONS,
    ]
    if upgrade:
        command_line.append("--upgrade")
    return [*command_line, _target(what)]


def _target(what: str) -> str:
    """What pip is given: a path that is there as a path, a name as a name, and never an option."""
    if what.startswith("-"):
        raise UserMistake(
            "FG-usage", f"{what!r} is no plugin", fix="give a name, a folder or a wheel"
        )
    path = Path(what).expanduser()
    looks_like_a_path = "/" in what or path.suffix == ".whl" or path.is_dir()
    if looks_like_a_path and path.exists():
        return str(path.resolve())
    return what


def _run(command_line: list[str]) -> None:
    done = subprocess.run(  # noqa: S603 - a list, no shell
        command_line,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env=_environment_of_builds(),
    )
    if done.returncode == 0:
        return
    output = (done.stderr or done.stdout).splitlines()
    lines = [line.strip() for line in output if line.strip()]
    raise PluginFailed(
        "FG-plugin-install-failed",
        f"pip could not install {command_line[-1]}",
        why=" / ".join(lines[-_LAST_LINES:]) or "it gave no reason",
        fix="look at pip's own words above: is it the name, the path, the network?",
    )


def _environment_of_builds() -> dict[str, str]:
    """A build is somebody else's program: it gets none of our keys with its environment."""
    environment = {}
    for name, value in os.environ.items():
        if not name.startswith("FITGLUE_") and name != "PGPASSWORD":
            environment[name] = value
    return environment


def _versions() -> dict[str, str | None]:
    """The version of every plugin that is installed now, none of them imported."""
    invalidate_caches()
    plugins = Plugins()
    return {name: plugins.distribution(name).version for name in plugins.names()}


def _meant(what: str, names: Iterable[str]) -> list[str]:
    """The installed plugin that ``what`` names, where nothing was new.

    A plugin has the name of its distribution.
    """
    meant = canonicalize_name(_distribution(what))
    return [name for name in names if canonicalize_name(name) == meant]


def _distribution(what: str) -> str:
    """The name of the distribution in a folder or a wheel, or in a requirement.

    A requirement is ``fitglue-intervals>=0.1`` or the like.
    """
    path = Path(what).expanduser()
    if path.is_dir():
        with suppress(OSError, tomllib.TOMLDecodeError, KeyError, TypeError):
            text = (path / "pyproject.toml").read_text(encoding="utf-8")
            return str(tomllib.loads(text)["project"]["name"])
    if path.suffix == ".whl":
        return path.name.partition("-")[0]
    return re.split(r"[^\w.-]", path.name, maxsplit=1)[0]
