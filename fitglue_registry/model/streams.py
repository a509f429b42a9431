"""Streams: the channels of samples over time of an activity, and their units."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from fitglue_registry.model.column import Column

#: Name of a stream → its unit. A stream that is not listed here keeps its source's name, and
#: its unit is not guaranteed. The unit ``1`` means that the number has no dimension.
STREAM_UNITS: dict[str, str] = {
    "time": "s since start",
    "latlng": "degrees (WGS 84)",
    "heartrate": "bpm",
    "watts": "W",
    "cadence": "rpm",
    "altitude": "m",
    "distance": "m since start",
    "velocity": "m/s",
    "temperature": "°C",
    "grade": "%",
    "moving": "0 or 1",
    "torque": "Nm",
    "left_right_balance": "%",
    "respiration": "breaths/min",
    "hrv": "ms between beats",
    "core_temperature": "°C",
    "skin_temperature": "°C",
    "stride_length": "m",
    "ground_contact_time": "ms",
    "vertical_oscillation": "mm",
    "vertical_ratio": "%",
    "smo2": "%",
    "thb": "g/dL",
    "dfa_a1": "1",
}


class Stream(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One channel of samples.

    Sample *k* of each stream was taken at the moment that sample *k* of the stream ``time`` states,
    so all streams of an activity have the same length.
    """

    type: Annotated[
        str,
        Meta(
            min_length=1,
            description="Canonical name if the model has one, otherwise the source's name.",
        ),
    ]
    values: Column
    unit: Annotated[
        str | None, Meta(description="Unit, if the model does not define one for the type.")
    ] = None
    name: Annotated[
        str | None, Meta(description="Label that the athlete gave to a custom stream.")
    ] = None
    raw_type: Annotated[
        str | None, Meta(description="Name at the source, if it differs from the type.")
    ] = None
    custom: Annotated[
        bool, Meta(description="Whether the athlete defined the stream at the source.")
    ] = False
