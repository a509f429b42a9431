"""A small source of files: the first line of a `.log` names the account, and each further line is
the day of a run.
"""

from __future__ import annotations

import types
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fitglue_registry import Host, Plugins, Policy, hookimpl
from fitglue_registry.hookspecs import PLUGIN_GROUP
from fitglue_registry.model import Completeness, SourceActivity
from fitglue_registry.plugin_api import Account, Listing, Recognized
from fitglue_registry.registry import Folder
from fitglue_registry.secrets.memory import MemorySecretStore

if TYPE_CHECKING:
    from collections.abc import Callable

ENTRY = """\
schema: 1
kind: {kind}
id: {name}
name: Training {name}
summary: An example.
plugin: {name}
tier: hobbyist
hooks: [fitglue_connect, fitglue_list, fitglue_normalize, fitglue_recognize]
settings:
  - {{name: path, label: Path, path: true, example: ~/runs.log}}
"""
SOURCE = "dependencies: [integration/{name}]\nsync: {{mode: file, full_walk_days: null}}\n"


def files(path: Path) -> list[Path]:
    """Return the logs at a path."""
    return sorted(path.glob("**/*.log")) if path.is_dir() else [path]


def plugin(name: str = "log", **replaced: Callable[..., Any]) -> types.ModuleType:
    """Return the plugin; each hook can be replaced by its name without ``fitglue_``."""

    def fitglue_recognize(paths):
        known = [path for path in paths if any(file.suffix == ".log" for file in files(Path(path)))]
        return [
            Recognized(
                name,
                (path,),
                f"Training {name}",
                {"path": path},
                (f"{len(files(Path(path)))} logs",),
                ("no pictures",),
            )
            for path in known
        ]

    def fitglue_connect(connection):
        logs = files(Path(connection.settings["path"]))
        return Account(logs[0].read_text().splitlines()[0] if logs else connection.settings["path"])

    def fitglue_list(connection):
        for file in files(Path(connection.settings["path"])):
            for day in file.read_text().splitlines()[1:]:
                yield Listing(day, day.encode())

    def fitglue_normalize(record):
        day = datetime.fromisoformat(record.read("summary").decode())
        return [
            SourceActivity(
                title=f"{day:%A}",
                sport="Run",
                start_local=day,
                moving_s=1800.0,
                claims=(f"{name}:{record.external_id}",),
                completeness=Completeness(("summary",)),
            )
        ]

    hooks = {
        hook.__name__: hook
        for hook in (fitglue_recognize, fitglue_connect, fitglue_list, fitglue_normalize)
    }
    module = types.ModuleType(name)
    module.FITGLUE_HOOK_API = 1
    for hook, function in (
        hooks | {f"fitglue_{short}": function for short, function in replaced.items()}
    ).items():
        setattr(module, hook, hookimpl(specname=hook)(function))
    return module


class Point:
    """An entry point of the environment."""

    group = PLUGIN_GROUP

    def __init__(self, name: str, module: Any) -> None:
        self.name, self.value, self._module = name, f"{name}.plugin", module

    def load(self) -> Any:
        if isinstance(self._module, BaseException):
            raise self._module
        return self._module


def make_registry(folder: Path, *names: str) -> Path:
    """Write the entries of sources with these names."""
    for kind in ("integration", "source"):
        (folder / f"{kind}s").mkdir(parents=True, exist_ok=True)
        for name in names:
            text = ENTRY.format(kind=kind, name=name) + (
                SOURCE.format(name=name) if kind == "source" else ""
            )
            (folder / f"{kind}s" / f"{name}.yaml").write_text(text)
    (folder / "tiers.yaml").write_text("schema: 1\ntiers:\n  - {id: hobbyist, name: Hobbyist}\n")
    return folder


def make_host(folder: Path, **modules: Any) -> Host:
    """Return a host with these plugins."""
    points = [Point(name, module) for name, module in modules.items()]
    return Host(
        folder / "home",
        plugins=Plugins(points, time_limit_s=5.0),
        folders=[Folder(make_registry(folder / "registry", *modules))],
        secrets=MemorySecretStore(),
        policy=Policy.personal(),
    )
