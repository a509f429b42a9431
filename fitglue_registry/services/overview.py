"""Sums up connections, this week and last week, and what needs attention, for a dashboard."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fitglue_registry.model.stored import ConnectionState
from fitglue_registry.services.connection_status import STOPPED
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from fitglue_registry.services.connecting.connections import Connections
    from fitglue_registry.services.connection_status import ConnectionStatus
    from fitglue_registry.services.entries import Entries
    from fitglue_registry.services.reading import Activities
    from fitglue_registry.services.records import Records
    from fitglue_registry.services.source_overviews import SourceOverview

    Need = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Overview:
    """The dashboard of an athlete.

    Attributes:
        now: The current time, in the time zone of the athlete.
        connections: The status of each connection.
        sources: Each source, with how to get access to it and what arrives.
        weeks: ``this`` and ``last`` → its ``monday`` (ISO 8601) and the totals of its activities:
            ``count``, ``moving_s`` (seconds), ``distance_m`` (meters) and ``training_load``.
        needs: What needs attention: ``what`` in words, and the ``fix`` if there is one.
        next: The command to type next.
    """

    now: datetime
    connections: list[ConnectionStatus]
    sources: list[SourceOverview]
    weeks: dict[str, dict[str, Any]]
    needs: list[Need]
    next: str


def load_overview(
    entries: Entries,
    connections: Connections,
    activities: Activities,
    records: Records,
    athlete: str = ME,
) -> Overview:
    """Return the dashboard of an athlete, without asking any service.

    Args:
        entries: The service for entries.
        connections: The service for connections.
        activities: The service for activities.
        records: The service for records without an activity.
        athlete: The athlete.
    """
    now = connections.local_time(athlete)
    statuses = [connections.status(connected) for connected in connections.list(athlete)]
    # Weeks start on Monday, as in ISO 8601.
    monday = now.date() - timedelta(days=now.weekday())
    weeks = {
        "this": _week(activities, monday, athlete),
        "last": _week(activities, monday - timedelta(days=7), athlete),
    }
    needs = [
        *_repairs(statuses),
        *_expiring(statuses),
        *_held(statuses),
        *_quarantine(len(records.quarantine(athlete))),
        *_unreadable(sum(status.unreadable for status in statuses)),
        *map(_stubs, records.stubs(athlete)),
    ]
    sources = entries.sources_of(statuses, athlete)
    return Overview(now, statuses, sources, weeks, needs, _next_command(statuses))


def with_deliveries(overview: Overview, number: int) -> Overview:
    """Return a dashboard that also names the deliveries that need the athlete.

    Args:
        overview: The dashboard.
        number: How many deliveries were refused or given up, or are unclear.
    """
    if not number:
        return overview
    need = "1 delivery needs you" if number == 1 else f"{number:,} deliveries need you"
    return replace(overview, needs=[*overview.needs, {"what": need, "fix": "fitglue deliveries"}])


def _week(activities: Activities, monday: date, athlete: str) -> dict[str, Any]:
    sunday = monday + timedelta(days=6)
    return {"monday": monday.isoformat(), **activities.totals(monday, sunday, athlete)}


def _repairs(connections: Iterable[ConnectionStatus]) -> Iterator[Need]:
    for connection in connections:
        # A sync that is running may have passed what stopped the one before it.
        is_tried_again = connection.running is not None and connection.state == STOPPED
        if connection.state != ConnectionState.OK and not is_tried_again:
            reason = connection.reason or connection.state
            yield {"what": f"{connection.name}: {reason}", "fix": connection.fix}


def _expiring(connections: Iterable[ConnectionStatus]) -> Iterator[Need]:
    for connection in connections:
        if connection.expires_soon:
            yield {
                "what": f"{connection.name}: {connection.expiry}",
                "fix": connection.expiry_fix,
            }


def _held(connections: Iterable[ConnectionStatus]) -> Iterator[Need]:
    for connection in connections:
        if connection.held:
            is_one = connection.held == 1
            workouts = "1 workout" if is_one else f"{connection.held:,} workouts"
            kept = "was kept" if is_one else "were kept"
            them = "it" if is_one else "them"
            yield {
                "what": f"{workouts} of {connection.name} vanished from the source, and {kept} "
                "here, because it may be a mistake of the source",
                "fix": f"to see {them}: fitglue activities --held; if you deleted {them} there: "
                f"fitglue sync {connection.name} --confirm-deletions",
            }


def _quarantine(number: int) -> Iterator[Need]:
    if number:
        records = "1 record" if number == 1 else f"{number:,} records"
        yield {
            "what": f"{records} could not be understood, but nothing is lost",
            "fix": "fitglue quarantine",
        }


def _unreadable(number: int) -> Iterator[Need]:
    if number:
        files = "1 file or folder" if number == 1 else f"{number:,} files or folders"
        yield {"what": f"{files} could not be read", "fix": "fitglue quarantine"}


def _stubs(stub: Mapping[str, Any]) -> Need:
    number = stub["count"]
    workouts = "1 workout" if number == 1 else f"{number:,} workouts"
    what = f"{workouts} of {stub['connection']} will not arrive: {stub['reason']}"
    return {"what": what, "fix": stub["fix"]}


def _next_command(connections: Sequence[ConnectionStatus]) -> str:
    for connection in connections:
        # Nothing arrives before the key is renewed, so this comes first.
        if connection.state == ConnectionState.CREDENTIALS_REJECTED:
            return f"fitglue connect {connection.integration}"
    connections = [connection for connection in connections if not connection.only_sends]
    idle = [connection for connection in connections if not connection.running]
    for connection in idle:
        is_stopped = connection.state == STOPPED
        if is_stopped or connection.last_checked_at is None or connection.waiting_parts:
            return "fitglue sync"
    if any(connection.quarantine or connection.unreadable for connection in connections):
        return "fitglue quarantine"
    if not connections:
        return "fitglue sync"
    if len(idle) < len(connections) and not any(status.records for status in connections):
        # A first sync is listing, so there is no workout to show yet.
        return "fitglue"
    return "fitglue show last"
