"""Hosts with sources that read logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fg_logs import Point
from fitglue_registry import Host, Plugins, Policy
from fitglue_registry.registry import Folder
from fitglue_registry.secrets.memory import MemorySecretStore

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = """\
schema: 1
kind: {kind}
id: {name}
name: Training {name}
summary: An example.
plugin: {name}
tier: hobbyist
hooks: [fitglue_connect, fitglue_list, fitglue_read, fitglue_normalize, fitglue_recognize]
settings:
  - {{name: path, label: Path, path: true, example: ~/runs.log}}
"""
SOURCE = "dependencies: [integration/{name}]\nsync: {{mode: file, full_walk_days: null}}\n"


def make_registry(folder: Path, *names: str) -> Path:
    """Write the entries of sources with these names."""
    for kind in ("integration", "source"):
        (folder / f"{kind}s").mkdir(parents=True, exist_ok=True)
        for name in names:
            text = ENTRY.format(kind=kind, name=name)
            if kind == "source":
                text += SOURCE.format(name=name)
            (folder / f"{kind}s" / f"{name}.yaml").write_text(text)
    (folder / "tiers.yaml").write_text("schema: 1\ntiers:\n  - {id: hobbyist, name: Hobbyist}\n")
    return folder


def make_host(folder: Path, **plugins: Any) -> Host:
    """Return a host with these plugins."""
    points = [Point(name, plugin) for name, plugin in plugins.items()]
    return Host(
        folder / "home",
        plugins=Plugins(points, time_limit_s=5.0),
        folders=[Folder(make_registry(folder / "registry", *plugins))],
        secrets=MemorySecretStore(),
        policy=Policy.personal(),
    )
