"""Numbers, texts and flags of one activity, taken where the model can hold them; what it cannot
hold is left out and said.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Model field → key of the API. Absent and null are alike; zero is a value. These are never below
#: zero.
AMOUNTS = {
    "elapsed_s": "elapsed_time",
    "moving_s": "moving_time",
    "recording_s": "icu_recording_time",
    "elevation_gain_m": "total_elevation_gain",
    "elevation_loss_m": "total_elevation_loss",
    "pool_length_m": "pool_length",
    "calories_kcal": "calories",
    "average_heartrate_bpm": "average_heartrate",
    "max_heartrate_bpm": "max_heartrate",
    "average_cadence_rpm": "average_cadence",
    "average_ground_contact_ms": "average_stance_time",
    "average_vertical_oscillation_mm": "average_vertical_oscillation",
    "average_vertical_ratio_pct": "average_vertical_ratio",
}
#: … and these may be.
FIGURES = {
    "average_altitude_m": "average_altitude",
    "min_altitude_m": "min_altitude",
    "max_altitude_m": "max_altitude",
    "average_speed_mps": "average_speed",
    "max_speed_mps": "max_speed",
    "work_j": "icu_joules",
    "average_watts": "icu_average_watts",
    "weighted_average_watts": "icu_weighted_avg_watts",
    "average_temperature_c": "average_temp",
    "min_temperature_c": "min_temp",
    "max_temperature_c": "max_temp",
    "training_load": "icu_training_load",
    "intensity_pct": "icu_intensity",
}


class Values:
    """The values of one checked payload; ``missing`` collects model field → why its value was left
    out.
    """

    def __init__(self, payload: Mapping[str, Any], missing: dict[str, str] | None = None) -> None:
        self.payload = payload
        self.missing = {} if missing is None else missing

    def figure(self, key: str) -> float | None:
        """A finite number of any sign."""
        value = self.payload.get(key)
        # What was read from JSON has no other types, and a boolean is no int here.
        if type(value) is int:
            try:
                return float(value)
            except OverflowError:
                return None
        if type(value) is float and math.isfinite(value):
            return value
        return None

    def amount(self, key: str, field: str | None = None) -> float | None:
        """A number that is not below zero."""
        number = self.figure(key)
        if number is None or number >= 0:
            return number
        if field is not None:
            self.missing[field] = f"the source says {number:g}"
        return None

    def whole(self, key: str) -> int | None:
        """A whole number, zero or more."""
        number = self.amount(key)
        if number is None or not number.is_integer():
            return None
        return int(number)

    def text(self, key: str) -> str | None:
        """A text with something in it."""
        value = self.payload.get(key)
        if not isinstance(value, str):
            return None
        return value.strip() or None

    def identity(self, key: str) -> str | None:
        """An id as the opaque text that it is, also where it is written as a number."""
        value = self.payload.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return self.text(key)

    def flag(self, key: str) -> bool | None:
        """True, false, or not said."""
        value = self.payload.get(key)
        if isinstance(value, bool):
            return value
        return None

    def numbers(self) -> dict[str, float | None]:
        """Every field of the model that is one number of the payload and needs no thought."""
        numbers = {field: self.amount(key, field) for field, key in AMOUNTS.items()}
        for field, key in FIGURES.items():
            numbers[field] = self.figure(key)
        return numbers
