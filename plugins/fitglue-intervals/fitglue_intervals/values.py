"""Numbers, texts and flags of one payload, read so that the model can hold them.

A value that the model cannot hold is left out, and the reason is recorded.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Model field → key of the API, for numbers that are never below zero. Seen: a value that is not
#: set is null or missing, so both mean the same; zero is a value.
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
#: The same for numbers that may be negative for a moment, but not on average.
RATES = {
    "average_speed_mps": "average_speed",
    "max_speed_mps": "max_speed",
    "average_watts": "icu_average_watts",
    "weighted_average_watts": "icu_weighted_avg_watts",
}
#: Model field → key of the API, for numbers that may be negative.
NUMBERS = {
    "average_altitude_m": "average_altitude",
    "min_altitude_m": "min_altitude",
    "max_altitude_m": "max_altitude",
    "work_j": "icu_joules",
    "average_temperature_c": "average_temp",
    "min_temperature_c": "min_temp",
    "max_temperature_c": "max_temp",
    "training_load": "icu_training_load",
    "intensity_pct": "icu_intensity",
}


class Values:
    """The values of one validated payload.

    ``missing`` maps the field of each value that was left out to the reason.
    """

    def __init__(self, payload: Mapping[str, Any], missing: dict[str, str] | None = None) -> None:
        self.payload = payload
        self.missing = {} if missing is None else missing

    def number(self, key: str) -> float | None:
        """Return a finite number of any sign, or None."""
        value = self.payload.get(key)
        if value is None:  # most keys of most payloads
            return None
        # The exact type is compared, because a boolean is an int for isinstance; JSON has no other
        # numbers.
        if type(value) is int:
            # An integer of more than 308 digits has no double.
            try:
                return float(value)
            except OverflowError:
                return None
        if type(value) is float and math.isfinite(value):
            return value
        return None

    def amount(self, key: str, field: str | None = None) -> float | None:
        """Return a number that is not below zero, or None.

        Args:
            key: The key of the API.
            field: The model field, under which a negative number is recorded as missing.
        """
        number = self.number(key)
        if number is None or number >= 0:
            return number
        if field is not None:
            self.missing[field] = f"the source says {number:g}"
        return None

    def count(self, key: str) -> int | None:
        """Return an integer of zero or more, or None."""
        number = self.amount(key)
        if number is None or not number.is_integer():
            return None
        return int(number)

    def text(self, key: str) -> str | None:
        """Return a text without the white space around it, or None if it is empty."""
        value = self.payload.get(key)
        if not isinstance(value, str):
            return None
        return value.strip() or None

    def identity(self, key: str) -> str | None:
        """Return an id as opaque text, even if the API wrote it as a number."""
        value = self.payload.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return self.text(key)

    def flag(self, key: str) -> bool | None:
        """Return true or false, or None if the payload does not say."""
        value = self.payload.get(key)
        if isinstance(value, bool):
            return value
        return None

    def model_numbers(self) -> dict[str, float | None]:
        """Return the model fields that are one number of the payload, unchanged."""
        numbers = {field: self.amount(key, field) for field, key in (AMOUNTS | RATES).items()}
        for field, key in NUMBERS.items():
            numbers[field] = self.number(key)
        return numbers
