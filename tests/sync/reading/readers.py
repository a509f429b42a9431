"""An installed source of files: a folder of scripts that run when ``fitglue_read`` reads them.

So a test can decide what happens in a worker process: it can raise, block, or kill the process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry import Host, Policy
from fitglue_registry.secrets.memory import MemorySecretStore

if TYPE_CHECKING:
    from pathlib import Path

PLUGIN = """
import hashlib, json, os, signal, threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fitglue_registry import hookimpl
from fitglue_registry.errors import AthleteNeeded, RecordRefused
from fitglue_registry.plugin_api import Account, Listing, Location, Part, Unavailable
from fitglue_registry.model import SourceActivity

FITGLUE_HOOK_API = 1


@hookimpl
def fitglue_connect(connection):
    return Account(connection.settings["folder"], "read")


@hookimpl
def fitglue_list(connection):
    folder = Path(connection.settings["folder"])
    if not folder.exists():
        raise AthleteNeeded("FG-folder-missing", f"{folder} does not exist")
    connection.log.info("listed by %d", os.getpid())
    for path in sorted(folder.glob("*.script"), reverse=True):
        content = path.read_bytes()
        mark = hashlib.sha256(content).hexdigest()
        inside = "zip" if path.stem.startswith("zip") else ""
        yield Location(path.stem, mark, str(path).encode(), len(content), inside=inside)
    for path in sorted(folder.glob("*.row")):
        yield Location(f"row {path.stem}", path.read_text(), str(path).encode(), 0, path.stem)


@hookimpl
def fitglue_read(connection, location):
    path = Path(location.hint.decode())
    note = path.parent / "read" / path.name
    with note.open("a") as file:
        file.write(f"{os.getpid()}\\n")
    content = path.read_bytes()
    name = path.stem
    if path.suffix == ".row":
        yield Listing(name, b"{}")
        yield Unavailable(name, "file", "none", "FG-no-file", "a row has no file")
        yield workout(name, "row")
        return
    for line in content.decode().splitlines():
        if line.startswith("# id ") and line[5:] not in location.taken:
            name = line[5:]
    yield Listing(name, json.dumps({"size": len(content)}).encode())
    yield Part(name, "file", content)
    if not location.undecodable:
        exec(content.decode(), globals())
        yield workout(name, "read")
    elif b"# has a row" in content:
        yield workout(name, "row")


@hookimpl
def fitglue_normalize(record):
    exec(record.read("file").decode(), globals())
    return [workout(record.external_id, "read")]


def workout(name, title):
    day = int(hashlib.sha256(name.encode()).hexdigest()[:3], 16)
    start = datetime(2010, 1, 1, 7, tzinfo=UTC) + timedelta(days=day)
    return SourceActivity(title=title, sport="Run", start_utc=start, elapsed_s=600.0)
"""
ENTRY = """\
schema: 1
kind: {kind}
id: reads
name: Reads
summary: An example.
plugin: fg-reads
tier: hobbyist
"""
INTEGRATION = "settings: [{name: folder}]\nhooks: [fitglue_connect]\n"
SOURCE = """\
dependencies: [integration/reads]
hooks: [fitglue_connect, fitglue_list, fitglue_read, fitglue_normalize]
parts: [{name: summary, from: list}, {name: file, from: fetch, heavy: true}]
sync: {mode: file, full_walk_days: null}
"""


def install(site: Path) -> Path:
    """Write the distribution into ``site``, as pip would install it."""
    for kind, more in (("integration", INTEGRATION), ("source", SOURCE)):
        folder = site / "fg_reads" / "registry" / f"{kind}s"
        folder.mkdir(parents=True)
        (folder / "reads.yaml").write_text(ENTRY.format(kind=kind) + more)
    (site / "fg_reads" / "__init__.py").write_text(PLUGIN)
    info = site / "fg_reads-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fg-reads\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[fitglue.plugins]\nfg-reads = fg_reads\n[fitglue.registry]\nfg-reads = fg_reads:registry\n"
    )
    return site


class Folder:
    """The folder of the account; each file notes the processes that read it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "read").mkdir(parents=True)

    def add(self, **scripts: str) -> None:
        """Write scripts by their names."""
        for name, script in scripts.items():
            (self.path / f"{name}.script").write_text(f"{script}\n# {name}")

    def add_row(self, name: str, text: str = "") -> None:
        """Write a row that names its record."""
        (self.path / f"{name}.row").write_text(text)

    def host(self, home: Path) -> Host:
        """Open a host that is connected to the folder."""
        host = Host(home, secrets=MemorySecretStore(), policy=Policy.personal())
        host.connect("reads", {"folder": str(self.path)})
        return host

    def readers(self) -> dict[str, list[int]]:
        """Return the name of each file that was read → the ids of the processes that read it."""
        readers = {}
        for path in (self.path / "read").iterdir():
            readers[path.name] = [int(line) for line in path.read_text().split()]
        return readers

    def forget_readers(self) -> None:
        """Delete the notes of the readers."""
        for path in (self.path / "read").iterdir():
            path.unlink()
