"""``fitglue`` alone: connections and their health, this week against last, what needs somebody, and
what to type next.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import TYPE_CHECKING

from fitglue_registry.cli import numbers
from fitglue_registry.cli.layout import (
    ATTENTION,
    BAD,
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

_NARROW = 80


def show_dashboard(cli: CliContext) -> None:
    """Print the dashboard, or the way in where nothing is connected."""
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
        "weeks": board.weeks,
        "needs": board.needs,
        "next": board.next,
    }


def status_document(connection: ConnectionStatus) -> Document:
    """Return the status of a connection as ``--json`` prints it."""
    account = connection.account
    document = {field.name: getattr(connection, field.name) for field in fields(connection)}
    return document | {"account": {"id": account.id, "name": account.name}}


# -- text ------------------------------------------------------------------------------------------


def _dashboard(board: Overview) -> Iterator[Part]:
    yield Heading("Connections")
    yield _connections(board)
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
    lines = []
    for connection in board.connections:
        mark = GOOD if connection.state == ConnectionState.OK else BAD
        lines.append((mark, connection.name, _figures(connection, board.now)))
    return Pairs(lines)


def _figures(connection: ConnectionStatus, now: datetime) -> str:
    account = connection.account.name or connection.account.id
    figures = [count(connection.records, "record")]
    if connection.stubs:
        figures.append(count(connection.stubs, "stub"))
    if connection.waiting_parts:
        waiting = count(connection.waiting_parts, "part")
        figures.append(f"{waiting} waiting")
    if connection.given_up_parts:
        given_up = count(connection.given_up_parts, "part")
        figures.append(f"{given_up} given up until `fitglue sync --full`")
    if connection.quarantine:
        figures.append(f"{connection.quarantine:,} in quarantine")
    figures.append(_synced(connection, now))
    return f"{account}: {', '.join(figures)}"


def _synced(connection: ConnectionStatus, now: datetime) -> str:
    synced = numbers.ago(connection.last_checked_at, now)
    if synced != "never":
        return f"synced {synced}"
    if connection.records:
        return "not fetched to the end yet"
    return "never synced"


def _weeks(board: Overview) -> Rows:
    figures = ("activities", "time", "km", "load")
    lines = [
        _week("This week", board.weeks["this"]),
        _week("Last week", board.weeks["last"]),
    ]
    return Rows(columns_of(("", *figures), right=figures), lines, width=_NARROW)


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
    ways = []
    for command, what in _ways_in(host):
        ways.append((Styled(command, "bold"), what))
    yield Heading("Welcome to FitGlue.")
    yield "Nothing is connected yet. An account takes one command, and a sync the second:"
    yield ""
    yield Pairs(ways)
    yield ""
    yield Styled("Everything stays on this machine. More: fitglue --help", "dim")


def _ways_in(host: Host) -> Iterator[tuple[str, str]]:
    """The commands that bring workouts in, each with what it does."""
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
        what = "Archives as they were downloaded, workout files, folders of them."
        yield "fitglue import PATH", what
    for entry in integrations:
        if entry.closed:
            what = f"How workouts of {entry.name} come, which cannot be connected."
            yield f"fitglue connect {entry.id}", what
