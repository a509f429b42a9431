"""A tiny source that works, to be broken in one place, and two accounts of it at one host: ``bad``
is asked first, ``good`` after it.
"""

from __future__ import annotations

import json
import shutil
import types
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fitglue_registry import Host, hookimpl
from fitglue_registry.hookspecs import PLUGIN_GROUP
from fitglue_registry.model import Completeness, SourceActivity
from fitglue_registry.plugin_api import Account, Listing, Part
from fitglue_registry.plugins import Plugins
from fitglue_registry.registry import Folder
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.sync.events import Decided, SyncStopped
from tests.sync.natural import natural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from fitglue_registry.errors import FitglueError

ROWS = 6
START = datetime(2026, 5, 1, 7)  # noqa: DTZ001 - a local time
ENTRY = """\
schema: 1
kind: {kind}
id: {name}
name: {name}
summary: An example.
plugin: {name}
tier: hobbyist
hooks: [fitglue_connect, fitglue_list, fitglue_fetch, fitglue_normalize{dedupe}]
"""
SOURCE = """\
dependencies: [integration/{name}]
parts:
  - {{name: summary, from: list}}
  - {{name: detail, from: fetch, bulk: 3, confirms: true}}
sync: {{deletions: true}}
"""


def some(values: Iterable[Any], few: int = 1, ids: Any = None) -> list[Any]:
    """Parameters of which a few are tried each time, and all in the long run."""
    listed = list(values)
    names = (
        list(ids)
        if ids is not None
        else [
            value if isinstance(value, str) else str(number) for number, value in enumerate(listed)
        ]
    )
    return [
        pytest.param(value, id=name, marks=() if number < few else pytest.mark.long)
        for number, (value, name) in enumerate(zip(listed, names, strict=True))
    ]


def ids(name: str) -> list[str]:
    """The external ids of an account, newest first."""
    return [f"{name}-{number}" for number in reversed(range(ROWS))]


def listing(external_id: str, /, **changes: Any) -> Listing:
    """A row as the source has it."""
    number = int(external_id.rpartition("-")[2]) if external_id[-1:].isdigit() else 0
    start = START + timedelta(days=number)
    summary = json.dumps({"id": external_id, "start": start.isoformat()}).encode()
    return Listing(
        **({"external_id": external_id, "summary": summary, "start_local": start} | changes)
    )


def activity(record: Any, **changes: Any) -> SourceActivity:
    """What such a row says."""
    row = json.loads(record.read("summary"))
    service, _, number = row["id"].partition("-")
    values = {
        "title": row["id"],
        "sport": "Run",
        "start_local": datetime.fromisoformat(row["start"]),
        "claims": (f"{service}:{number}",),
        "completeness": Completeness(("summary",)),
    }
    return SourceActivity(**(values | changes))


def source(name: str, **replaced: Callable[..., Any]) -> types.ModuleType:
    """The plugin of an account; each hook can be replaced by its name without ``fitglue_``."""

    def fitglue_connect(connection):
        return Account(name, name)

    def fitglue_list(connection, window):
        yield from map(listing, ids(name))

    def fitglue_fetch(connection, part, ids):
        for external_id in ids:
            yield Part(external_id, part, b"{}")

    def fitglue_normalize(record):
        return [activity(record)]

    hooks = {
        hook.__name__: hook
        for hook in (fitglue_connect, fitglue_list, fitglue_fetch, fitglue_normalize)
    }
    module = types.ModuleType(name)
    module.FITGLUE_HOOK_API = 1
    for short, function in replaced.items():
        hooks[f"fitglue_{short}"] = function
    for hook, function in hooks.items():
        setattr(module, hook, hookimpl(specname=hook)(function))
    return module


@dataclass
class Point:
    """An entry point as the environment would have it."""

    name: str
    plugin: Any
    group: str = PLUGIN_GROUP

    @property
    def value(self) -> str:
        return f"{self.name}.plugin"

    def load(self) -> Any:
        if isinstance(self.plugin, types.FunctionType):
            return self.plugin()
        return self.plugin


