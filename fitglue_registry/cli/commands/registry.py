"""``fitglue registry``: lists and shows entries, checks them, and writes help articles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from fitglue_registry.cli.command import Group, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.failure import at_line
from fitglue_registry.cli.layout import Hanging, Heading, Pairs, Rows, columns_of, stated
from fitglue_registry.cli.text import count
from fitglue_registry.errors import EntryInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.cli.layout import Document, Part
    from fitglue_registry.errors import FitglueError
    from fitglue_registry.services.entries import Availability, Datum, Entry, EntryPart, Field
    from fitglue_registry.services.plugins import EntriesCheck, Report

# Without plugin and tier, which `show` prints, nothing is cut off on a screen of 80 columns.
_COLUMNS = columns_of(("entry", "name", "state"), flexible="name")
_DATA_COLUMNS = columns_of(("value", "when", "how", "from"), folded=("value", "from"))


@click.group(
    cls=Group,
    invoke_without_command=True,
    examples=("fitglue registry", "fitglue registry show source/intervals"),
)
@json_option("Print JSON Lines.")
@click.pass_context
def command(context: click.Context) -> None:
    """List the services that FitGlue can talk to, show one, or check a folder of entries."""
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command("list", examples=("fitglue registry list --json",))
@json_option("Print JSON Lines.")
@pass_cli
def list_(cli: CliContext) -> None:
    """List every entry, and whether it can be used now."""
    entries = [_listed(cli, entry) for entry in cli.host.entries.list()]
    if cli.as_json:
        cli.lines(entries)
        return
    cli.show(Rows(_COLUMNS, map(_row, entries)))
    # Invalid entries are left out, but an athlete should know why a service is missing from the
    # list.
    for problem in cli.host.entries.problems():
        cli.note(f"left out: {problem}")


def _listed(cli: CliContext, entry: Entry) -> Document:
    available = cli.host.entries.availability(entry.kind, entry.id)
    return {
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


def _row(entry: Document) -> tuple[str, str, str]:
    return (
        f"{entry['kind']}/{entry['id']}",
        entry["name"],
        entry["availability"]["state"].replace("-", " "),
    )


@command.command(
    "show",
    examples=("fitglue registry show intervals", "fitglue registry show source/intervals --json"),
)
@click.argument("name", metavar="[KIND/]ID")
@json_option("Print JSON Lines.")
@pass_cli
def show(cli: CliContext, *, name: str) -> None:
    """Show the entry KIND/ID, or all entries with ID."""
    entries = cli.host.entries.find(name)
    if cli.as_json:
        cli.lines(map(msgspec.to_builtins, entries))
        return
    # An integration and its source often have the same id, and both are shown.
    for number, entry in enumerate(entries):
        if number:
            cli.show("")
        available = cli.host.entries.availability(entry.kind, entry.id)
        cli.show(*_entry(entry, available))


def _entry(entry: Entry, available: Availability) -> Iterator[Part]:
    yield Heading(f"{entry.kind}/{entry.id}", entry.name)
    yield Pairs(stated(_facts(entry, available)), widths=(9,))
    if entry.closed:
        yield ""
        yield Heading("Alternatives")
        yield Pairs(
            [
                (alternative.name, f"{alternative.how} Then: {alternative.command}")
                for alternative in entry.closed.alternatives
            ]
        )
    asked = [*entry.credentials, *entry.settings]
    needs = [_asked(entry, field) for field in asked]
    if entry.http and entry.http.auth.oauth2:
        needs.append(("permission", "You give it in a browser, to an app that you register there."))
    if needs:
        yield ""
        yield Heading("Needs")
        yield Pairs(needs)
    if entry.data:
        yield ""
        yield Heading("Data")
        yield Rows(_DATA_COLUMNS, map(_datum, entry.data), indent=2)


def _facts(entry: Entry, available: Availability) -> Iterator[tuple[str, str | None]]:
    yield "summary", entry.summary
    state = available.state.replace("-", " ")
    yield "state", f"{state}: {available.reason}"
    yield "to do", available.fix
    yield "tier", entry.tier
    yield "plugin", f"{entry.plugin.name} {entry.plugin.version}"
    yield "needs", ", ".join(entry.dependencies)
    if entry.kind == "source":
        yield "parts", ", ".join(map(_part, entry.parts))
    yield "history", entry.capabilities.history
    yield "terms", entry.terms.note
    yield "docs", ", ".join(link.url for link in entry.docs)
    yield "file", entry.file


def _part(part: EntryPart) -> str:
    if part.default:
        return part.name
    return f"{part.name} (with --{part.option})"


def _asked(entry: Entry, field: Field) -> tuple[str, str]:
    how = f"({field.env(entry.id)})"
    if field.help:
        how = f"{field.help} {how}"
    return field.label or field.name, how


def _datum(datum: Datum) -> tuple[str, str, str, str | None]:
    availability = datum.availability.replace("_", " ")
    # A value that is never delivered is neither measured nor computed.
    kind = "" if datum.availability == "never" else datum.kind
    return datum.field, availability, kind, datum.upstream


@command.command(
    "check",
    short_help="Check the entries of a folder.",
    examples=("fitglue registry check", "fitglue registry check ./registry"),
)
@click.argument(
    "path",
    required=False,
    type=click.Path(path_type=Path),
)
@json_option()
@pass_cli
def check(cli: CliContext, *, path: Path | None) -> int:
    """Check every entry in the folder PATH, or in all folders that are in use.

    Each error is printed with file, line and column.
    """
    checked = cli.host.plugins.check_entries(path)
    if cli.as_json:
        cli.document(_check_document(checked))
    else:
        cli.show(*_reports(checked.reports))
    has_errors = any(report.errors for report in checked.reports)
    if has_errors or checked.unreadable:
        return EntryInvalid.exit_code
    return 0


def _check_document(checked: EntriesCheck) -> Document:
    folders = []
    errors: list[FitglueError] = []
    for report in checked.reports:
        folder = str(report.folder)
        folders.append(
            {
                "folder": folder,
                "files": report.files,
                "errors": len(report.errors),
            }
        )
        errors += report.errors
    errors += checked.unreadable
    return {"folders": folders, "errors": [error.as_dict() for error in errors]}


def _reports(reports: Sequence[Report]) -> Iterator[Part]:
    """Yield the errors in the form that editors understand, then one line for each folder."""
    for report in reports:
        for error in report.errors:
            yield from at_line(error)
    for report in reports:
        mark = "✓"
        outcome = "no errors"
        if report.errors:
            mark = "✗"
            outcome = count(len(report.errors), "error")
        entries = count(report.files, "entry", "entries")
        yield Hanging(mark, f"{report.folder}: {entries}, {outcome}", indent=0)


@command.command(
    "help-article",
    short_help="Write the help article of an entry.",
    examples=("fitglue registry help-article source/intervals > intervals.md",),
)
@click.argument("name", metavar="[KIND/]ID")
@pass_cli
def help_article(cli: CliContext, *, name: str) -> None:
    """Write the help article of an entry as Markdown.

    The article is made only from the entry.
    """
    entries = cli.host.entries.find(name)
    articles = map(cli.host.entries.article, entries)
    click.echo("\n".join(articles), nl=False)
