"""An installed source with a heavy part: a folder of scripts that run when they are normalized.

So a test can decide what happens in a worker process: it can raise, block, or kill the process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from fitglue_registry import Host, Policy
from fitglue_registry.secrets.memory import MemorySecretStore

if TYPE_CHECKING:
    from pathlib import Path

PLUGIN = """
import json, os, signal, threading
from datetime import datetime, timedelta
from pathlib import Path

from fitglue_registry import hookimpl
from fitglue_registry.errors import RecordRefused
from fitglue_registry.plugin_api import Account, Listing, Part, Unavailable
from fitglue_registry.model import SourceActivity

FITGLUE_HOOK_API = 1


@hookimpl
def fitglue_connect(connection):
    return Account(connection.settings["folder"], "slow")


@hookimpl
def fitglue_list(connection):
    note = "".join(path.read_text() for path in Path(connection.account.id).glob("note"))
    for path in sorted(Path(connection.account.id).glob("*.script"), reverse=True):
        yield Listing(path.stem, json.dumps({"n": int(path.stem), "note": note}).encode())


@hookimpl
def fitglue_fetch(connection, part, ids):
    for one in ids:
        if part == "streams":
            yield Unavailable(one, part, "none", "FG-no-streams", "a script has no streams")
            continue
        yield Part(one, part, (Path(connection.account.id) / f"{one}.script").read_bytes())


@hookimpl
def fitglue_normalize(record):
    title = "listed"
    if (script := record.read("file")) is not None:
        title = "read"
        here = Path(record.account.id) / "read" / record.external_id
        with here.open("a") as file:
            file.write(f"{os.getpid()}\\n")
        exec(script.decode(), globals() | {"here": here})
    start = datetime(2026, 1, 1, 7) + timedelta(days=json.loads(record.read("summary"))["n"])
    return [SourceActivity(title=title, sport="Run", start_local=start)]
"""
ENTRY = """\
schema: 1
kind: {kind}
id: slow
name: Slow
summary: An example.
plugin: fg-slow
tier: hobbyist
"""
INTEGRATION = "settings: [{name: folder}]\nhooks: [fitglue_connect]\n"
SOURCE = """\
dependencies: [integration/slow]
hooks: [fitglue_connect, fitglue_list, fitglue_fetch, fitglue_normalize]
parts: [{name: summary, from: list}, {name: file, from: fetch, bulk: 8, heavy: true}]
sync: {full_walk_days: null, touches: {file: [never]}}
"""


def install(site: Path) -> Path:
    """Write the distribution into ``site``, as pip would install it."""
    for kind, more in (("integration", INTEGRATION), ("source", SOURCE)):
        (site / "fg_slow" / "registry" / f"{kind}s").mkdir(parents=True)
        (site / "fg_slow" / "registry" / f"{kind}s" / "slow.yaml").write_text(
            ENTRY.format(kind=kind) + more
        )
    (site / "fg_slow" / "__init__.py").write_text(PLUGIN)
    info = site / "fg_slow-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fg-slow\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[fitglue.plugins]\nfg-slow = fg_slow\n[fitglue.registry]\nfg-slow = fg_slow:registry\n"
    )
    return site


class Scripts:
    """The folder of the account, with hosts and commands that are connected to it.

    Each script that is read notes the process that read it.
    """

    def __init__(self, folder: Path, site: Path) -> None:
        self.folder, self.site = folder, site
        (folder / "read").mkdir(parents=True)

    def add(self, count: int, script: str = "", **other: str) -> None:
        """Add ``count`` scripts, numbered from the oldest; ``n3`` replaces script number 3."""
        for number in range(count):
            (self.folder / f"{number}.script").write_text(
                other.get(f"n{number}", script) + f"\n# {number}"
            )

    def host(self, home: Path, **options: object) -> Host:
        """Open a host that is connected to the folder."""
        host = Host(home, **({"secrets": MemorySecretStore()} | options), policy=Policy.personal())  # type: ignore[arg-type]
        host.connect("slow", {"folder": str(self.folder)})
        return host

    def readers(self) -> dict[str, list[int]]:
        """Return number of each script that was read → the ids of the processes that read it."""
        return {
            path.name: [int(line) for line in path.read_text().split()]
            for path in (self.folder / "read").iterdir()
        }

    def forget_readers(self) -> None:
        """Delete the notes of the readers."""
        for path in (self.folder / "read").iterdir():
            path.unlink()

    def command(self, home: Path, *arguments: str) -> subprocess.Popen[str]:
        """Start the command in a process group of its own, so that a signal can be sent to it."""
        environment = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(self.site),
            "FITGLUE_HOME": str(home),
            "FITGLUE_SECRETS": "file",
            "HOME": str(home),
        } | {name: os.environ[name] for name in ("FITGLUE_DATABASE",) if name in os.environ}
        return subprocess.Popen(
            [sys.executable, "-m", "fitglue_registry", *arguments],
            env=environment,
            text=True,
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
