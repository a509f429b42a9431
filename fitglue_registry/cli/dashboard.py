"""``fitglue`` alone: connections and their health, this week against last, what needs somebody, and
what to type next.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from fitglue_registry.cli import numbers
from fitglue_registry.cli.text import count
from fitglue_registry.errors import FitglueError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from fitglue_registry.cli.context import CliContext
    from fitglue_registry.host import Host
    from fitglue_registry.store.connections import ConnectionRow

_NARROW = 80


@dataclass
class Dashboard:
    """What the dashboard says, before it is text."""

    now: datetime
    connections: list[dict[str, Any]]
    weeks: dict[str, dict[str, Any]]
    needs: list[dict[str, Any]] = field(default_factory=list)
    next: str = "fitglue sync"


def show_dashboard(cli: CliContext) -> None:
    """Print the dashboard, or the way in where nothing is connected."""
    board = gather(cli.host)
    if cli.as_json:
        cli.document(
            {
                "now": board.now.isoformat(),
                "connections": board.connections,
                "weeks": board.weeks,
                "needs": board.needs,
                "next": board.next,
            }
        )
    elif board.connections:
        cli.show(*_render(board))
    else:
        cli.show(*_welcome(cli.host))


def gather(host: Host) -> Dashboard:
    """Ask the host for everything that the dashboard says."""
    connected = host.connections.list()
    now = local_now(host, connected)
    shown = [connection_health(host, one) for one in connected]
    monday = now.date() - timedelta(days=now.weekday())
    weeks = {"this": _week(host, monday), "last": _week(host, monday - timedelta(days=7))}
    board = Dashboard(now, shown, weeks)
    board.needs = [*_repairs(shown), *_quarantine(host), *_stubs(host)]
    board.next = _next(shown)
    return board


def local_now(host: Host, connected: Sequence[ConnectionRow]) -> datetime:
    """Now, where the athlete is: the zone of an account, else of this machine."""
    now = host.workspace.clock.now()
    for one in connected:
        try:
            return now.astimezone(ZoneInfo(one.account.timezone or ""))
        except (ValueError, OSError, KeyError):
            continue
    return now.astimezone()


def connection_health(host: Host, one: ConnectionRow) -> dict[str, Any]:
    """A connection's state with the reason and what to do, and how much it holds."""
    state, reason, fix = "ok", None, None
    try:
        host.entries.load_plugin(host.entries.get("source", one.source))
    except FitglueError as error:
        state, reason, fix = (
            "plugin-missing",
            error.what,
            error.fix or f"fitglue plugin install fitglue-{one.integration}",
        )
    if state == "ok" and one.state != "ok":
        said = one.state_error or {}
        state, reason, fix = (
            one.state,
            said.get("what", "the credentials were rejected"),
            f"fitglue connect {one.integration}",
        )
    elif state == "ok" and one.state_error:
        state, reason, fix = "stopped", one.state_error.get("what"), one.state_error.get("fix")
    health = host.connections.health(one)
    return {
        "name": one.name,
        "integration": one.integration,
        "account": {"id": one.account.id, "name": one.account.name},
        "state": state,
        "reason": reason,
        "fix": fix,
        "stubs": health.get("stub", 0),
        "records": sum(health.get(name, 0) for name in ("listed", "unlisted", "missing")),
        "waiting_parts": health.get("wanted", 0),
        "given_up_parts": health.get("failed", 0),
        "quarantine": health.get("quarantine", 0),
        "last_checked_at": one.last_checked_at,
    }


def _week(host: Host, monday: date) -> dict[str, Any]:
    return {
        "monday": monday.isoformat(),
        **host.activities.totals(monday, monday + timedelta(days=6)),
    }


