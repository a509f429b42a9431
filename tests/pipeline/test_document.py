"""A pipeline is read from YAML or JSON, and written back in one form."""

from __future__ import annotations

import json
from datetime import date, time

import pytest
from hypothesis import given, settings

from fitglue_registry.errors import UserMistake
from fitglue_registry.pipeline import conditions
from fitglue_registry.pipeline.document import BoosterStep, DestinationStep, Pipeline, Zone
from fitglue_registry.pipeline.reading import read_mapping, read_pipeline
from fitglue_registry.pipeline.writing import document_of, yaml_of
from tests.pipeline.strategies import PIPELINES

EVERYTHING = """\
schema: 1
name: everything
sources: [garmin, intervals]
filter: {all: [{sport: [Ride, Run]}, {not: {indoor: true}}, {distance_km: {min: 5}}]}
wait: 20m
boosters:
  - {use: training-load, settings: {sex: male}}
destinations:
  - {to: intervals, name: icu, connection: intervals-2, update: false, fill_back: true}
  - {to: folder, settings: {path: ~/Workouts, laps: true, digits: 3}}
privacy:
  zones: [{latitude: 47.1, longitude: 8.5, radius_m: 500, hide: track}]
  leave_out: [heartrate]
delete_there: true
"""
SMALLEST = "schema: 1\nname: all\ndestinations: [{to: folder}]\n"


def pipeline(text):
    return read_pipeline(text, "p.yaml").require()


def with_filter(text):
    return pipeline(f"{SMALLEST}filter: {text}\n").filter


def errors(text):
    """Return the errors of a document, as a person sees them."""
    return [str(error) for error in read_pipeline(text, "p.yaml").errors]


def errors_of_filter(text):
    return errors(f"{SMALLEST}filter: {text}\n")


# -- what is read ----------------------------------------------------------------------------------


def test_a_small_pipeline_sends_everything_from_all_sources():
    """A pipeline needs a name and a destination; without more, it takes every workout."""
    assert pipeline(SMALLEST) == Pipeline("all", (DestinationStep("folder", "folder"),))


def test_each_step_of_a_pipeline_is_read():
    """Sources, boosters, destinations, privacy zones and the wait arrive as typed values."""
    read = pipeline(EVERYTHING)
    assert read.sources == ("garmin", "intervals")
    assert read.wait_s == 1_200
    assert read.boosters == (BoosterStep("training-load", {"sex": "male"}),)
    assert read.privacy.zones == (Zone(47.1, 8.5, 500.0, "track"),)
    assert read.delete_there


def test_settings_are_text_for_the_plugin():
    """A setting that is a number or true in YAML reaches the plugin as the text that was typed."""
    assert pipeline(EVERYTHING).destination("folder").settings == {
        "path": "~/Workouts",
        "laps": "true",
        "digits": "3",
    }


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("{sport: cycling}", conditions.Sport(("cycling",))),
        ("{source: [garmin, files]}", conditions.Source(("garmin", "files"))),
        ("{title: lunch}", conditions.Words("title", "contains", ("lunch",))),
        ("{tags: {is: [a, b]}}", conditions.Words("tags", "is", ("a", "b"))),
        ('{gear: {pattern: "*bike"}}', conditions.Words("gear", "pattern", ("*bike",))),
        ("{climb_m: {min: 5, max: 7.5}}", conditions.Range("climb_m", 5.0, 7.5)),
        ("{time_of_day: {from: 16:00, until: 02:00}}", conditions.TimeOfDay(time(16), time(2))),
        ("{dates: {since: 2026-02-01}}", conditions.Dates(date(2026, 2, 1))),
        ("{weekday: monday}", conditions.Weekday(("monday",))),
        (
            "{place: {latitude: 1, longitude: 2, radius_m: 3}}",
            conditions.Place(1.0, 2.0, 3.0),
        ),
        ("{has: [gps, power]}", conditions.Has(("gps", "power"))),
        ("{race: false}", conditions.Flag("race", value=False)),
        ("{not: {race: true}}", conditions.Not(conditions.Flag("race", value=True))),
    ],
)
def test_each_condition_is_read(text, condition):
    """Each kind of condition is a key of the filter; dates and times need no quotes."""
    assert with_filter(text) == condition


def test_several_keys_require_all_of_them():
    """A filter with several keys means the same as ``all`` with one condition for each key."""
    assert with_filter("{race: true, sport: Run}") == with_filter(
        "{all: [{race: true}, {sport: Run}]}"
    )


def test_json_is_read_as_yaml_is():
    """A pipeline in JSON is read by the same reader."""
    document = json.dumps(document_of(pipeline(EVERYTHING)), indent=2)
    assert pipeline(document) == pipeline(EVERYTHING)


# -- what is written -------------------------------------------------------------------------------


def test_the_written_form_leaves_out_defaults():
    """``show --yaml`` writes what differs from the defaults, and nothing else."""
    assert yaml_of(pipeline(SMALLEST)) == ("schema: 1\nname: all\ndestinations:\n- {to: folder}\n")


@settings(max_examples=60)
@given(PIPELINES)
def test_a_written_pipeline_is_read_back_as_it_was(written):
    """Whatever a pipeline contains, reading what was written gives an equal pipeline."""
    assert pipeline(yaml_of(written)) == written
    assert read_mapping(json.loads(json.dumps(document_of(written)))).require() == written


