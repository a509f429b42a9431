"""Sources may be added in any order, in any portions: the store ends up with the same
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
    """Workouts of some days as three accounts tell them: copies, trimmed ones, halves, zone errors,
    and what only one has.
    """
    dice = random.Random(seed)
    told = []
    for day in range(4):
        for hour in dice.sample(range(0, 14, 3), 2):
            start = START + timedelta(days=day, hours=hour, seconds=dice.randrange(1200))
            metres, seconds = dice.uniform(4000, 12_000), dice.uniform(1500, 4000)
            for account in dice.sample(ACCOUNTS, dice.choice((1, 2, 3, 3))):
                off, kept = dice.choice((0, 0, 1, 40, 700, 3600)), dice.choice((1, 1, 1, 0.8, 0.45))
                told.append(
                    (
                        account,
                        {
                            "sport": "Run",
                            "start_local": start + timedelta(seconds=off),
                            "distance_m": metres * kept,
                            "elapsed_s": seconds * kept,
                            "average_heartrate_bpm": dice.choice((None, 150.0)),
                            "claims": dice.choice(((), (), (f"shared:{day}-{hour}",))),
                        },
                    )
                )
    return told


def placed(library, told, order, portion):
    """The groups, as natural keys, after placing in this order, so many at a time."""
    homes = {
        name: library.connection(name, account=Account(name), id=f"{library.athlete_id}-{name}")
        for name in ACCOUNTS
    }
    matcher = Matcher(OpinionPlugins(Plugins([])), StoredDecisions())
    names = {}
    for start in range(0, len(order), portion):
        some = []
        for number in order[start : start + portion]:
            account, values = told[number]
            one = library.put(
                library.record(homes[account], f"x{number:03}"), make_activity(**values)
            ).ids[0]
            names[one] = number
            some.append(one)
        matcher.rematch(library.db, library.athlete_id, some, NOW)
    groups = {}
    for number, row in load_rows(library.db, names).items():
        groups.setdefault(row.activity_id, set()).add(names[number])
    return {frozenset(group) for group in groups.values()}


@pytest.mark.parametrize("seed", range(12))
def test_any_order_and_any_portions_make_the_same_activities(library_of, sqlite, seed):
    """By account, newest first, shuffled, one by one or all at once."""
    told = history(seed)
    every = list(range(len(told)))
    shuffled = random.Random(seed + 100).sample(every, len(every))
    orders = [
        (every, 99),
        (every, 1),
        (every[::-1], 3),
        (shuffled, 1),
        (shuffled, 4),
        (sorted(every, key=lambda n: told[n][0]), 5),
    ]
    with sqlite.write() as db:
        found = [
            placed(library_of(db, f"athlete{number}"), told, order, portion)
            for number, (order, portion) in enumerate(orders)
        ]
    assert all(groups == found[0] for groups in found[1:])
    assert len(found[0]) < len(told)
