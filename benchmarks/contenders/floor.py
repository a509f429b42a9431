"""The floor: the requests that the job needs, over persistent connections, and the received bytes
stored in SQLite.

Nothing is decompressed, parsed, checked or matched except what the next request needs: the ids.
With ``--decode`` the streams of each activity are also decompressed and decoded to columns with the
fastest libraries that exist, and then dropped: the minimum cost for anybody who needs the numbers.
With ``--encode`` FitGlue's own reader and encoder make columns of them, which are stored beside the
bytes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import urllib3

KEY = "benchmark-key"
BATCH, BULK, ROWS, OVERLAP = 50, 100, 400, timedelta(days=90)
VOLATILE = ("icu_ctl", "icu_atl", "icu_weight", "icu_resting_hr")


@dataclass(frozen=True, slots=True)
class Job:
    """What is done with the streams of each activity, and over how many connections."""

    connections: int
    decode: bool
    encode: bool
    summaries: bool


class Floor:
    """The requests to one service, and the database in one folder."""

    def __init__(self, url: str, folder: Path, job: Job) -> None:
        self.url = url
        self.job = job
        headers = {**urllib3.make_headers(basic_auth=f"API_KEY:{KEY}"), "Accept-Encoding": "gzip"}
        self.pool = urllib3.PoolManager(1, maxsize=job.connections, headers=headers)
        self.requests = self.received = 0
        self.store = sqlite3.connect(folder / "floor.db", isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
            self.store.execute(f"PRAGMA {pragma}")
        self.store.execute("CREATE TABLE IF NOT EXISTS raw (id TEXT, part TEXT, content BLOB)")

    def get(self, path: str) -> bytes:
        """Return the body of a response, still compressed."""
        answer = self.pool.request("GET", f"{self.url}/api/v1/{path}", preload_content=False)
        body: bytes = answer.read(decode_content=False)
        answer.release_conn()
        return body

    def put(self, key: str, part: str, content: bytes) -> None:
        """Store a body and count its request."""
        self.requests, self.received = self.requests + 1, self.received + len(content)
        self.store.execute("INSERT INTO raw VALUES (?, ?, ?)", (key, part, content))

    def first(self) -> None:
        """Store the complete history."""
        sizes = self.get(
            f"athlete/0/activities?oldest=1900-01-01&newest={date.today() + OVERLAP}"
            "&fields=id,start_date_local"
        )
        rows = sorted(decoded(sizes), key=lambda row: row["start_date_local"], reverse=True)
        self.store.execute("BEGIN")
        self.put("", "sizes", sizes)
        for start in range(0, len(rows), ROWS):
            window = rows[start : start + ROWS]
            newest, oldest = window[0]["start_date_local"][:10], window[-1]["start_date_local"][:10]
            self.put(
                oldest, "list", self.get(f"athlete/0/activities?oldest={oldest}&newest={newest}")
            )
        if not self.job.summaries:
            self.fetch([row["id"] for row in rows if row.get("source") != "STRAVA"])
        self.store.execute("COMMIT")

    def later(self) -> None:
        """Store what is new or has changed in the last 90 days."""
        oldest = str(date.today() - OVERLAP)
        body = self.get(f"athlete/0/activities?oldest={oldest}&newest={date.today() + OVERLAP}")
        known: dict[str, Any] = {}
        for at, content in self.store.execute(
            "SELECT id, content FROM raw WHERE part = 'list' ORDER BY id DESC"
        ):
            known |= {
                row["id"]: without_volatile(row)
                for row in decoded(content)
                if row["id"] not in known
            }
            if at < oldest:
                break
        changed = [
            row["id"] for row in decoded(body) if known.get(row["id"]) != without_volatile(row)
        ]
        if not changed:
            self.requests += 1
        else:
            self.store.execute("BEGIN")
            self.put(oldest, "list", body)
            self.fetch(changed)
            self.store.execute("COMMIT")

    def fetch(self, ids: list[str]) -> None:
        """Store the details in bulk, and the streams of each activity."""
        for start in range(0, len(ids), BULK):
            self.put(
                "",
                "details",
                self.get(
                    f"athlete/0/activities/{','.join(ids[start : start + BULK])}?intervals=true"
                ),
            )
        with ThreadPoolExecutor(self.job.connections) as threads:
            paths = [f"activity/{external_id}/streams.json" for external_id in ids]
            mapped = map if self.job.connections == 1 else threads.map
            bodies = mapped(self.streams, paths)
            for number, (external_id, body) in enumerate(zip(ids, bodies, strict=True), start=1):
                self.put(external_id, "streams", body)
                if self.job.encode:
                    self.store.execute(
                        "INSERT INTO raw VALUES (?, ?, ?)", (external_id, "columns", encoded(body))
                    )
                if number % BATCH == 0:
                    self.store.execute("COMMIT")
                    self.store.execute("BEGIN")

    def streams(self, path: str) -> bytes:
        """Return the streams of an activity as received, decoded once if the job says so."""
        body = self.get(path)
        if self.job.decode:
            columns(body)
        return body


def columns(body: bytes) -> list[Any]:
    """Return the samples as columns of doubles, or as a list if they are not all numbers."""
    import simdjson
    from isal import igzip

    result = []
    for stream in simdjson.Parser().parse(igzip.decompress(body)):
        samples = stream["data"]
        try:
            result.append(samples.as_buffer(of_type="d"))
        except (TypeError, AttributeError):
            result.append(samples and samples.as_list())
    return result


def encoded(body: bytes) -> bytes:
    """Return the samples in the form in which FitGlue stores them."""
    from fitglue_intervals.reading import gunzip
    from fitglue_intervals.streams import decode_streams
    from fitglue_registry.store.stream_codec import encode_streams

    streams, _ = decode_streams(gunzip(body) if body[:2] == b"\x1f\x8b" else body)
    return encode_streams(streams)


def unpacked(content: bytes) -> bytes:
    """Return a body, decompressed."""
    if content[:2] == b"\x1f\x8b":
        return gzip.decompress(content)
    return content


def decoded(content: bytes) -> Any:
    """Return a body, parsed as JSON."""
    return json.loads(unpacked(content))


def without_volatile(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without the fields that change every day."""
    return {key: value for key, value in row.items() if key not in VOLATILE}


def main() -> None:
    """Sync, or print which titles are stored."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=("sync", "check"))
    parser.add_argument("--url", default="")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--decode", action="store_true")
    parser.add_argument("--encode", action="store_true")
    parser.add_argument("--summaries", action="store_true")
    parser.add_argument("--words", nargs="*", default=[])
    options = parser.parse_args()
    exists = (options.folder / "floor.db").exists()
    job = Job(options.connections, options.decode, options.encode, options.summaries)
    floor = Floor(options.url, options.folder, job)
    if options.mode == "check":
        rows = floor.store.execute("SELECT content FROM raw WHERE part IN ('list', 'details')")
        text = b"".join(unpacked(content) for (content,) in rows).decode()
        sys.stdout.write(json.dumps([word in text for word in options.words]))
        return
    if exists:
        floor.later()
    else:
        floor.first()
    sys.stdout.write(json.dumps({"requests": floor.requests, "received": floor.received}))


if __name__ == "__main__":
    main()
