"""``fitglue plugin``: lists, checks and installs plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fitglue_registry.cli.arguments import AnyPath
from fitglue_registry.cli.command import Group, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.failure import show_failure
from fitglue_registry.cli.layout import Hanging, Heading, Pairs, Rows, columns_of
from fitglue_registry.errors import PluginFailed

if TYPE_CHECKING:
    from fitglue_registry.cli.layout import Document
    from fitglue_registry.services.plugins import ListedPlugin, Step

_COLUMNS = columns_of(("", "plugin", "version", "entries"), folded=("entries",))


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
    short_help="List all plugins, including broken and missing ones.",
    examples=("fitglue plugin list --json",),
)
@json_option("Print JSON Lines.")
@pass_cli
def list_(cli: CliContext) -> None:
    """List all plugins, including those that are broken and those that an entry needs.

    For each broken or missing plugin, the reason and the fix are printed.
    """
    plugins = cli.host.plugins.list()
    if cli.as_json:
        cli.lines(map(_plugin_document, plugins))
        return
    cli.show(Rows(_COLUMNS, map(_row, plugins)))
    for plugin in plugins:
        error = plugin.info.error
        if error:
            cli.show(Hanging("✗", f"{error.what} [{error.code}]"))
            cli.show(Hanging("→", error.fix or error.why or "", indent=4))


def _plugin_document(plugin: ListedPlugin) -> Document:
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
    # A plugin without an entry is installed but cannot be used.
    entries = ", ".join(plugin.entries) or "none"
    return mark, info.name, info.version or "", entries


@command.command(
    "check",
    short_help="Check a plugin step by step.",
    examples=("fitglue plugin check fitglue-intervals",),
)
@click.argument("name")
@json_option()
@pass_cli
def check(cli: CliContext, *, name: str) -> int:
    """Check the plugin NAME step by step, and stop at the first step that fails."""
    return _check(cli, name)


def _check(cli: CliContext, name: str) -> int:
    steps = cli.host.plugins.check(name)
    failed = next((step for step in steps if not step.ok), None)
    if cli.as_json:
        documents = list(map(_step_document, steps))
        cli.document(
            {
                "plugin": name,
                "ok": failed is None,
                "steps": documents,
            }
        )
    else:
        cli.show(Heading(name), Pairs(map(_step_row, steps), widths=(1, 12)))
        if failed and failed.error:
            show_failure(cli, failed.error)
    return PluginFailed.exit_code if failed else 0


def _step_row(step: Step) -> tuple[str, str, str]:
    mark = "✓" if step.ok else "✗"
    return mark, step.name, step.detail


def _step_document(step: Step) -> Document:
    return {
        "name": step.name,
        "ok": step.ok,
        "detail": step.detail,
        "error": step.error.as_dict() if step.error else None,
    }


@command.command(
    "install",
    short_help="Install a plugin and check it.",
    examples=(
        "fitglue plugin install fitglue-intervals",
        "fitglue plugin install ./my-plugin",
        "fitglue plugin install --upgrade fitglue-intervals",
    ),
)
@click.argument(
    "what",
    metavar="NAME|PATH|WHEEL",
    type=AnyPath(),
)
@click.option(
    "--upgrade", is_flag=True, help="Install the newest version, even if one is installed."
)
@pass_cli
def install(
    cli: CliContext,
    *,
    what: str,
    upgrade: bool,
) -> int:
    """Install a plugin with pip into the environment that `fitglue` runs in, and check it.

    A plugin is a program that runs with your permissions. Install only plugins that you trust.
    """
    names = cli.host.plugins.install(
        what,
        upgrade=upgrade,
        # The URL of a package index may contain a password.
        on_command=lambda command_line: cli.note(cli.redactor.text(command_line)),
    )
    # What pip has installed may still be broken, so each new plugin is checked at once.
    return max([_check(cli, name) for name in names])
