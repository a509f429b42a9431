"""Times a first and an idle sync against the stand-in on loopback, beside the floor: the same requests, written raw, nothing else.

Run by ``make bench``. Ratios travel from machine to machine, seconds do not; the rounds are interleaved, the median is printed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

KEY = "benchmark-key"


def floor(url: str, folder: Path) -> None:
    """List, bulk details and each stream over one keep-alive connection; the bytes as received into SQLite."""
    import urllib3

    pool = urllib3.PoolManager(1, headers={**urllib3.make_headers(basic_auth=f"API_KEY:{KEY}"), "Accept-Encoding": "gzip"})
    store = sqlite3.connect(folder / "floor.db")
    store.execute("PRAGMA journal_mode=WAL")
    store.execute("CREATE TABLE raw (id TEXT, part TEXT, content BLOB)")

    def get(path: str) -> bytes:
        answer = pool.request("GET", f"{url}/api/v1/{path}", preload_content=False)
        body: bytes = answer.read(decode_content=False)
        answer.release_conn()
        return body

    listed = get("athlete/0/activities?oldest=1970-01-01&newest=2030-01-01")
    rows = json.loads(gzip.decompress(listed))
    store.execute("INSERT INTO raw VALUES ('', 'list', ?)", (listed,))
    ids = [row["id"] for row in rows if "type" in row]
    for start in range(0, len(ids), 100):
        some = ",".join(ids[start : start + 100])
        store.execute("INSERT INTO raw VALUES ('', 'details', ?)", (get(f"athlete/0/activities/{some}?intervals=true"),))
    for number, external_id in enumerate(ids):
        store.execute("INSERT INTO raw VALUES (?, 'streams', ?)", (external_id, get(f"activity/{external_id}/streams.json")))
        if number % 50 == 0:
            store.commit()
    store.commit()


def host(url: str, folder: Path) -> None:
    """The host's own sync, everything kept, checked, matched and merged; a second run finds nothing new."""
    from fitglue_registry import Host

    with Host(folder) as one:
        if not one.connections():
            one.connect("intervals", {"api_key": KEY, "base_url": url})
        for _ in one.sync():
            pass


def measure(contender: str, url: str, folder: Path) -> dict[str, float]:
    """Wall, processor and memory of one contender in a process of its own."""
    command = [sys.executable, __file__, "--child", contender, "--url", url, "--folder", str(folder)]
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, env=os.environ | {"FITGLUE_SECRETS": "file"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return {"wall_s": time.perf_counter() - started, "cpu_s": cpu, "store_mb": size / 1e6}


def main() -> None:
    """Print the medians of all rounds, and each contender's ratio to the floor."""
    options = arguments()
    if options.child:
        {"floor": floor, "host": host}[options.child](options.url, Path(options.folder))
        return
    command = [sys.executable, "-m", "fitglue_registry.testing.intervals", "--count", str(options.count), "--key", KEY,
               "--distinct-streams", "40", "--warm"]
    found: dict[str, list[dict[str, float]]] = {"floor": [], "host": [], "host, nothing new": []}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server, tempfile.TemporaryDirectory() as scratch:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        for number in range(options.rounds):
            for contender in found:
                folder = Path(scratch, f"{contender.partition(',')[0]}{number}")
                folder.mkdir(exist_ok=True)
                found[contender].append(measure(contender.partition(",")[0], url, folder))
        server.terminate()
    report(options.count, options.rounds, found)


def report(count: int, rounds: int, found: dict[str, list[dict[str, float]]]) -> None:
    """One line a contender: medians, and the ratio to the floor's wall time."""
    print(f"{count} activities with streams, no latency, median of {rounds} interleaved rounds")
    print(f"{'':20}{'wall s':>9}{'x floor':>9}{'CPU ms/act':>12}{'store MB':>10}")
    medians = {name: {key: statistics.median(one[key] for one in runs) for key in runs[0]} for name, runs in found.items()}
    for name, median in medians.items():
        ratio = median["wall_s"] / medians["floor"]["wall_s"]
        print(f"{name:20}{median['wall_s']:9.2f}{ratio:9.2f}{median['cpu_s'] / count * 1000:12.1f}{median['store_mb']:10.1f}")


def arguments() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", choices=("floor", "host"), help=argparse.SUPPRESS)
    parser.add_argument("--url", default="", help=argparse.SUPPRESS)
    parser.add_argument("--folder", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
