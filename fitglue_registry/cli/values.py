"""Formats the values of an activity for people, in groups with headings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fitglue_registry.cli import numbers
from fitglue_registry.cli.text import short_prose
from fitglue_registry.model.absence import ABSENT
from fitglue_registry.model.sports import family

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.model import SourceActivity

#: Formats a value; the activity is passed because some units depend on its sport.
Write = Callable[[Any, "SourceActivity"], str]
#: Fields that say how far, how fast and how high a workout went.
_WAY = frozenset(
    {
        "distance_m",
        "average_speed_mps",
        "max_speed_mps",
        "elevation_gain_m",
        "elevation_loss_m",
    }
)
#: The heading of a group, and (field, label, text) of each of its values.
Group = tuple[str, list[tuple[str, str, str]]]


def _unit(unit: str, digits: int = 0) -> Write:
    # Adding zero turns the -0 that rounding leaves of a small negative number into 0.
    return lambda value, _: f"{round(value, digits) + 0.0:,.{digits}f} {unit}"


def _watts(value: Any, activity: SourceActivity) -> str:
    return f"{numbers.whole(value, estimated=activity.power_kind == 'estimated')} W"


def _cadence(value: Any, activity: SourceActivity) -> str:
    # Most sources count one leg of a run, but runners know their cadence as steps of both.
    if activity.cadence_per_leg:
        return f"{value * 2:.0f} steps/min"
    return f"{value:.0f} rpm"


def _named(value: Any, _: SourceActivity) -> str:
    """Return the words that name a thing; none if only its serial number or its place is known."""
    words: list[str] = []
    for part in (value.name, getattr(value, "manufacturer", None), getattr(value, "product", None)):
        # The number of a product says nothing to a person, and the name often has the other words.
        if part and not part.isdecimal() and part.casefold() not in " ".join(words).casefold():
            words.append(part)
    return ", ".join(words)


def _gear(value: Any, activity: SourceActivity) -> str:
    """Return the name of the gear, and how far it had come when the source last changed it."""
    name = _named(value, activity)
    if not name or not value.distance_m:
        return name
    return f"{name} ({numbers.km(value.distance_m, 0)} km so far)"


def _loads(value: Any, _: SourceActivity) -> str:
    texts = []
    for load in value:
        text = numbers.plain(load.value)
        # Sources compute training load by power, heart rate or pace, and the results cannot be
        # compared.
        if load.method:
            text += f" by {load.method.replace('_', ' ')}"
        texts.append(text)
    return ", ".join(texts)


def _plain(value: Any, _: SourceActivity) -> str:
    return numbers.plain(value)


def _clock(value: Any, _: SourceActivity) -> str:
    return numbers.clock(value)


def _distance(value: Any, _: SourceActivity) -> str:
    return numbers.distance(value, 2)


def _speed(value: Any, activity: SourceActivity) -> str:
    return numbers.speed(value, activity.sport)


def _yes(value: Any, _: SourceActivity) -> str:
    return "yes" if value else "no"


def _pool(value: Any, _: SourceActivity) -> str:
    return f"{numbers.plain(value)} m"


def _words(value: Any, _: SourceActivity) -> str:
    return str(value)


def _parent(value: Any, _: SourceActivity) -> str:
    # The hash of a file says nothing to a person. `fitglue show --json` prints it.
    if value.startswith("file:"):
        return "a multisport file"
    return f"the multisport activity {value}"


def _list(value: Any, _: SourceActivity) -> str:
    return ", ".join(value)


GROUPS: dict[str, dict[str, tuple[str, Write]]] = {
    "Time": {
        "elapsed_s": ("elapsed", _clock),
        "moving_s": ("moving", _clock),
        "recording_s": ("recording", _clock),
    },
    "Distance and height": {
        "distance_m": ("distance", _distance),
        "average_speed_mps": ("average speed", _speed),
        "max_speed_mps": ("highest speed", _speed),
        "elevation_gain_m": ("ascent", _unit("m")),
        "elevation_loss_m": ("descent", _unit("m")),
        "average_altitude_m": ("average altitude", _unit("m")),
        "min_altitude_m": ("lowest point", _unit("m")),
        "max_altitude_m": ("highest point", _unit("m")),
        "pool_length_m": ("pool", _pool),
        "pool_lengths": ("lengths", _words),
    },
    "Body": {
        "average_heartrate_bpm": ("average heart rate", _unit("bpm")),
        "max_heartrate_bpm": ("highest heart rate", _unit("bpm")),
        "min_heartrate_bpm": ("lowest heart rate", _unit("bpm")),
        "average_watts": ("average power", _watts),
        "weighted_average_watts": ("normalized power", _watts),
        "max_watts": ("highest power", _watts),
        "power_kind": ("power is", _words),
        "average_cadence_rpm": ("average cadence", _cadence),
        "max_cadence_rpm": ("highest cadence", _cadence),
        "calories_kcal": ("energy", _unit("kcal")),
        "work_j": ("work", lambda value, _: f"{value / 1000:,.0f} kJ"),
        "average_stride_m": ("stride", _unit("m", 2)),
        "average_ground_contact_ms": ("ground contact", _unit("ms")),
        "average_vertical_oscillation_mm": ("oscillation", _unit("mm", 1)),
        "average_vertical_ratio_pct": ("vertical ratio", _unit("%", 1)),
        "average_temperature_c": ("temperature", _unit("°C", 1)),
        "min_temperature_c": ("lowest temperature", _unit("°C", 1)),
        "max_temperature_c": ("highest temperature", _unit("°C", 1)),
    },
    "Effort": {
        "training_load": ("load", _plain),
        "training_loads": ("load by method", _loads),
        "intensity_pct": ("intensity", _unit("%")),
        "rpe": ("perceived exertion", _unit("of 10")),
        "feel": ("feel (1 strong, 5 weak)", _words),
    },
    "About": {
        "sport_raw": ("sport at the source", _words),
        "sub_type": ("kind", _words),
        "race": ("race", _yes),
        "commute": ("commute", _yes),
        "trainer": ("indoor trainer", _yes),
        "gear": ("gear", _gear),
        "device": ("device", _named),
        "tags": ("tags", _list),
        "location": ("place", _named),
        "parent": ("part of", _parent),
    },
}
#: Fields that have their own place on the screen, or that say how to read others. A test checks
#: that every field is either here or in ``GROUPS``.
ELSEWHERE = frozenset(
    {
        "model",
        "leg_no",
        "stub",
        "title",
        "description",
        "notes",
        "sport",
        "start_utc",
        "start_local",
        "timezone",
        "utc_offset_s",
        "start_precision",
        "cadence_per_leg",
        "laps",
        "sets",
        "time_markers",
        "workout",
        "race_segments",
        "streams",
        "claims",
        "links",
        "metrics",
        "extensions",
        "completeness",
        "provenance",
    }
)


def grouped(activity: SourceActivity) -> Iterator[Group]:
    """Yield each group with its values, leaving out fields without a value and empty groups."""
    for group, fields in GROUPS.items():
        shown = []
        for name, (label, write) in fields.items():
            value = getattr(activity, name)
            if is_empty_zero(name, value, activity.sport):
                continue
            if _is_nothing(value) or _repeats_the_sport(name, activity):
                continue
            text = write(value, activity).strip()
            if text:
                shown.append((name, label, short_prose(text)))
        if shown:
            yield group, shown


def is_empty_zero(
    field: str,
    value: Any,
    sport: str | None,
) -> bool:
    """Return whether a zero says nothing, because one does not move from the spot in this sport.

    Some services state a distance of 0 for strength and yoga, and others none.

    Args:
        field: The name of a field.
        value: Its value.
        sport: The sport of the workout.
    """
    return field in _WAY and value == 0 and family(sport or "Other") == "gym"


def _is_nothing(value: Any) -> bool:
    """Return whether a value is unknown, or a flag that is not set: no race, no commute.

    A zero is a value, although Python takes it to be equal to ``False``.
    """
    return value is False or value in ABSENT


def _repeats_the_sport(name: str, activity: SourceActivity) -> bool:
    return name == "sport_raw" and activity.sport_raw == activity.sport
