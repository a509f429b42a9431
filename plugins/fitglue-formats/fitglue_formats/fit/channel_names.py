"""The names of the fields of a sample: which field becomes which stream of the model.

Fields that are not in these tables are kept under the name that their manufacturer gave them.
"""

from __future__ import annotations

from typing import NamedTuple


class Channel(NamedTuple):
    """The stream that a field becomes, and the factor that converts its values to the stream's
    unit.
    """

    stream: str
    factor: float = 1.0


#: Field of the message ``record`` in the FIT profile → stream. If two fields become one stream, the
#: later one in this table has the higher resolution and wins.
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
    "step_length": Channel("stride_length", 0.001),  # FIT: millimeters
    "respiration_rate": Channel("respiration"),
    "enhanced_respiration_rate": Channel("respiration"),
    "saturated_hemoglobin_percent": Channel("smo2"),
    "total_hemoglobin_conc": Channel("thb"),
    "core_temperature": Channel("core_temperature"),
    "left_right_balance": Channel("left_right_balance"),
}
#: Fields that do not become streams: they organize the file, or they are read together with others.
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
# The unit of a developer field is free text. Each table has the spellings that were seen, with the
# factor that converts a value to the unit of the stream.
_WATTS = {"watts": 1.0, "watt": 1.0, "w": 1.0}
_CELSIUS = {"c": 1.0, "°c": 1.0, "celsius": 1.0}
_MILLISECONDS = {"milliseconds": 1.0, "ms": 1.0}
_MILLIMETERS = {
    "centimeters": 10.0,
    "cm": 10.0,
    "mm": 1.0,
    "millimeters": 1.0,
}
_PERCENT = {"%": 1.0}
_GRAMS_PER_DECILITER = {"g/dl": 1.0}
_PER_MINUTE = {"bpm": 1.0, "brpm": 1.0, "breaths/min": 1.0}
#: Name of a developer field in lower case with blanks → stream, and the units that are accepted.
_DEVELOPERS = {
    "power": ("watts", _WATTS),
    "core temperature": ("core_temperature", _CELSIUS),
    "skin temperature": ("skin_temperature", _CELSIUS),
    "ground time": ("ground_contact_time", _MILLISECONDS),
    "vertical oscillation": ("vertical_oscillation", _MILLIMETERS),
    "saturated hemoglobin percent": ("smo2", _PERCENT),
    "smo2": ("smo2", _PERCENT),
    "total hemoglobin conc": ("thb", _GRAMS_PER_DECILITER),
    "thb": ("thb", _GRAMS_PER_DECILITER),
    "respiration rate": ("respiration", _PER_MINUTE),
}
#: Native fields that a developer field may replace no matter which unit it states. Others are not
#: trusted: a developer's speed may be in km/h, mph or m/s.
_UNAMBIGUOUS = ("heart_rate", "power", "cadence")


def of_developer(
    name: str,
    unit: str | None,
    native: str | None,
) -> Channel | None:
    """Return the stream that a developer field becomes, or ``None`` if it keeps its own name.

    Args:
        name: The name of the field in its ``field_description``.
        unit: Its unit, as the developer wrote it.
        native: The name of the native field that the developer declares it to replace
            (``native_field_num``), if any.
    """
    words = name.replace("_", " ").casefold().split()
    folded_name = " ".join(words)
    folded_unit = (unit or "").strip().casefold()
    if folded_name in _DEVELOPERS:
        stream, units = _DEVELOPERS[folded_name]
        if folded_unit in units:
            return Channel(stream, units[folded_unit])
    if native in _UNAMBIGUOUS:
        return NATIVE[native]
    return None
