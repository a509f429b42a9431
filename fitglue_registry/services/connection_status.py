"""Determines whether a connection works, what to do if not, and how many records it has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from fitglue_registry.errors import FitglueError
from fitglue_registry.model.stored import ConnectionState, PartState, RecordState
from fitglue_registry.registry.access import arriving
from fitglue_registry.registry.part_options import choices_in, with_choices
from fitglue_registry.registry.paths import paths_in
from fitglue_registry.services.addresses import other_address
from fitglue_registry.services.connected_entries import entry_of, only_sends
from fitglue_registry.services.granting.unticked import unticked
from fitglue_registry.services.key_expiry import expiry_of, expiry_setting
from fitglue_registry.services.secret_use import NOT_PROVEN
from fitglue_registry.sync.running import running_work

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from fitglue_registry.plugin_api import Account
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.sync.running import Running
    from fitglue_registry.workspace import Workspace

#: The state of a connection whose last sync stopped because of an error.
STOPPED = "stopped"
#: The states of records that exist at the source and are not stubs.
_AT_SOURCE = (RecordState.LISTED, RecordState.UNLISTED, RecordState.MISSING, RecordState.HELD)


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """The state of a connection, and its number of records and parts.

    Attributes:
        name: The name of the connection.
        integration: The id of its integration.
        account: The account at the service.
        state: A ``ConnectionState``, ``plugin-missing``, or ``stopped`` if the last sync stopped.
        reason: Why the state is not ``ok``, for people.
        fix: What to do about it.
        stubs: The number of records that the source lists but does not deliver.
        records: The number of other records that exist at the source.
        waiting_parts: The number of parts that are still to be fetched.
        given_up_parts: The number of parts that are not tried again before the next full walk.
        quarantine: The number of records that could not be understood.
        last_checked_at: When a sync last reached its end (ISO 8601, UTC), or ``None``.
        address: The address that it uses, or ``None`` if it is that of its entry.
        paths: The archives, files and folders that it reads on this machine.
        unreadable: The number of files and folders that the last sync could not read.
        reads_files: It reads files, instead of asking a service.
        expires_on: The last day on which its key or permission is valid (ISO 8601), if that is
            known.
        expiry: When the key or the permission ends, for people; ``None`` if that is not known.
        expires_soon: Whether it has ended, or ends within two weeks. A permission that is valid for
            a short time is announced later.
        expiry_fix: What to do about it, for people.
        expiry_setting: The name of the setting with which the athlete can state or correct when the
            key ends; ``None`` if there is none.
        held: The number of records that vanished from the source with many others, and that are
            kept until the athlete confirms their deletion.
        not_given: A sentence for each permission that the athlete has not given in the browser.
        arrives: What arrives with each sync, for people; empty if its plugin was removed.
        choices: The options that the athlete has chosen, such as ``files``, and whether their parts
            are fetched. The entry decides about the others.
        running: The sync, or other work, that a process does on it right now.
        windows_left: The number of date ranges that are still to be listed, if a sync that lists
            the whole history is running or was stopped.
        only_sends: Nothing arrives from it, and it is never synced: it is only a destination.
    """

    name: str
    integration: str
    account: Account
    state: str
    reason: str | None
    fix: str | None
    stubs: int
    records: int
    waiting_parts: int
    given_up_parts: int
    quarantine: int
    last_checked_at: str | None
    address: str | None = None
    paths: tuple[str, ...] = ()
    unreadable: int = 0
    reads_files: bool = False
    expires_on: str | None = None
    expiry: str | None = None
    expires_soon: bool = False
    expiry_fix: str | None = None
    expiry_setting: str | None = None
    held: int = 0
    not_given: tuple[str, ...] = ()
    arrives: tuple[str, ...] = ()
    choices: Mapping[str, bool] = field(default_factory=dict)
    running: Running | None = None
    windows_left: int = 0
    only_sends: bool = False


@dataclass(frozen=True, slots=True)
class _State:
    name: str
    reason: str | None = None
    fix: str | None = None


def connection_status(
    workspace: Workspace,
    connected: ConnectionRow,
    counts: Mapping[str, int],
) -> ConnectionStatus:
    """Return the status of a connection; ``counts`` are its records and parts by state."""
    state = _state(workspace, connected)
    other = other_address(workspace, connected)
    expiry = expiry_of(workspace, connected, local_time(workspace.clock.now(), [connected]))
    source = workspace.catalogue.find("source", connected.source)
    choices = choices_in(source, connected.settings) if source else {}
    return ConnectionStatus(
        name=connected.name,
        integration=connected.integration,
        account=connected.account,
        state=state.name,
        reason=state.reason,
        fix=state.fix,
        stubs=counts.get(RecordState.STUB, 0),
        records=sum(counts.get(name, 0) for name in _AT_SOURCE),
        waiting_parts=counts.get(PartState.WANTED, 0),
        given_up_parts=counts.get(PartState.FAILED, 0),
        quarantine=counts.get("quarantine", 0),
        last_checked_at=connected.last_checked_at,
        address=other.address if other else None,
        paths=tuple(paths_in(str(connected.settings.get("paths") or ""))),
        unreadable=counts.get("unreadable", 0),
        reads_files=source is not None and source.reads_files,
        expires_on=expiry.on.isoformat() if expiry else None,
        expiry=expiry.text if expiry else None,
        expires_soon=expiry is not None and expiry.soon,
        expiry_fix=expiry.fix if expiry else None,
        expiry_setting=expiry_setting(workspace.catalogue, connected),
        held=counts.get(RecordState.HELD, 0),
        not_given=unticked(workspace, connected),
        arrives=arriving(with_choices(source, choices)) if source else (),
        choices=choices,
        running=running_work(workspace.database, workspace.home, connected.id),
        windows_left=counts.get("windows", 0),
        only_sends=only_sends(connected),
    )


def _state(workspace: Workspace, connected: ConnectionRow) -> _State:
    try:
        workspace.plugins.load(entry_of(workspace.catalogue, connected))
    except FitglueError as error:
        install = f"fitglue plugin install fitglue-{connected.integration}"
        return _State("plugin-missing", error.what, error.fix or install)
    error_parts = connected.state_error or {}
    # Rejected credentials are more important than why the last sync stopped.
    if connected.state != ConnectionState.OK:
        reason = error_parts.get("what", "the credentials were rejected")
        fix = f"fitglue connect {connected.integration}"
        # This command would use the same address again.
        if error_parts.get("code") == NOT_PROVEN:
            fix = error_parts.get("fix") or fix
        return _State(connected.state, reason, fix)
    if error_parts:
        # It was written for the screen of that sync, and is read on others.
        sync = f"run `fitglue sync {connected.name}`"
        again = (error_parts.get("fix") or "").replace("run the command", sync)
        return _State(STOPPED, error_parts.get("what"), again or None)
    return _State(ConnectionState.OK)


def local_time(now: datetime, connections: Iterable[ConnectionRow]) -> datetime:
    """Return a time in the zone of the first account that has one, or in that of this machine."""
    for connected in connections:
        try:
            # Services name the zone as they like, so any name may be unknown here.
            return now.astimezone(ZoneInfo(connected.account.timezone or ""))
        except (ValueError, OSError, KeyError):
            continue
    return now.astimezone()
