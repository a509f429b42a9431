"""``fitglue registry``: the entries, one entry, and whether a folder of entries is right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli.command import Group, json_option
from fitglue_registry.cli.context import CliContext, pass_cli

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from fitglue_registry.errors import EntryInvalid
    from fitglue_registry.registry import Entry
    from fitglue_registry.registry.check import Report


@click.group(
    cls=Group,
    invoke_without_command=True,
    examples=("fitglue registry", "fitglue registry show source/intervals"),
)
@json_option("Print JSON Lines.")
@click.pass_context
def command(context: click.Context) -> None:
    """List what FitGlue can talk to; show one entry, or check a folder of them."""
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command("list", examples=("fitglue registry list --json",))
@json_option("Print JSON Lines.")
@pass_cli
def list_(cli: CliContext) -> None:
    """List every entry, and whether it can be used now."""
    from fitglue_registry.cli import table

    found: list[dict[str, Any]] = []
    for entry in cli.host.entries.list():
        available = cli.host.entries.availability(entry.kind, entry.id)
        found.append(
            {
                "kind": entry.kind,
                "id": entry.id,
                "name": entry.name,
                "tier": entry.tier,
                "plugin": entry.plugin.name,
                "summary": entry.summary,
                "origin": entry.origin,
                "availability": {
                    "state": available.state,
                    "reason": available.reason,
                    "fix": available.fix,
                    "code": available.code,
                },
            }
        )
    if cli.as_json:
        cli.lines(found)
        return
    cli.show(
        table.rows(
            ("entry", "name", "plugin", "tier", "state"),
            [
                (
                    f"{one['kind']}/{one['id']}",
                    one["name"],
                    one["plugin"],
                    one["tier"],
                    one["availability"]["state"],
                )
                for one in found
            ],
            width=cli.width,
            flexible="name",
        )
    )
    for problem in cli.host.entries.problems():
        cli.note(f"left out: {problem}")


@command.command(
    "show",
    examples=("fitglue registry show intervals", "fitglue registry show source/intervals --json"),
)
@click.argument("name", metavar="[KIND/]ID")
@json_option("Print JSON Lines.")
@pass_cli
def show(cli: CliContext, *, name: str) -> None:
    """Show the entry KIND/ID, or every kind of ID."""
    entries = cli.host.entries.find(name)
    if cli.as_json:
        import msgspec

        cli.lines(msgspec.to_builtins(entry) for entry in entries)
        return
    for number, entry in enumerate(entries):
        cli.show(*([""] if number else []), *_entry(cli, entry))


def _entry(cli: CliContext, entry: Entry) -> Iterator[RenderableType]:
    from fitglue_registry.cli.table import heading, pairs, rows

    available = cli.host.entries.availability(entry.kind, entry.id)
    yield heading(f"{entry.kind}/{entry.id}", entry.name)
    facts = [
        ("summary", entry.summary),
        ("state", f"{available.state}: {available.reason}"),
        ("to do", available.fix),
        ("tier", entry.tier),
        ("plugin", f"{entry.plugin.name} {entry.plugin.version}"),
        ("needs", ", ".join(entry.dependencies)),
        (
            "parts",
            ", ".join(
                part.name if part.default else f"{part.name} (with --{part.option})"
                for part in entry.parts
            ),
        ),
        ("history", entry.capabilities.history),
        ("terms", entry.terms.note),
        ("docs", ", ".join(link.url for link in entry.docs)),
        ("file", entry.file),
    ]
    yield pairs(
        [
            (name, value)
            for name, value in facts
            if value and not (name == "parts" and entry.kind != "source")
        ],
        widths=(9,),
    )
    if entry.closed:
        yield ""
        yield heading("Roads")
        yield pairs(
            [(road.name, f"{road.how} Then: {road.command}") for road in entry.closed.roads]
        )
    asked = [*entry.credentials, *entry.settings]
    if asked:
        yield ""
        yield heading("Asked for")
        yield pairs(
            [
                (
                    field.label or field.name,
                    " ".join(part for part in (field.help, f"({field.env(entry.id)})") if part),
                )
                for field in asked
            ]
        )
    if entry.data:
        yield ""
        yield heading("Data")
        yield rows(
            ("value", "when", "how", "from"),
            [
                (
                    datum.field,
                    datum.availability.replace("_", " "),
                    datum.kind if datum.availability != "never" else "",
                    datum.upstream,
                )
                for datum in entry.data
            ],
            width=cli.width,
            indent=2,
            fold=("value", "from"),
        )


@command.command(
    "check",
    short_help="Check the entries of a folder.",
    examples=("fitglue registry check", "fitglue registry check ./registry"),
)
@click.argument("path", required=False, type=click.Path(path_type=Path))
@json_option()
@pass_cli
def check(cli: CliContext, *, path: Path | None) -> int:
    """Check every entry in the folder PATH, or in all folders that are in use; each error with
    file, line and column.
    """
    checked = cli.host.plugins.check_entries(path)
    reports = checked.reports
    errors = [error for report in reports for error in report.errors]
    if cli.as_json:
        looked_at = [
            {"folder": str(report.folder), "files": report.files, "errors": len(report.errors)}
            for report in reports
        ]
        cli.document(
            {
                "folders": looked_at,
                "errors": [error.as_dict() for error in (*errors, *checked.unreadable)],
            }
        )
    else:
        _show_reports(cli, reports, errors)
    return 8 if errors or checked.unreadable else 0


def _show_reports(cli: CliContext, reports: Sequence[Report], errors: list[EntryInvalid]) -> None:
    """Errors in the form that editors understand, one a line with what to do below."""
    from fitglue_registry.cli.failure import at_line
    from fitglue_registry.cli.table import hanging
    from fitglue_registry.cli.text import count

    for error in errors:
        cli.show(*at_line(error))
    for report in reports:
        mark = "✗" if report.errors else "✓"
        wrong = count(len(report.errors), "error") if report.errors else "all right"
        cli.show(
            hanging(
                mark,
                f"{report.folder}: {count(report.files, 'entry', 'entries')}, {wrong}",
                indent=0,
            )
        )


@command.command(
    "help-article",
    short_help="Write an entry's help article.",
    examples=("fitglue registry help-article source/intervals > intervals.md",),
)
@click.argument("name", metavar="[KIND/]ID")
@pass_cli
def help_article(cli: CliContext, *, name: str) -> None:
    """Write the help article of an entry, in Markdown, from the entry and nothing else."""
    click.echo(
        "\n".join(cli.host.entries.article(entry) for entry in cli.host.entries.find(name)),
        nl=False,
    )
