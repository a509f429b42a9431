"""What ``fitglue show`` prints of an activity beside its values, laps and streams."""

from __future__ import annotations

import io

import pytest

from fitglue_registry.cli.activity_details import (
    everything_else,
    figures,
    planned,
    sets_of,
    zones,
)
from fitglue_registry.cli.measures import figure, label_of
from fitglue_registry.cli.screen import Screen
from fitglue_registry.model import (
    Device,
    Gear,
    Location,
    RaceSegment,
    SourceActivity,
    StrengthSet,
    TimeMarker,
    WorkoutDefinition,
    WorkoutStep,
)

ZONES = {
    "heartrate_zones": {"times_s": [1108, 739, 0], "bounds_bpm": [134, 147, 186]},
    "power_zones": {
        "times": [{"id": "Z1", "secs": 813}, {"id": "SS", "secs": 480}],
        "bounds_pct": [55],
    },
}
REST = StrengthSet(exercise="Rest", kind="rest", elapsed_s=90.0)
SQUAT = StrengthSet(exercise="Squat", reps=12, weight_kg=42.5, elapsed_s=45.0, kind="normal")


def drawn(parts):
    """Return parts as lines of a pipe, where nothing is cut."""
    stream = io.StringIO()
    Screen(stream).show(list(parts))
    return [line.strip() for line in stream.getvalue().splitlines() if line]


def test_each_set_has_its_repetitions_and_weight():
    """A set is a line, and the rest after it is shown beside it."""
    heading, columns, first, second = drawn(sets_of(SourceActivity(sets=(SQUAT, REST, SQUAT))))
    assert (heading, columns.split()) == (
        "Sets",
        ["#", "exercise", "reps", "kg", "time", "rest"],
    )
    assert first.split() == ["1", "Squat", "12", "42.5", "0:00:45", "0:01:30"]
    assert second.split() == ["2", "Squat", "12", "42.5", "0:00:45"]


def test_a_rest_before_the_first_set_is_a_line_of_its_own():
    """A rest that follows no set has no number, and nothing of it is lost."""
    lines = drawn(sets_of(SourceActivity(sets=(REST, SQUAT))))
    assert lines[2].split() == ["Rest", "0:01:30"]
    assert lines[3].startswith("1  Squat")


def test_a_zero_in_a_set_is_shown():
    """A set without weight is not a set of unknown weight."""
    bodyweight = StrengthSet(exercise="Push up", reps=0, weight_kg=0.0)
    assert drawn(sets_of(SourceActivity(sets=(bodyweight,))))[2].split() == [
        "1",
        "Push",
        "up",
        "0",
        "0",
    ]


def test_the_totals_of_exercises_are_shown_if_there_are_no_sets():
    """A service that has only the totals of each exercise is shown with these."""
    exercises = [{"name": "BENCH_PRESS", "sets": 3, "repetitions": 30, "max_weight_kg": 60.0}]
    lines = drawn(sets_of(SourceActivity(extensions={"exercises": exercises})))
    assert lines[0] == "Exercises"
    assert lines[2].split() == ["Bench", "press", "3", "30", "60"]


def test_many_sets_are_cut_and_counted():
    """A screen shows forty sets, and says how many more there are."""
    lines = drawn(sets_of(SourceActivity(sets=(SQUAT,) * 45)))
    assert lines[-1] == "and 5 more; --json lists all of them"


def test_the_time_in_zones_is_a_line_for_each_kind():
    """Each kind of zones is one line, with a zero as a value."""
    assert drawn(zones(SourceActivity(extensions=ZONES), everything=False)) == [
        "Time in zones",
        "heart rate  Z1 0:18:28, Z2 0:12:19, Z3 0:00:00",
        "power       Z1 0:13:33, SS 0:08:00",
    ]


def test_the_limits_of_zones_are_shown_with_everything():
    """With `--all`, each zone is a line with its upper limit."""
    lines = drawn(zones(SourceActivity(extensions=ZONES), everything=True))
    assert "Z1    0:18:28  134 bpm" in lines
    assert "Z1    0:13:33   55 %" in lines


@pytest.mark.parametrize(
    "odd",
    [
        {"heartrate_zones": "none"},
        {"heartrate_zones": {"times_s": {"1": 2}}},
        {"power_zones": {"times": [None, {"id": "Z1"}, True]}},
        {"exercises": ["Squat", 3]},
        {"weather": [1], "best_power_watts": 3},
    ],
)
def test_extensions_of_another_form_stop_nothing(odd):
    """A source may put anything into its extensions, and what is not understood is left out."""
    activity = SourceActivity(extensions=odd)
    for everything in (False, True):
        assert drawn(zones(activity, everything=everything)) == []
        assert drawn(figures(activity, everything=everything)) == []
    drawn(sets_of(activity))
    drawn(everything_else(activity))


