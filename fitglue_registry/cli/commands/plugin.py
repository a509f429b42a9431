"""``fitglue plugin``: what is installed, whether a plugin is right, and adding one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from contextlib import suppress
from importlib import invalidate_caches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from packaging.utils import canonicalize_name

from fitglue_registry.cli.command import Group, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.failure import show_failure
from fitglue_registry.cli.layout import Hanging, Heading, Pairs, Rows, columns_of
from fitglue_registry.errors import FitglueError, PluginFailed, UserMistake
from fitglue_registry.plugins import Plugins

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_registry.plugins.check import Step
    from fitglue_registry.services.plugins import ListedPlugin

_COLUMNS = columns_of(("", "plugin", "version", "entries"), folded=("entries",))
_PIP_OPTIONS = ("--disable-pip-version-check", "--no-input")
_LAST_LINES = 6


@click.group(
    cls=Group,
    invoke_without_command=True,
    examples=("fitglue plugin", "fitglue plugin check fitglue-intervals"),
)
@json_option("Print JSON Lines.")
@click.pass_context
def command(context: click.Context) -> None:
    """List, check and install plugins."""
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command(
    "list",
    short_help="List plugins, also the broken ones.",
    examples=("fitglue plugin list --json",),
)
@json_option("Print JSON Lines.")
@pass_cli
def list_(cli: CliContext) -> None:
    """List the plugins of this environment, the broken ones with their reason, and those that an
    entry lacks.
    """
    plugins = cli.host.plugins.list()
    if cli.as_json:
        cli.lines(_plugin_document(plugin) for plugin in plugins)
        return
    cli.show(Rows(_COLUMNS, [_row(plugin) for plugin in plugins]))
    for plugin in plugins:
        error = plugin.info.error
        if error:
            cli.show(Hanging("✗", f"{error.what} [{error.code}]"))
            cli.show(Hanging("→", error.fix or error.why or "", indent=4))


def _plugin_document(plugin: ListedPlugin) -> dict[str, Any]:
    info = plugin.info
    return {
        "name": info.name,
        "version": info.version,
        "ok": info.error is None,
        "hooks": list(info.hooks),
        "entries": list(plugin.entries),
        "error": info.error.as_dict() if info.error else None,
    }


def _row(plugin: ListedPlugin) -> tuple[str, str, str, str]:
    info = plugin.info
    mark = "✗" if info.error else "✓"
    return mark, info.name, info.version or "", ", ".join(plugin.entries) or "none"


@command.command(
    "check",
    short_help="Walk through a plugin step by step.",
    examples=("fitglue plugin check fitglue-intervals",),
)
@click.argument("name")
@json_option()
@pass_cli
def check(cli: CliContext, *, name: str) -> int:
    """Walk through the plugin NAME step by step, and stop where it fails."""
    return _check(cli, name)


def _check(cli: CliContext, name: str) -> int:
    steps = cli.host.plugins.check(name)
    failed = next((step for step in steps if not step.ok), None)
    if cli.as_json:
        documents = [_step_document(step) for step in steps]
        cli.document({"plugin": name, "ok": failed is None, "steps": documents})
    else:
        rows = [("✓" if step.ok else "✗", step.name, step.detail) for step in steps]
        cli.show(Heading(name), Pairs(rows, widths=(1, 12)))
        if failed and failed.error:
            show_failure(cli, failed.error)
    return PluginFailed.exit_code if failed else 0


def _step_document(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "ok": step.ok,
        "detail": step.detail,
        "error": step.error.as_dict() if step.error else None,
    }


@command.command(
    "install",
    short_help="Install a plugin, and check it.",
    examples=(
        "fitglue plugin install fitglue-intervals",
        "fitglue plugin install ./my-plugin",
        "fitglue plugin install --upgrade fitglue-intervals",
    ),
)
@click.argument("what", metavar="NAME|PATH|WHEEL")
@click.option(
    "--upgrade", is_flag=True, help="Take the newest version, also where one is installed."
)
@pass_cli
def install(cli: CliContext, *, what: str, upgrade: bool) -> int:
    """Install a plugin into the environment that `fitglue` runs in, with pip, and check it.

    A plugin is a program: it runs with your rights. Install only what you trust.
    """
    before = _versions()
    _pip(cli, what, upgrade=upgrade)
    after = _versions()
    names = [name for name in after if name not in before or before[name] != after[name]]
    names = names or _meant(what, after)
    if not names:
        raise PluginFailed(
            "FG-plugin-not-found",
            f"{what} is installed, and brings no plugin",
            why="no distribution in it has the entry point group fitglue.plugins",
            fix="tell its author",
        )
    return max(_check(cli, name) for name in names)


def _versions() -> dict[str, str | None]:
    """The version of every plugin that is installed now, none of them imported."""
    invalidate_caches()
    plugins = Plugins()
    return {name: plugins.distribution(name).version for name in plugins.names()}


def _target(what: str) -> str:
    """What pip is given: a path that is there as a path, a name as a name, and never an option."""
    if what.startswith("-"):
        raise UserMistake(
            "FG-usage", f"{what!r} is no plugin", fix="give a name, a folder or a wheel"
        )
    path = Path(what).expanduser()
    looks_like_a_path = "/" in what or path.suffix == ".whl" or path.is_dir()
    return str(path.resolve()) if looks_like_a_path and path.exists() else what


def _meant(what: str, names: Iterable[str]) -> list[str]:
    """The installed plugin that ``what`` names, where nothing was new; a plugin has the name of its
    distribution.
    """
    meant = canonicalize_name(_distribution(what))
    return [name for name in names if canonicalize_name(name) == meant]


def _distribution(what: str) -> str:
    """The name of the distribution in a folder or a wheel, or in a requirement such as
    ``fitglue-intervals>=0.1``.
    """
    path = Path(what).expanduser()
    if path.is_dir():
        with suppress(OSError, tomllib.TOMLDecodeError, KeyError, TypeError):
            text = (path / "pyproject.toml").read_text(encoding="utf-8")
            return str(tomllib.loads(text)["project"]["name"])
    if path.suffix == ".whl":
        return path.name.partition("-")[0]
    return re.split(r"[^\w.-]", path.name, maxsplit=1)[0]


def _pip(cli: CliContext, what: str, *, upgrade: bool) -> None:
    command_line = [sys.executable, "-m", "pip", "install", *_PIP_OPTIONS]
    if upgrade:
        command_line.append("--upgrade")
    target = _target(what)
    command_line.append(target)
    cli.note(cli.redactor.text(" ".join(command_line)))
    done = subprocess.run(  # noqa: S603 - a list, no shell
        command_line,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env=_environment_of_builds(),
    )
    if done.returncode != 0:
        raise _not_installed(target, done.stderr or done.stdout)


def _environment_of_builds() -> dict[str, str]:
    """A build is somebody else's program: it gets none of our keys with its environment."""
    environment = {}
    for name, value in os.environ.items():
        if not name.startswith("FITGLUE_") and name != "PGPASSWORD":
            environment[name] = value
    return environment


def _not_installed(what: str, output: str) -> FitglueError:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return PluginFailed(
        "FG-plugin-install-failed",
        f"pip could not install {what}",
        why=" / ".join(lines[-_LAST_LINES:]) or "it gave no reason",
        fix="look at pip's own words above: is it the name, the path, the network?",
    )
