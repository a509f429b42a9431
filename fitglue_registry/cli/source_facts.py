"""The words for a source: how to get access, what arrives, the last sync, when the key expires."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from fitglue_registry.cli import numbers
from fitglue_registry.model.stored import RunKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.cli.layout import Document
    from fitglue_registry.services.connection_status import ConnectionStatus
    from fitglue_registry.services.entries import Entry
    from fitglue_registry.services.source_overviews import SourceOverview

#: The kind of a work → its words.
_WORK = {
    RunKind.SYNC: "a sync",
    RunKind.REBUILD: "a rebuild",
    RunKind.RETRY: "a retry of the quarantine",
    "removal": "its removal",
}


def status_document(connection: ConnectionStatus) -> Document:
    """Return the status of a connection as ``--json`` prints it."""
    account = connection.account
    document = {}
    for field in fields(connection):
        document[field.name] = getattr(connection, field.name)
    document["running"] = msgspec.to_builtins(connection.running)
    document["account"] = {
        "id": account.id,
        "name": account.name,
    }
    return document


def source_document(source: SourceOverview) -> Document:
    """Return what is known of a source as ``--json`` prints it."""
    return {
        "access": msgspec.to_builtins(source.access),
        "arrives": source.arrives,
        "on_request": source.on_request,
        "never": source.never,
        "connections": list(map(status_document, source.connections)),
    }


def end_unknown(connection: ConnectionStatus) -> str:
    """Return that it is not known when the key of a connection expires, and how to say it."""
    setting = f"fitglue connections set {connection.name} {connection.expiry_setting}=DATE"
    return f"it is not known when the key expires; to be warned in time: {setting}"


def end_noted(connection: ConnectionStatus) -> str:
    """Return when the key of a connection expires, with the date, or that it is not known."""
    if connection.expiry is None:
        return end_unknown(connection)
    if connection.expires_on and connection.expires_on in connection.expiry:
        return connection.expiry
    return f"{connection.expiry} ({connection.expires_on})"


def arrives(source: SourceOverview) -> str:
    """Return what arrives from a source, and what arrives only with an option."""
    texts = [", ".join(source.arrives)]
    for option, what in source.on_request.items():
        texts.append(f"with {option}=yes also {what}")
    return "; ".join(texts)


def command_for(source: SourceOverview) -> str:
    """Return the command that gives access to a source, or that makes it possible to use it."""
    available = source.availability
    if available.state in ("available", "not-connected", "credentials-rejected"):
        return source.access.command
    return available.fix or available.reason


def last_sync(
    connection: ConnectionStatus,
    now: datetime,
) -> Iterator[str]:
    """Yield when a connection was last synced, and what is running now.

    Neither is said of a first sync whose downloads already say that it has not finished.
    """
    if connection.only_sends:
        yield "sends only"
        return
    synced = numbers.ago(connection.last_checked_at, now)
    if synced != "never":
        yield f"synced {synced}"
    if connection.running:
        yield running(connection, now)
    elif synced != "never":
        return
    elif not connection.records:
        yield "never synced"
    elif not connection.waiting_parts:
        # Otherwise the number of downloads already says that the first sync has not finished.
        yield "first sync not finished"


def running(connection: ConnectionStatus, now: datetime) -> str:
    """Return what is running, such as ``a sync has been running since 14:02``; or nothing."""
    work = connection.running
    if work is None:
        return ""
    # In the zone of this machine, as every moment of FitGlue's own work (numbers.moment).
    began = datetime.fromisoformat(work.since).astimezone()
    is_today = began.date() == now.astimezone().date()
    at = f"{began:%H:%M}" if is_today else f"{began:%Y-%m-%d %H:%M}"
    return f"{_WORK.get(work.kind, _WORK[RunKind.SYNC])} has been running since {at}"


def credential_of(entry: Entry | None) -> str:
    """Return what an integration asks an athlete for: a key, a permission, or nothing.

    Args:
        entry: The entry of the integration; ``None`` if it is not installed any more.
    """
    if entry is not None and entry.http and entry.http.auth.oauth2:
        return "permission"
    return "key" if entry is None or entry.credentials else ""


def owner(connection: ConnectionStatus) -> str:
    """Return the name of the account of a connection."""
    return connection.account.name or connection.account.id