def test_figures_have_the_unit_of_their_name():
    """The numbers without a field are one paragraph, or a line each with `--all`."""
    activity = SourceActivity(metrics={"decoupling_pct": 4.776, "trimp": 81.6, "ftp_watts": 248.0})
    assert drawn(figures(activity, everything=False)) == [
        "Other figures",
        "figures  decoupling 4.78 %, FTP 248 W, TRIMP 81.6",
    ]
    assert "decoupling  4.78 %" in drawn(figures(activity, everything=True))


@pytest.mark.parametrize(
    ("name", "value", "label", "text"),
    [
        ("coasting_s", 59, "coasting", "59 s"),
        ("coasting_s", 61, "coasting", "0:01:01"),
        ("work_above_ftp_j", 14_318.0, "work above FTP", "14 kJ"),
        ("pace_mps", 2.5, "pace", "6:40 /km"),
        ("lthr_bpm", 165.0, "LTHR", "165 bpm"),
        ("session_rpe", 184.0, "session RPE", "184"),
        ("favorite", True, "favorite", "yes"),
        ("s", 5, "s", "5"),
    ],
)
def test_a_number_is_written_with_the_unit_of_its_name(name, value, label, text):
    """The end of a name is the unit of its value."""
    assert (label_of(name), figure(name, value, "Run")) == (label, text)


def test_weather_and_bests_are_shown():
    """Weather and bests of a service are paragraphs of their own."""
    extensions = {
        "weather": {"average_temperature_c": 12.3, "average_clouds_pct": 80},
        "best_power_watts": {"5": 620.0, "1200": 250.0},
        "fastest_s_by_m": {"1000": 241.0},
    }
    lines = drawn(figures(SourceActivity(sport="Run", extensions=extensions), everything=False))
    assert lines[1:] == [
        "weather     average temperature 12.3 °C, average clouds 80 %",
        "best power  5 s 620 W, 0:20:00 250 W",
        "fastest     1.00 km 0:04:01",
    ]


def test_a_plan_has_a_line_for_each_step():
    """The planned workout is shown with what ends each step and its target."""
    steps = (
        WorkoutStep("warmup", "time", 600.0),
        WorkoutStep("active", "distance", 1000.0, "heart_rate", 150.0, 160.0),
        WorkoutStep("rest", "open"),
        WorkoutStep(None, "repeat", 1.0),
    )
    workout = WorkoutDefinition("5 x 1 km", steps)
    lines = drawn(planned(SourceActivity(workout=workout)))
    assert lines[0] == "Planned workout  5 x 1 km"
    assert [line.split()[1:] for line in lines[2:]] == [
        ["warmup", "0:10:00"],
        ["active", "1.00", "km", "150", "to", "160", "bpm"],
        ["rest", "you", "press", "lap"],
        ["repeat", "repeat", "from", "step", "2"],
    ]


def test_moments_and_segments_are_shown():
    """Labeled moments and the segments of a race each have a table."""
    activity = SourceActivity(
        time_markers=(TimeMarker(90.0, "Sled push", elapsed_s=30.0),),
        race_segments=(RaceSegment("Run 1", 300.0),),
    )
    lines = drawn(planned(activity))
    assert "0:01:30  Sled push  0:00:30" in lines
    assert "1  Run 1    0:05:00" in lines


def test_everything_else_is_named_by_its_path():
    """With `--all`, no stored value is left out: neither of things nor of extensions."""
    activity = SourceActivity(
        gear=Gear("Canyon", id="b1", distance_m=4_312_000.0),
        device=Device("Edge", serial="34", software="14.2"),
        location=Location("Oslo", latitude_deg=59.9),
        extensions={
            "source": "ZWIFT",
            "sensors": [{"kind": "HEART_RATE", "serial": "7"}],
            "custom": {"deep": {"er": 1.5}},
            "tags": ["a", "b"],
        },
    )
    lines = [
        line.split("  ")[0] + "|" + line.split("  ")[-1]
        for line in drawn(everything_else(activity))
    ]
    assert {
        "gear distance|4,312.00 km",
        "device serial|34",
        "device software|14.2",
        "location latitude|59.9 °",
        "source|ZWIFT",
        "sensors.1.kind|HEART_RATE",
        "custom.deep.er|1.5",
        "tags|a, b",
    } <= {line.replace("| ", "|") for line in lines}


def test_the_sets_of_a_file_are_shown(synced, fitglue):
    """After a sync with files, `show` prints the sets that only the file has."""
    fitglue("sync", "--files")
    [strength, *_] = fitglue("activities", "--sport", "WeightTraining", "--json").lines
    output = fitglue("show", str(strength["number"])).out
    assert "Sets\n" in output
    assert "Barbell back squat    12" in output


def test_zones_and_figures_of_a_service_are_shown(synced, fitglue):
    """`show` prints the zones and figures that were stored and shown nowhere; with `--all`, also
    every extension.
    """
    rides = fitglue("activities", "--sport", "ride", "--json").lines
    number = str(rides[0]["number"])
    output = fitglue("show", number).out
    assert "Time in zones\n  heart rate  Z1 " in output
    assert "Other figures\n  figures " in output
    assert "Everything else" not in output
    assert "Everything else\n" in fitglue("show", number, "--all").out
