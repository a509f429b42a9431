"""The parts of the benchmark: each runs by itself, interleaves what it compares, and gives back
plain figures.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import archive
import distributions
import entries
from field import DLT, FITGLUE, HERE, SCRIPT, SINGER, Contender, floor, host, set_up_peers
from measure import Run, environment, median, run, size_of
from service import YESTERDAY, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from plan import Plan

Figures = dict[str, Any]
EDITED, FRESH = "Edited for the benchmark", "Uploaded for the benchmark"
#: What a first sync imports, whoever wrote it.
LIBRARIES = (
    "sqlalchemy, requests, numpy, simdjson, isal.igzip, zstandard, jsonschema_rs, msgspec, pluggy"
)
_NOTHING = [sys.executable, "-c", "pass"]
FLOOR = [sys.executable, str(HERE / "contenders" / "floor.py")]
HOST = [sys.executable, str(HERE / "contenders" / "host.py")]


def say(text: str) -> None:
    """Progress, for whoever waits."""
    print(f"  {text}", flush=True)


def _shown(one: Run) -> str:
    return f"{one.wall_s:.2f} s, CPU {one.cpu_s:.2f} s, {one.rss_mib:.0f} MiB"


# -- first and later syncs -------------------------------------------------------------------------


def first_sync(plan: Plan) -> Figures:
    """All contenders: everything, nothing new, one new and one edited."""
    count, rounds = plan.size(1000, 60), plan.times(3)
    why = set_up_peers()
    often = {
        floor(): rounds + 2 * (not plan.quick),
        floor(also="decode"): rounds,
        floor(also="encode"): rounds,
        host(plan.scratch, 1): rounds + 2 * (not plan.quick),
    }
    # The slow ones are run less often: what they are compared by is not a matter of a few per cent.
    often |= {} if why else {SCRIPT: min(rounds, 2), SINGER: 1, DLT: 1}
    found: dict[str, Figures] = {one.name: {"first": [], "idle": []} for one in often}
    with Service(count) as service:
        for number in range(max(often.values())):
            for one in [one for one, times in often.items() if number < times]:
                name = f"first-{one.script}-{one.name}"
                first, idle, figures = _first_and_idle(
                    one, service, plan.scratch / f"{name}-{number}"
                )
                found[one.name]["first"].append(first)
                found[one.name]["idle"].append(idle)
                found[one.name] |= figures
                # One folder a contender is enough.
                shutil.rmtree(plan.scratch / f"{name}-{number - 1}", ignore_errors=True)
        edited = [id_ for id_ in service.call("GET", "ids") if id_.startswith("i")][9]
        service.call("POST", "edit", id=edited, reanalyzed=True, name=EDITED)
        service.call("POST", "add", start_date_local=f"{YESTERDAY}T23:30:00", name=FRESH)
        for one in often:
            folder = Path(found[one.name]["folder"])
            found[one.name]["later"] = _new_and_edited(one, service, folder)
    for figures in found.values():
        figures["first"] = median(figures["first"])
        figures["idle"] = median(figures["idle"])
    streams = json.loads(run([*HOST, "size", "--folder", found["FitGlue"].pop("folder")]).out)
    for figures in found.values():
        figures.pop("folder", None)
    return {
        "count": count,
        "contenders": found,
        "streams": streams,
        "peers_missing": why,
        "server": service.command,
    }


def _first_and_idle(one: Contender, service: Service, folder: Path) -> tuple[Run, Run, Figures]:
    """Two syncs into a new folder, and what they asked for and left there."""
    one.prepare(service.url, folder)
    service.forget()
    first = one.sync(service.url, folder)
    requests = len(service.requests(forget=True))
    figures: Figures = {
        "requests": requests,
        "store_bytes": size_of(folder),
        "folder": str(folder),
    }
    if one.script in ("host.py", "floor.py"):
        figures["counted"] = json.loads(first.out)
    idle = one.sync(service.url, folder)
    figures["idle_requests"] = len(service.requests(forget=True))
    say(f"{one.name:16} first {_shown(first)}, {requests} requests; nothing new {_shown(idle)}")
    return first, idle, figures


def _new_and_edited(one: Contender, service: Service, folder: Path) -> Figures:
    """The sync that brings one new and one edited activity."""
    service.forget()
    took = one.sync(service.url, folder)
    new, edited = one.holds(folder, FRESH, EDITED)
    requests = len(service.requests(forget=True))
    figures = {
        "wall_s": took.wall_s,
        "cpu_s": took.cpu_s,
        "requests": requests,
        "new": new,
        "edited": edited,
    }
    say(f"{one.name:16} one new, one edited: {figures}")
    return figures


def latency(plan: Plan) -> Figures:
    """50 ms a request, eight connections: the floor and the host."""
    count, rounds = plan.size(1000, 60), plan.times(3)
    both = {"floor": floor(8), "FitGlue": host(plan.scratch, 8)}
    found: dict[str, list[Run]] = {name: [] for name in both}
    with Service(count, latency_ms=50) as service:
        for number in range(rounds):
            for name, one in both.items():
                folder = plan.scratch / f"latency-{name}-{number}"
                one.prepare(service.url, folder)
                found[name].append(one.sync(service.url, folder))
                say(f"{name:16} {_shown(found[name][-1])}")
                shutil.rmtree(folder)
    return {
        "count": count,
        "contenders": {name: median(runs) for name, runs in found.items()},
        "server": service.command,
    }


def stages(plan: Plan) -> Figures:
    """Where the processor time of a first sync goes: clocks around its stages, put there by the
    benchmark.
    """
    count, runs = plan.size(1000, 60), []
    one = host(plan.scratch, 1)
    with Service(count) as service:
        for number in range(plan.times(3)):
            folder = plan.scratch / f"stages-{number}"
            one.prepare(service.url, folder)
            runs.append(
                json.loads(
                    run(
                        [
                            *HOST,
                            "stages",
                            "--folder",
                            str(folder),
                            "--url",
                            service.url,
                            *one.arguments,
                        ]
                    ).out
                )
            )
            by_stage = runs[-1]["spent_s"].items()
            shown = ", ".join(f"{name.strip()} {spent:.2f}" for name, spent in by_stage)
            say(f"CPU {runs[-1]['cpu_s']:.2f} s, {shown}")
            shutil.rmtree(folder)
    spent = _medians([figures["spent_s"] for figures in runs], runs[0]["spent_s"])
    whole = _medians(runs, ("cpu_s", "imports_s"))
    return {
        "count": count,
        "spent_s": spent,
        **whole,
        "share": spent["  validation by schemas"] / whole["cpu_s"],
    }


def _medians(runs: Sequence[Figures], names: Iterable[str]) -> dict[str, float]:
    return {name: statistics.median(figures[name] for figures in runs) for name in names}


def rebuild(plan: Plan) -> Figures:
    """Everything derived again from the raw parts, beside the first sync of the same."""
    count, first, again = plan.size(1000, 60), [], []
    one = host(plan.scratch, 1)
    with Service(count) as service:
        for number in range(plan.times(3)):
            folder = plan.scratch / f"rebuild-{number}"
            one.prepare(service.url, folder)
            first.append(one.sync(service.url, folder))
            again.append(run([*HOST, "rebuild", "--folder", str(folder)]))
            say(f"first sync {_shown(first[-1])}; rebuild {_shown(again[-1])}")
            shutil.rmtree(folder)
    return {"count": count, "first": median(first), "rebuild": median(again)}


def kill(plan: Plan) -> Figures:
    """Killed while it fetches, started again: what was asked for once more."""
    count, tries = plan.size(200, 60), plan.times(10, 3)
    one, connections = host(plan.scratch, 2), 2
    chance = random.Random(4)
    repeated = []
    with Service(count, latency_ms=2) as service:
        folder = plan.scratch / "kill-never"
        one.prepare(service.url, folder)
        service.forget()
        one.sync(service.url, folder)
        undisturbed = service.requests(forget=True)
        for number in range(tries):
            folder = plan.scratch / f"kill-{number}"
            one.prepare(service.url, folder)
            service.forget()
            at = chance.randrange(2, len(undisturbed))
            _kill_after(
                at,
                [*HOST, "sync", "--folder", str(folder), "--url", service.url, *one.arguments],
                service,
            )
            before = service.requests(forget=True)
            one.sync(service.url, folder)
            repeated.append(_asked_again(before, service.requests(forget=True)))
            say(f"killed after {at} of {len(undisturbed)} requests: {repeated[-1]} repeated")
            shutil.rmtree(folder)
    return {
        "count": count,
        "connections": connections,
        "undisturbed": len(undisturbed),
        "repeated": repeated,
    }


def _asked_again(before: list[str], after: list[str]) -> int:
    """How many requests ask for what was asked for before: the same list or recording, or one
    detail of several.
    """
    known: set[str] = set()
    for request in before:
        known.update(_asked_for(request))
    return sum(not known.isdisjoint(_asked_for(request)) for request in after)


def _asked_for(request: str) -> list[str]:
    path, _, query = request.partition("?")
    folder, _, ids = path.rpartition("/")
    return [f"{folder}/{one}?{query}" for one in ids.split(",")]


def _kill_after(requests: int, command: list[str], service: Service) -> None:
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()
    ) as child:
        while child.poll() is None and len(service.requests()) < requests:
            time.sleep(0.005)
        child.send_signal(signal.SIGKILL)


# -- a long history --------------------------------------------------------------------------------


def memory(plan: Plan) -> Figures:
    """The peak of a first sync of ten times as much, details and streams included."""
    small, large = plan.size(1000, 60), plan.size(10_000, 300)
    found: Figures = {}
    for count in dict.fromkeys((small, large)):
        with Service(count, distinct=20) as service:
            for one in (floor(), host(plan.scratch, 1)):
                folder = plan.scratch / f"memory-{one.name}-{count}"
                one.prepare(service.url, folder)
                took = one.sync(service.url, folder)
                say(f"{one.name:16} {count:,} activities: {_shown(took)}")
                found.setdefault(one.name, {})[str(count)] = {
                    "rss_mib": took.rss_mib,
                    "wall_s": took.wall_s,
                    "cpu_s": took.cpu_s,
                    "store_bytes": size_of(folder),
                }
                shutil.rmtree(folder)
    return {"counts": [small, large], "peaks": found}


def history(plan: Plan) -> Figures:
    """100,000 activities in the store, summaries only: the peak of that sync, then a sync with
    nothing new, and the list.
    """
    count = plan.size(100_000, 2_000)
    one, low = host(plan.scratch, 1, summaries_only=True), floor()
    figures: Figures = {"count": count}
    with Service(min(1000, count), distinct=2) as service:
        folder = plan.scratch / "history-small"
        one.prepare(service.url, folder)
        figures["small"] = {
            "count": min(1000, count),
            "rss_mib": one.sync(service.url, folder).rss_mib,
        }
    with Service(count, distinct=2, crowd=8) as service:
        folder = plan.scratch / "history"
        one.prepare(service.url, folder)
        took = one.sync(service.url, folder)
        say(f"{count:,} summaries: {_shown(took)}")
        requests = json.loads(took.out)["requests"]
        figures["large"] = {
            "rss_mib": took.rss_mib,
            "wall_s": took.wall_s,
            "cpu_s": took.cpu_s,
            "requests": requests,
        }
        plain = plan.scratch / "history-floor"
        low.prepare(service.url, plain)
        run([*FLOOR, "sync", "--summaries", "--folder", str(plain), "--url", service.url])
        figures |= _nothing_new(plan, service, Synced(one, folder), Synced(low, plain))
    listing = {"python -c pass": _NOTHING, "fitglue activities": [FITGLUE, "activities"]}
    figures["activities"] = _commands(listing, folder, times=plan.times(5, 3))
    figures["csv"] = run(
        [FITGLUE, "activities", "--csv"], env=environment(FITGLUE_HOME=str(folder))
    ).cpu_s
    return figures


class Synced(NamedTuple):
    """A contender, and the folder that it has synced to."""

    contender: Contender
    folder: Path

    def sync(self, service: Service) -> Run:
        """Sync once more."""
        return self.contender.sync(service.url, self.folder)


def _nothing_new(plan: Plan, service: Service, ours: Synced, least: Synced) -> Figures:
    _settle(ours.folder)
    ours.sync(service)
    service.forget()
    ours.sync(service)
    asked = service.requests(forget=True)
    idle = [*HOST, "idle", "--folder", str(ours.folder), "--url", service.url]
    live = json.loads(run([*idle, "--path", asked[-1], *ours.contender.arguments]).out)
    command = [FITGLUE, "sync"]
    runs: dict[str, list[Run]] = {"floor": [], "FitGlue": []}
    home = environment(FITGLUE_HOME=str(ours.folder))
    run(command, env=home)  # the first one writes bytecode and caches
    for _ in range(plan.times(7, 3)):
        runs["floor"].append(least.sync(service))
        runs["FitGlue"].append(run(command, env=home))
    return {
        "live": live,
        "idle_requests": len(asked),
        "command": {name: median(some) for name, some in runs.items()},
    }


def _settle(folder: Path) -> None:
    """Say of every record that its detail and streams will not come, so that the command with its
    own registry asks for none.
    """
    with sqlite3.connect(folder / "fitglue.db") as db:
        for part in ("detail", "streams"):
            db.execute(
                "INSERT INTO fg_parts (record_id, part, state, tries) SELECT id, ?, 'none', "
                "0 FROM fg_records",
                (part,),
            )
    db.close()


# -- start-up, registry, plugins -------------------------------------------------------------------


def startup(plan: Plan) -> Figures:
    """What a command costs before it does anything, and what the libraries cost that it needs."""
    commands = {
        "python -c pass": _NOTHING,
        "fitglue --version": [FITGLUE, "--version"],
        "fitglue --help": [FITGLUE, "--help"],
    }
    commands |= {
        f"python -c 'import {names}'": [sys.executable, "-c", f"import {names}"]
        for names in ("re", "click", "sqlalchemy", LIBRARIES)
    }
    return {"commands": _commands(commands, plan.scratch / "empty", times=plan.times(15, 5))}


def _commands(commands: dict[str, list[str]], home: Path, times: int) -> Figures:
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    env = environment(FITGLUE_HOME=str(home))
    for number in range(times + 1):
        for name, command in commands.items():
            took = run(command, env=env, terminal=True)
            if number:  # the first one writes bytecode and caches
                runs[name].append(took)
    for name, some in runs.items():
        say(f"{name:20} CPU {statistics.median(one.cpu_s for one in some) * 1000:.0f} ms")
    return {name: median(some) for name, some in runs.items()}


def registry(plan: Plan) -> Figures:
    """Catalogues of 100 and 1,000 entries, read anew and from their cache."""
    return {
        "sizes": {
            str(count): entries.measure(plan.scratch / f"entries-{count}", count, plan.times(5, 3))
            for count in (100, 1000)
        }
    }


def plugins(plan: Plan) -> Figures:
    """100 plugins among 500 distributions."""
    return distributions.measure(plan.scratch / "site", plan.times(7, 3))


#: In the order in which they are run: no child's memory is seen to be less than ours, which grows,
#: so what is small comes first.
PARTS: dict[str, Callable[[Plan], Figures]] = {
    "startup": startup,
    "first-sync": first_sync,
    "latency": latency,
    "stages": stages,
    "rebuild": rebuild,
    "kill": kill,
    "memory": memory,
    "history": history,
    "registry": registry,
    "plugins": plugins,
    "archive": archive.measure,
}
