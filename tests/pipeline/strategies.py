"""Hypothesis strategies for pipelines, their conditions, and workouts to filter."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from hypothesis import strategies as st

from fitglue_registry.model import SPORTS, Device, Gear, Location, SourceActivity
from fitglue_registry.pipeline import conditions
from fitglue_registry.pipeline.candidate import Candidate
from fitglue_registry.pipeline.conditions import WEEKDAYS
from fitglue_registry.pipeline.conversion import UNITS_S
from fitglue_registry.pipeline.document import (
    BoosterStep,
    DestinationStep,
    Pipeline,
    Privacy,
    Zone,
)
from fitglue_registry.pipeline.flaws import LONGEST_WAIT_S, SPORT_NAMES
from fitglue_registry.redaction.control_characters import has_control_characters
from fitglue_registry.registry.schemas import validator


def enum(*path: str) -> list[str]:
    """Return the values that the schema allows at a path of its definitions."""
    node: Any = validator("pipeline").schema["$defs"]
    for step in path:
        node = node[step]
    values: list[str] = node["enum"]
    return values


#: Texts that YAML could read as something else, beside all other texts.
TEXTS = st.sampled_from(["no", "1e3", "0o7", "2026-01-01", "12:30", "~", "- a", "#x", "a: b"]) | (
    st.text(min_size=1, max_size=12).filter(lambda text: not has_control_characters(text))
)
NAMES = st.from_regex(r"[a-z0-9]{1,6}(-[a-z0-9]{1,6})?", fullmatch=True)
NUMBERS = st.floats(0, 1e6)
LATITUDES = st.floats(-90, 90)
LONGITUDES = st.floats(-180, 180)
SETTINGS = st.dictionaries(TEXTS, TEXTS, max_size=3)


def several(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Return a strategy for a few different values."""
    return st.lists(values, min_size=1, max_size=3, unique=True).map(tuple)


def _range(key: Any) -> st.SearchStrategy[conditions.Range]:
    both = st.tuples(NUMBERS, NUMBERS).map(lambda ends: conditions.Range(key, *sorted(ends)))
    lower = NUMBERS.map(lambda end: conditions.Range(key, end))
    upper = NUMBERS.map(lambda end: conditions.Range(key, None, end))
    return both | lower | upper


def _dates() -> st.SearchStrategy[conditions.Dates]:
    days = st.dates(date(1990, 1, 1), date(2099, 12, 31))
    both = st.tuples(days, days).map(lambda ends: conditions.Dates(*sorted(ends)))
    return both | days.map(conditions.Dates) | days.map(lambda day: conditions.Dates(None, day))


CLOCKS = st.times().map(lambda moment: time(moment.hour, moment.minute))
SIMPLE = st.one_of(
    st.builds(conditions.Sport, several(st.sampled_from(sorted(SPORT_NAMES)))),
    st.builds(conditions.Source, several(TEXTS)),
    st.builds(
        conditions.Words,
        st.sampled_from(["title", "description", "tags", "device", "gear"]),
        st.sampled_from(["contains", "is", "pattern"]),
        several(TEXTS),
    ),
    *map(_range, ["distance_km", "duration_min", "climb_m"]),
    st.builds(conditions.TimeOfDay, CLOCKS, CLOCKS),
    st.builds(conditions.Weekday, several(st.sampled_from(WEEKDAYS))),
    _dates(),
    st.builds(conditions.Place, LATITUDES, LONGITUDES, st.floats(1, 1e6)),
    st.builds(conditions.Has, several(st.sampled_from(enum("content")))),
    st.builds(conditions.Flag, st.sampled_from(["indoor", "commute", "race"]), st.booleans()),
)


def _combined(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    parts = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return parts.map(conditions.AllOf) | parts.map(conditions.AnyOf) | inner.map(conditions.Not)


CONDITIONS = st.recursive(SIMPLE, _combined, max_leaves=5)
ZONES = st.builds(
    Zone,
    LATITUDES,
    LONGITUDES,
    st.floats(10, 50_000),
    st.sampled_from(enum("zone", "properties", "hide")),
)
LEFT_OUT = st.sampled_from(enum("privacy", "properties", "leave_out", "items"))
DESTINATIONS = st.builds(
    DestinationStep,
    to=NAMES,
    name=NAMES,
    connection=st.none() | TEXTS,
    update=st.booleans(),
    fill_back=st.booleans(),
    settings=SETTINGS,
)
WAITS = st.builds(
    lambda number, unit: min(number * unit, LONGEST_WAIT_S),
    st.integers(0, 400),
    st.sampled_from(sorted(UNITS_S.values())),
)
PIPELINES = st.builds(
    Pipeline,
    name=NAMES,
    destinations=st.lists(
        DESTINATIONS, min_size=1, max_size=3, unique_by=lambda step: step.name
    ).map(tuple),
    sources=st.none() | several(TEXTS),
    filter=st.none() | CONDITIONS,
    wait_s=st.none() | WAITS,
    boosters=st.lists(st.builds(BoosterStep, NAMES, SETTINGS), max_size=2).map(tuple),
    privacy=st.builds(
        Privacy,
        st.lists(ZONES, max_size=2).map(tuple),
        st.lists(LEFT_OUT, max_size=3, unique=True).map(tuple),
    ),
    delete_there=st.booleans(),
)


# -- workouts --------------------------------------------------------------------------------------


def _locations() -> st.SearchStrategy[Location]:
    return st.builds(Location, latitude_deg=LATITUDES, longitude_deg=LONGITUDES)


ACTIVITIES = st.builds(
    SourceActivity,
    title=st.none() | TEXTS,
    description=st.none() | TEXTS,
    tags=st.lists(TEXTS, max_size=2).map(tuple),
    sport=st.none() | st.sampled_from(sorted(SPORTS)),
    trainer=st.none() | st.booleans(),
    commute=st.none() | st.booleans(),
    race=st.none() | st.booleans(),
    start_utc=st.just(datetime(2026, 5, 1, 5, 30, tzinfo=UTC)),
    start_local=st.none()
    | st.datetimes(*map(datetime.fromisoformat, ["2025-01-01", "2027-01-01"])),
    moving_s=st.none() | NUMBERS,
    elapsed_s=st.none() | NUMBERS,
    distance_m=st.none() | NUMBERS,
    elevation_gain_m=st.none() | NUMBERS,
    average_heartrate_bpm=st.none() | st.floats(0, 220),
    location=st.none() | _locations(),
    device=st.none() | st.builds(Device, name=st.none() | TEXTS),
    gear=st.none() | st.builds(Gear, name=st.none() | TEXTS),
)
CANDIDATES = st.builds(
    Candidate,
    ACTIVITIES,
    st.dictionaries(TEXTS, NAMES, max_size=2),
    st.frozensets(st.sampled_from(["time", "latlng", "heartrate", "watts"])),
)
