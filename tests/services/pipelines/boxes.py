"""A small source and destinations that keep what they get, with faults that a test chooses."""

from __future__ import annotations

import json
import types
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fitglue_registry import Host, Policy, hookimpl
from fitglue_registry.model import Completeness, SourceActivity
from fitglue_registry.plugin_api import (
    Account,
    Listing,
    NotThere,
    Receipt,
    Sent,
)
from fitglue_registry.plugins import Plugins
from fitglue_registry.registry import Folder
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.testing import FakeClock
from tests.faults.plugins.sources import Point

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fitglue_registry.plugin_api import Delivery

_TOP = "schema: 1\nplugin: {plugin}\ntier: hobbyist\nsummary: An example.\n"
_INTEGRATION = "kind: integration\nid: {name}\nname: {name}\nhooks: [fitglue_connect]\n"
_SOURCE = """\
kind: source
id: {name}
name: {name}
hooks: [fitglue_connect, fitglue_list, fitglue_normalize]
dependencies: [integration/{name}]
sync: {{deletions: true, overlap_days: 3660}}
terms: {{leaves_machine: {leaves_machine}}}
"""
_DESTINATION = """\
kind: destination
id: {name}
name: {title}
hooks: [{hooks}]
delivery:
  takes: [title, description, sport, distance_m]
  updates: true
  deletes: true
  {terms}
"""


@dataclass
class Shelf:
    """The account of a source: external id → the values of its workout."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    name: str = "shelf"

    def add(self, external_id: str, **values: Any) -> None:
        """Add a workout, or change one."""
        defaults = {"title": external_id, "sport": "Run", "start": "2026-11-21T07:00:00"}
        self.rows[external_id] = {**defaults, **self.rows.get(external_id, {}), **values}

    def plugin(self) -> types.ModuleType:
        """Return its plugin."""

        def connect(connection):
            return Account(self.name)

        def list_(connection, window):
            for external_id, values in self.rows.items():
                start = datetime.fromisoformat(values["start"])
                row = json.dumps({"id": external_id, **values}).encode()
                yield Listing(external_id, row, start_local=start)

        return module_of(self.name, connect=connect, list=list_, normalize=normalize)


def normalize(record):
    """Return the only activity of a record, which claims its id and what the row names."""
    row = json.loads(record.read("summary"))
    start = row.pop("start")
    external_id = row.pop("id")
    claims = (f"{record.entry}:{external_id}", *row.pop("claims", ()))
    activity = SourceActivity(
        start_local=datetime.fromisoformat(start),
        claims=claims,
        completeness=Completeness(tuple(record.parts)),
        **row,
    )
    return [activity]


@dataclass
class Box:
    """A destination that keeps what it gets by its external id.

    A test sets ``on_deliver`` or ``on_find`` to a function that is called before the box does
    anything; what it returns is the answer, unless it is ``None``.
    """

    name: str = "box"
    kept: dict[str, Any] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    on_deliver: Callable[[Box, Delivery], Any] | None = None
    on_find: Callable[[Box, Delivery], Any] | None = None
    finds: bool = True

    def put(self, delivery: Delivery) -> None:
        """Keep a delivery, or carry out a change."""
        if delivery.action == "delete":
            self.kept.pop(delivery.external_id, None)
            return
        kept = self.kept.setdefault(delivery.external_id, [])
        kept.append(delivery.activity.title)

    def deliver(self, delivery: Delivery) -> Any:
        """Answer as the hook does."""
        self.calls.append(("deliver", delivery.action))
        self.deliveries.append(delivery)
        if self.on_deliver is not None:
            answer = self.on_deliver(self, delivery)
            if answer is not None:
                return answer
        self.put(delivery)
        return self.sent(delivery)

    def sent(self, delivery: Delivery) -> Sent:
        """Return that a delivery is there."""
        remote_id = f"{self.name}-{delivery.external_id[-6:]}"
        receipt = Receipt(remote_id, f"https://example.org/{remote_id}")
        return Sent(receipt, identities=(f"{self.name}:{remote_id}", delivery.external_id))

    def find(self, delivery: Delivery) -> Any:
        """Answer as the hook does."""
        self.calls.append(("find", delivery.action))
        if self.on_find is not None:
            answer = self.on_find(self, delivery)
            if answer is not None:
                return answer
        return self.sent(delivery) if delivery.external_id in self.kept else NotThere()

    def plugin(self) -> types.ModuleType:
        """Return its plugin."""

        def deliver(connection, delivery):
            return self.deliver(delivery)

        def find_delivery(connection, delivery):
            return self.find(delivery)

        hooks = {"deliver": deliver}
        if self.finds:
            hooks["find_delivery"] = find_delivery
        return module_of(self.name, **hooks)


def module_of(name: str, **hooks: Any) -> types.ModuleType:
    """Return a plugin with these hooks; their names without ``fitglue_``."""
    module = types.ModuleType(name)
    module.FITGLUE_HOOK_API = 1
    for short, function in hooks.items():
        hook = f"fitglue_{short}"
        setattr(module, hook, hookimpl(specname=hook)(function))
    return module


@contextmanager
def piped_host(
    folder: Path,
    shelves: list[Shelf],
    boxes: list[Box],
    *,
    leaves_machine: bool = True,
    terms: str = "leaves_machine: true",
    database: str | None = None,
) -> Iterator[Host]:
    """Yield a host that is connected to the shelves, and whose pipelines can send to the boxes."""
    registry = folder / "registry"
    write_entries(registry, shelves, boxes, leaves_machine=leaves_machine, terms=terms)
    points = [Point(place.name, place.plugin()) for place in (*shelves, *boxes)]
    with Host(
        folder / "home",
        database,
        plugins=Plugins(points, time_limit_s=20.0),
        folders=[Folder(registry)],
        secrets=MemorySecretStore(),
        clock=FakeClock(),
        policy=Policy.personal(),
    ) as host:
        known = {connection.integration for connection in host.connections.list()}
        for shelf in shelves:
            if shelf.name not in known:
                host.connect(shelf.name, {})
        yield host


def write_entries(
    registry: Path,
    shelves: list[Shelf],
    boxes: list[Box],
    *,
    leaves_machine: bool = True,
    terms: str = "leaves_machine: true",
) -> None:
    """Write the entries of sources and destinations into a folder."""
    registry.mkdir(exist_ok=True)
    (registry / "tiers.yaml").write_text("schema: 1\ntiers:\n  - {id: hobbyist, name: Hobbyist}\n")
    for shelf in shelves:
        values = {"name": shelf.name, "leaves_machine": str(leaves_machine).lower()}
        _write(registry / "integrations", shelf.name, _INTEGRATION.format(**values))
        _write(registry / "sources", shelf.name, _SOURCE.format(**values))
    for box in boxes:
        hooks = "fitglue_deliver, fitglue_find_delivery" if box.finds else "fitglue_deliver"
        text = _DESTINATION.format(
            name=box.name, title=box.name.capitalize(), hooks=hooks, terms=terms
        )
        _write(registry / "destinations", box.name, text)


def _write(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yaml").write_text(_TOP.format(plugin=name) + text)
