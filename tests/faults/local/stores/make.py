"""Makes the store of this version's format, on which later versions are tested: ``python
tests/faults/local/stores/make.py``.

Run it once for each released format, from the checkout of that release, and never again, because
its output represents the stores that people have. ``store-FORMAT.json.xz`` contains the dump of a
database with a few activities of the stand-in, with streams and original files (both shortened), a
stub, a quarantined record, and an old id that leads to an activity; it also contains the blobs, but
no keys. ``account()`` makes the account again from which the store was made.
"""

from __future__ import annotations

import base64
import gzip
import json
import lzma
import os
import sqlite3
import sys
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parents[3]))

from fitglue_intervals.testing import Account, StandIn  # noqa: E402
from fitglue_registry import Host, Options, Policy  # noqa: E402 - the checkout's own, installed or not
from fitglue_registry.store.formats import HEAD  # noqa: E402
from fitglue_registry.testing import FakeClock  # noqa: E402

KEY = "a-key-of-the-stand-in"
OLD_ID = "00000000000000000000000000"
ADDRESS = "http://127.0.0.1:1"  # in place of the stand-in's port, which differs each time
ODD = {
    "id": "i99",
    "start_date_local": "2026-05-18T10:00:00",
    "type": "Run",
    "moving_time": {"odd": 1},
}
_SAMPLES = 90
#: The average altitude of the one run with altitudes, in meters. The stand-in of that time drew it
#: above the highest point of the run.
_ALTITUDE = ("i199962554", 243.89388)

NOON = datetime(2026, 5, 21, 12, tzinfo=UTC)


def account() -> Account:
    """Return the account from which the store was made."""
    full = Account.generate(
        count=4, seed=11, until=date(2026, 5, 20), strava_stubs=0, distinct_streams=1
    )
    shortened = Account({}, now=NOON)
    for external_id in full.ids():
        streams = [
            {
                **stream,
                **{key: stream[key][:_SAMPLES] for key in ("data", "data2") if stream.get(key)},
            }
            for stream in full.streams(external_id)
        ]
        content = full.file(external_id)
        row = full.row(external_id)
        if external_id == _ALTITUDE[0]:
            row = {**row, "average_altitude": _ALTITUDE[1]}
        shortened.add_row(
            row,
            streams=streams,
            file=content and gzip.compress(content[:400], mtime=0),
        )
    shortened.add_strava_stub("2026-05-10T07:00:00", id="17100000001")
    shortened.add_row(ODD)
    return shortened


def alias(home: Path) -> None:
    """Give the first activity an old id, as a merge does, and the connection an address that no
    server has.
    """
    connection = sqlite3.connect(home / "fitglue.db")
    connection.execute(
        "INSERT INTO fg_aliases (id, athlete_id, number, activity_id) "
        "SELECT ?, athlete_id, 99, id FROM fg_activities ORDER BY number LIMIT 1",
        (OLD_ID,),
    )
    connection.execute("UPDATE fg_athletes SET next_number = 100")
    connection.execute(
        "UPDATE fg_connections SET settings = json_set(settings, '$.base_url', ?)", (ADDRESS,)
    )
    connection.commit()
    connection.close()


def dump(home: Path) -> str:
    """Return the store as JSON: the database as SQL, and the original files."""
    connection = sqlite3.connect(home / "fitglue.db")
    views = [
        name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'")
    ]
    for name in views:
        connection.execute(f"DROP VIEW {name}")
    sql = "\n".join(connection.iterdump())
    connection.close()
    blobs = {
        path.name: base64.b85encode(path.read_bytes()).decode()
        for path in sorted((home / "blobs").glob("??/??/*"))
        if not path.name.startswith(".")
    }
    return json.dumps({"format": HEAD, "sql": sql, "blobs": blobs})


def load(file: Path, home: Path, address: str) -> str:
    """Write a store to a home, with its connection pointing to ``address``, and return the
    reference of its key.
    """
    stored: dict[str, Any] = json.loads(lzma.decompress(file.read_bytes()))
    connection = sqlite3.connect(home / "fitglue.db")
    connection.executescript(stored["sql"].replace(ADDRESS, address))
    (reference,) = connection.execute("SELECT secret_ref FROM fg_connections").fetchone()
    connection.close()
    for name, content in stored["blobs"].items():
        path = home / "blobs" / name[:2] / name[2:4] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b85decode(content))
    return str(reference)


def main() -> None:
    """Write the store of this version's format, unless it exists."""
    target = FOLDER / f"store-{HEAD}.json.xz"
    if target.exists():
        sys.exit(f"{target.name} exists: the store of a released format is never made again")
    os.environ["FITGLUE_SECRETS"] = "file"
    with tempfile.TemporaryDirectory() as folder, StandIn(account(), api_key=KEY) as server:
        home = Path(folder)
        with Host(home, clock=FakeClock(NOON), policy=Policy.personal()) as host:
            host.connect("intervals", {"api_key": KEY, "base_url": server.url})
            for _ in host.sync(options=Options(files=True)):
                pass
        alias(home)
        target.write_bytes(lzma.compress(dump(home).encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"written: {target.name}, {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
