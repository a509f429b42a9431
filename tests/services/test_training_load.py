"""The training load by day, from workouts that the athlete edited to have one."""

from __future__ import annotations

from datetime import date

import pytest

from fitglue_registry.errors import UserMistake
from fitglue_registry.sync.events import SyncFinished

RUN = """<?xml version="1.0"?>
<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2">
<Activities><Activity Sport="Running"><Id>{day}T08:00:00Z</Id>
<Lap StartTime="{day}T08:00:00Z"><TotalTimeSeconds>600</TotalTimeSeconds>
<DistanceMeters>2000</DistanceMeters></Lap></Activity></Activities></TrainingCenterDatabase>"""


@pytest.fixture
def runs(host, tmp_path):
    """Return a function that imports one run a day, and gives those a load that have one."""
    folder = tmp_path / "runs"
    folder.mkdir()

    def put(**loads):
        for name in loads:
            day = f"2024-{name[1:3]}-{name[3:]}"
            (folder / f"{day}.tcx").write_text(RUN.format(day=day))
        *_, last = host.import_paths([folder])
        assert isinstance(last, SyncFinished), last
        for name, load in loads.items():
            if load is not None:
                day = f"2024-{name[1:3]}-{name[3:]}"
                host.decisions.edit(day, {"training_load": str(load)})

    return put


def test_each_day_has_its_load_and_what_follows_from_it(host, runs):
    """Two runs with a day between them: the figures are those of the formulas."""
    runs(d0601=100, d0603=50)
    rows = host.load.days(until=date(2024, 6, 3))
    assert [(row["day"], row["load"], row["fitness"]) for row in rows] == [
        ("2024-06-01", 100, 2.35),
        ("2024-06-02", 0, 2.30),
        ("2024-06-03", 50, 3.42),
    ]
    assert rows[0] | {"day": None} == {
        "day": None,
        "activities": 1,
        "without_load": 0,
        "load": 100,
        "fitness": 2.35,
        "fatigue": 13.31,
        "form": -10.96,
        "ramp": None,
    }


def test_days_before_the_first_one_shown_count(host, runs):
    """The fitness of a day is the same, whatever day the list begins with."""
    runs(d0501=100, d0601=100)
    [row] = host.load.days(date(2024, 6, 1), date(2024, 6, 1))
    assert row == host.load.days(until=date(2024, 6, 1))[-1]
    assert row["fitness"] > 2.36


def test_workouts_without_a_load_are_counted(host, runs):
    """A run without a load counts as 0, and the day says that one is missing."""
    runs(d0601=None)
    [row] = host.load.days(until=date(2024, 6, 1))
    assert (row["load"], row["activities"], row["without_load"]) == (0, 1, 1)


def test_days_in_the_wrong_order_are_a_mistake(host):
    """A last day before the first one is refused."""
    with pytest.raises(UserMistake, match="2024-06-01 is before 2024-06-02"):
        host.load.days(date(2024, 6, 2), date(2024, 6, 1))