@settings(max_examples=20)
@given(PIPELINES)
def test_there_is_one_written_form(written):
    """A pipeline that was read and written again has the same text."""
    text = yaml_of(written)
    assert yaml_of(pipeline(text)) == text


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{sprot: Ride}",
            "FG-pipeline-unknown-key: key 'sprot' is unknown (p.yaml:4:10, filter.sprot)",
        ),
        (
            "{any: [{race: true}, {sport: [Ride, Runn]}]}",
            (
                "FG-pipeline-unknown-sport: 'Runn' is neither a sport nor a family of sports "
                "(p.yaml:4:45, filter.any[1].sport[1])"
            ),
        ),
        (
            "{distance_km: {min: 9, max: 3}}",
            "FG-pipeline-empty-range: nothing is from 9 to 3 (p.yaml:4:23, filter.distance_km)",
        ),
        (
            "{dates: {since: 2026-02-30}}",
            (
                "FG-pipeline-no-such-day: the day 2026-02-30 does not exist "
                "(p.yaml:4:25, filter.dates.since)"
            ),
        ),
        (
            "{dates: {since: 2026-02-03, until: 2026-02-02}}",
            (
                "FG-pipeline-empty-range: nothing is from 2026-02-03 to 2026-02-02 "
                "(p.yaml:4:17, filter.dates)"
            ),
        ),
        (
            "{distance_km: 5}",
            (
                "FG-pipeline-wrong-value: is the number 5, but must be a mapping "
                "(p.yaml:4:23, filter.distance_km)"
            ),
        ),
        (
            "{has: speed}",
            (
                "FG-pipeline-wrong-value: is 'speed', but must be gps, heartrate, power, cadence, "
                "altitude, distance, laps or sets (p.yaml:4:15, filter.has)"
            ),
        ),
        (
            "{time_of_day: {from: 6:00, until: 09:00}}",
            (
                "FG-pipeline-wrong-value: is '6:00', but must be a time of day, such as 06:30 "
                "(p.yaml:4:30, filter.time_of_day.from)"
            ),
        ),
        (
            "{}",
            "FG-pipeline-wrong-value: is a mapping, but must not be empty (p.yaml:4:9, filter)",
        ),
    ],
)
def test_a_mistake_in_a_filter_has_line_and_column(text, message):
    """Each mistake in a filter is reported at its line and column."""
    assert errors_of_filter(text) == [message]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "destinations: [{to: a}, {to: b, name: a}]",
            (
                "FG-pipeline-name-twice: two destinations have the name a "
                "(p.yaml:3:39, destinations[1].name)"
            ),
        ),
        (
            "destinations: [{to: a}]\nwait: 8d",
            "FG-pipeline-wait: 8d is longer than 7 days (p.yaml:4:7, wait)",
        ),
        (
            "destinations: [{to: My Server}]",
            (
                "FG-pipeline-wrong-value: is 'My Server', but must be the id of an entry, such as "
                "training-load (p.yaml:3:21, destinations[0].to)"
            ),
        ),
        (
            "destinations: [{to: a}]\nwait: 20",
            (
                "FG-pipeline-wrong-value: is the number 20, but must be a duration, such as 20m "
                "(p.yaml:4:7, wait)"
            ),
        ),
        (
            "destinations: []",
            (
                "FG-pipeline-wrong-value: is a list of 0, but must not be empty "
                "(p.yaml:3:15, destinations)"
            ),
        ),
        (
            "destinations: [{name: a}]",
            "FG-pipeline-missing-key: key 'to' is missing (p.yaml:3:16, destinations[0])",
        ),
        (
            "destinations: [{to: &x a}]",
            "FG-pipeline-not-yaml: anchor &x is not allowed in a pipeline (p.yaml:3:21)",
        ),
        (
            'destinations: [{to: a}]\nsources: ["a\\x1b[2J"]',
            "FG-pipeline-wrong-value: the text has a control character (p.yaml:4:11, sources[0])",
        ),
    ],
)
def test_a_mistake_in_a_step_has_line_and_column(text, message):
    """Each mistake in a step is reported at its line and column, as a pipeline and not an entry."""
    assert errors(f"schema: 1\nname: p\n{text}\n") == [message]


def test_a_newer_format_is_reported_as_such():
    """A pipeline of a newer version is not read by guessing what its keys mean."""
    [error] = read_pipeline("schema: 2\nflow: []\n", "p.yaml").errors
    assert (error.code, error.fix) == ("FG-pipeline-newer", "upgrade fitglue-registry")


def test_an_empty_file_is_reported_as_such():
    """An empty file is refused, and the error says how to begin."""
    assert errors("") == ["FG-pipeline-missing-key: the file is empty (p.yaml)"]


def nested(levels, part):
    """Return plain values of a pipeline with nested conditions."""
    for _ in range(levels):
        part = {"not": part}
    return {"schema": 1, "name": "p", "destinations": [{"to": "a"}], "filter": part}


@pytest.mark.parametrize("levels", [30, 3_000, 100_000])
def test_endless_nesting_is_refused(levels):
    """Conditions that are nested without need are a mistake, and never a crash."""
    [error] = read_mapping(nested(levels, {"race": True})).errors
    assert error.code == "FG-pipeline-too-deep"


def test_what_is_accepted_can_be_written_and_read():
    """Conditions are refused if the written form, which has more levels, could not be read."""
    several = {"race": True, "title": {"is": ["a", "b"]}}
    accepted = [depth for depth in range(20) if not read_mapping(nested(depth, several)).errors]
    assert len(accepted) > 8
    for depth in accepted:
        read = read_mapping(nested(depth, several)).require()
        assert pipeline(yaml_of(read)) == read


def test_plain_values_are_checked_as_a_file_is():
    """An application that passes plain values gets the same errors, without lines."""
    with pytest.raises(UserMistake, match="'Rid' is neither a sport") as refused:
        read_mapping(
            {"schema": 1, "name": "p", "destinations": [{"to": "a"}], "filter": {"sport": "Rid"}}
        ).require()
    assert refused.value.fix == "did you mean Ride?"
