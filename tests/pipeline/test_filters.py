"""A filter takes a workout or passes it over, and says why."""

from __future__ import annotations

import time as clock
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitglue_registry.model import (
    Column,
    Device,
    Gear,
    Location,
    Provenance,
    SourceActivity,
    Stream,
)
from fitglue_registry.pipeline.candidate import Candidate
from fitglue_registry.pipeline.conditions import AllOf, AnyOf, Has, Not, Words
from fitglue_registry.pipeline.content_findings import _NOUNS
from fitglue_registry.pipeline.filters import decide
from fitglue_registry.pipeline.reading import read_pipeline
from fitglue_registry.pipeline.writing import mapping_of
from fitglue_registry.validation.wording import describe
from tests.pipeline.strategies import CANDIDATES, CONDITIONS, SIMPLE

#: Each law is tried with fewer examples than usual, because there are several of them.
LAW = settings(max_examples=40)


def workout(**values):
    """Return a workout; a friday morning in May, and what else a test states."""
    known = {
        "sport": "Ride",
        "start_utc": datetime(2026, 5, 1, 5, 30, tzinfo=UTC),
        "start_local": datetime.fromisoformat("2026-05-01T07:30"),
    }
    return SourceActivity(**(known | values))


def verdict(text, activity=None, **known):
    """Return what a filter in YAML decides about a workout."""
    pipeline = read_pipeline(f"schema: 1\nname: p\ndestinations: [{{to: a}}]\nfilter: {text}\n")
    return decide(pipeline.require().filter, Candidate(activity or workout(), **known))


def test_without_a_filter_every_workout_is_taken():
    """A pipeline without a filter takes every workout, and says so."""
    taken = decide(None, Candidate(workout()))
    assert taken == (True, "the pipeline takes every workout")


# -- reasons ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "values", "taken", "reason"),
    [
        (
            "{distance_km: {min: 5}}",
            {"distance_m": 3_200},
            False,
            "its distance is 3.2 km, and the pipeline takes 5 km or more",
        ),
        (
            "{distance_km: {min: 5}}",
            {"distance_m": 5_000},
            True,
            "its distance is 5 km, and the pipeline takes 5 km or more",
        ),
        (
            "{distance_km: {min: 5}}",
            {"distance_m": 4_999.7},
            False,
            "its distance is 4.9997 km, and the pipeline takes 5 km or more",
        ),
        (
            "{duration_min: {min: 20, max: 300}}",
            {"elapsed_s": 900.0},
            False,
            "its duration is 15 min, and the pipeline takes 20 to 300 min",
        ),
        (
            "{climb_m: {max: 100}}",
            {"elevation_gain_m": 0.0},
            True,
            "its climb is 0 m, and the pipeline takes 100 m or less",
        ),
        (
            "{not: {distance_km: {max: 3}}}",
            {"distance_m": 2_000},
            False,
            "its distance is 2 km, and the pipeline does not take 3 km or less",
        ),
        (
            "{sport: [running, Swim]}",
            {},
            False,
            "its sport is Ride, and the pipeline takes running or Swim",
        ),
        (
            "{sport: cycling}",
            {"sport": "GravelRide"},
            True,
            "its sport is GravelRide, and the pipeline takes cycling",
        ),
        (
            "{title: [lunch, dinner]}",
            {"title": "Morning ride"},
            False,
            "its title is 'Morning ride', and the pipeline takes titles with 'lunch' or 'dinner'",
        ),
        (
            "{title: lunch}",
            {},
            False,
            "it has no title, and the pipeline takes titles with 'lunch'",
        ),
        (
            "{tags: {is: test}}",
            {"tags": ("a", "Test")},
            True,
            "its tags are 'a' and 'Test', and the pipeline takes tags that are exactly 'test'",
        ),
        (
            '{device: {pattern: "edge*"}}',
            {"device": Device(name="Edge 530", manufacturer="Garmin")},
            True,
            (
                "its device is 'Edge 530' and 'Garmin', and the pipeline takes devices of the form "
                "'edge*'"
            ),
        ),
        (
            "{gear: gravel}",
            {"gear": Gear(name="Road bike")},
            False,
            "its gear is 'Road bike', and the pipeline takes gear with 'gravel'",
        ),
        (
            "{time_of_day: {from: 16:00, until: 05:00}}",
            {},
            False,
            ("it starts at 07:30, and the pipeline takes workouts that start from 16:00 to 05:00"),
        ),
        (
            "{weekday: [saturday, sunday]}",
            {},
            False,
            ("it took place on a Friday, and the pipeline takes workouts on a Saturday or Sunday"),
        ),
        (
            "{dates: {since: 2026-05-02}}",
            {},
            False,
            "it took place on 2026-05-01, and the pipeline takes workouts since 2026-05-02",
        ),
        (
            "{place: {latitude: 47, longitude: 8, radius_m: 500}}",
            {"location": Location(latitude_deg=47.01, longitude_deg=8.0)},
            False,
            (
                "it starts 1112 m from 47, 8, and the pipeline takes workouts that start within "
                "500 m of 47, 8"
            ),
        ),
        (
            "{has: [heartrate, power]}",
            {"average_heartrate_bpm": 140.0},
            False,
            ("it has no power, and the pipeline takes workouts with heart rate and power"),
        ),
        (
            "{race: true}",
            {},
            False,
            (
                "it is not marked as a race, and the pipeline takes workouts that are marked as a "
                "race"
            ),
        ),
        (
            "{indoor: false}",
            {"sport": "VirtualRide"},
            False,
            (
                "its sport, VirtualRide, is indoors, and the pipeline takes workouts that are not "
                "marked as indoor"
            ),
        ),
    ],
)
def test_the_reason_is_a_sentence(text, values, taken, reason):
    """The reason says what the workout has and what the pipeline takes, on the right side of each
    limit.
    """
    assert verdict(text, workout(**values)) == (taken, reason)


