"""What the fields of a sample are called here: the streams that the model names, and those that
keep the name of their maker.
"""

from __future__ import annotations

from typing import NamedTuple


class Channel(NamedTuple):
    """A stream of ours, and by what a value is multiplied to be in its unit."""

    stream: str
    factor: float = 1.0


#: Field of a FIT record → stream; where two are of one stream, the later one of this table is the
#: finer one.
NATIVE = {
    "altitude": Channel("altitude"),
    "enhanced_altitude": Channel("altitude"),
    "heart_rate": Channel("heartrate"),
    "cadence": Channel("cadence"),
    "distance": Channel("distance"),
    "speed": Channel("velocity"),
    "enhanced_speed": Channel("velocity"),
    "power": Channel("watts"),
    "temperature": Channel("temperature"),
    "grade": Channel("grade"),
    "vertical_oscillation": Channel("vertical_oscillation"),
    "stance_time": Channel("ground_contact_time"),
    "vertical_ratio": Channel("vertical_ratio"),
    "step_length": Channel("stride_length", 0.001),
    "respiration_rate": Channel("respiration"),
    "enhanced_respiration_rate": Channel("respiration"),
    "saturated_hemoglobin_percent": Channel("smo2"),
    "total_hemoglobin_conc": Channel("thb"),
    "core_temperature": Channel("core_temperature"),
    "left_right_balance": Channel("left_right_balance"),
}
#: Bookkeeping of the file, or said by other fields.
UNUSED = frozenset(
    {
        "timestamp",
        "position_lat",
        "position_long",
        "fractional_cadence",
        "compressed_speed_distance",
        "time128",
        "activity_type",
        "device_index",
        "cycles",
        "total_cycles",
        "compressed_accumulated_power",
        "event_group",
    }
)
#: Name of a developer's field, folded → stream and the units that it may have, with what makes ours
#: of each.
_DEVELOPERS: dict[str, tuple[str, dict[str, float]]] = {
    "power": ("watts", {"watts": 1, "watt": 1, "w": 1}),
    "core temperature": (
        "core_temperature",
        {
            "c": 1,
            "°c": 1,
            "celsius": 1,
        },
    ),
    "skin temperature": (
        "skin_temperature",
        {
            "c": 1,
            "°c": 1,
            "celsius": 1,
        },
    ),
    "ground time": (
        "ground_contact_time",
        {
            "milliseconds": 1,
            "ms": 1,
        },
    ),
    "vertical oscillation": (
        "vertical_oscillation",
        {"centimeters": 10, "cm": 10, "mm": 1, "millimeters": 1},
    ),
    "saturated hemoglobin percent": ("smo2", {"%": 1}),
    "smo2": ("smo2", {"%": 1}),
    "total hemoglobin conc": ("thb", {"g/dl": 1}),
    "thb": ("thb", {"g/dl": 1}),
    "respiration rate": (
        "respiration",
        {
            "bpm": 1,
            "brpm": 1,
            "breaths/min": 1,
        },
    ),
}


def of_developer(
    name: str,
    unit: str | None,
    native: str | None,
) -> Channel | None:
    """The stream that a developer's field is, by its name and unit, or by the native field that it
    says it stands for.
    """
    folded = " ".join(name.replace("_", " ").casefold().split())
    stream, units = _DEVELOPERS.get(folded, (None, {}))
    factor = units.get((unit or "").strip().casefold())
    if stream is not None and factor is not None:
        return Channel(stream, factor)
    # Of the native fields only those whose unit cannot be doubted: a maker's idea of speed or
    # distance may be in any.
    if native in ("heart_rate", "power", "cadence"):
        return NATIVE[native]
    return None
