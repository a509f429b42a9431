"""The contenders: the commands of one sync, what each needs before it, and how to look into its
store.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import peers
from measure import Run, run
from service import KEY

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
FITGLUE = str(Path(sys.executable).with_name("fitglue"))


def registry(scratch: Path, *, connections: int, summaries_only: bool = False) -> Path:
    """Return a copy of the catalogue whose Intervals.icu entry opens ``connections`` connections,
    or has only summaries.
    """
    folder = scratch / f"registry-{connections}{'-summaries' if summaries_only else ''}"
    if not folder.exists():
        shutil.copytree(ROOT / "registry", folder)
        _edit(
            folder / "integrations" / "intervals.yaml",
            "connections: 2",
            f"connections: {connections}",
        )
        if summaries_only:
            source = folder / "sources" / "intervals.yaml"
            lines = source.read_text().splitlines(keepends=True)
            parts = [
                line for line in lines if line.startswith("  - {name: ") and "from: fetch" in line
            ]
            _edit(source, "".join(parts), "")
            text = source.read_text()
            start = text.index("  touches:\n")
            end = (
                start
                + len("  touches:\n")
                + next(
                    at
                    for at, line in _offsets(text[start + len("  touches:\n") :])
                    if line and not line.startswith(("    ", "  #"))
                )
            )
            source.write_text(text[:start] + text[end:])
    return folder


def _offsets(text: str) -> list[tuple[int, str]]:
    """Return each line with its offset, and the end of the text."""
    offset, lines = 0, []
    for line in text.splitlines(keepends=True):
        lines.append((offset, line.rstrip("\n")))
        offset += len(line)
    return [*lines, (offset, "end")]


def _edit(path: Path, before: str, after: str) -> None:
    """Replace a text that occurs exactly once in a file."""
    text = path.read_text()
    if text.count(before) != 1:
        raise RuntimeError(f"{path.name} is not what the benchmark expects: {before!r}")
    path.write_text(text.replace(before, after))


@dataclass(frozen=True, slots=True)
class Contender:
    """A script of ``contenders/``, the Python that runs it, its arguments, and the packages without
    which it cannot run.
    """

    name: str
    script: str
    python: str = sys.executable
    arguments: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()

    def prepare(self, url: str, folder: Path) -> None:
        """Prepare a folder without timing it; for FitGlue also create the connection and the
        database.
        """
        folder.mkdir(parents=True)
        if self.script == "host.py":
            run(self._command("connect", folder, "--url", url))
        if self.script == "singer_tap.py":
            (folder / "tap.json").write_text(json.dumps({"url": url, "key": KEY}))
            (folder / "target.json").write_text(json.dumps({"destination_path": str(folder)}))

    def sync(self, url: str, folder: Path) -> Run:
        """Run one sync and return what it took."""
        if self.script != "singer_tap.py":
            return run(self._command("sync", folder, "--url", url))
        state = folder / "state.json"
        tap = [
            self.python,
            str(HERE / "contenders" / self.script),
            "--config",
            str(folder / "tap.json"),
        ]
        took = run(
            [*tap, *(["--state", str(state)] if state.exists() else [])],
            [str(peers.TARGET / "bin" / "target-jsonl"), "--config", str(folder / "target.json")],
            # The last line that the target prints is the state, from which the next run continues.
        )
        state.write_text(took.out.strip().splitlines()[-1])
        return took

    def holds(self, folder: Path, *titles: str) -> list[bool]:
        """Return for each of these titles whether the contender has stored it."""
        if self.script == "singer_tap.py":
            command = [
                self.python,
                str(HERE / "contenders" / self.script),
                "check",
                str(folder),
                *titles,
            ]
        else:
            command = [*self._command("check", folder), "--words", *titles]
        stored: list[bool] = json.loads(run(command).out)
        return stored

    def _command(self, mode: str, folder: Path, *more: str) -> list[str]:
        """Return the command line for a mode."""
        return [
            self.python,
            str(HERE / "contenders" / self.script),
            mode,
            "--folder",
            str(folder),
            *more,
            *self.arguments,
        ]


def host(scratch: Path, connections: int, *, summaries_only: bool = False) -> Contender:
    """Return FitGlue with this many connections."""
    folder = registry(scratch, connections=connections, summaries_only=summaries_only)
    return Contender("FitGlue", "host.py", arguments=("--registry", str(folder)))


def floor(connections: int = 1, *, also: str | None = None) -> Contender:
    """Return the floor with this many connections, which may also ``decode`` or ``encode`` the
    streams.
    """
    more = ["--connections", str(connections)] if connections > 1 else []
    return Contender(
        f"floor, {also}d" if also else "floor",
        "floor.py",
        arguments=(*more, *([f"--{also}"] if also else [])),
    )


SCRIPT = Contender(
    "script",
    "script.py",
    peers.PYTHON,
    packages=("requests",),
)
SINGER = Contender(
    "Singer",
    "singer_tap.py",
    peers.PYTHON,
    packages=("singer-sdk", "target-jsonl"),
)
DLT = Contender(
    "dlt",
    "dlt_pipeline.py",
    peers.PYTHON,
    packages=("dlt", "duckdb"),
)
