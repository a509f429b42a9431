"""Tests of the views: stable names and columns, and the same values in every database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fitglue_registry.model import Device, Gear, Lap, StrengthSet, Stub, delivery_serial
from fitglue_registry.model.zones import zones_of
from fitglue_registry.store.runs import Decision, RunLog
from fitglue_registry.store.sent_identities import add_identities
from fitglue_registry.store.sql import column_names, run_sql
from tests.deliveries import RETURNED, deliver
from tests.library import NOW, make_activity, reading

#: A promise: a name may be added at the end of its list, none is ever changed or taken away within
#: a major version.
ACTIVITY_COLUMNS = [
    "title",
    "sport",
    "start_utc",
    "start_local",
    "timezone",
    "power_kind",
    "elapsed_s",
    "moving_s",
    "distance_m",
    "elevation_gain_m",
    "calories_kcal",
    "average_heartrate_bpm",
    "max_heartrate_bpm",
    "average_watts",
    "weighted_average_watts",
    "average_cadence_rpm",
    "average_speed_mps",
    "training_load",
    "rpe",
]
WHOSE = ["activity_id", "number", "athlete_id"]
COLUMNS = {
    "activities": [
        "id",
        "number",
        "athlete_id",
        *ACTIVITY_COLUMNS,
        "sources",
        "document",
        "created_at",
        "updated_at",
        "day",
        "start_is_utc",
    ],
    "laps": [
        "activity_id",
        "number",
        "athlete_id",
        "lap_no",
        "kind",
        "label",
        "intensity",
        "start_s",
        "elapsed_s",
        "moving_s",
        "distance_m",
        "average_heartrate_bpm",
        "max_heartrate_bpm",
        "average_watts",
        "average_cadence_rpm",
        "average_speed_mps",
        "training_load",
    ],
    "source_activities": [
        "id",
        "activity_id",
        "athlete_id",
        "connection",
        "source",
        "external_id",
        "leg_no",
        "stub",
        "gone",
        *ACTIVITY_COLUMNS,
        "at_source",
        "first_seen_at",
        "changed_at",
        "plugin",
        "plugin_version",
        "document",
        "day",
        "start_is_utc",
        "delivery_id",
    ],
    "runs": [
        "id",
        "athlete_id",
        "connection",
        "kind",
        "started_at",
        "ended_at",
        "outcome",
        "counts",
        "error",
        "options",
        "host_version",
    ],
    "sets": [
        *WHOSE,
        "set_no",
        "exercise",
        "kind",
        "reps",
        "weight_kg",
        "elapsed_s",
        "distance_m",
        "start_utc",
        "superset",
        "notes",
    ],
    "zones": [*WHOSE, "kind", "zone_no", "zone", "elapsed_s", "upper_limit", "limit_unit"],
    "gear": [*WHOSE, "name", "gear_id", "distance_m"],
    "devices": [*WHOSE, "name", "manufacturer", "product", "serial", "software"],
    "metrics": [*WHOSE, "name", "value"],
    "computed": [
        *WHOSE,
        "booster",
        "version",
        "name",
        "value",
        "how",
        "method",
        "computed_at",
    ],
    "fitness": ["athlete_id", "day", "load", "fitness", "fatigue", "form", "ramp"],
    "pipelines": [
        "id",
        "athlete_id",
        "name",
        "state",
        "version",
        "waiting",
        "created_at",
        "updated_at",
    ],
    "deliveries": [
        "id",
        "activity_id",
        "number",
        "athlete_id",
        "pipeline_id",
        "pipeline",
        "destination",
        "entry",
        "connection",
        "action",
        "state",
        "tries",
        "next_try_at",
        "remote_id",
        "url",
        "error",
        "planned_at",
        "updated_at",
        "sent_at",
    ],
    "delivery_log": ["id", "delivery_id", "athlete_id", "at", "state", "what"],
}
ZONES = "SELECT kind, zone, elapsed_s, upper_limit, limit_unit FROM zones ORDER BY kind, zone_no"


@pytest.fixture
def fill(database, library_of):
    """Return a function that writes with a library and then runs a query."""

    def make(work, question):
        with database.write() as db:
            work(library_of(db))
        answer = run_sql(database, question, **reading(database))
        return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]

    return make


def test_the_columns_of_every_view_are_those_that_were_promised(database):
    """Every view has the columns on which users' SQL and dashboards rely."""
    assert dict(column_names(database)) == COLUMNS


