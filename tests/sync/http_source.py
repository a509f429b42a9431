"""A source with HTTP requests, as an author would write it, whose service is on this machine."""

from __future__ import annotations

import json
import types
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from fitglue_registry import Host, Policy, hookimpl
from fitglue_registry.model import Completeness, SourceActivity
from fitglue_registry.plugin_api import Account, Listing, Part
from fitglue_registry.plugins import Plugins
from fitglue_registry.registry import Folder
from fitglue_registry.secrets.memory import MemorySecretStore
from tests.faults.plugins.sources import Point

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ENTRY = """\
schema: 1
kind: {kind}
id: paged
name: Paged
summary: Workouts of a service on this machine.
plugin: paged
tier: hobbyist
"""
INTEGRATION = """\
credentials:
  - {{name: api_key, secret: true, required: false}}
settings:
  - {{name: base_url, required: false}}
http:
  base_url: {base_url}
{http}
hooks: [fitglue_connect]
"""
SOURCE = """\
dependencies: [integration/paged]
hooks: [fitglue_connect, fitglue_list, fitglue_fetch, fitglue_normalize]
parts:
  - {name: summary, from: list}
  - {name: detail, from: fetch}
"""
TIERS = "schema: 1\ntiers:\n  - {id: hobbyist, name: Hobbyist}\n"
START = datetime(2026, 5, 1, 7)  # noqa: DTZ001 - a local time


def list_rows(connection: Any) -> Iterator[Listing]:
    """Yield the rows of a list with one page."""
    for row in connection.http.get("rows").json():
        yield Listing(str(row["id"]), json.dumps(row).encode())


def get_detail(connection: Any, external_id: str) -> Any:
    """Return the response with the detail of a row."""
    return connection.http.get(f"rows/{external_id}")


def make_plugin(
    rows: Callable[[Any], Iterator[Listing]] = list_rows,
    detail: Callable[[Any, str], Any] = get_detail,
) -> types.ModuleType:
    """Return the plugin.

    Args:
        rows: Yields the listings of a connection.
        detail: Returns the response with the detail of a row, for a connection and an id.
    """

    def fitglue_connect(connection):
        return Account(str(connection.http.get("me").json()["id"]))

    def fitglue_list(connection, window):
        return rows(connection)

    def fitglue_fetch(connection, part, ids):
        for external_id in ids:
            answer = detail(connection, external_id)
            yield Part(external_id, part, answer.wire, answer.wire_encoding)

    def fitglue_normalize(record):
        start = START + timedelta(hours=int(record.external_id))
        activity = SourceActivity(
            title=f"Run {record.external_id}",
            sport="Run",
            sport_raw="run",
            start_local=start,
            elapsed_s=60,
            completeness=Completeness(tuple(record.parts)),
        )
        return [activity]

    module = types.ModuleType("paged")
    module.FITGLUE_HOOK_API = 1
    for function in (fitglue_connect, fitglue_list, fitglue_fetch, fitglue_normalize):
        setattr(module, function.__name__, hookimpl(specname=function.__name__)(function))
    return module


def host_of(
    folder: Path,
    plugin: types.ModuleType,
    *,
    base_url: str = "https://paged.example",
    http: str = "",
    **differs: Any,
) -> Host:
    """Return a host with the plugin and its entries.

    Args:
        folder: The folder of the host and of the entries.
        plugin: The plugin.
        base_url: The address of the service in the entry.
        http: Further lines of the ``http`` block, each indented by two spaces.
        **differs: Other arguments of the host.
    """
    entries = folder / "registry"
    texts = {
        "integrations": ENTRY.format(kind="integration")
        + INTEGRATION.format(base_url=base_url, http=http),
        "sources": ENTRY.format(kind="source") + SOURCE,
    }
    for kind, text in texts.items():
        (entries / kind).mkdir(parents=True, exist_ok=True)
        (entries / kind / "paged.yaml").write_text(text)
    (entries / "tiers.yaml").write_text(TIERS)
    options: dict[str, Any] = {"policy": Policy.personal(), "secrets": MemorySecretStore()}
    return Host(
        folder / "home",
        plugins=Plugins([Point("paged", plugin)], time_limit_s=20),
        folders=[Folder(entries)],
        **(options | differs),
    )
