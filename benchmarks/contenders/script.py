"""A simple script, as somebody writes it in one evening: requests, json and sqlite3, one activity
after the other, each committed. It compares ``analyzed`` to find edits.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
from datetime import date, timedelta
from pathlib import Path

import requests

KEY = "benchmark-key"


def sync(url: str, db: sqlite3.Connection) -> None:
    """Fetch everything the first time, and later the last 90 days."""
    session = requests.Session()
    session.auth = ("API_KEY", KEY)

    def get(path: str, **params: str) -> object:
        answer = session.get(f"{url}/api/v1/{path}", params=params, timeout=60)
        answer.raise_for_status()
        return answer.json()

    known = dict(db.execute("SELECT id, analyzed FROM activities"))
    oldest = date.today() - timedelta(days=90) if known else date(1900, 1, 1)
    for row in get(
        "athlete/0/activities", oldest=str(oldest), newest=str(date.today() + timedelta(days=1))
    ):
        if row.get("source") == "STRAVA" or (
            row["id"] in known and known[row["id"]] == row.get("analyzed")
        ):
            continue
        detail = get(f"activity/{row['id']}", intervals="true")
        streams = get(f"activity/{row['id']}/streams.json")
        db.execute(
            "INSERT OR REPLACE INTO activities VALUES (?, ?, ?, ?, ?, ?)",
            (
                row["id"],
                row["start_date_local"],
                row.get("name"),
                row.get("analyzed"),
                json.dumps(detail),
                json.dumps(streams),
            ),
        )
        db.commit()


def main() -> None:
    """Sync, or print which titles are stored."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=("sync", "check"))
    parser.add_argument("--url", default="")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--words", nargs="*", default=[])
    options = parser.parse_args()
    db = sqlite3.connect(options.folder / "script.db")
    db.execute(
        "CREATE TABLE IF NOT EXISTS activities (id TEXT PRIMARY KEY, start, name, analyzed, "
        "detail, streams)"
    )
    if options.mode == "sync":
        sync(options.url, db)
    else:
        stored = [
            db.execute("SELECT 1 FROM activities WHERE name = ?", (word,)).fetchone() is not None
            for word in options.words
        ]
        sys.stdout.write(json.dumps(stored))


if __name__ == "__main__":
    main()
