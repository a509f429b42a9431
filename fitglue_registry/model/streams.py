"""Streams: the channels of samples over time that an activity may have, and their units."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from fitglue_registry.model.column import Column

#: Unit of every stream that the model names; others keep their source's name and have no promised
#: unit.
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
    """One channel: sample *k* of each stream of an activity belongs to sample *k* of its ``time``
    stream.
    """

    type: Annotated[
        str,
        Meta(
            min_length=1,
            description="canonical name where the model has one, else the source's own",
        ),
    ]
    values: Column
    unit: str | None = None
    name: Annotated[str | None, Meta(description="the athlete's label of a custom stream")] = None
    raw_type: Annotated[str | None, Meta(description="the source's name where it differs")] = None
    custom: Annotated[
        bool, Meta(description="defined by the athlete, meaning unknown to the source")
    ] = False
