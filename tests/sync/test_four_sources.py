"""Tests of the same workouts at Garmin, in its archive, at Intervals.icu, and in a folder."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from fitglue_garmin.testing import StandIn as GarminStandIn
from fitglue_intervals.testing import Account, StandIn
from fitglue_intervals.testing.files import plain_file_of
from fitglue_intervals.testing.garmin_archive import garmin_archive
from tools.garmin_account import garmin_account


@pytest.fixture
def account():
    """The account at Intervals.icu: three workouts, and the five legs of a triathlon."""
    made = Account.generate(20, until=date(2026, 11, 20), strava_stubs=0)
    single = [id_ for id_ in made.ids() if len(made.plan(id_).legs) == 1]
    for id_ in single[3:]:
        made.delete(id_)
    return made


@pytest.fixture
def from_garmin(account):
    """Id at Intervals.icu → id at Garmin, of the workouts that came from there."""
    rows = {external_id: account.row(external_id) for external_id in account.ids()}
    return {
        external_id: int(row["external_id"])
        for external_id, row in rows.items()
        if row["source"] == "GARMIN_CONNECT"
    }


@pytest.fixture
def garmin(account, clock):
    """The same athlete's account at Garmin."""
    with GarminStandIn(garmin_account(account), clock=clock) as running:
        yield running


def bring_in(host, tmp_path, account, garmin, from_garmin, order):
    """Bring all four sources into a host, in some order."""
    plans = {id_: account.plan(id_) for id_ in from_garmin}
    single = {id_: plan for id_, plan in plans.items() if len(plan.legs) == 1}
    garmin_archive(
        tmp_path / "garmin.zip", [(from_garmin[id_], plan) for id_, plan in single.items()]
    )
    folder = tmp_path / "rides"
    folder.mkdir()
    for id_, plan in plans.items():
        (folder / f"{id_}.fit").write_bytes(plain_file_of(plan))
    with StandIn(account) as intervals:
        for name in order:
            match name:
                case "intervals":
                    host.connect(name, {"api_key": intervals.api_key, "base_url": intervals.url})
                    list(host.sync(name))
                case "garmin":
                    host.connect(name, {"api_key": garmin.api_key, "base_url": garmin.url})
                    list(host.sync(name))
                case "archive":
                    list(host.imports.import_paths([tmp_path / "garmin.zip"]))
                case "files":
                    list(host.imports.import_paths([folder]))


@pytest.mark.parametrize(
    "order",
    [
        ("intervals", "garmin", "archive", "files"),
        pytest.param(("garmin", "files", "intervals", "archive"), marks=pytest.mark.long),
        pytest.param(("files", "archive", "garmin", "intervals"), marks=pytest.mark.long),
        pytest.param(("archive", "intervals", "files", "garmin"), marks=pytest.mark.long),
    ],
    ids=" ".join,
)
def test_four_sources_are_one_list(host, tmp_path, account, garmin, from_garmin, order):
    """Each workout is one activity, whichever source it arrives from first, and `why` names the
    evidence of each pair.
    """
    bring_in(host, tmp_path, account, garmin, from_garmin, order)
    rows = host.activities()
    assert len(rows) == 8
    assert host.decisions.pending() == []
    sources = Counter(source for row in rows for source in row["sources"])
    assert sources["intervals"] == 8
    assert sources["garmin"] == sources["files"] == len(from_garmin)
    assert sources["garmin-archive"] == len(from_garmin) - 5
    story = host.why(account.ids()[0])
    assert len({record["connection"] for record in story["records"]}) == 4
    assert {opinion["verdict"] for opinion in story["same_because"]} == {"same"}
    reasons = str(story["same_because"])
    assert f"both are garmin:{from_garmin[account.ids()[0]]}" in reasons
    assert "both are device:" in reasons


@pytest.mark.parametrize(
    ("edit", "field", "value"),
    [
        ({"distance": 14000.0}, "distance_m", 14000.0),
        (
            {"activityType": {"typeId": 9, "typeKey": "walking", "parentTypeId": 17}},
            "sport",
            "Walk",
        ),
    ],
    ids=["distance", "sport"],
)
def test_a_correction_at_garmin_is_kept_beside_the_file(
    host, tmp_path, account, garmin, from_garmin, edit, field, value
):
    """A value that was corrected at Garmin wins over that of the same file in a folder."""
    single = [id_ for id_ in from_garmin if len(account.plan(id_).legs) == 1]
    number = from_garmin[single[0]]
    garmin.account.edit(number, **edit)
    bring_in(host, tmp_path, account, garmin, from_garmin, ("garmin", "files"))
    details = host.activities.get(str(number))
    assert {member.connection for member in details.members} == {"garmin", "files"}
    assert getattr(details.activity, field) == value
    assert host.why(str(number))["values_from"][field] == f"garmin/{number}"


def test_the_legs_of_a_race_join_one_by_one(host, tmp_path, account, garmin, from_garmin):
    """Each leg at Garmin is one activity with the same leg at Intervals.icu and in the file."""
    bring_in(host, tmp_path, account, garmin, from_garmin, ("intervals", "garmin", "files"))
    legs = [id_ for id_ in from_garmin if len(account.plan(id_).legs) > 1]
    assert len(legs) == 5
    for leg in legs:
        details = host.activities.get(leg)
        assert sorted(member.connection for member in details.members) == [
            "files",
            "garmin",
            "intervals",
        ]


def test_all_sources_agree_about_the_sets_of_a_strength_workout(host):
    """The totals at Garmin and at Intervals.icu are those of the sets in the original file, so no
    screen of the demo contradicts itself.
    """
    account = Account.generate(30, until=date(2026, 11, 20), strava_stubs=0)
    strength = [id_ for id_ in account.ids() if account.plan(id_).shape.sport.key == "strength"]
    with GarminStandIn(garmin_account(account)) as running:
        host.connect("garmin", {"api_key": running.api_key, "base_url": running.url})
        list(host.sync("garmin"))
    listed = [row for row in host.activities() if row["sport"] == "WeightTraining"]
    assert 0 < len(listed) <= len(strength)
    for row in listed:
        workout = host.activities.get(str(row["number"])).activity
        assert workout.metrics["repetitions"] == sum(made.reps for made in workout.sets) == 57
        lifted_kg = sum(made.reps * made.weight_kg for made in workout.sets)
        assert workout.extensions["exercises"][0]["volume_kg"] == lifted_kg
        assert {account.row(id_).get("kg_lifted") for id_ in strength} <= {None, lifted_kg}
