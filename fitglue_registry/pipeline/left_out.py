"""What belongs to each thing that a pipeline can leave out, such as the heart rate.

What is computed from a value belongs to it as well: zones, loads, and averages of laps.
"""

from __future__ import annotations

from msgspec import Struct

from fitglue_registry.model import STREAM_UNITS

_HEART = (
    "average_heartrate_bpm",
    "max_heartrate_bpm",
)
_WATTS = (
    "average_watts",
    "weighted_average_watts",
    "max_watts",
)
#: Every metric.
_ALL = ("",)


class Content(Struct, frozen=True):
    """Everything of an activity that belongs to one thing.

    Attributes:
        noun: What it is called in a sentence.
        fields: Fields of the activity.
        streams: Types of streams.
        laps: Fields of each lap.
        zones: Names of extensions with training zones.
        load: Method of the training loads that are computed from it, or an empty text.
        metrics: What the name of a metric that belongs to it contains. The empty
            text is part of every name: nobody knows what a metric was computed from.
    """

    noun: str
    fields: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()
    laps: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    load: str = ""
    metrics: tuple[str, ...] = ()


CONTENTS = {
    "title": Content(
        "title",
        fields=("title",),
    ),
    "description": Content(
        "description",
        fields=("description",),
    ),
    "notes": Content(
        "notes",
        fields=("notes",),
    ),
    "tags": Content(
        "tags",
        fields=("tags",),
    ),
    # A claim or a link leads to the record at a service, which has the complete track.
    "gps": Content(
        "positions",
        fields=("location", "links", "claims"),
        streams=("latlng",),
        metrics=("lat", "lon", "lng", "position"),
    ),
    "heartrate": Content(
        "heart rate",
        fields=(*_HEART, "min_heartrate_bpm", "intensity_pct"),
        streams=("heartrate", "hrv", "dfa_a1"),
        laps=(*_HEART, "training_load", "zone"),
        zones=("heartrate_zones",),
        load="heart_rate",
        metrics=_ALL,
    ),
    "power": Content(
        "power",
        fields=(*_WATTS, "work_j", "power_kind", "intensity_pct"),
        streams=("watts", "torque", "left_right_balance"),
        laps=(*_WATTS, "training_load", "zone"),
        zones=("power_zones",),
        load="power",
        metrics=_ALL,
    ),
    "cadence": Content(
        "cadence",
        fields=("average_cadence_rpm", "max_cadence_rpm", "cadence_per_leg"),
        streams=("cadence",),
        laps=("average_cadence_rpm",),
        metrics=_ALL,
    ),
    "altitude": Content(
        "altitude",
        fields=(
            "elevation_gain_m",
            "elevation_loss_m",
            "average_altitude_m",
            "min_altitude_m",
            "max_altitude_m",
        ),
        streams=("altitude", "grade"),
        laps=("elevation_gain_m", "average_grade_pct"),
        metrics=_ALL,
    ),
    "temperature": Content(
        "temperature",
        fields=("average_temperature_c", "min_temperature_c", "max_temperature_c"),
        streams=("temperature", "core_temperature", "skin_temperature"),
        metrics=_ALL,
    ),
    "calories": Content(
        "calories",
        fields=("calories_kcal",),
        laps=("calories_kcal",),
        metrics=_ALL,
    ),
    "effort": Content(
        "rated effort",
        fields=("rpe", "feel"),
        load="session_rpe",
        metrics=_ALL,
    ),
    "training_load": Content(
        "training load",
        fields=("training_load", "training_loads", "intensity_pct"),
        laps=("training_load",),
        metrics=_ALL,
    ),
    "running_dynamics": Content(
        "running dynamics",
        fields=(
            "average_ground_contact_ms",
            "average_vertical_oscillation_mm",
            "average_vertical_ratio_pct",
            "average_stride_m",
        ),
        streams=(
            "stride_length",
            "ground_contact_time",
            "vertical_oscillation",
            "vertical_ratio",
        ),
        metrics=_ALL,
    ),
    "gear": Content(
        "gear",
        fields=("gear",),
    ),
    # A claim can contain the serial number.
    "device": Content(
        "device",
        fields=("device", "claims"),
    ),
    "laps": Content(
        "laps",
        fields=("laps", "race_segments", "time_markers"),
    ),
    "sets": Content(
        "sets",
        fields=("sets",),
    ),
    "links": Content(
        "links",
        fields=("links", "claims"),
    ),
}
"""Name in ``leave_out`` → everything that belongs to it."""

KNOWN_STREAMS = frozenset(STREAM_UNITS)
"""The streams whose meaning is known; any other can be a copy of what is left out."""

KNOWN_EXTENSIONS = frozenset({"heartrate_zones", "power_zones", "pace_zones"})
"""The extensions whose meaning is known; any other can contain what is left out."""