def test_a_source_is_a_connection_or_an_entry():
    """A filter can name the connection ``garmin-2`` as well as the source ``garmin``."""
    sources = {"garmin-2": "garmin", "files": "files"}
    assert verdict("{source: garmin}", sources=sources).taken
    assert verdict("{source: strava}", sources=sources) == (
        False,
        "it comes from files and garmin-2, and the pipeline takes workouts from strava",
    )


def test_all_reasons_for_passing_over_are_given():
    """If several conditions are not met, the reason names each of them."""
    assert verdict("{sport: Run, race: true, climb_m: {min: 0}}") == (
        False,
        (
            "its sport is Ride, and the pipeline takes Run; it is not marked as a race, and the "
            "pipeline takes workouts that are marked as a race"
        ),
    )


def test_many_reasons_are_counted():
    """A reason stays readable: after three clauses, the others are counted."""
    sports = ", ".join(f"{{sport: {sport}}}" for sport in ("Run", "Walk", "Swim", "Hike", "Golf"))
    assert verdict(f"{{any: [{sports}]}}").reason.endswith("; and 2 more of its conditions")


# -- what is missing -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("{distance_km: {max: 5}}", "its distance is not known"),
        ("{duration_min: {max: 5}}", "its duration is not known"),
        ("{climb_m: {max: 5}}", "its climb is not known"),
        ("{time_of_day: {from: 00:00, until: 23:59}}", "its local time is not known"),
        (
            "{place: {latitude: 0, longitude: 0, radius_m: 500}}",
            "the place of its start is not known",
        ),
    ],
)
def test_a_missing_value_is_neither_small_nor_large(text, missing):
    """What the workout lacks is named as such; neither the condition nor its opposite is met."""
    bare = workout(start_local=None)
    for wanted in (text, f"{{not: {text}}}"):
        passed = verdict(wanted, bare)
        assert (passed.taken, passed.reason.startswith(missing)) == (False, True)


def test_zero_is_a_value():
    """A distance of zero is known, and it is 5 km or less."""
    assert verdict("{distance_km: {max: 5}}", workout(distance_m=0.0)).taken


def test_another_condition_can_decide_although_a_value_is_missing():
    """A race without a distance is taken by a filter for long workouts or races."""
    wanted = "{any: [{distance_km: {min: 5}}, {race: true}]}"
    assert verdict(wanted, workout(race=True)).taken


def test_a_clock_that_was_never_set_gives_no_day():
    """A start that the source only guessed has neither a day nor a time."""
    guessed = workout(provenance={"start_utc": Provenance("estimated")})
    for day in (None, date(2026, 5, 1)):
        assert verdict("{weekday: friday}", guessed, day=day).reason.startswith(
            "its day is not known"
        )


def test_the_day_is_the_one_of_lists():
    """Where the store knows the local day, it decides, and not the day in UTC."""
    unzoned = workout(start_local=None)
    assert verdict("{weekday: saturday}", unzoned, day=date(2026, 5, 2)).taken


def test_the_first_position_is_the_start_if_no_place_is_stated():
    """A workout without a stated place begins at its first position."""
    track = Stream("latlng", Column.pairs([None, 47.0], [None, 8.0]))
    place = "{place: {latitude: 47, longitude: 8, radius_m: 5}}"
    assert verdict(place, workout(streams=(track,))).taken


