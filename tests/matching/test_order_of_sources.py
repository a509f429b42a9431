"""Sources may be added in any order and in batches of any size; the store ends with the same
activities.
"""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from fitglue_registry.decisions.stored_decisions import StoredDecisions
from fitglue_registry.matching.matcher import Matcher
from fitglue_registry.matching.plugin_opinions import OpinionPlugins
from fitglue_registry.plugin_api import Account
from fitglue_registry.plugins import Plugins
from fitglue_registry.store.source_activity_rows import load_rows
from tests.library import NOW, START, make_activity

ACCOUNTS = ("garmin", "strava", "files")


def history(seed):
    """Return workouts of some days as three accounts list them: copies, trimmed copies, halves,
    zone errors, and workouts that only one account has.
    """
    generator = random.Random(seed)
    listed = []
    for day in range(4):
        for hour in generator.sample(range(0, 14, 3), 2):
            start = START + timedelta(days=day, hours=hour, seconds=generator.randrange(1200))
            meters, seconds = generator.uniform(4000, 12_000), generator.uniform(1500, 4000)
            for account in generator.sample(ACCOUNTS, generator.choice((1, 2, 3, 3))):
                off, kept = (
                    generator.choice((0, 0, 1, 40, 700, 3600)),
                    generator.choice((1, 1, 1, 0.8, 0.45)),
                )
                listed.append(
                    (
                        account,
                        {
                            "sport": "Run",
                            "start_local": start + timedelta(seconds=off),
                            "distance_m": meters * kept,
                            "elapsed_s": seconds * kept,
                            "average_heartrate_bpm": generator.choice((None, 150.0)),
                            "claims": generator.choice(((), (), (f"shared:{day}-{hour}",))),
                        },
                    )
                )
    return listed


def activities_after(library, listed, order, size):
    """Return the activities as sets of record numbers, after matching in this order and in batches
    of this size.
    """
    connections = {
        name: library.connection(name, account=Account(name), id=f"{library.athlete_id}-{name}")
        for name in ACCOUNTS
    }
    matcher = Matcher(OpinionPlugins(Plugins([])), StoredDecisions())
    names = {}
    for start in range(0, len(order), size):
        batch = []
        for number in order[start : start + size]:
            account, values = listed[number]
            source_activity_id = library.put(
                library.record(connections[account], f"x{number:03}"), make_activity(**values)
            ).ids[0]
            names[source_activity_id] = number
            batch.append(source_activity_id)
        matcher.rematch(library.db, library.athlete_id, batch, NOW)
    activities = {}
    for number, row in load_rows(library.db, names).items():
        activities.setdefault(row.activity_id, set()).add(names[number])
    return {frozenset(numbers) for numbers in activities.values()}


@pytest.mark.parametrize("seed", range(12))
def test_any_order_and_any_batches_make_the_same_activities(library_of, sqlite, seed):
    """The activities are the same whether records arrive account by account, newest first,
    shuffled, one by one, or all at once.
    """
    listed = history(seed)
    in_order = list(range(len(listed)))
    shuffled = random.Random(seed + 100).sample(in_order, len(in_order))
    orders = [
        (in_order, 99),
        (in_order, 1),
        (in_order[::-1], 3),
        (shuffled, 1),
        (shuffled, 4),
        (sorted(in_order, key=lambda n: listed[n][0]), 5),
    ]
    with sqlite.write() as db:
        results = [
            activities_after(library_of(db, f"athlete{number}"), listed, order, size)
            for number, (order, size) in enumerate(orders)
        ]
    assert all(result == results[0] for result in results[1:])
    assert len(results[0]) < len(listed)
