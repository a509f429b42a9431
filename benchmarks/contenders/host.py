"""FitGlue itself, embedded: connect, sync or rebuild, and print what was counted."""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any

from fitglue_registry import Host, Policy
from fitglue_registry.registry import Folder
from fitglue_registry.sync.options import Options

KEY = "benchmark-key"


def sync(host: Host, options: argparse.Namespace) -> dict[str, Any]:
    """Run one sync, and return its requests and how many streams were stored before the last
    summary.
    """
    from fitglue_registry.sync.events import PartStored, SyncFinished, SyncStopped, WindowListed

    listed, streams, left, requests, early = 0, 0, None, 0, 0
    for event in host.sync(options=Options(streams=not options.no_streams)):
        if isinstance(event, WindowListed):
            listed, left = listed + event.rows, event.left
        elif isinstance(event, PartStored) and event.part == "streams":
            streams += 1
            early += left != 0
        elif isinstance(event, SyncFinished):
            requests = event.requests
        elif isinstance(event, SyncStopped):
            raise SystemExit(f"the sync stopped: {event.error}")
    return {
        "listed": listed,
        "streams": streams,
        "streams_before_last_window": early,
        "requests": requests,
    }


#: Stage → the functions whose CPU time it adds up; an indented stage is part of the one above it.
STAGES = {
    "requests and decompression": [("fitglue_registry.transport.session", "HttpSession.get")],
    "normalize": [("fitglue_intervals.plugin", "normalize")],
    "  decode streams to columns": [("fitglue_intervals.streams", "decode_streams")],
    "check against the model": [
        ("fitglue_registry.sync.deriving.deriver", "Deriver._check_activity")
    ],
    "  validation by schemas": [
        ("fitglue_registry.validation.validator", "Validator.accepts"),
        ("fitglue_registry.validation.validator", "Validator.violations"),
    ],
    "encode": [("fitglue_registry.sync.deriving.deriver", "encode_activity")],
    "store list rows": [("fitglue_registry.sync.listing.window", "_commit")],
    "store details and streams": [("fitglue_registry.sync.fetching.parts", "store_answers")],
}


def stages(host: Host, options: argparse.Namespace) -> dict[str, Any]:
    """Run a sync and measure the CPU time that each stage uses on its thread."""
    spent = dict.fromkeys(STAGES, 0.0)
    inside = threading.local()

    def timed(stage: str, method: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            if getattr(inside, stage, False):  # a recursive call is counted once
                return method(*arguments, **named)
            setattr(inside, stage, True)
            started = time.thread_time()
            try:
                return method(*arguments, **named)
            finally:
                spent[stage] += time.thread_time() - started
                setattr(inside, stage, False)

        return call

    for stage, places in STAGES.items():
        for module, path in places:
            owner: Any = importlib.import_module(module)
            *owners, name = path.split(".")
            for attribute in owners:
                owner = getattr(owner, attribute)
            setattr(owner, name, timed(stage, getattr(owner, name)))
    before = time.process_time()
    counted = sync(host, options)
    return counted | {"spent_s": spent, "imports_s": before, "cpu_s": time.process_time()}


def idle(host: Host, options: argparse.Namespace) -> dict[str, Any]:
    """Run syncs with nothing new in a running process, and compare each with the bare round trip of
    the same request.
    """
    import urllib3

    from fitglue_registry.sync.events import SyncFinished

    over, requests = [], []
    pool = urllib3.PoolManager(
        1, headers={**urllib3.make_headers(basic_auth=f"API_KEY:{KEY}"), "Accept-Encoding": "gzip"}
    )
    trips, cpu = [], []
    for number in range(options.times + 1):
        started, before = time.perf_counter(), time.process_time()
        events = list(host.sync())
        took, busy = time.perf_counter() - started, time.process_time() - before
        started = time.perf_counter()
        body = pool.request("GET", options.url + options.path, preload_content=False).read(
            decode_content=False
        )
        trip = time.perf_counter() - started
        if number:  # the first sync imports modules and opens the store
            over.append(took - trip)
            trips.append(trip)
            cpu.append(busy)
            requests += [event.requests for event in events if isinstance(event, SyncFinished)]
    return {
        "over_ms": statistics.median(over) * 1000,
        "trip_ms": statistics.median(trips) * 1000,
        "requests": requests,
        "trip_bytes": len(body),
        "cpu_ms": statistics.median(cpu) * 1000,
    }


def check(host: Host, options: argparse.Namespace) -> list[bool]:
    """Return for each title whether it is stored."""
    return [
        bool(host.queries.sql(f"select 1 from activities where title = '{word}'").rows)
        for word in options.words
    ]


def rebuild(host: Host, options: argparse.Namespace) -> dict[str, Any]:
    """Derive everything again, and return the number of events."""
    return {"events": sum(1 for _ in host.syncs.rebuild())}


def size(host: Host, options: argparse.Namespace) -> dict[str, Any]:
    """Return the size of the encoded streams, the hours of the recordings that they hold, and the
    number of rows.
    """
    import sqlite3

    db = sqlite3.connect(host.home / "fitglue.db")
    streams, seconds, samples = db.execute(
        "SELECT sum(length(s.content)), sum(json_extract(a.document, '$.elapsed_s')), "
        "sum(s.samples) "
        "FROM fg_streams s JOIN fg_source_activities a ON a.id = s.source_activity_id"
    ).fetchone()
    tables = [
        name
        for (name,) in db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'fg_%'"
        )
    ]
    rows = sum(db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables)
    activities = db.execute("SELECT count(*) FROM fg_activities").fetchone()[0]
    return {
        "stream_bytes": streams,
        "hours": seconds / 3600,
        "samples": samples,
        "rows": rows,
        "activities": activities,
    }


def connect(host: Host, options: argparse.Namespace) -> dict[str, Any]:
    """Create the connection and the database."""
    host.connect("intervals", {"api_key": KEY, "base_url": options.url})
    return {}


def main() -> None:
    """Run one mode with the host's own registry or another folder of entries, and print the result
    as JSON.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    modes = {mode.__name__: mode for mode in (connect, sync, stages, idle, check, rebuild, size)}
    parser.add_argument("mode", choices=list(modes))
    parser.add_argument("--url", default="")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--registry", type=Path)
    parser.add_argument("--no-streams", action="store_true")
    parser.add_argument("--times", type=int, default=9)
    parser.add_argument("--path", default="")
    parser.add_argument("--words", nargs="*", default=[])
    options = parser.parse_args()
    folders = [Folder(options.registry)] if options.registry else None
    with Host(options.folder, folders=folders, policy=Policy.personal()) as host:
        sys.stdout.write(json.dumps(modes[options.mode](host, options)))


if __name__ == "__main__":
    main()
