"""``fitglue load``: the plot, the table by day or by week, and JSON."""

from __future__ import annotations

import pytest

from fitglue_registry.errors import PluginFailed

RUN = """<?xml version="1.0"?>
<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2">
<Activities><Activity Sport="Running"><Id>{day}T08:00:00Z</Id>
<Lap StartTime="{day}T08:00:00Z"><TotalTimeSeconds>600</TotalTimeSeconds>
<DistanceMeters>2000</DistanceMeters></Lap></Activity></Activities></TrainingCenterDatabase>"""


@pytest.fixture
def trained(fitglue, tmp_path):
    """Import two runs, of which the first has a load."""
    for day in ("2024-06-01", "2024-06-03"):
        (tmp_path / f"{day}.tcx").write_text(RUN.format(day=day))
        assert fitglue("import", str(tmp_path / f"{day}.tcx")).code == 0
    fitglue("activities", "edit", "2024-06-01", "--set", "training_load=100")


def test_days_are_listed_with_their_figures(fitglue, trained):
    """A short time is listed by day, below a line for each figure."""
    result = fitglue("load", "--since", "2024-06-01", "--until", "2024-06-03")
    assert "fitness (CTL)" in result.out
    assert "Training load  2024-06-01 to 2024-06-03" in result.out
    table = [line.split() for line in result.out.splitlines() if line.startswith("2024")]
    assert table == [
        ["2024-06-01", "1", "100", "2.4", "13.3", "-11.0"],
        ["2024-06-02", "2.3", "11.5", "-9.2"],
        ["2024-06-03", "1", "0", "2.2", "10.0", "-7.8"],
    ]
    assert "1 workout of these days has no training load." in result.out
    assert "It has neither power nor a heart rate nor a rating." in result.out


def test_a_long_time_is_listed_by_week(fitglue, trained):
    """More than a month is listed by week, which begins on Monday."""
    lines = fitglue("load", "--since", "2024-06-01", "--until", "2024-07-07").out.splitlines()
    table = [line.split()[:3] for line in lines if line.startswith(("week", "2024"))]
    assert table[:3] == [
        ["week", "from", "workouts"],
        ["2024-06-01", "1", "100"],
        ["2024-06-03", "1", "0"],
    ]
    assert len(table) == 7


def test_json_has_a_line_for_each_day(fitglue, trained):
    """With --json, every day is one object."""
    lines = fitglue("load", "--until", "2024-06-03", "--json").lines
    assert [line["day"] for line in lines] == ["2024-06-01", "2024-06-02", "2024-06-03"]
    assert lines[0]["form"] == -10.96


def test_without_workouts_the_next_step_is_named(fitglue):
    """An empty store says how to get workouts."""
    assert "fitglue sync" in fitglue("load").err
    assert fitglue("load", "--json").lines == []


def test_show_and_why_say_which_booster_computed_a_load(fitglue, trained):
    """A load from a rating is marked as estimated, by which booster, with its method."""
    fitglue("activities", "edit", "2024-06-03", "--set", "rpe=4")
    assert fitglue("load").code == 0
    assert "estimated by training-load 0.1" in fitglue("show", "2024-06-03").out
    why = fitglue("why", "2024-06-03").out
    assert "training-load 0.1: session RPE" in why
    assert "training_load 40 (estimated)" in why
    assert fitglue("why", "2024-06-03", "--json").document["boosters"][0]["values"] == {
        "training_load": 40.0,
        "metrics.session_rpe": 40.0,
    }


def test_without_the_booster_the_loads_of_sources_are_shown(fitglue, trained, monkeypatch):
    """If the plugin of the booster is missing, the command says so and shows what there is."""
    missing = PluginFailed("FG-plugin-missing", "the plugin fitglue-boosters is not installed")

    def fail(*_):
        raise missing

    monkeypatch.setattr("fitglue_registry.services.training_load.run_booster", fail)
    result = fitglue("load", "--since", "2024-06-01", "--until", "2024-06-01")
    assert result.code == 0
    assert "Only loads that a source states are shown: the plugin" in result.err
