"""A day with any number of workouts, and a claim with any number of holders, cost no more time than
their number.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from types import SimpleNamespace

import pytest

from fitglue_registry.decisions.stored_decisions import StoredDecisions
from fitglue_registry.dedupe import blocking, linkage
from fitglue_registry.dedupe.blocking import MOST_ON_ONE_DAY, pairs_within
from fitglue_registry.matching import candidate_search, crowds, matcher
from fitglue_registry.matching.matcher import Matcher
from fitglue_registry.matching.plugin_opinions import OpinionPlugins
from fitglue_registry.plugin_api import Account
from fitglue_registry.plugins import Plugins
from fitglue_registry.store.source_activity_rows import load_rows
from tests.library import NOW, START, make_activity

FEW = 12


@pytest.fixture
def work(monkeypatch):
    """Lower the limits, and count the pairs that are judged and the rows that are loaded."""
    counted = Counter()
    for module in (crowds, candidate_search, blocking):
        monkeypatch.setattr(module, "MOST_ON_ONE_DAY", FEW)
    monkeypatch.setattr("fitglue_registry.dedupe.edges.MOST_HOLDERS", FEW)
    monkeypatch.setattr(crowds, "MOST_HOLDERS", FEW)
    monkeypatch.setattr(matcher, "MOST_HOLDERS", FEW)
    judge, load = linkage.judge, matcher.load_rows

    def counting_judge(*arguments):
        counted["judged"] += 1
        return judge(*arguments)

    def counting_load(db, ids, **options):
        rows = load(db, ids, **options)
        counted["loaded"] += len(rows)
        return rows

    monkeypatch.setattr(linkage, "judge", counting_judge)
    monkeypatch.setattr(matcher, "load_rows", counting_load)
    return counted


class Arrivals:
    """Puts workouts of two accounts into a library, and matches them in batches."""

    def __init__(self, library):
        self.library = library
        self.connections = [
            library.connection(name, account=Account(name), id=f"{library.athlete_id}-{name}")
            for name in ("garmin", "strava")
        ]
        self.matcher = Matcher(OpinionPlugins(Plugins([])), StoredDecisions())
        self.ids = []

    def arrive(self, listed, size=5):
        """Store workouts, alternately in both accounts, and match each batch."""
        for begin in range(0, len(listed), size):
            batch = []
            for values in listed[begin : begin + size]:
                number = len(self.ids)
                record = self.library.record(self.connections[number % 2], f"x{number:05}")
                batch += self.library.put(record, make_activity(**values)).ids
                self.ids += batch[-1:]
            self.matcher.rematch(self.library.db, self.library.athlete_id, batch, NOW)

    def activities(self):
        """Return how many activities the workouts make."""
        rows = load_rows(self.library.db, self.ids)
        return len({row.activity_id for row in rows.values()})


def same_second(number, **values):
    """Return equal workouts of one second."""
    return [
        {"sport": "Run", "start_local": START, "distance_m": 5000.0, "elapsed_s": 1500.0} | values
        for _ in range(number)
    ]


def same_day(number):
    """Return equal workouts that start one after the other on one day."""
    listed = same_second(number)
    for position, values in enumerate(listed):
        values["start_local"] = START + timedelta(seconds=20 * position)
    return listed


def same_claim(number):
    """Return workouts of different days that share a claim."""
    listed = same_second(number, claims=("garmin:1",))
    for position, values in enumerate(listed):
        values["start_local"] = START + timedelta(days=10 * position)
    return listed


@pytest.mark.parametrize("flood", [same_second, same_day, same_claim])
def test_twice_as_many_workouts_take_about_twice_the_work(library_of, sqlite, work, flood):
    """The pairs that are judged and the rows that are loaded do not grow with the square."""
    spent = []
    with sqlite.write() as db:
        for number in (60, 120):
            work.clear()
            Arrivals(library_of(db, f"athlete{number}")).arrive(flood(number))
            spent.append(Counter(work))
    assert spent[1]["judged"] <= spent[0]["judged"] * 2.2
    assert spent[1]["loaded"] <= spent[0]["loaded"] * 2.2


@pytest.mark.parametrize("flood", [same_second, same_claim])
@pytest.mark.parametrize("size", [1, 5, 60])
def test_workouts_beyond_the_limit_are_kept_apart(library_of, sqlite, work, flood, size):
    """Each of too many workouts stays an activity of its own, in batches of any size, also those
    that had been merged before there were too many.
    """
    listed = flood(FEW + 40)
    with sqlite.write() as db:
        arrivals = Arrivals(library_of(db, f"athlete{size}"))
        arrivals.arrive(listed[:FEW], size)
        assert arrivals.activities() < FEW
        arrivals.arrive(listed[FEW:], size)
        assert arrivals.activities() == FEW + 40


def test_the_days_around_a_crowded_day_are_compared_as_always(library_of, sqlite, work):
    """Copies on the day after a crowded day are merged."""
    day_after = same_second(2, start_local=START + timedelta(days=1))
    with sqlite.write() as db:
        arrivals = Arrivals(library_of(db, "me"))
        arrivals.arrive(same_second(30))
        arrivals.arrive(day_after)
        assert arrivals.activities() == 30 + 1


def test_a_changed_workout_of_a_crowded_day_has_no_candidates(library_of, sqlite, work):
    """A changed workout of a crowded day is not matched again."""
    with sqlite.write() as db:
        library = library_of(db, "me")
        arrivals = Arrivals(library)
        arrivals.arrive(same_second(30))
        record = library.record(arrivals.connections[0], "y")
        put = library.put(record, make_activity(**same_second(1)[0]))
        assert not candidate_search.with_candidates(db, "me", dict(put.legs))


@pytest.mark.parametrize(("number", "pairs"), [(300, 300 * 299 // 2), (301, 0), (20_000, 0)])
def test_pairs_in_memory_are_limited_too(number, pairs):
    """``fitglue dev match`` compares up to 300 workouts of a day, and none of a larger number."""
    assert MOST_ON_ONE_DAY == 300
    candidates = []
    for position in range(number):
        traits = SimpleNamespace(start_s=1_000_000.0)
        candidates.append(SimpleNamespace(id=position, key=("a", str(position), 0), traits=traits))
    assert sum(1 for _ in pairs_within(candidates, (), 60.0)) == pairs
