"""A small source whose account is a dictionary, and a host that is connected to it.

Tests change the account between syncs, and replace the hooks and the entry of the source.
"""

from __future__ import annotations

import json
import types
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fitglue_registry import Host, Policy, hookimpl
from fitglue_registry.model import Completeness, SourceActivity
from fitglue_registry.plugin_api import Account, Listing, Part, Split, Unavailable, Window
from fitglue_registry.plugins import Plugins
from fitglue_registry.registry import Folder
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.testing import FakeClock
from tests.faults.plugins.sources import Point

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

#: The entry of the source; ``{parts}`` and ``{sync}`` come from the test.
_ENTRY = """\
schema: 1
kind: source
id: small
name: Small
summary: An example.
plugin: small
tier: hobbyist
hooks: [fitglue_connect, fitglue_list, fitglue_fetch, fitglue_normalize]
dependencies: [integration/small]
parts:
  - {{name: summary, from: list}}
{parts}
sync: {sync}
"""
_INTEGRATION = """\
schema: 1
kind: integration
id: small
name: Small
summary: An example.
plugin: small
tier: hobbyist
hooks: [fitglue_connect]
"""
DETAIL = "  - {name: detail, from: fetch, confirms: true}"
#: A part that does not prove whether its record exists.
STREAMS = "  - {name: streams, from: fetch}"
SYNC = "{deletions: true, overlap_days: 60, full_walk_days: 7}"
START = datetime(2026, 11, 20, 7)  # noqa: DTZ001 - a local time


@dataclass
class Small:
    """The account, and what its service answers.

    ``rows`` has the revision of each workout by its id, ``lists`` is whether the service lists
    anything, and ``finds`` is whether it finds anything under its id.
    """

    rows: dict[str, int] = field(default_factory=dict)
    lists: bool = True
    finds: bool = True
    asked: Counter[str] = field(default_factory=Counter)

    def add(self, count: int) -> None:
        """Add workouts, one for each day before the newest one."""
        for number in range(len(self.rows), len(self.rows) + count):
            self.rows[f"w{number}"] = 0

    def list(self, connection: Any, window: Window) -> Iterator[Listing]:
        """Yield the rows of a window, newest first."""
        self.asked["list"] += 1
        for external_id in self.rows if self.lists else ():
            row = self.row(external_id)
            if _is_in(row, window):
                yield row

    def row(self, external_id: str, **changes: Any) -> Listing:
        """Return the row of a workout."""
        start = START - timedelta(days=int(external_id[1:]))
        row = {"id": external_id, "start": str(start), "revision": self.rows.get(external_id, 0)}
        return Listing(external_id, json.dumps(row).encode(), **({"start_local": start} | changes))

    def fetch(self, connection: Any, part: str, ids: Any) -> Iterator[Part | Unavailable]:
        """Yield a part, or that its workout is gone."""
        for external_id in ids:
            self.asked[part] += 1
            if self.finds and external_id in self.rows:
                yield Part(external_id, part, b'{"of": "%s"}' % external_id.encode())
            else:
                yield Unavailable(external_id, part, "gone", "FG-not-at-source", "not found")

    def plugin(self, **replaced: Callable[..., Any]) -> types.ModuleType:
        """Return the plugin, with some of its hooks replaced; their names without ``fitglue_``."""

        def connect(connection):
            return Account("small", "small")

        def list_(connection, window):
            yield from self.list(connection, window)

        def fetch(connection, part, ids):
            yield from self.fetch(connection, part, ids)

        hooks = {"connect": connect, "list": list_, "fetch": fetch, "normalize": normalize}
        module = types.ModuleType("small")
        module.FITGLUE_HOOK_API = 1
        for name, function in (hooks | replaced).items():
            hook = f"fitglue_{name}"
            setattr(module, hook, hookimpl(specname=hook)(function))
        return module


def normalize(record):
    """Return the only activity of a record."""
    row = json.loads(record.read("summary"))
    activity = SourceActivity(
        title=row["id"],
        sport="Run",
        start_local=datetime.fromisoformat(row["start"]),
        claims=(f"small:{row['id']}",),
        completeness=Completeness(tuple(record.parts), missing=dict(record.unavailable)),
    )
    return [activity]


def _is_in(row: Listing, window: Window) -> bool:
    day = row.start_local.date()
    return (window.oldest or day) <= day <= (window.newest or day)


@contextmanager
def small_host(
    folder: Path,
    plugin: types.ModuleType,
    *,
    parts: str = DETAIL,
    sync: str = SYNC,
) -> Iterator[Host]:
    """Yield a host that is connected to the small source and has not synced yet."""
    registry = folder / "registry"
    for kind in ("integrations", "sources"):
        (registry / kind).mkdir(parents=True, exist_ok=True)
    (registry / "tiers.yaml").write_text("schema: 1\ntiers:\n  - {id: hobbyist, name: Hobbyist}\n")
    (registry / "integrations" / "small.yaml").write_text(_INTEGRATION)
    (registry / "sources" / "small.yaml").write_text(_ENTRY.format(parts=parts, sync=sync))
    with Host(
        folder / "home",
        plugins=Plugins([Point("small", plugin)], time_limit_s=20.0),
        folders=[Folder(registry)],
        secrets=MemorySecretStore(),
        clock=FakeClock(),
        policy=Policy.personal(),
    ) as host:
        if not host.connections.list():
            host.connect("small", {})
        yield host


def in_small_windows(small: Small) -> Callable[..., Any]:
    """Return a function that lists the account, four days at a time."""

    def list_(connection, window):
        if window.oldest is None and window.newest is None:
            newest = START.date().toordinal()
            days = range(newest, newest - len(small.rows) - 4, -4)
            yield Split(
                tuple(Window(date.fromordinal(day - 3), date.fromordinal(day)) for day in days)
            )
        else:
            yield from small.list(connection, window)

    return list_
