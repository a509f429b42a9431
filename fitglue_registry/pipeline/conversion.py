"""The conversion of a valid document into the typed values of a pipeline.

The document must meet the schema ``pipeline.json`` and the rules of ``flaws``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, time
from itertools import starmap
from typing import Any

from fitglue_registry.pipeline import conditions
from fitglue_registry.pipeline.document import (
    BoosterStep,
    DestinationStep,
    Pipeline,
    Privacy,
    Zone,
)

Names = tuple[str, ...]

UNITS_S = {
    "s": 1,
    "m": 60,
    "h": 3_600,
    "d": 86_400,
}
"""The letters of a duration → their seconds, from the shortest to the longest."""


def pipeline_of(document: Mapping[str, Any]) -> Pipeline:
    """Return the pipeline that a document describes.

    Args:
        document: Plain value of the document.
    """
    destinations = map(_destination, document["destinations"])
    boosters = map(_booster, document.get("boosters", ()))
    return Pipeline(
        name=document["name"],
        destinations=tuple(destinations),
        sources=_if_present(tuple, document.get("sources")),
        filter=_if_present(condition_of, document.get("filter")),
        wait_s=_if_present(seconds_of, document.get("wait")),
        boosters=tuple(boosters),
        privacy=_privacy(document.get("privacy", {})),
        delete_there=document.get("delete_there", False),
    )


def seconds_of(duration: str) -> int:
    """Return the seconds of a duration such as ``20m``."""
    number = duration[:-1]
    unit = duration[-1]
    return int(number) * UNITS_S[unit]


def _if_present(convert: Callable[[Any], Any], value: Any) -> Any:
    """Return a converted value, or ``None`` for ``None``, which is an absent key."""
    if value is None:
        return None
    return convert(value)


# -- conditions ------------------------------------------------------------------------------------


def condition_of(document: Mapping[str, Any]) -> conditions.Condition:
    """Return the condition that a mapping describes; several keys are conditions of ``AllOf``."""
    parts = tuple(starmap(_single, document.items()))
    if len(parts) == 1:
        return parts[0]
    return conditions.AllOf(parts)


def _single(key: str, value: Any) -> conditions.Condition:
    """Return the condition that one key describes."""
    if key == "not":
        return conditions.Not(condition_of(value))
    if key in _OF_CONDITIONS:
        combined = _OF_CONDITIONS[key]
        parts = map(condition_of, value)
        return combined(tuple(parts))
    if key in _OF_NAMES:
        named = _OF_NAMES[key]
        return named(_several(value))
    if key in _OF_ENDS:
        convert = _OF_ENDS[key]
        return convert(value)
    return _with_key(key, value)


def _with_key(key: Any, value: Any) -> conditions.Condition:
    """Return a condition whose type has several keys."""
    if key in _FLAGS:
        return conditions.Flag(key, value)
    if key in _RANGES:
        minimum = _if_present(float, value.get("min"))
        maximum = _if_present(float, value.get("max"))
        return conditions.Range(key, minimum, maximum)
    # A text alone, or a list of texts, is what must occur.
    if not isinstance(value, Mapping):
        return conditions.Words(key, "contains", _several(value))
    [(comparison, texts)] = value.items()
    return conditions.Words(key, comparison, _several(texts))


def _time_of_day(value: Any) -> conditions.Condition:
    earliest = time.fromisoformat(value["from"])
    latest = time.fromisoformat(value["until"])
    return conditions.TimeOfDay(earliest, latest)


def _dates(value: Any) -> conditions.Condition:
    since = _if_present(date.fromisoformat, value.get("since"))
    until = _if_present(date.fromisoformat, value.get("until"))
    return conditions.Dates(since, until)


def _place(value: Any) -> conditions.Condition:
    return conditions.Place(
        float(value["latitude"]),
        float(value["longitude"]),
        float(value["radius_m"]),
    )


_RANGES = (
    "distance_km",
    "duration_min",
    "climb_m",
)
_FLAGS = (
    "indoor",
    "commute",
    "race",
)
_OF_CONDITIONS: dict[str, type[conditions.AllOf | conditions.AnyOf]] = {
    "all": conditions.AllOf,
    "any": conditions.AnyOf,
}
_OF_NAMES: dict[str, Callable[[Names], conditions.Condition]] = {
    "sport": conditions.Sport,
    "source": conditions.Source,
    "weekday": conditions.Weekday,
    "has": conditions.Has,
}
_OF_ENDS = {
    "time_of_day": _time_of_day,
    "dates": _dates,
    "place": _place,
}


def _several(value: Any) -> Names:
    """Return the texts of a value that is one text or a list of texts."""
    if isinstance(value, str):
        return (value,)
    return tuple(value)


# -- steps and privacy -----------------------------------------------------------------------------


def _booster(step: Mapping[str, Any]) -> BoosterStep:
    return BoosterStep(step["use"], _settings(step))


def _destination(step: Mapping[str, Any]) -> DestinationStep:
    return DestinationStep(
        to=step["to"],
        name=step.get("name", step["to"]),
        connection=step.get("connection"),
        update=step.get("update", True),
        fill_back=step.get("fill_back", False),
        settings=_settings(step),
    )


def _settings(step: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings of a step as text, which is what a plugin gets."""
    settings: dict[str, str] = {}
    for key, value in step.get("settings", {}).items():
        settings[key] = _as_text(value)
    return settings


def _as_text(value: Any) -> str:
    # As YAML writes it, not as Python does.
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _privacy(document: Mapping[str, Any]) -> Privacy:
    zones = map(_zone, document.get("zones", ()))
    left_out = document.get("leave_out", ())
    return Privacy(tuple(zones), tuple(left_out))


def _zone(document: Mapping[str, Any]) -> Zone:
    return Zone(
        latitude_deg=float(document["latitude"]),
        longitude_deg=float(document["longitude"]),
        radius_m=float(document["radius_m"]),
        hide=document.get("hide", "ends"),
    )
