"""The writing of a pipeline as a document, in one form only: defaults are left out.

Reading what was written gives an equal pipeline.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import yaml

from fitglue_registry.pipeline import conditions
from fitglue_registry.pipeline.conversion import UNITS_S
from fitglue_registry.pipeline.document import SCHEMA, Privacy
from fitglue_registry.registry.scalars import value_of, yaml_1_1_meaning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.pipeline.document import (
        BoosterStep,
        DestinationStep,
        Pipeline,
        Zone,
    )

Several = (
    conditions.AllOf
    | conditions.AnyOf
    | conditions.Sport
    | conditions.Source
    | conditions.Weekday
    | conditions.Has
)
"""The conditions that consist of several conditions or names."""

_WIDTH = 88


def yaml_of(pipeline: Pipeline) -> str:
    """Return a pipeline as YAML."""
    written: str = yaml.dump(
        document_of(pipeline),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        # Mappings and lists of plain values are written on one line.
        default_flow_style=None,
        width=_WIDTH,
    )
    return written


def line_of(condition: conditions.Condition) -> str:
    """Return a condition on one line, without the braces around it."""
    written: str = yaml.dump(
        mapping_of(condition),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=True,
        width=math.inf,
    )
    return written.strip().removeprefix("{").removesuffix("}")


def document_of(pipeline: Pipeline) -> dict[str, Any]:
    """Return a pipeline as plain values, which the store keeps as JSON."""
    document: dict[str, Any] = {"schema": SCHEMA, "name": pipeline.name}
    if pipeline.sources is not None:
        document["sources"] = list(pipeline.sources)
    if pipeline.filter is not None:
        document["filter"] = mapping_of(pipeline.filter)
    if pipeline.wait_s is not None:
        document["wait"] = duration_of(pipeline.wait_s)
    if pipeline.boosters:
        document["boosters"] = list(map(_booster, pipeline.boosters))
    document["destinations"] = list(map(_destination, pipeline.destinations))
    if pipeline.privacy != Privacy():
        document["privacy"] = _privacy(pipeline.privacy)
    if pipeline.delete_there:
        document["delete_there"] = True
    return document


def duration_of(seconds: int) -> str:
    """Return seconds as a duration in the longest unit that needs no fraction: ``20m``."""
    for letter, unit in reversed(UNITS_S.items()):
        number, rest = divmod(seconds, unit)
        if number and not rest:
            return f"{number}{letter}"
    return f"{seconds}s"


# -- conditions ------------------------------------------------------------------------------------


def mapping_of(condition: conditions.Condition) -> dict[str, Any]:
    """Return a condition as a mapping with one key."""
    match condition:
        case conditions.Not():
            return {"not": mapping_of(condition.condition)}
        case conditions.Words():
            return {condition.key: _words(condition)}
        case conditions.Range():
            return {condition.key: _range(condition)}
        case conditions.Flag():
            return {condition.key: condition.value}
        case conditions.TimeOfDay():
            return {"time_of_day": _time_of_day(condition)}
        case conditions.Dates():
            return {"dates": _dates(condition)}
        case conditions.Place():
            return {"place": _circle(condition)}
    return _of_several(condition)


def _of_several(condition: Several) -> dict[str, Any]:
    """Return a condition that consists of several conditions or names."""
    match condition:
        case conditions.AllOf():
            return {"all": list(map(mapping_of, condition.conditions))}
        case conditions.AnyOf():
            return {"any": list(map(mapping_of, condition.conditions))}
        case conditions.Sport():
            return {"sport": _one_or_several(condition.names)}
        case conditions.Source():
            return {"source": _one_or_several(condition.names)}
        case conditions.Weekday():
            return {"weekday": _one_or_several(condition.days)}
        case conditions.Has():
            return {"has": _one_or_several(condition.contents)}


def _words(condition: conditions.Words) -> Any:
    texts = _one_or_several(condition.texts)
    if condition.comparison == "contains":
        return texts
    return {condition.comparison: texts}


def _range(condition: conditions.Range) -> dict[str, float]:
    ends: dict[str, float] = {}
    if condition.minimum is not None:
        ends["min"] = _short(condition.minimum)
    if condition.maximum is not None:
        ends["max"] = _short(condition.maximum)
    return ends


def _time_of_day(condition: conditions.TimeOfDay) -> dict[str, str]:
    return {
        "from": f"{condition.earliest:%H:%M}",
        "until": f"{condition.latest:%H:%M}",
    }


def _dates(condition: conditions.Dates) -> dict[str, str]:
    ends: dict[str, str] = {}
    if condition.since:
        ends["since"] = condition.since.isoformat()
    if condition.until:
        ends["until"] = condition.until.isoformat()
    return ends


def _circle(place: conditions.Place | Zone) -> dict[str, Any]:
    return {
        "latitude": _short(place.latitude_deg),
        "longitude": _short(place.longitude_deg),
        "radius_m": _short(place.radius_m),
    }


def _one_or_several(texts: Sequence[str]) -> str | list[str]:
    if len(texts) == 1:
        return texts[0]
    return list(texts)


def _short(number: float) -> float:
    """Return a number as people write it, without the fraction of a whole number."""
    if number.is_integer():
        return int(number)
    return number


# -- steps and privacy -----------------------------------------------------------------------------


def _booster(step: BoosterStep) -> dict[str, Any]:
    document: dict[str, Any] = {"use": step.use}
    if step.settings:
        document["settings"] = dict(step.settings)
    return document


def _destination(step: DestinationStep) -> dict[str, Any]:
    document: dict[str, Any] = {"to": step.to}
    if step.name != step.to:
        document["name"] = step.name
    if step.connection is not None:
        document["connection"] = step.connection
    if not step.update:
        document["update"] = False
    if step.fill_back:
        document["fill_back"] = True
    if step.settings:
        document["settings"] = dict(step.settings)
    return document


def _privacy(privacy: Privacy) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if privacy.zones:
        document["zones"] = list(map(_zone, privacy.zones))
    if privacy.leave_out:
        document["leave_out"] = list(privacy.leave_out)
    return document


def _zone(zone: Zone) -> dict[str, Any]:
    # What is hidden is written even if it is the default, because much depends on it.
    return {
        **_circle(zone),
        "hide": zone.hide,
    }


# -- YAML ------------------------------------------------------------------------------------------


class _Dumper(yaml.SafeDumper):
    """A writer that quotes every text that a version of YAML could read as something else."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML passes it by name
        """Write a value again where it occurs again, because aliases are not allowed."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = None
    value = value_of(text)
    if not isinstance(value, str) or yaml_1_1_meaning(text, value):
        style = '"'
    return dumper.represent_scalar(
        "tag:yaml.org,2002:str",
        text,
        style=style,
    )


_Dumper.add_representer(str, _text)
