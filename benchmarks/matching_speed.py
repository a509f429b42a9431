"""Measures how long matching takes: for the complete history of a synthetic athlete in three
accounts, and for one more workout in a store.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fitglue_registry import model
from fitglue_registry.decisions.stored_decisions import StoredDecisions
from fitglue_registry.dedupe import Candidate, Traits, learned_weights, match
from fitglue_registry.matching.matcher import Matcher
from fitglue_registry.matching.plugin_opinions import OpinionPlugins
from fitglue_registry.plugin_api import Account
from fitglue_registry.plugins import Plugins
from fitglue_registry.store.athletes import ensure_athlete
from fitglue_registry.store.connections import ConnectionRow, add_connection
from fitglue_registry.store.database import Database
from fitglue_registry.store.encoding import encode_activity
from fitglue_registry.store.migrate import upgrade
from fitglue_registry.store.records import Attempt, insert_records
from fitglue_registry.store.source_activities import put_source_activities

NOW = "2026-06-15T12:00:00.000Z"
_START = datetime(1990, 1, 1, tzinfo=UTC)
_ACCOUNTS = ("intervals", "strava", "garmin")


def workouts(count: int, seed: int = 7) -> list[Traits]:
    """Return two or three workouts per day, each in three accounts.

    The copies are rounded differently, and some have another start or pause rule.
    """
    dice = random.Random(seed)
    traits: list[Traits] = []
    day = 0
    while len(traits) < count:
        for hour in dice.sample((6, 9, 12, 17, 20), dice.choice((2, 2, 3))):
            start = _START.timestamp() + day * 86_400 + hour * 3600 + dice.randrange(3000)
            length = dice.uniform(1200, 7000)
            meters = length * dice.uniform(2.5, 8)
            workout = Traits(
                "",
                start,
                start,
                elapsed_s=length,
                family=dice.choice(("running", "cycling", "gym")),
                average_heartrate_bpm=dice.uniform(110, 170),
                calories_kcal=length / 6,
            )
            for account in _ACCOUNTS:
                at = start + dice.choice((0, 0, 0, 1, 17))
                traits.append(
                    replace(
                        workout,
                        account=account,
                        start_utc_s=at,
                        start_local_s=at,
                        moving_s=length * dice.uniform(0.85, 0.99),
                        distance_m=meters * dice.uniform(0.98, 1.02),
                    )
                )
        day += 1
    return traits[:count]


def from_nothing(count: int) -> dict[str, Any]:
    """Return the CPU time to match this many records from nothing, with the code that a sync uses,
    but without a store.
    """
    cards = [
        Candidate(number, (traits.account, f"x{number:06}", 0), frozenset(), traits)
        for number, traits in enumerate(workouts(count))
    ]
    began = time.process_time()
    matched = match(cards, learned_weights())
    seconds = round(time.process_time() - began, 2)
    return {
        "activities": count,
        "cpu_s": seconds,
        "pairs": len(matched.judgments),
        "groups": len(matched.clusters),
    }


def one_more(count: int, rounds: int = 50) -> dict[str, Any]:
    """Return the milliseconds to match one new record among this many in a SQLite store, inside its
    transaction.
    """
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'fitglue.db'}", upgrade)
        taken = _fill_and_place(database, count, rounds)
        database.close()
    return {
        "activities": count,
        "rounds": rounds,
        "median_ms": round(statistics.median(taken), 2),
        "largest_ms": round(max(taken), 2),
    }


def _fill_and_place(database: Database, count: int, rounds: int) -> list[float]:
    """Fill a store, then add records one by one; return the milliseconds that each took."""
    matcher = Matcher(OpinionPlugins(Plugins([])), StoredDecisions())
    history = workouts(count)
    taken: list[float] = []
    with database.write() as db:
        ensure_athlete(db, "me", NOW)
        for name in _ACCOUNTS:
            connection = ConnectionRow(
                id=name,
                athlete_id="me",
                name=name,
                integration=name,
                source=name,
                account=Account(name),
                settings={},
                created_at=NOW,
            )
            add_connection(db, connection)
        ids = [_put(db, number, traits) for number, traits in enumerate(history)]
        for start in range(0, len(ids), 5000):
            matcher.rematch(db, "me", ids[start : start + 5000], NOW)
    for number in range(rounds):
        # Steps of 997, a prime, spread the records over the history.
        like = replace(history[number * 997 % len(history)], account="garmin")
        with database.write() as db:
            new = _put(db, count + number, like)
            began = time.perf_counter()
            matcher.rematch(db, "me", [new], NOW)
            taken.append((time.perf_counter() - began) * 1000)
    return taken


def _put(db: Any, number: int, traits: Traits) -> int:
    """Store a record with these traits, and return the id of its source activity."""
    start = _START + timedelta(seconds=(traits.start_utc_s or 0) - _START.timestamp())
    local = start.replace(tzinfo=None)
    activity = model.SourceActivity(
        title="Morning",
        sport={"running": "Run", "cycling": "Ride"}.get(traits.family or "", "WeightTraining"),
        start_utc=start,
        start_local=local,
        elapsed_s=traits.elapsed_s,
        moving_s=traits.moving_s,
        distance_m=traits.distance_m,
        average_heartrate_bpm=traits.average_heartrate_bpm,
        calories_kcal=traits.calories_kcal,
        claims=(f"{traits.account}:{number}",),
    )
    row = {
        "external_id": f"x{number:06}",
        "state": "listed",
        "revision": "1",
        "start_local": local.isoformat(),
        "first_seen_at": NOW,
        "changed_at": NOW,
    }
    [record] = insert_records(db, traits.account, [row])
    encoded = {record: [encode_activity(activity)]}
    attempt = Attempt("bench", "1", NOW)
    [stored] = put_source_activities(db, "me", encoded, attempt)
    return stored.ids[0]
