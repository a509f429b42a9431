"""A plugin for a small source of files, and plugins that differ from it in one thing.

The first line of a `.log` names the account, and each further line is the day of a run. Workers get
these objects pickled, so everything that a test wants to know from them is in a file.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fitglue_registry import hookimpl
from fitglue_registry.errors import AthleteNeeded
from fitglue_registry.hookspecs import PLUGIN_GROUP
from fitglue_registry.model import Completeness, SourceActivity
from fitglue_registry.plugin_api import Account, Listing, Location, Recognized

if TYPE_CHECKING:
    from collections.abc import Iterator


class Point:
    """An entry point that an application gives to its host, and that reaches worker processes."""

    group = PLUGIN_GROUP

    def __init__(self, name: str, plugin: Any) -> None:
        self.name, self.value, self._plugin = name, f"{name}.plugin", plugin

    def load(self) -> Any:
        if isinstance(self._plugin, BaseException):
            raise self._plugin
        return self._plugin


def files(path: Path) -> list[Path]:
    """Return the logs at a path."""
    return sorted(path.glob("**/*.log")) if path.is_dir() else [path]


@dataclass(frozen=True)
class LogPlugin:
    """Reads logs.

    Attributes:
        name: The name of the plugin and of its source.
        notes: A file that gets a line for each path that it is to recognize.
    """

    FITGLUE_HOOK_API = 1
    name: str = "log"
    notes: Path | None = None

    @hookimpl
    def fitglue_recognize(self, paths):
        if self.notes is not None:
            with self.notes.open("a") as notes:
                notes.writelines(f"{path}\n" for path in paths)
        return [self.recognized(path) for path in paths if self.knows(Path(path))]

    def knows(self, path: Path) -> bool:
        return any(file.suffix == ".log" for file in files(path))

    def recognized(self, path: str) -> Recognized:
        return Recognized(
            self.name,
            (path,),
            f"Training {self.name}",
            {"path": path},
            (f"{len(files(Path(path)))} logs",),
            ("no pictures",),
        )

    @hookimpl
    def fitglue_connect(self, connection):
        logs = files(Path(connection.settings["path"]))
        return Account(logs[0].read_text().splitlines()[0] if logs else connection.settings["path"])

    @hookimpl
    def fitglue_list(self, connection):
        yield from self.locations(connection)

    def locations(self, connection) -> Iterator[Location]:
        for file in files(Path(connection.settings["path"])):
            if file.exists():
                mark = f"{file.stat().st_mtime_ns} {file.stat().st_size}"
                yield Location(str(file), mark)

    @hookimpl
    def fitglue_read(self, location):
        for day in Path(location.key).read_text().splitlines()[1:]:
            yield Listing(day, day.encode())
            yield self.run(day)

    @hookimpl
    def fitglue_normalize(self, record):
        return [self.run(record.read("summary").decode())]

    def run(self, text: str) -> SourceActivity:
        day = datetime.fromisoformat(text)
        return SourceActivity(
            title=f"{day:%A}",
            sport="Run",
            start_local=day,
            moving_s=1800.0,
            claims=(f"{self.name}:{text}",),
            completeness=Completeness(("summary",)),
        )


class KnowsNothing(LogPlugin):
    """Recognizes no path."""

    def knows(self, path: Path) -> bool:
        return False


class Fails(LogPlugin):
    """Raises when it is to recognize a path."""

    def knows(self, path: Path) -> bool:
        raise ZeroDivisionError


class NotesItsProcess(LogPlugin):
    """Notes the process in which it recognizes a path, not the path."""

    def knows(self, path: Path) -> bool:
        self.notes.write_text(f"{os.getpid()}\n")
        return True


class AnswersForAnother(LogPlugin):
    """Recognizes paths for the source of another plugin."""

    def recognized(self, path: str) -> Recognized:
        return Recognized("log", (path,), "Log", {})


class KnowsBadLogs(LogPlugin):
    """Cannot connect a log with a bad name."""

    @hookimpl
    def fitglue_connect(self, connection):
        if "bad" in connection.settings["path"]:
            raise AthleteNeeded("FG-log-cut", "the log is cut off", fix="download it again")
        return Account("ada")


class WritesLogs(LogPlugin):
    """A log appears when its folder was listed a second and a third time; at the fourth time, it
    presses Ctrl-C in the process that asked.
    """

    @hookimpl
    def fitglue_list(self, connection):
        yield from self.locations(connection)
        with self.notes.open("a") as notes:
            notes.write("listed\n")
        listed = len(self.notes.read_text().splitlines())
        if listed in (2, 3):
            log = Path(connection.settings["path"], f"{listed}.log")
            log.write_text(f"ada\n2026-05-0{listed}T07:00:00")
        if listed == 4:
            os.kill(os.getppid(), signal.SIGINT)