def _repairs(shown: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for one in shown:
        if one["state"] != "ok":
            yield {"what": f"{one['name']}: {one['reason'] or one['state']}", "fix": one["fix"]}


def _quarantine(host: Host) -> Iterator[dict[str, Any]]:
    held = host.records.quarantine()
    if held:
        yield {
            "what": f"{count(len(held), 'record')} in quarantine: not understood, and kept",
            "fix": "fitglue quarantine",
        }


def _stubs(host: Host) -> Iterator[dict[str, Any]]:
    for stub in host.records.stubs():
        yield {
            "what": (
                f"{count(stub['count'], 'workout')} of {stub['connection']} will not arrive: "
                f"{stub['reason']}"
            ),
            "fix": stub["fix"],
        }


def _next(shown: list[dict[str, Any]]) -> str:
    rejected = [one for one in shown if one["state"] == "credentials-rejected"]
    if rejected:
        return f"fitglue connect {rejected[0]['integration']}"
    never = any(one["last_checked_at"] is None or one["waiting_parts"] for one in shown)
    return "fitglue sync" if never or not shown else "fitglue show last"


# -- text ------------------------------------------------------------------------------------------


def _render(board: Dashboard) -> Iterator[RenderableType]:
    from rich.text import Text

    from fitglue_registry.cli.table import hanging, heading, pairs, rows

    yield heading("Connections")
    marks = {True: Text("✓", style="green"), False: Text("✗", style="red")}
    yield pairs(
        [
            (marks[one["state"] == "ok"], one["name"], _connection(one, board.now))
            for one in board.connections
        ]
    )
    yield ""
    yield rows(
        ["", "activities", "time", "km", "load"],
        [
            (
                name,
                week["count"],
                numbers.hours(week["moving_s"]),
                numbers.km(week["distance_m"]),
                numbers.whole(week["training_load"]),
            )
            for name, week in (
                (f"This week, from {_day(board, 'this')}", board.weeks["this"]),
                (f"Last week, from {_day(board, 'last')}", board.weeks["last"]),
            )
        ],
        width=_NARROW,
        right=("activities", "time", "km", "load"),
    )
    if board.needs:
        yield ""
        yield heading("Worth a look")
    for need in board.needs:
        yield hanging(Text("!", style="yellow"), need["what"], indent=2)
        if need["fix"]:
            yield hanging(Text("→", style="dim"), need["fix"], indent=4)
    yield ""
    yield Text.assemble(("Next: ", "dim"), (board.next, "bold"))


def _day(board: Dashboard, which: str) -> str:
    return f"{date.fromisoformat(board.weeks[which]['monday']):%d %b}"


def _connection(one: dict[str, Any], now: datetime) -> str:
    account = one["account"]["name"] or one["account"]["id"]
    figures = [count(one["records"], "record")]
    figures += [count(one["stubs"], "stub")] if one["stubs"] else []
    figures += [f"{count(one['waiting_parts'], 'part')} waiting"] if one["waiting_parts"] else []
    figures += (
        [f"{count(one['given_up_parts'], 'part')} given up until `fitglue sync --full`"]
        if one["given_up_parts"]
        else []
    )
    figures += [f"{one['quarantine']:,} in quarantine"] if one["quarantine"] else []
    checked = numbers.ago(one["last_checked_at"], now)
    unfinished = "not fetched to the end yet" if one["records"] else "never synced"
    figures.append(unfinished if checked == "never" else f"checked {checked}")
    return f"{account}: {', '.join(figures)}"


def _welcome(host: Host) -> Iterator[RenderableType]:
    from rich.text import Text

    from fitglue_registry.cli.table import heading, pairs

    yield heading("Welcome to FitGlue.")
    yield Text("Nothing is connected yet. An account takes one command, and a sync the second:")
    yield ""
    imported = {
        source.integration
        for source in host.entries.list("source")
        if "fitglue_recognize" in source.hooks
    }
    integrations = [
        entry
        for entry in host.entries.list("integration")
        if not entry.closed and entry.id not in imported
    ]
    closed = [entry for entry in host.entries.list("integration") if entry.closed]
    ways = [(f"fitglue connect {entry.id}", entry.summary) for entry in integrations] + [
        ("fitglue sync", "")
    ]
    ways += (
        [
            (
                "fitglue import PATH",
                "Archives as they were downloaded, workout files, folders of them.",
            )
        ]
        if imported
        else []
    )
    ways += [
        (
            f"fitglue connect {entry.id}",
            f"How workouts of {entry.name} come, which cannot be connected.",
        )
        for entry in closed
    ]
    yield pairs([(Text(command, style="bold"), what) for command, what in ways])
    yield ""
    yield Text("Everything stays on this machine. More: fitglue --help", style="dim")