def test_a_gps_track_is_a_stream():
    """A place alone is no track; the stream of positions is."""
    place = workout(location=Location(latitude_deg=47.0, longitude_deg=8.0))
    assert not verdict("{has: gps}", place).taken
    assert verdict("{has: gps}", place, stream_types=frozenset({"latlng"})).taken


# -- texts and patterns ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "title", "taken"),
    [
        ("Zürich", "zu\u0308RICH am See", True),
        ("{is: Zürich}", "Zürich am See", False),
        ('{pattern: "*see"}', "Zürich am See", True),
        ('{pattern: "z?rich"}', "Zürich am See", False),
        ('{pattern: "[ab]*"}', "[AB] intervals", True),
        ('{pattern: "[ab]*"}', "alps", False),
    ],
)
def test_texts_are_compared_without_regard_to_case_and_encoding(wanted, title, taken):
    """Case, and how an accent is encoded, make no difference; brackets are plain characters."""
    assert verdict(f"{{title: {wanted}}}", workout(title=title)).taken is taken


def test_a_pattern_takes_linear_time():
    """A pattern of many stars decides about a hostile title of 200,000 characters at once."""
    hostile = workout(title="a" * 200_000)
    wanted = Words("title", "pattern", ("*a" * 90 + "*b",))
    begin = clock.process_time()
    assert not decide(wanted, Candidate(hostile)).taken
    assert clock.process_time() - begin < 5


# -- laws ------------------------------------------------------------------------------------------


@LAW
@given(CONDITIONS, CANDIDATES)
def test_not_is_an_involution(condition, candidate):
    """``not: {not: X}`` decides as X does, with the same reason."""
    assert decide(Not(Not(condition)), candidate) == decide(condition, candidate)


@LAW
@given(CONDITIONS, CANDIDATES)
def test_a_condition_and_its_opposite_are_never_both_met(condition, candidate):
    """No workout is taken by a filter as well as by its opposite."""
    assert not (decide(condition, candidate).taken and decide(Not(condition), candidate).taken)


@LAW
@given(st.permutations(range(3)), st.lists(CONDITIONS, min_size=3, max_size=3), CANDIDATES)
def test_the_order_of_conditions_does_not_matter(order, parts, candidate):
    """``all`` and ``any`` decide the same in whatever order their conditions are."""
    shuffled = tuple(parts[number] for number in order)
    for combined in (AllOf, AnyOf):
        in_order = decide(combined(tuple(parts)), candidate)
        assert decide(combined(shuffled), candidate).taken == in_order.taken


@LAW
@given(st.lists(CONDITIONS, min_size=1, max_size=3).map(tuple), CANDIDATES)
def test_all_and_any_are_what_they_say(parts, candidate):
    """``all`` takes what each of its conditions takes, and ``any`` what one of them takes."""
    taken = [decide(part, candidate).taken for part in parts]
    assert decide(AllOf(parts), candidate).taken == all(taken)
    assert decide(AnyOf(parts), candidate).taken == any(taken)


@LAW
@given(st.lists(CONDITIONS, min_size=1, max_size=3).map(tuple), CANDIDATES)
def test_not_all_is_any_not(parts, candidate):
    """The opposite of ``all`` is ``any`` of the opposites (De Morgan), with the same reasons."""
    opposites = tuple(map(Not, parts))
    assert decide(Not(AllOf(parts)), candidate) == decide(AnyOf(opposites), candidate)


def leaves(value):
    """Yield the texts and the numbers of plain values, as a reason writes them."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from leaves(part)
    elif isinstance(value, str):
        yield value.casefold()
    elif not isinstance(value, bool):
        yield f"{value:.10g}"


def named(condition):
    """Return the words with which a reason must name a simple condition."""
    [(key, value)] = mapping_of(condition).items()
    if isinstance(condition, Words):
        return [describe(text).casefold() for text in condition.texts]
    if isinstance(condition, Has):
        return [_NOUNS[content].casefold() for content in condition.contents]
    return [*leaves(value)] or [key]


@LAW
@given(SIMPLE, CANDIDATES, st.booleans())
def test_every_reason_names_the_condition(condition, candidate, is_opposite):
    """Whatever is decided, the reason says what the condition asks for."""
    wanted = Not(condition) if is_opposite else condition
    reason = decide(wanted, candidate).reason.casefold()
    assert ("does not take" if is_opposite else "the pipeline takes") in reason
    assert [word for word in named(condition) if word not in reason] == []
