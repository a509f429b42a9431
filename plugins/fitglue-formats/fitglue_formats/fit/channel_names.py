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
#: Units that developers write, each with the factor that makes ours of it.
_WATTS = {"watts": 1.0, "watt": 1.0, "w": 1.0}
_CELSIUS = {"c": 1.0, "°c": 1.0, "celsius": 1.0}
_MILLISECONDS = {"milliseconds": 1.0, "ms": 1.0}
_MILLIMETRES = {
    "centimeters": 10.0,
    "cm": 10.0,
    "mm": 1.0,
    "millimeters": 1.0,
}
_PERCENT = {"%": 1.0}
_GRAMS_PER_DECILITRE = {"g/dl": 1.0}
_PER_MINUTE = {"bpm": 1.0, "brpm": 1.0, "breaths/min": 1.0}
#: Name of a developer's field, folded → stream, and the units that it may have.
_DEVELOPERS = {
    "power": ("watts", _WATTS),
    "core temperature": ("core_temperature", _CELSIUS),
    "skin temperature": ("skin_temperature", _CELSIUS),
    "ground time": ("ground_contact_time", _MILLISECONDS),
    "vertical oscillation": ("vertical_oscillation", _MILLIMETRES),
    "saturated hemoglobin percent": ("smo2", _PERCENT),
    "smo2": ("smo2", _PERCENT),
    "total hemoglobin conc": ("thb", _GRAMS_PER_DECILITRE),
    "thb": ("thb", _GRAMS_PER_DECILITRE),
    "respiration rate": ("respiration", _PER_MINUTE),
}
#: Native fields whose unit cannot be doubted: a maker's idea of speed or distance may be in any.
_CERTAIN = ("heart_rate", "power", "cadence")


def of_developer(
    name: str,
    unit: str | None,
    native: str | None,
) -> Channel | None:
    """The stream that a developer's field is, by its name and unit, or by the native field that it
    says it stands for.
    """
    words = name.replace("_", " ").casefold().split()
    folded_name = " ".join(words)
    folded_unit = (unit or "").strip().casefold()
    if folded_name in _DEVELOPERS:
        stream, units = _DEVELOPERS[folded_name]
        if folded_unit in units:
            return Channel(stream, units[folded_unit])
    if native in _CERTAIN:
        return NATIVE[native]
    return None
