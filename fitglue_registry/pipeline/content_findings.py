"""The findings of conditions about what a workout has, and about what it is marked as."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.pipeline.finding import Finding, listed

if TYPE_CHECKING:
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.pipeline.candidate import Candidate
    from fitglue_registry.pipeline.conditions import Flag, Has

#: Content → how it is called.
_NOUNS = {
    "gps": "GPS track",
    "heartrate": "heart rate",
    "power": "power",
    "cadence": "cadence",
    "altitude": "altitude",
    "distance": "distance",
    "laps": "laps",
    "sets": "sets",
}
#: Content → the stream that is it, if there is one.
_STREAMS = {
    "gps": "latlng",
    "heartrate": "heartrate",
    "power": "watts",
    "cadence": "cadence",
    "altitude": "altitude",
}
#: Content → the fields of which one is enough.
_FIELDS = {
    "gps": (),
    "heartrate": ("average_heartrate_bpm", "max_heartrate_bpm"),
    "power": ("average_watts", "weighted_average_watts"),
    "cadence": ("average_cadence_rpm",),
    "altitude": ("average_altitude_m", "max_altitude_m"),
    "distance": ("distance_m",),
    "laps": ("laps",),
    "sets": ("sets",),
}
#: Key of a flag → the field, and how a workout is marked.
_MARKS = {
    "indoor": ("trainer", "as indoor"),
    "commute": ("commute", "as a commute"),
    "race": ("race", "as a race"),
}


def has_finding(condition: Has, candidate: Candidate) -> Finding:
    """Return whether the workout has all of some contents."""
    names: list[str] = []
    lacking: list[str] = []
    for content in condition.contents:
        noun = _NOUNS[content]
        names.append(noun)
        if not _has(content, candidate):
            lacking.append(noun)
    contents = listed(names, "and")
    fact = f"it has {contents}"
    if lacking:
        fact = f"it has no {listed(lacking)}"
    return Finding(
        not lacking,
        fact,
        f"workouts with {contents}",
    )


def _has(content: str, candidate: Candidate) -> bool:
    if _STREAMS.get(content) in candidate.stream_types:
        return True
    for name in _FIELDS[content]:
        value = getattr(candidate.activity, name)
        # Zero is a value; an empty tuple is none.
        if value not in (None, ()):
            return True
    return False


def flag_finding(condition: Flag, candidate: Candidate) -> Finding:
    """Return whether the workout is marked as something, or is not."""
    field, mark = _MARKS[condition.key]
    value = getattr(candidate.activity, field)
    wanted = f"workouts that are marked {mark}"
    if not condition.value:
        wanted = f"workouts that are not marked {mark}"
    fact = f"it is not marked {mark}"
    if value:
        fact = f"it is marked {mark}"
    # A source that marks nothing can still name a sport of a virtual world.
    elif field == "trainer" and value is None and _is_virtual(candidate.activity):
        value = True
        fact = f"its sport, {candidate.activity.sport}, is indoors"
    return Finding(
        bool(value) == condition.value,
        fact,
        wanted,
    )


def _is_virtual(activity: SourceActivity) -> bool:
    return activity.sport is not None and activity.sport.startswith("Virtual")
