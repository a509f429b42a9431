"""A host with a source and two destinations whose accounts are files, so that they survive the
process that is killed: one destination can look up what it has, the other one cannot.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from fitglue_registry import Host, Policy
from fitglue_registry.plugin_api import Account, Listing, NotThere, Receipt, Sent
from fitglue_registry.plugins import Plugins
from fitglue_registry.registry import Folder
from fitglue_registry.secrets.memory import MemorySecretStore
from tests.faults.kill.hosts import ShiftedClock
from tests.faults.plugins.sources import Point
from tests.services.pipelines.boxes import Box, Shelf, module_of, normalize, write_entries

if TYPE_CHECKING:
    import types
    from pathlib import Path

SHELF = "shelf"
#: The destination that can look up what it has, and the one that cannot.
FINDER, BLIND = "finder", "blind"
PIPELINE = {
    "schema": 1,
    "name": "all",
    "destinations": [
        {"to": FINDER, "name": FINDER},
        {"to": BLIND, "name": BLIND},
    ],
}


class LaterClock(ShiftedClock):
    """The clock of the kill tests, some hours later."""

    def __init__(self, hours: float) -> None:
        super().__init__()
        self._later = timedelta(hours=hours)

    def now(self) -> datetime:
        return super().now() + self._later


@dataclass(frozen=True)
class Accounts:
    """The folder with the files of the accounts."""

    folder: Path

    def shelve(self, rows: dict[str, dict[str, Any]]) -> None:
        """Write what the source lists: external id → values."""
        (self.folder / SHELF).write_text(json.dumps(rows))

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        """What the source lists."""
        rows: dict[str, dict[str, Any]] = json.loads((self.folder / SHELF).read_text())
        return rows

    def requests(self, name: str) -> list[dict[str, Any]]:
        """Return the requests that a destination has carried out, in order."""
        file = self.folder / name
        if not file.exists():
            return []
        return [json.loads(line) for line in file.read_text().splitlines()]

    def copies(self, name: str) -> dict[str, list[str]]:
        """Return title → the external ids of the copies that are at a destination."""
        there: dict[str, list[str]] = {}
        for request in self.requests(name):
            titles = there.setdefault(request["external_id"], [])
            if request["action"] == "create":
                titles.append(request["title"])
            if request["action"] == "update":
                titles[:] = [request["title"]] * len(titles)
        copies: dict[str, list[str]] = {}
        for external_id, titles in there.items():
            for title in titles:
                copies.setdefault(title, []).append(external_id)
        return copies


def carry_out(file: Path, request: dict[str, Any]) -> None:
    """Carry out a request: the account has it as soon as this line is in its file."""
    line = json.dumps(request).encode() + b"\n"
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, line)
    finally:
        os.close(handle)


def open_piped(
    home: Path,
    database: str | None,
    hours: float = 0.0,
) -> Host:
    """Return a host with the source and the destinations whose accounts are in files of its home.

    Args:
        home: The home.
        database: The URL of the database; ``None`` for SQLite in the home.
        hours: By how many hours its clock is ahead of the clocks of the other kill tests.
    """
    accounts = Accounts(home / "accounts")
    points = [
        Point(SHELF, _source(accounts)),
        Point(FINDER, _destination(accounts, FINDER, finds=True)),
        Point(BLIND, _destination(accounts, BLIND, finds=False)),
    ]
    accounts.folder.mkdir(parents=True, exist_ok=True)
    registry = accounts.folder / "registry"
    if not registry.exists():
        write_entries(registry, [Shelf()], [Box(FINDER), Box(BLIND, finds=False)])
    return Host(
        home,
        database,
        plugins=Plugins(points, time_limit_s=60.0),
        folders=[Folder(registry)],
        secrets=MemorySecretStore(),
        clock=LaterClock(hours),
        policy=Policy.personal(),
    )


def _source(accounts: Accounts) -> types.ModuleType:
    def connect(connection):
        return Account(SHELF)

    def list_(connection, window):
        for external_id, values in accounts.rows.items():
            row = json.dumps({"id": external_id, **values}).encode()
            yield Listing(external_id, row, start_local=datetime.fromisoformat(values["start"]))

    return module_of(SHELF, connect=connect, list=list_, normalize=normalize)


def _destination(accounts: Accounts, name: str, *, finds: bool) -> types.ModuleType:
    def deliver(connection, delivery):
        request = {
            "action": delivery.action,
            "external_id": delivery.external_id,
            "title": delivery.activity.title,
        }
        carry_out(accounts.folder / name, request)
        return _sent(name, delivery.external_id)

    def find_delivery(connection, delivery):
        for request in accounts.requests(name):
            if request["external_id"] == delivery.external_id:
                return _sent(name, delivery.external_id)
        return NotThere()

    hooks = {"deliver": deliver}
    if finds:
        hooks["find_delivery"] = find_delivery
    return module_of(name, **hooks)


def _sent(name: str, external_id: str) -> Sent:
    remote_id = f"{name}-{external_id[-6:]}"
    return Sent(Receipt(remote_id), identities=(f"{name}:{remote_id}",))
