"""The parts of the benchmark.

Each runs on its own, runs in turns what it compares, and returns plain values.
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
import boosting
import distributions
import entries
import fit_reading
import peers
from field import DLT, FITGLUE, HERE, SCRIPT, SINGER, Contender, floor, host
from measure import Run, environment, median, run, size_of
from service import YESTERDAY, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from plan import Plan

Figures = dict[str, Any]
EDITED, FRESH = "Edited for the benchmark", "Uploaded for the benchmark"
#: What a first sync imports, whether directly or through another library.
LIBRARIES = (
    "sqlalchemy, requests, numpy, simdjson, isal.igzip, zstandard, jsonschema_rs, msgspec, pluggy"
)
_NOTHING = [sys.executable, "-c", "pass"]
FLOOR = [sys.executable, str(HERE / "contenders" / "floor.py")]
HOST = [sys.executable, str(HERE / "contenders" / "host.py")]


def say(text: str) -> None:
    """Print a line about the progress."""
    print(f"  {text}", flush=True)


def _shown(taken: Run) -> str:
    """Return a run as text."""
    return f"{taken.wall_s:.2f} s, CPU {taken.cpu_s:.2f} s, {taken.rss_mib:.0f} MiB"


# -- first and later syncs -------------------------------------------------------------------------


def first_sync(plan: Plan) -> Figures:
    """Measure all contenders: a first sync, one with nothing new, and one with a new and an edited
    activity.
    """
    count, rounds = plan.size(1000, 60), plan.times(3)
    missing = peers.set_up()
    repeats = {
        floor(): rounds + 2 * (not plan.quick),
        floor(also="decode"): rounds,
        floor(also="encode"): rounds,
        host(plan.scratch, 1): rounds + 2 * (not plan.quick),
    }
    # The slow contenders run less often, because a few per cent do not matter for the comparison.
    for contender, times in {SCRIPT: min(rounds, 2), SINGER: 1, DLT: 1}.items():
        if missing.keys().isdisjoint(contender.packages):
            repeats[contender] = times
    results: dict[str, Figures] = {
        contender.name: {"first": [], "idle": []} for contender in repeats
    }
    with Service(count) as service:
        # The contenders take turns, so that a slower phase of the machine affects all of them.
        for number in range(max(repeats.values())):
            for contender in [contender for contender, times in repeats.items() if number < times]:
                name = f"first-{contender.script}-{contender.name}"
                first, idle, figures = _first_and_idle(
                    contender, service, plan.scratch / f"{name}-{number}"
                )
                results[contender.name]["first"].append(first)
                results[contender.name]["idle"].append(idle)
                results[contender.name] |= figures
                # The folder of one run per contender is enough for the later parts.
                shutil.rmtree(plan.scratch / f"{name}-{number - 1}", ignore_errors=True)
        # The tenth newest is beyond the newest start date, which a cursor on the date does not list
        # again.
        edited = [id_ for id_ in service.call("GET", "ids") if id_.startswith("i")][9]
        service.call("POST", "edit", id=edited, reanalyzed=True, name=EDITED)
        service.call("POST", "add", start_date_local=f"{YESTERDAY}T23:30:00", name=FRESH)
        for contender in repeats:
            folder = Path(results[contender.name]["folder"])
            results[contender.name]["later"] = _new_and_edited(contender, service, folder)
    for figures in results.values():
        figures["first"] = median(figures["first"])
        figures["idle"] = median(figures["idle"])
    streams = json.loads(run([*HOST, "size", "--folder", results["FitGlue"].pop("folder")]).out)
    for figures in results.values():
        figures.pop("folder", None)
    return {
        "count": count,
        "contenders": results,
        "streams": streams,
        "peers_missing": "; ".join(_without(missing, (SCRIPT, SINGER, DLT))) or None,
        "server": service.command,
    }


def _without(missing: dict[str, str], contenders: Iterable[Contender]) -> list[str]:
    """Return why contenders did not run, one text for each package that they lack."""
    return [
        f"{contender.name}, because {name} could not be installed ({missing[name]})"
        for contender in contenders
        for name in contender.packages
        if name in missing
    ]


def _first_and_idle(
    contender: Contender, service: Service, folder: Path
) -> tuple[Run, Run, Figures]:
    """Return two syncs into a new folder, with their requests and the size of the store."""
    contender.prepare(service.url, folder)
    service.forget()
    first = contender.sync(service.url, folder)
    requests = len(service.requests(forget=True))
    figures: Figures = {
        "requests": requests,
        "store_bytes": size_of(folder),
        "folder": str(folder),
    }
    if contender.script in ("host.py", "floor.py"):
        figures["counted"] = json.loads(first.out)
    idle = contender.sync(service.url, folder)
    figures["idle_requests"] = len(service.requests(forget=True))
    say(
        f"{contender.name:16} first {_shown(first)}, {requests} requests; "
        f"nothing new {_shown(idle)}"
    )
    return first, idle, figures


def _new_and_edited(contender: Contender, service: Service, folder: Path) -> Figures:
    """Return the sync that brings one new and one edited activity."""
    service.forget()
    took = contender.sync(service.url, folder)
    new, edited = contender.holds(folder, FRESH, EDITED)
    requests = len(service.requests(forget=True))
    figures = {
        "wall_s": took.wall_s,
        "cpu_s": took.cpu_s,
        "requests": requests,
        "new": new,
        "edited": edited,
    }
    say(f"{contender.name:16} one new, one edited: {figures}")
    return figures


def latency(plan: Plan) -> Figures:
    """Measure the floor and the host with 50 ms per request and eight connections."""
    count, rounds = plan.size(1000, 60), plan.times(3)
    both = {"floor": floor(8), "FitGlue": host(plan.scratch, 8)}
    runs: dict[str, list[Run]] = {name: [] for name in both}
    with Service(count, latency_ms=50) as service:
        for number in range(rounds):
            for name, contender in both.items():
                folder = plan.scratch / f"latency-{name}-{number}"
                contender.prepare(service.url, folder)
                runs[name].append(contender.sync(service.url, folder))
                say(f"{name:16} {_shown(runs[name][-1])}")
                shutil.rmtree(folder)
    return {
        "count": count,
        "contenders": {name: median(taken) for name, taken in runs.items()},
        "server": service.command,
    }


def stages(plan: Plan) -> Figures:
    """Measure the CPU time of each stage of a first sync, with clocks that the benchmark puts
    around the functions.
    """
    count, runs = plan.size(1000, 60), []
    contender = host(plan.scratch, 1)
    with Service(count) as service:
        for number in range(plan.times(3)):
            folder = plan.scratch / f"stages-{number}"
            contender.prepare(service.url, folder)
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
                            *contender.arguments,
                        ]
                    ).out
                )
            )
            by_stage = runs[-1]["spent_s"].items()
            shown = ", ".join(f"{name.strip()} {spent:.2f}" for name, spent in by_stage)
            say(f"CPU {runs[-1]['cpu_s']:.2f} s, {shown}")
            shutil.rmtree(folder)
    spent = _medians([figures["spent_s"] for figures in runs], runs[0]["spent_s"])
    total = _medians(runs, ("cpu_s", "imports_s"))
    return {
        "count": count,
        "spent_s": spent,
        **total,
        "share": spent["  validation by schemas"] / total["cpu_s"],
    }


def _medians(runs: Sequence[Figures], names: Iterable[str]) -> dict[str, float]:
    """Return the medians of these values over all runs."""
    return {name: statistics.median(figures[name] for figures in runs) for name in names}


def rebuild(plan: Plan) -> Figures:
    """Measure a rebuild from the raw parts, beside a first sync of the same account."""
    count, first, again = plan.size(1000, 60), [], []
    contender = host(plan.scratch, 1)
    with Service(count) as service:
        for number in range(plan.times(3)):
            folder = plan.scratch / f"rebuild-{number}"
            contender.prepare(service.url, folder)
            first.append(contender.sync(service.url, folder))
            again.append(run([*HOST, "rebuild", "--folder", str(folder)]))
            say(f"first sync {_shown(first[-1])}; rebuild {_shown(again[-1])}")
            shutil.rmtree(folder)
    return {"count": count, "first": median(first), "rebuild": median(again)}


def kill(plan: Plan) -> Figures:
    """Kill a first sync while it fetches, start it again, and count the repeated requests."""
    count, tries = plan.size(200, 60), plan.times(10, 3)
    contender, connections = host(plan.scratch, 2), 2
    chance = random.Random(4)
    repeated = []
    # With a little latency, requests are in flight when the process is killed.
    with Service(count, latency_ms=2) as service:
        folder = plan.scratch / "kill-never"
        contender.prepare(service.url, folder)
        service.forget()
        contender.sync(service.url, folder)
        undisturbed = service.requests(forget=True)
        for number in range(tries):
            folder = plan.scratch / f"kill-{number}"
            contender.prepare(service.url, folder)
            service.forget()
            at = chance.randrange(2, len(undisturbed))
            _kill_after(
                at,
                [
                    *HOST,
                    "sync",
                    "--folder",
                    str(folder),
                    "--url",
                    service.url,
                    *contender.arguments,
                ],
                service,
            )
            before = service.requests(forget=True)
            contender.sync(service.url, folder)
            repeated.append(_count_repeated(before, service.requests(forget=True)))
            say(f"killed after {at} of {len(undisturbed)} requests: {repeated[-1]} repeated")
            shutil.rmtree(folder)
    return {
        "count": count,
        "connections": connections,
        "undisturbed": len(undisturbed),
        "repeated": repeated,
    }


def _count_repeated(before: list[str], after: list[str]) -> int:
    """Return how many requests ask for something that an earlier request asked for: the same list
    or streams, or one of the details in a bulk.
    """
    known: set[str] = set()
    for request in before:
        known.update(_asked_for(request))
    return sum(not known.isdisjoint(_asked_for(request)) for request in after)


def _asked_for(request: str) -> list[str]:
    """Return what a request asks for; a bulk of details asks for each of its ids."""
    path, _, query = request.partition("?")
    folder, _, ids = path.rpartition("/")
    return [f"{folder}/{external_id}?{query}" for external_id in ids.split(",")]


def _kill_after(requests: int, command: list[str], service: Service) -> None:
    """Run a command, and kill it after so many requests."""
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()
    ) as child:
        while child.poll() is None and len(service.requests()) < requests:
            time.sleep(0.005)
        child.send_signal(signal.SIGKILL)


# -- a long history --------------------------------------------------------------------------------


def memory(plan: Plan) -> Figures:
    """Measure the peak memory of a first sync, details and streams included, with a small and a
    large count.
    """
    small, large = plan.size(1000, 60), plan.size(10_000, 300)
    peaks: Figures = {}
    for count in dict.fromkeys((small, large)):
        with Service(count, distinct=20) as service:
            for contender in (floor(), host(plan.scratch, 1)):
                folder = plan.scratch / f"memory-{contender.name}-{count}"
                contender.prepare(service.url, folder)
                took = contender.sync(service.url, folder)
                say(f"{contender.name:16} {count:,} activities: {_shown(took)}")
                peaks.setdefault(contender.name, {})[str(count)] = {
                    "rss_mib": took.rss_mib,
                    "wall_s": took.wall_s,
                    "cpu_s": took.cpu_s,
                    "store_bytes": size_of(folder),
                }
                shutil.rmtree(folder)
    return {"counts": [small, large], "peaks": peaks}


def history(plan: Plan) -> Figures:
    """Measure a store of 100,000 summaries: the peak memory of the first sync, a sync with nothing
    new, and the list.
    """
    count = plan.size(100_000, 2_000)
    contender, low = host(plan.scratch, 1, summaries_only=True), floor()
    figures: Figures = {"count": count}
    with Service(min(1000, count), distinct=2) as service:
        folder = plan.scratch / "history-small"
        contender.prepare(service.url, folder)
        figures["small"] = {
            "count": min(1000, count),
            "rss_mib": contender.sync(service.url, folder).rss_mib,
        }
    # One athlete has no time for so many activities, so they are those of eight.
    with Service(count, distinct=2, crowd=8) as service:
        folder = plan.scratch / "history"
        contender.prepare(service.url, folder)
        took = contender.sync(service.url, folder)
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
        figures |= _nothing_new(plan, service, Synced(contender, folder), Synced(low, plain))
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
        """Sync once more and return the run."""
        return self.contender.sync(service.url, self.folder)


def _nothing_new(plan: Plan, service: Service, ours: Synced, floor_: Synced) -> Figures:
    """Measure a sync with nothing new, in a running process and as a command."""
    _mark_parts_as_missing(ours.folder)
    ours.sync(service)
    service.forget()
    ours.sync(service)
    asked = service.requests(forget=True)
    idle = [*HOST, "idle", "--folder", str(ours.folder), "--url", service.url]
    live = json.loads(run([*idle, "--path", asked[-1], *ours.contender.arguments]).out)
    command = [FITGLUE, "sync"]
    runs: dict[str, list[Run]] = {"floor": [], "FitGlue": []}
    home = environment(FITGLUE_HOME=str(ours.folder))
    run(command, env=home)  # the first run writes bytecode and caches
    for _ in range(plan.times(7, 3)):
        runs["floor"].append(floor_.sync(service))
        runs["FitGlue"].append(run(command, env=home))
    return {
        "live": live,
        "idle_requests": len(asked),
        "command": {name: median(taken) for name, taken in runs.items()},
    }


def _mark_parts_as_missing(folder: Path) -> None:
    """Mark the details and streams of all records as missing, so that the command, which uses its
    own registry, does not request them.
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
    """Measure what a command costs before it does anything, and what the libraries cost that it
    imports.
    """
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
    """Run each command in turns, and return the medians."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    env = environment(FITGLUE_HOME=str(home))
    for number in range(times + 1):
        for name, command in commands.items():
            took = run(command, env=env, terminal=True)
            if number:  # the first run writes bytecode and caches
                runs[name].append(took)
    for name, taken in runs.items():
        say(f"{name:20} CPU {statistics.median(each.cpu_s for each in taken) * 1000:.0f} ms")
    return {name: median(taken) for name, taken in runs.items()}


def registry(plan: Plan) -> Figures:
    """Measure catalogues of 100 and 1,000 entries, with and without their cache."""
    return {
        "sizes": {
            str(count): entries.measure(plan.scratch / f"entries-{count}", count, plan.times(5, 3))
            for count in (100, 1000)
        }
    }


def plugins(plan: Plan) -> Figures:
    """Measure 100 plugins among 500 distributions."""
    return distributions.measure(plan.scratch / "site", plan.times(7, 3))


#: In the order in which they run. A child's measured memory is at least that of this process, which
#: grows, so small measurements come first.
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
    "fit-reading": fit_reading.measure,
    "archive": archive.measure,
    "boosting": boosting.measure,
}
