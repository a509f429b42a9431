"""Renews the token of a connection in forked processes: in each until it kills itself just before
another step, or in several at the same time.

``main`` takes what to do, a prepared home, its registry, a folder for copies of the home, and
possibly a number of rounds or the URL of a database. It prints as JSON what each process left
behind, or saw.
"""

from __future__ import annotations

import json
import os
import shutil
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

from fitglue_registry.errors import FitglueError
from fitglue_registry.services.app_references import app_reference
from tests.faults.secrets.killed import in_a_fork, kill_before, left_over
from tests.services.granting.club import host_of

if TYPE_CHECKING:
    from collections.abc import Callable


def renew(home: Path, registry: Path, database: str | None = None) -> str:
    """Ask the service whose account it is, for which a token is needed; return what happened."""
    with host_of(home, registry, database=database) as host:
        try:
            return host.connections.probe("club").id
        except FitglueError as error:
            was_interrupted = "was interrupted" in (error.why or "")
            return f"{error.code}{':interrupted' if was_interrupted else ''}"


def renew_and_tidy(home: Path, registry: Path) -> list[Any]:
    """Renew again, and make another change of secrets; return what happened, and what is left.

    A token that was stored before the kill is not renewed again, so it is the other change that
    removes what the kill left behind.
    """
    seen = renew(home, registry)
    with host_of(home, registry) as host:
        host.connections.rekey()
    app = app_reference("club", "file").rpartition("/")[2]
    return [seen, [name for name in left_over(home) if name != app]]


def stored(home: Path, registry: Path, database: str | None = None) -> dict[str, str]:
    """Return the values of the only secret."""
    with host_of(home, registry, database=database) as host:
        [connected] = host.connections.list()
        return host.workspace.secrets.get(connected.secret_ref or "")


def reset(home: Path, registry: Path) -> None:
    """Let a service with permissions be as it was before any renewal."""
    values = in_a_fork(lambda: stored(home, registry))[1]
    if "refresh-token" in values:
        urlopen(f"{values['origin']}/reset", data=b"").close()


def play(prepared: Path, registry: Path, folder: Path) -> list[dict[str, Any]]:
    """Kill a renewal at each of its points, and return what each kill left."""
    outcomes: list[dict[str, Any]] = []
    for point in count(1):
        home = folder / str(point)
        shutil.copytree(prepared, home)
        reset(home, registry)
        status, _ = in_a_fork(
            lambda home=home, point=point: (kill_before(point), renew(home, registry))[1]
        )
        if status == 0:
            return outcomes
        between = in_a_fork(lambda home=home: stored(home, registry))[1]
        again = in_a_fork(lambda home=home: renew_and_tidy(home, registry))[1]
        kept = between.get("api_key") or between["refresh-token"]
        outcomes.append({"killed": os.WIFSIGNALED(status), "between": kept, "again": again})
    raise AssertionError("unreachable")


def race(prepared: Path, registry: Path, folder: Path, rounds: int) -> list[list[str]]:
    """Renew in two processes at the same time, in each round in another copy of a home; return what
    each process saw.
    """
    outcomes = []
    for number in range(rounds):
        home = folder / str(number)
        shutil.copytree(prepared, home)
        reset(home, registry)
        outcomes.append(at_once(2, lambda home=home: renew(home, registry)))
    return outcomes


def race_at_server(
    home: Path,
    registry: Path,
    database: str,
    rounds: int,
) -> list[list[str]]:
    """Renew in two processes at the same time, each time after the service has forgotten its
    tokens, with one database on a server; return what each process saw.
    """
    outcomes = []
    for _ in range(rounds):
        url = in_a_fork(lambda: stored(home, registry, database))[1]["origin"]
        urlopen(f"{url}/forget", data=b"").close()
        outcomes.append(at_once(2, lambda: renew(home, registry, database)))
    return outcomes


def at_once(processes: int, work: Callable[[], str]) -> list[str]:
    """Do some work in several forked processes at the same time, and return their results."""
    start_reader, start_writer = os.pipe()
    result_reader, result_writer = os.pipe()
    pids = []
    for _ in range(processes):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.close(start_writer)
                os.read(start_reader, 1)  # returns when the parent closes its end
                os.write(result_writer, f"{work()}\n".encode())
                code = 0
            finally:
                os._exit(code)
        pids.append(pid)
    for end in (start_reader, result_writer, start_writer):
        os.close(end)
    with os.fdopen(result_reader) as results:
        words = results.read().split()
    for pid in pids:
        os.waitpid(pid, 0)
    return words


def main(work: str, home: str, registry: str, folder: str, argument: str = "") -> None:
    """Do what the arguments of the process say, and print the result as JSON."""
    prepared, entries, copies = Path(home), Path(registry), Path(folder)
    if work == "kill":
        outcome: Any = play(prepared, entries, copies)
    elif work == "race":
        outcome = race(prepared, entries, copies, int(argument))
    elif work == "race-at-server":
        url, _, rounds = argument.rpartition(" ")
        outcome = race_at_server(prepared, entries, url, int(rounds))
    else:
        outcome = at_once(6, lambda: renew(prepared, entries, argument))
    print(json.dumps(outcome))
