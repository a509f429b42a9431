"""A tiny source that works until a test breaks one hook of it, and a host with two accounts at it:
``bad`` is synced first, then ``good``.
"""

from __future__ import annotations

import json
import shutil
import types
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from fitglue_registry import Host, Policy, hookimpl
from fitglue_registry.hookspecs import PLUGIN_GROUP
from fitglue_registry.model import Completeness, SourceActivity
from fitglue_registry.plugin_api import Account, Listing, Part
from fitglue_registry.plugins import Plugins
from fitglue_registry.registry import Folder
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.sync.events import Decided, SyncStopped
from tests.sync.natural import natural

if TYPE_CHECKING:
    from collections.abc import Callable
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


def ids(name: str) -> list[str]:
    """Return the external ids of an account, newest first."""
    return [f"{name}-{number}" for number in reversed(range(ROWS))]


def listing(external_id: str, /, **changes: Any) -> Listing:
    """Return the row that the source lists under an external id, with ``changes`` applied."""
    number = int(external_id.rpartition("-")[2]) if external_id[-1:].isdigit() else 0
    start = START + timedelta(days=number)
    summary = json.dumps({"id": external_id, "start": start.isoformat()}).encode()
    return Listing(
        **({"external_id": external_id, "summary": summary, "start_local": start} | changes)
    )


def activity(record: Any, **changes: Any) -> SourceActivity:
    """Return the source activity that ``fitglue_normalize`` derives from such a row."""
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
    """Return the plugin of an account.

    A keyword argument replaces the hook of that name; the name is given without ``fitglue_``.
    """

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
    """A stand-in for an entry point of the environment.

    A plain function as plugin is called when the plugin is loaded.
    """

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
    """The result of one sync of both accounts: errors by connection, reasons by external id,
    warnings.
    """

    stopped: dict[str, FitglueError]
    left: dict[str, str]
    warnings: list[str]

    @property
    def code(self) -> int:
        """The exit code that the command would have."""
        for error in self.stopped.values():
            return error.exit_code
        return 5 if self.left else 0


class Accounts:
    """A home in which both accounts are connected and nothing is synced yet."""

    def __init__(self, home: Path, registry: Path) -> None:
        self.home, self._registry = home, registry

    def host(self, bad: Any = None, *, time_limit_s: float = 5.0) -> Host:
        """Return a host on this home whose plugin ``bad`` is the one given, or one that works if it
        is ``None``.
        """
        points = [
            Point("bad", bad if bad is not None else source("bad")),
            Point("good", source("good")),
        ]
        return Host(
            self.home,
            plugins=Plugins(points, time_limit_s=time_limit_s),
            folders=[Folder(self._registry)],
            secrets=MemorySecretStore(),
            policy=Policy.personal(),
        )

    def sync(self, bad: Any = None, **options: Any) -> Outcome:
        """Sync both accounts once, with a host of their own."""
        with self.host(bad, **options) as host:
            return synced(host)

    def lost(self, undisturbed: dict[str, Any]) -> int:
        """Sync with working plugins and return how many things then differ from the undisturbed
        store.
        """
        with self.host() as host:
            # The second sync shows whether the first one left anything behind.
            synced(host)
            outcome = synced(host)
            assert outcome.code == 0, outcome
            return differences(natural(host), undisturbed)

    def unknown(self, undisturbed: dict[str, Any]) -> int:
        """Return how many rows differ from the undisturbed store, plus how many rows of the good
        account are missing.
        """
        with self.host() as host:
            stored = natural(host)
        compared = {table: stored[table] for table in ("records", "source_activities")}
        unexpected = sum(
            1
            for table, rows in compared.items()
            for key, value in rows.items()
            if undisturbed[table].get(key) != value
        )
        missing = sum(
            1
            for table, rows in undisturbed.items()
            if table in compared
            for key in rows
            if key[0] == "good" and key not in compared[table]
        )
        return unexpected + missing


def synced(host: Host) -> Outcome:
    """Sync both accounts and return the outcome; the good one must finish regardless of what the
    bad one does.
    """
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


def differences(actual: dict[str, Any], wanted: dict[str, Any]) -> int:
    """Return how many things differ between two stores, by natural keys."""
    count = 0
    for table, want in wanted.items():
        have = actual[table]
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
    """Write the entries of both accounts to a new registry folder and return its path."""
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
    """Return the same accounts in a copy of their home."""
    shutil.copytree(accounts.home, home)
    return Accounts(home, registry)
