"""Says which parts of a workout are still to come, why, and what fetches them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.model.stored import ConnectionState, PartState
from fitglue_registry.registry.part_options import choices_in, refused_parts
from fitglue_registry.store.connections import get_connection
from fitglue_registry.store.outstanding import list_outstanding
from fitglue_registry.sync.running import running_work

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.store.outstanding import OutstandingRow
    from fitglue_registry.workspace import Workspace


@dataclass(frozen=True, slots=True)
class OutstandingPart:
    """A part of a record that is still to be fetched, or that was given up.

    Attributes:
        connection: The name of the connection.
        external_id: The id of the record at its source.
        part: The name of the part.
        tries: How many times it was asked for in vain.
        is_stored: Whether an older version of it is stored.
        is_given_up: Whether it is not tried again before the next full walk.
        reason: Why the last attempt failed, for people; ``None`` if there was none.
        next_step: What fetches it, for people.
    """

    connection: str
    external_id: str
    part: str
    tries: int
    is_stored: bool
    is_given_up: bool
    reason: str | None
    next_step: str


def outstanding_parts(
    workspace: Workspace,
    db: Db,
    record_ids: Collection[int],
) -> Iterator[OutstandingPart]:
    """Yield the parts of records that are still to come, without those that nobody wants.

    Args:
        workspace: The workspace.
        db: A transaction.
        record_ids: The ids of the records.
    """
    connected: dict[str, ConnectionRow | None] = {}
    steps: dict[str, str] = {}
    for row in list_outstanding(db, record_ids):
        if row.connection_id not in connected:
            connected[row.connection_id] = get_connection(db, row.connection_id)
        connection = connected[row.connection_id]
        if connection is None or row.part in _refused(workspace, connection):
            continue
        if connection.id not in steps:
            steps[connection.id] = _next_step(workspace, connection)
        yield _part(row, connection, steps[connection.id])


def _refused(workspace: Workspace, connected: ConnectionRow) -> frozenset[str]:
    source = workspace.catalogue.find("source", connected.source)
    if source is None:
        return frozenset()
    return refused_parts(source, choices_in(source, connected.settings))


def _part(row: OutstandingRow, connected: ConnectionRow, next_step: str) -> OutstandingPart:
    is_given_up = row.state == PartState.FAILED
    if is_given_up:
        next_step = f"to try again: fitglue sync {connected.name} --full"
    reason = row.reason
    if reason and row.code:
        reason = f"{reason} [{row.code}]"
    return OutstandingPart(
        connected.name,
        row.external_id,
        row.part,
        # A second look at an old answer is stored as a negative number.
        max(row.tries, 0),
        row.is_stored,
        is_given_up,
        reason,
        next_step,
    )


def _next_step(workspace: Workspace, connected: ConnectionRow) -> str:
    """Return what fetches the parts of a connection that are still to come."""
    running = running_work(workspace.database, workspace.home, connected.id)
    if running is not None and running.kind == "sync":
        return "a sync is running, which fetches what is missing"
    if connected.state != ConnectionState.OK:
        return f"to go on: fitglue connect {connected.integration}"
    again = f"to go on: fitglue sync {connected.name}"
    if connected.state_error and connected.state_error.get("what"):
        return f"the last sync stopped: {connected.state_error['what']}; {again}"
    return again