def test_the_view_of_activities_counts_its_sources(fill):
    """A workout of two accounts is one row of ``activities`` with two sources."""

    def work(library):
        library.assign((library.source_activity(distance_m=0.0), library.source_activity()))

    [row] = fill(work, "SELECT number, title, distance_m, average_watts, sources FROM activities")
    assert row == {
        "number": 1,
        "title": "Morning ride",
        "distance_m": 0.0,
        "average_watts": None,
        "sources": 2,
    }


def test_gone_activities_are_in_no_view_but_that_of_sources(fill):
    """Activities that are gone appear only in the view ``source_activities``, with a flag."""

    def work(library):
        source_activity_id = library.source_activity(
            laps=(Lap(),),
            sets=(StrengthSet(exercise="Squat"),),
            gear=Gear("Canyon"),
            device=Device("Edge"),
            metrics={"trimp": 1.0},
            extensions={"heartrate_zones": {"times_s": [1]}},
        )
        library.assign((source_activity_id,), gone=True)
        library.gone(source_activity_id)

    views = [view for view in COLUMNS if view != "runs"]
    counts = ", ".join(f"(SELECT count(*) FROM {view}) AS {view}" for view in views)
    assert fill(work, f"SELECT {counts}") == [dict.fromkeys(views, 0) | {"source_activities": 1}]


def test_the_view_of_sources_says_whose_and_in_which_state(fill, activity):
    """The view ``source_activities`` marks stubs and tombstones by flags that are true or false in
    every database.
    """

    def work(library):
        stub = activity(stub=Stub("FG-stub", "terms"), sport=None, title=None)
        library.put(library.record(library.connection("strava"), "i1"), stub)
        library.gone(library.put(library.record(external_id="i2")).ids[0])

    rows = fill(
        work,
        "SELECT connection, external_id, stub, gone, title, plugin FROM source_activities "
        "ORDER BY external_id",
    )
    assert rows == [
        {
            "connection": "strava",
            "external_id": "i1",
            "stub": 1,
            "gone": 0,
            "title": None,
            "plugin": "example",
        },
        {
            "connection": "intervals",
            "external_id": "i2",
            "stub": 0,
            "gone": 1,
            "title": "Morning ride",
            "plugin": "example",
        },
    ]


def test_the_view_of_laps_numbers_them_from_one(fill):
    """The view ``laps`` numbers the laps from one and gives each a kind; a zero is zero, and an
    absent value is null.
    """

    def work(library):
        laps = (
            Lap(label="warm-up", elapsed_s=600.0, average_watts=0.0),
            Lap(kind="interval", start_s=600.5, label="odd \"'% Ü\0"),
        )
        library.activity(laps=laps)

    rows = fill(
        work,
        "SELECT number, lap_no, kind, label, start_s, elapsed_s, average_watts FROM laps "
        "ORDER BY lap_no",
    )
    assert rows == [
        {
            "number": 1,
            "lap_no": 1,
            "kind": "lap",
            "label": "warm-up",
            "start_s": None,
            "elapsed_s": 600.0,
            "average_watts": 0.0,
        },
        {
            "number": 1,
            "lap_no": 2,
            "kind": "interval",
            "label": "odd \"'% Ü�",
            "start_s": 600.5,
            "elapsed_s": None,
            "average_watts": None,
        },
    ]