@dataclass
class Outcome:
    """What a sync of both accounts came to."""

    stopped: dict[str, FitglueError]
    left: dict[str, str]
    warnings: list[str]

    @property
    def code(self) -> int:
        """The exit code of the command."""
        for error in self.stopped.values():
            return error.exit_code
        return 5 if self.left else 0


class Accounts:
    """A home in which both accounts are connected and nothing is synced yet."""

    def __init__(self, home: Path, registry: Path) -> None:
        self.home, self._registry = home, registry

    def host(self, bad: Any = None, *, time_limit_s: float = 5.0) -> Host:
        """A host on this home, whose plugin ``bad`` is this one (none said: it works)."""
        points = [
            Point("bad", bad if bad is not None else source("bad")),
            Point("good", source("good")),
        ]
        return Host(
            self.home,
            plugins=Plugins(points, time_limit_s=time_limit_s),
            folders=[Folder(self._registry)],
            secrets=MemorySecretStore(),
        )

    def sync(self, bad: Any = None, **options: Any) -> Outcome:
        """Sync both accounts once, in a host of its own."""
        with self.host(bad, **options) as host:
            return synced(host)

    def lost(self, undisturbed: dict[str, Any]) -> int:
        """Sync with plugins that work; how much then differs from a store that never saw a broken
        one comes back.
        """
        with self.host() as host:
            synced(host)
            outcome = synced(host)
            assert outcome.code == 0, outcome
            return differences(natural(host), undisturbed)

    def unknown(self, undisturbed: dict[str, Any]) -> int:
        """How much the store says that the undisturbed one does not, and how much of the good
        account is missing.
        """
        with self.host() as host:
            found = natural(host)
        said = {table: found[table] for table in ("records", "source_activities")}
        strange = sum(
            1
            for table, rows in said.items()
            for key, value in rows.items()
            if undisturbed[table].get(key) != value
        )
        missing = sum(
            1
            for table, rows in undisturbed.items()
            if table in said
            for key in rows
            if key[0] == "good" and key not in said[table]
        )
        return strange + missing


def synced(host: Host) -> Outcome:
    """Sync both accounts; the good one has to finish whatever the bad one does."""
    outcome = Outcome({}, {}, [])
    ended = []
    with closing(host.sync()) as events:
        for event in events:
            if isinstance(event, SyncStopped):
                outcome.stopped[event.connection] = event.error
            if isinstance(event, Decided) and event.decision in ("quarantined", "not-fetched"):
                outcome.left[event.external_id] = event.reason
            if type(event).__name__ == "SyncFinished":
                ended.append(event.connection)
    assert "good" in ended, outcome
    return outcome


def differences(found: dict[str, Any], wanted: dict[str, Any]) -> int:
    """How many things of two stores differ, by natural keys."""
    count = 0
    for table, want in wanted.items():
        have = found[table]
        if isinstance(want, dict):
            count += sum(1 for key in want.keys() | have.keys() if want.get(key) != have.get(key))
        elif isinstance(want, list):
            count += len([row for row in want if row not in have]) + len(
                [row for row in have if row not in want]
            )
        else:
            count += want != have
    return count


def make_registry(folder: Path) -> Path:
    """The entries of both accounts."""
    (folder / "tiers.yaml").parent.mkdir(parents=True)
    (folder / "tiers.yaml").write_text("schema: 1\ntiers:\n  - {id: hobbyist, name: Hobbyist}\n")
    for kind in ("integration", "source"):
        (folder / f"{kind}s").mkdir()
        for name in ("bad", "good"):
            text = ENTRY.format(
                kind=kind,
                name=name,
                dedupe=", fitglue_dedupe" if kind == "source" and name == "bad" else "",
            )
            (folder / f"{kind}s" / f"{name}.yaml").write_text(
                text + (SOURCE.format(name=name) if kind == "source" else "")
            )
    return folder


def copied(accounts: Accounts, home: Path, registry: Path) -> Accounts:
    """The same accounts in a home of their own."""
    shutil.copytree(accounts.home, home)
    return Accounts(home, registry)
