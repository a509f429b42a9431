"""``fitglue`` without a command: the dashboard, or a welcome if nothing is connected."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from fitglue_registry.cli import numbers
from fitglue_registry.cli.layout import (
    ATTENTION,
    BAD,
    DETAIL,
    GOOD,
    NEXT_STEP,
    Hanging,
    Heading,
    Line,
    Pairs,
    Rows,
    Styled,
    columns_of,
)
from fitglue_registry.cli.source_facts import (
    arrives,
    command_for,
    last_sync,
    owner,
    source_document,
    status_document,
)
from fitglue_registry.cli.text import count
from fitglue_registry.model.stored import ConnectionState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from fitglue_registry.cli.context import CliContext
    from fitglue_registry.cli.layout import Document, Part
    from fitglue_registry.host import Host
    from fitglue_registry.services.connection_status import ConnectionStatus
    from fitglue_registry.services.overview import Overview
    from fitglue_registry.services.source_overviews import SourceOverview

#: The table of weeks has few columns and would be hard to read if it filled a wide screen.
_NARROW = 80


def show_dashboard(cli: CliContext) -> None:
    """Print the dashboard, or how to connect a first source if nothing is connected."""
    board = cli.host.overview()
    if cli.as_json:
        cli.document(_document(board))
    elif board.connections:
        cli.show(*_dashboard(board))
    else:
        cli.show(*_welcome(cli.host))


def _document(board: Overview) -> Document:
    return {
        "now": board.now.isoformat(),
        "connections": [status_document(connection) for connection in board.connections],
        "sources": [_source(source) for source in board.sources],
        "weeks": board.weeks,
        "needs": board.needs,
        "next": board.next,
    }


def _source(source: SourceOverview) -> Document:
    document = source_document(source)
    # Their status is above.
    document["connections"] = [connection.name for connection in source.connections]
    return {
        "source": source.entry.key,
        "state": source.availability.state,
        **document,
    }


# -- text ------------------------------------------------------------------------------------------


def _dashboard(board: Overview) -> Iterator[Part]:
    yield Heading("Connections")
    yield _connections(board)
    yield from _others(board)
    yield ""
    yield _weeks(board)
    if board.needs:
        yield ""
        yield Heading("Worth a look")
    for need in board.needs:
        yield Hanging(ATTENTION, need["what"] or "")
        if need["fix"]:
            yield Hanging(NEXT_STEP, need["fix"], indent=4)
    yield ""
    yield Line((Styled("Next: ", "dim"), Styled(board.next, "bold")))


def _connections(board: Overview) -> Pairs:
    lines: list[tuple[str | Styled, ...]] = []
    for connection in board.connections:
        mark = GOOD if connection.state == ConnectionState.OK else BAD
        lines.append((mark, connection.name, _state_of(connection, board.now)))
        if connection.arrives:
            brings = ", ".join(connection.arrives)
            lines.append(("", "", Styled(f"brings {brings}", "dim")))
    return Pairs(lines)


def _others(board: Overview) -> Iterator[Part]:
    """Yield the sources that can be connected and are not, with how to get access to each."""
    lines: list[tuple[str | Styled, ...]] = []
    for source in board.sources:
        if not source.connections and source.access.kind != "closed":
            access = f"{source.access.what}: {command_for(source)}"
            lines.append((DETAIL, source.entry.name, access))
            brings = f"brings {arrives(source)}"
            lines.append(("", "", Styled(brings, "dim")))
    if lines:
        yield ""
        yield Heading("Not connected")
        yield Pairs(lines)


def _state_of(connection: ConnectionStatus, now: datetime) -> str:
    """Return the account of a connection, its counts, its last sync, and when its key ends."""
    facts = []
    if not connection.only_sends:
        facts.append(count(connection.records, "record"))
    if connection.stubs:
        facts.append(count(connection.stubs, "stub"))
    if connection.waiting_parts:
        facts.append(_waiting(connection))
    if connection.running and connection.windows_left:
        facts.append(f"{count(connection.windows_left, 'date range')} still to be listed")
    # Parts are given up after several failed attempts; only a full walk tries them again.
    if connection.given_up_parts:
        downloads = count(connection.given_up_parts, "download")
        facts.append(f"{downloads} given up until `fitglue sync --full`")
    if connection.quarantine:
        facts.append(f"{connection.quarantine:,} in quarantine")
    if connection.unreadable:
        facts.append(f"{connection.unreadable:,} could not be read")
    facts += last_sync(connection, now)
    # Also long before its end: an athlete may want to know that the key has one.
    ends = f"; {connection.expiry}" if connection.expiry else ""
    return f"{owner(connection)}: {', '.join(facts)}{ends}"


def _waiting(connection: ConnectionStatus) -> str:
    """Return how many parts the next sync fetches, or reads again because they are damaged."""
    if connection.reads_files:
        return f"{count(connection.waiting_parts, 'file')} to be read again"
    return f"{count(connection.waiting_parts, 'download')} to go"


def _weeks(board: Overview) -> Rows:
    totals = ("activities", "time", "km", "load")
    lines = [
        _week("This week", board.weeks["this"]),
        _week("Last week", board.weeks["last"]),
    ]
    # On a narrow screen, the names of the weeks are cut, and no number is.
    columns = columns_of(("", *totals), right=totals, flexible="")
    return Rows(columns, lines, width=_NARROW)


def _week(name: str, week: Document) -> tuple[object, ...]:
    monday = date.fromisoformat(week["monday"])
    return (
        f"{name}, from {monday:%d %b}",
        week["count"],
        numbers.hours(week["moving_s"]),
        numbers.km(week["distance_m"]),
        numbers.whole(week["training_load"]),
    )


def _welcome(host: Host) -> Iterator[Part]:
    commands = []
    for command, effect in _first_commands(host):
        commands.append((Styled(command, "bold"), effect))
    yield Heading("Welcome to FitGlue.")
    yield "Nothing is connected yet. Connect an account, then sync it:"
    yield ""
    yield Pairs(commands)
    yield ""
    yield Styled("How to get each key, and what arrives: fitglue registry", "dim")
    yield Styled("Everything stays on this machine. More: fitglue --help", "dim")


def _first_commands(host: Host) -> Iterator[tuple[str, str]]:
    """Yield the commands that bring in workouts, each with what it does."""
    # Integrations whose sources recognize files are connected by `import`, which finds the right
    # one.
    imported = set()
    for source in host.entries.list("source"):
        if "fitglue_recognize" in source.hooks:
            imported.add(source.integration)
    integrations = host.entries.list("integration")
    for entry in integrations:
        if not entry.closed and entry.id not in imported:
            yield f"fitglue connect {entry.id}", entry.summary
    yield "fitglue sync", ""
    if imported:
        yield (
            "fitglue import PATH",
            "Import downloaded archives, workout files or folders of files.",
        )
    for entry in integrations:
        if entry.closed:
            effect = f"Show how to get workouts from {entry.name}, which cannot be connected."
            yield f"fitglue connect {entry.id}", effect