def test_the_view_of_sets_numbers_them_from_one(fill):
    """The view ``sets`` has repetitions and weights as numbers; a zero is zero, and an absent value
    is null.
    """

    def work(library):
        squat = StrengthSet(exercise="Squat", reps=0, weight_kg=42.5, kind="normal", superset="a")
        library.activity(sets=(squat, StrengthSet(exercise="Rest", kind="rest", elapsed_s=90.0)))

    rows = fill(work, "SELECT number, set_no, exercise, kind, reps, weight_kg, elapsed_s FROM sets")
    assert [tuple(row.values()) for row in rows] == [
        (1, 1, "Squat", "normal", 0, 42.5, None),
        (1, 2, "Rest", "rest", None, None, 90.0),
    ]


def test_volume_can_be_summed_by_exercise(fill):
    """The question that people ask of sets needs no casts."""
    sets = [StrengthSet(exercise="Squat", reps=reps, weight_kg=40.0) for reps in (10, 8)]
    question = "SELECT exercise, sum(reps * weight_kg) AS kg FROM sets GROUP BY exercise"
    rows = fill(lambda library: library.activity(sets=tuple(sets)), question)
    assert rows == [{"exercise": "Squat", "kg": 720.0}]


@pytest.mark.parametrize(
    "extensions",
    [
        {"heartrate_zones": {"times_s": [60, 0, 30.5], "bounds_bpm": [134, 147]}},
        {
            "power_zones": {
                "times": [{"id": "Z1", "secs": 60}, {"secs": 5}, {"id": "SS", "secs": 1}],
                "bounds_pct": [55, 999],
            }
        },
        {"power_zones": {"times_s": [1], "times": [{"id": "Z1", "secs": 2}]}},
        {"power_zones": {"times_s": None, "times": [{"id": "Z1", "secs": 2}]}},
        {"pace_zones": {"times_s": [1, 2], "grade_adjusted_times_s": [3], "bounds_pct": [80, 90]}},
        {"heartrate_zones": "none", "power_zones": [1, 2], "pace_zones": None},
        {"heartrate_zones": {"times_s": "abc"}, "power_zones": {"times": {"id": "Z1"}}},
        {"heartrate_zones": {"times_s": [None, True, "7", [8], {"secs": 9}, 10]}},
        {"power_zones": {"times": [None, 3, "x", [1], {"id": 4, "secs": "5"}, {"secs": 6}]}},
        {"heartrate_zones": {"times_s": [1, 2], "bounds_bpm": ["a", True], "bounds_pct": "b"}},
        {"heartrate_zones": {"times_s": [1], "bounds_bpm": {"0": 5}, "bounds_pct": [70]}},
    ],
)
def test_the_view_of_zones_has_what_is_shown(fill, extensions):
    """The view ``zones`` has the zones that ``show`` prints, whatever form a source gives them."""
    rows = fill(lambda library: library.activity(extensions=extensions), ZONES)
    by_kind = sorted(zones_of(extensions), key=lambda zone: zone.kind)
    assert [tuple(row.values()) for row in rows] == [tuple(zone) for zone in by_kind]


def test_the_views_of_gear_and_devices_have_a_row_if_it_is_known(fill):
    """An activity without gear has no row in ``gear``, and one without a device none in
    ``devices``.
    """

    def work(library):
        library.activity(gear=Gear("Canyon", id="b1", distance_m=0.0))
        library.activity(device=Device("Edge", serial="34"))

    assert fill(work, "SELECT number, name, gear_id, distance_m FROM gear") == [
        {"number": 1, "name": "Canyon", "gear_id": "b1", "distance_m": 0.0}
    ]


def test_a_device_has_its_serial_number(fill):
    """The view ``devices`` has what the file says of the device."""
    work = lambda library: library.activity(device=Device("Edge", serial="34"))  # noqa: E731
    question = "SELECT number, name, manufacturer, serial FROM devices"
    assert fill(work, question) == [
        {"number": 1, "name": "Edge", "manufacturer": None, "serial": "34"}
    ]


def test_whole_seconds_in_zones_are_divided_as_numbers(fill):
    """A source that states whole seconds does not make the hours whole numbers."""
    zones = {"heartrate_zones": {"times_s": [5400], "bounds_bpm": [133]}}
    question = "SELECT sum(elapsed_s) / 3600 AS hours, max(upper_limit) / 2 AS half FROM zones"
    rows = fill(lambda library: library.activity(extensions=zones), question)
    assert rows == [{"hours": 1.5, "half": 66.5}]


