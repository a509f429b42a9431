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
from fitglue_registry.cli.source_facts import (
    arrives,
    command_for,
    last_sync,
    owner,
    source_document,
)
from fitglue_registry.cli.text import count
from fitglue_registry.errors import EntryInvalid
from fitglue_registry.model.stored import ConnectionState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from fitglue_registry.cli.layout import Document, Part
    from fitglue_registry.errors import FitglueError
    from fitglue_registry.services.connection_status import ConnectionStatus
    from fitglue_registry.services.entries import (
        Availability,
        Datum,
        Entry,
        EntryPart,
        Field,
        OAuth2,
    )
    from fitglue_registry.services.plugins import EntriesCheck, Report
    from fitglue_registry.services.source_overviews import SourceOverview

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


@command.command(
    "list",
    short_help="List every source, and how to get access to it.",
    examples=("fitglue registry list --json",),
)
@json_option("Print JSON Lines.")
@pass_cli
def list_(cli: CliContext) -> None:
    """List every source: how to get access, what arrives, the last sync, when the key expires.

    Entries that do not belong to a source that is listed are below.
    """
    entries = cli.host.entries
    sources = {}
    for source in entries.sources():
        sources[source.entry.key] = source
    if cli.as_json:
        cli.lines(_listed(cli, entry, sources) for entry in entries.list())
        return
    now = cli.host.connections.local_time()
    for number, source in enumerate(sources.values()):
        if number:
            cli.show("")
        cli.show(*_source(source, now))
    others = [_row(cli, entry) for entry in _others(entries.list(), sources)]
    if others:
        cli.show("", Heading("Other entries"))
        cli.show(Rows(_COLUMNS, others, indent=2, whole=True))
    # Invalid entries are left out, but an athlete should know why a service is missing from the
    # list.
    for problem in entries.problems():
        cli.note(f"left out: {problem}")


def _others(
    entries: Iterable[Entry],
    sources: Mapping[str, SourceOverview],
) -> Iterator[Entry]:
    """Yield the entries that are not sources, unless a source that is listed belongs to them."""
    shown = {source.entry.integration for source in sources.values()}
    for entry in entries:
        belongs = entry.kind == "integration" and entry.id in shown
        if entry.key not in sources and not belongs:
            yield entry


def _listed(
    cli: CliContext,
    entry: Entry,
    sources: Mapping[str, SourceOverview],
) -> Document:
    available = cli.host.entries.availability(entry.kind, entry.id)
    document: Document = {
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
    if entry.key in sources:
        document |= source_document(sources[entry.key])
    return document


def _source(
    source: SourceOverview,
    now: datetime,
) -> Iterator[Part]:
    entry = source.entry
    state = _state(source.availability)
    yield Heading(entry.name, f"{entry.key}, {state}")
    facts = stated(_source_facts(source, now))
    yield Pairs(facts, widths=(9,))


def _source_facts(
    source: SourceOverview,
    now: datetime,
) -> Iterator[tuple[str, str]]:
    access = source.access
    if access.kind == "closed":
        yield "access", f"{access.what}; the alternatives: {access.command}"
        return
    sentences = filter(None, (access.what, access.where))
    yield "access", ". ".join(sentences)
    yield "command", command_for(source)
    yield "arrives", arrives(source)
    yield "never", "; ".join(source.never)
    for connection in source.connections:
        yield "connected", "; ".join(_account_facts(connection, now))


def _account_facts(
    connection: ConnectionStatus,
    now: datetime,
) -> Iterator[str]:
    name = connection.name
    account = owner(connection)
    yield f"{account} ({name})" if name != connection.integration else account
    if connection.state != ConnectionState.OK:
        yield connection.reason or connection.state
    yield from last_sync(connection, now)
    if connection.expiry:
        yield connection.expiry


def _state(available: Availability) -> str:
    return available.state.replace("-", " ")


def _row(
    cli: CliContext,
    entry: Entry,
) -> tuple[str, str, str]:
    available = cli.host.entries.availability(entry.kind, entry.id)
    return entry.key, entry.name, _state(available)


@command.command(
    "show",
    examples=("fitglue registry show intervals", "fitglue registry show source/intervals --json"),
)
@click.argument("name", metavar="[KIND/]ID")
@json_option("Print JSON Lines.")
@pass_cli
def show(
    cli: CliContext,
    *,
    name: str,
) -> None:
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


def _entry(
    entry: Entry,
    available: Availability,
) -> Iterator[Part]:
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
        needs += _permission(entry.http.auth.oauth2)
    if needs:
        yield ""
        yield Heading("Needs")
        yield Pairs(needs)
    if entry.data:
        yield ""
        yield Heading("Data")
        yield Rows(_DATA_COLUMNS, map(_datum, entry.data), indent=2)


def _permission(oauth: OAuth2) -> Iterator[tuple[str, str]]:
    """Yield what an athlete needs for a permission, and what the service will ask for."""
    yield "app", oauth.app_help or "You register it at the service; its id is asked for once."
    yield "permission", "You give it in a browser, to that app."
    for scope in oauth.scopes:
        without = f"Without it: {scope.without}" if scope.without else ""
        yield f"  {scope.name}", without


def _facts(
    entry: Entry,
    available: Availability,
) -> Iterator[tuple[str, str | None]]:
    yield "summary", entry.summary
    yield "state", f"{_state(available)}: {available.reason}"
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
    if part.option is None:
        return part.name
    setting = f"not with {part.option}=no" if part.default else f"with {part.option}=yes"
    return f"{part.name} ({setting})"


def _asked(
    entry: Entry,
    field: Field,
) -> tuple[str, str]:
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
def check(
    cli: CliContext,
    *,
    path: Path | None,
) -> int:
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
def help_article(
    cli: CliContext,
    *,
    name: str,
) -> None:
    """Write the help article of an entry as Markdown.

    The article is made only from the entry.
    """
    entries = cli.host.entries.find(name)
    articles = map(cli.host.entries.article, entries)
    click.echo("\n".join(articles), nl=False)
