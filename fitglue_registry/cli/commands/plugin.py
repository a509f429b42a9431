"""``fitglue plugin``: what is installed, whether a plugin is right, and adding one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fitglue_registry.cli.command import Group, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.errors import FitglueError, PluginFailed, UserMistake

if TYPE_CHECKING:
    from fitglue_registry.plugins import Step

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
    from fitglue_registry.cli import table

    listed = cli.host.plugins.list()
    found = [plugin.info for plugin in listed]
    entries = {plugin.info.name: plugin.entries for plugin in listed}
    if cli.as_json:
        cli.lines(
            {
                "name": info.name,
                "version": info.version,
                "ok": info.error is None,
                "hooks": list(info.hooks),
                "entries": list(entries[info.name]),
                "error": info.error.as_dict() if info.error else None,
            }
            for info in found
        )
        return
    cli.show(
        table.rows(
            ("", "plugin", "version", "entries"),
            [
                (
                    "✗" if info.error else "✓",
                    info.name,
                    info.version or "",
                    ", ".join(entries[info.name]) or "none",
                )
                for info in found
            ],
            width=cli.width,
            fold=("entries",),
        )
    )
    for error in (info.error for info in found):
        if error:
            cli.show(
                table.hanging("✗", f"{error.what} [{error.code}]"),
                table.hanging("→", error.fix or error.why or "", indent=4),
            )


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
    return _report(cli, name, cli.host.plugins.check(name))


def _report(cli: CliContext, name: str, steps: list[Step]) -> int:
    from fitglue_registry.cli import table
    from fitglue_registry.cli.failure import show_failure

    failed = next((step for step in steps if not step.ok), None)
    if cli.as_json:
        cli.document(
            {
                "plugin": name,
                "ok": failed is None,
                "steps": [
                    {
                        "name": step.name,
                        "ok": step.ok,
                        "detail": step.detail,
                        "error": step.error.as_dict() if step.error else None,
                    }
                    for step in steps
                ],
            }
        )
    else:
        cli.show(
            table.heading(name),
            table.pairs(
                [("✓" if step.ok else "✗", step.name, step.detail) for step in steps],
                widths=(1, 12),
            ),
        )
        if failed and failed.error:
            show_failure(cli, failed.error)
    return 8 if failed else 0


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
    from fitglue_registry.host import Host

    before = _versions()
    _pip(cli, [*(["--upgrade"] if upgrade else []), _target(what)])
    with Host() as host:
        after = _versions()
        touched = [
            name for name in after if name not in before or before[name] != after[name]
        ] or _meant(what, after)
        if not touched:
            raise PluginFailed(
                "FG-plugin-not-found",
                f"{what} is installed, and brings no plugin",
                why="no distribution in it has the entry point group fitglue.plugins",
                fix="tell its author",
            )
        fresh = CliContext(as_json=cli.as_json)
        fresh.__dict__["host"] = host
        return max(_checked(fresh, name) for name in touched)


def _checked(cli: CliContext, name: str) -> int:
    return _report(cli, name, cli.host.plugins.check(name))


def _versions() -> dict[str, str | None]:
    from importlib import invalidate_caches

    from fitglue_registry.plugins import Plugins

    invalidate_caches()
    plugins = Plugins()
    return {name: plugins.distribution(name)[1] for name in plugins.names()}


def _target(what: str) -> str:
    """What pip is given: a path that is there as a path, a name as a name, and never an option."""
    if what.startswith("-"):
        raise UserMistake(
            "FG-usage", f"{what!r} is no plugin", fix="give a name, a folder or a wheel"
        )
    path = Path(what).expanduser()
    return (
        str(path.resolve())
        if path.exists() and ("/" in what or path.suffix == ".whl" or path.is_dir())
        else what
    )


def _meant(what: str, names: dict[str, str | None]) -> list[str]:
    """The installed plugin that ``what`` names, where nothing was new; a plugin has the name of its
    distribution.
    """
    from packaging.utils import canonicalize_name

    meant = canonicalize_name(_distribution(what))
    return [name for name in names if canonicalize_name(name) == meant]


def _distribution(what: str) -> str:
    """The name of the distribution in a folder or a wheel, or in a requirement such as
    ``fitglue-intervals>=0.1``.
    """
    import tomllib

    path = Path(what).expanduser()
    if path.is_dir():
        with suppress(OSError, tomllib.TOMLDecodeError, KeyError, TypeError):
            return str(
                tomllib.loads((path / "pyproject.toml").read_text(encoding="utf-8"))["project"][
                    "name"
                ]
            )
    return (
        path.name.partition("-")[0]
        if path.suffix == ".whl"
        else re.split(r"[^\w.-]", path.name, maxsplit=1)[0]
    )


def _pip(cli: CliContext, arguments: list[str]) -> None:
    ran = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        *arguments,
    ]
    cli.note(cli.redactor.text(" ".join(ran)))
    # A build is somebody else's program: it gets none of our keys with its environment.
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("FITGLUE_") and name != "PGPASSWORD"
    }
    done = subprocess.run(  # noqa: S603 - a list, no shell
        ran, capture_output=True, text=True, errors="replace", check=False, env=ours
    )
    if done.returncode == 0:
        return
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    raise _not_installed(arguments[-1], " / ".join(lines[-_LAST_LINES:]))


def _not_installed(what: str, why: str) -> FitglueError:
    return PluginFailed(
        "FG-plugin-install-failed",
        f"pip could not install {what}",
        why=why or "it gave no reason",
        fix="look at pip's own words above: is it the name, the path, the network?",
    )