def test_each_metric_is_a_row(fill):
    """The view ``metrics`` has each number by its name."""
    work = lambda library: library.activity(metrics={"trimp": 81.5, "odd \"'% Ü": 0.0})  # noqa: E731
    rows = fill(work, "SELECT name, value FROM metrics ORDER BY value")
    assert rows == [{"name": "odd \"'% Ü", "value": 0.0}, {"name": "trimp", "value": 81.5}]


def test_values_are_numbers_that_can_be_summed(fill):
    """The numeric columns of the views can be summed and averaged without casts."""
    question = "SELECT sum(elapsed_s) / 2 AS half, max(average_watts) AS most FROM laps"
    assert fill(
        lambda library: library.activity(laps=(Lap(elapsed_s=3, average_watts=250),)), question
    ) == [{"half": 1.5, "most": 250.0}]


def test_the_view_of_runs_names_the_connection(fill):
    """The view ``runs`` shows the connection, the times and the outcome of a run."""

    def work(library):
        run = RunLog("me", library.connection(), "sync", "2026-06-15T12:00:00Z", {"full": True})
        run.decide(library.db, "2026-06-15T12:00:01Z", [Decision("new", reason="odd \ud800\0")])
        run.end(library.db, "2026-06-15T12:00:02Z", "failed", {"code": "FG-x", "why": "\ud800"})

    [row] = fill(work, "SELECT connection, kind, outcome, counts, error, options FROM runs")
    assert row == {
        "connection": "intervals",
        "kind": "sync",
        "outcome": "failed",
        "counts": '{"new":1}',
        "options": '{"full":true}',
        "error": '{"code":"FG-x","why":"?"}',
    }


def test_a_run_that_decides_nothing_leaves_no_row(fill):
    """A sync that finds nothing new leaves no row in the view ``runs``."""
    assert (
        fill(
            lambda library: RunLog("me", None, "sync", "now", {}).end(
                library.db, "now", "complete"
            ),
            "SELECT * FROM runs",
        )
        == []
    )


@pytest.mark.parametrize("view", ["activities", "source_activities"])
def test_a_view_says_whether_the_zone_is_known(fill, view):
    """A start whose zone is unknown has no local time, and the view marks that its day is the day
    of UTC.
    """

    def work(library):
        known = datetime(2026, 5, 1, 23, 30, tzinfo=UTC)
        library.activity(start_utc=known, start_local=None)
        library.activity(start_utc=known, start_local=datetime(2026, 5, 2, 1, 30))  # noqa: DTZ001

    rows = fill(work, f"SELECT start_local, day, start_is_utc FROM {view} ORDER BY day")
    assert [(row["start_local"], row["day"], bool(row["start_is_utc"])) for row in rows] == [
        (None, "2026-05-01", True),
        ("2026-05-02T01:30:00", "2026-05-02", False),
    ]


def test_the_view_of_sources_tells_what_a_pipeline_has_sent(fill):
    """What a pipeline has sent has its delivery in ``source_activities``: it asserts an identity of
    the delivery that no record asserted before. The others have null.
    """
    content, sent = "file:sha256:" + "a" * 64 + "#0", "intervals:i7"
    moved = f"device:{delivery_serial('x')}@2026-05-01T05:30:01Z"

    def work(library):
        def listed(name, claim, at=RETURNED):
            record = library.record(external_id=name, first_seen_at=at)
            return library.put(record, make_activity(claims=(claim,))).ids[0]

        original = listed("original", content, at=NOW)
        [activity_id] = library.assign((original,))
        delivery_id = deliver(library, activity_id, external_id="x")
        add_identities(library.db, "me", delivery_id, (content, sent))
        for name, claim in (("same file", content), ("there", sent), ("third", moved)):
            listed(name, claim)

    question = "SELECT external_id FROM source_activities WHERE delivery_id IS NOT NULL ORDER BY 1"
    assert [row["external_id"] for row in fill(work, question)] == ["there", "third"]
