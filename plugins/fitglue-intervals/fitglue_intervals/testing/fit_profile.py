"""The part of the FIT profile that the files of the stand-in use: messages, fields, named values.

The numbers are those of Garmin's FIT profile 21.218, https://developer.garmin.com/fit/. A test
reads the files with Garmin's SDK.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 21_218


class BaseType(NamedTuple):
    """The way a value is stored: the protocol's code, and the format character of ``struct``."""

    code: int
    format: str


ENUM = BaseType(0x00, "B")
SINT8 = BaseType(0x01, "b")
UINT8 = BaseType(0x02, "B")
UINT16 = BaseType(0x84, "H")
SINT32 = BaseType(0x85, "i")
UINT32 = BaseType(0x86, "I")
UINT32Z = BaseType(0x8C, "I")

FILES = {"activity": 4}
MANUFACTURERS = {"garmin": 1}
EVENTS = {"timer": 0, "activity": 26}
EVENT_TYPES = {"start": 0, "stop_all": 4}
ACTIVITIES = {"manual": 0, "auto_multi_sport": 1}
SET_TYPES = {"active": 1}
EXERCISES = {"squat": 28}
SPORTS = {
    "running": 1,
    "cycling": 2,
    "transition": 3,
    "swimming": 5,
    "training": 10,
    "hiking": 17,
}
SUB_SPORTS = {
    "generic": 0,
    "treadmill": 1,
    "trail": 3,
    "road": 7,
    "lap_swimming": 17,
    "open_water": 18,
    "strength_training": 20,
    "yoga": 43,
    "gravel_cycling": 46,
    "commuting": 48,
    "virtual_activity": 58,
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message, which stores the integer (value + offset) × scale."""

    number: int
    base: BaseType
    scale: int = 1
    offset: int = 0
    names: Mapping[str, int] = field(default_factory=dict)

    def stored(self, value: str | float) -> int:
        """Return the integer that represents a value or the name of a value in the file."""
        if isinstance(value, str):
            return self.names[value]
        return round((value + self.offset) * self.scale)


@dataclass(frozen=True, slots=True)
class Message:
    """One kind of message: its number in the profile and its fields by name."""

    number: int
    fields: Mapping[str, Field]


# The numbers 253 and 254 mean the same in each message; only `set` has its timestamp at 254.
_TIMESTAMP = Field(253, UINT32)
_MESSAGE_INDEX = Field(254, UINT16)

MESSAGES = {
    "file_id": Message(
        0,
        {
            "type": Field(0, ENUM, names=FILES),
            "manufacturer": Field(1, UINT16, names=MANUFACTURERS),
            "product": Field(2, UINT16),
            "serial_number": Field(3, UINT32Z),
            "time_created": Field(4, UINT32),
        },
    ),
    "session": Message(
        18,
        {
            "start_time": Field(2, UINT32),
            "sport": Field(5, ENUM, names=SPORTS),
            "sub_sport": Field(6, ENUM, names=SUB_SPORTS),
            "total_elapsed_time": Field(7, UINT32, scale=1000),
            "total_timer_time": Field(8, UINT32, scale=1000),
            "total_distance": Field(9, UINT32, scale=100),
            "avg_heart_rate": Field(16, UINT8),
            "max_heart_rate": Field(17, UINT8),
            "avg_power": Field(20, UINT16),
            "total_ascent": Field(22, UINT16),
            "first_lap_index": Field(25, UINT16),
            "num_laps": Field(26, UINT16),
            "timestamp": _TIMESTAMP,
            "message_index": _MESSAGE_INDEX,
        },
    ),
    "lap": Message(
        19,
        {
            "start_time": Field(2, UINT32),
            "total_elapsed_time": Field(7, UINT32, scale=1000),
            "total_timer_time": Field(8, UINT32, scale=1000),
            "total_distance": Field(9, UINT32, scale=100),
            "avg_heart_rate": Field(15, UINT8),
            "max_heart_rate": Field(16, UINT8),
            "avg_power": Field(19, UINT16),
            "total_ascent": Field(21, UINT16),
            "sport": Field(25, ENUM, names=SPORTS),
            "sub_sport": Field(39, ENUM, names=SUB_SPORTS),
            "timestamp": _TIMESTAMP,
            "message_index": _MESSAGE_INDEX,
        },
    ),
    "record": Message(
        20,
        {
            "position_lat": Field(0, SINT32),
            "position_long": Field(1, SINT32),
            "heart_rate": Field(3, UINT8),
            "cadence": Field(4, UINT8),
            "distance": Field(5, UINT32, scale=100),
            "power": Field(7, UINT16),
            "temperature": Field(13, SINT8),
            "enhanced_speed": Field(73, UINT32, scale=1000),
            "enhanced_altitude": Field(78, UINT32, scale=5, offset=500),
            "timestamp": _TIMESTAMP,
        },
    ),
    "event": Message(
        21,
        {
            "event": Field(0, ENUM, names=EVENTS),
            "event_type": Field(1, ENUM, names=EVENT_TYPES),
            "timestamp": _TIMESTAMP,
        },
    ),
    "device_info": Message(
        23,
        {
            "device_index": Field(0, UINT8),
            "manufacturer": Field(2, UINT16, names=MANUFACTURERS),
            "serial_number": Field(3, UINT32Z),
            "product": Field(4, UINT16),
            "software_version": Field(5, UINT16, scale=100),
            "timestamp": _TIMESTAMP,
        },
    ),
    "activity": Message(
        34,
        {
            "num_sessions": Field(1, UINT16),
            "type": Field(2, ENUM, names=ACTIVITIES),
            "event": Field(3, ENUM, names=EVENTS),
            "local_timestamp": Field(5, UINT32),
            "timestamp": _TIMESTAMP,
        },
    ),
    "set": Message(
        225,
        {
            "duration": Field(0, UINT32, scale=1000),
            "repetitions": Field(3, UINT16),
            "weight": Field(4, UINT16, scale=16),
            "set_type": Field(5, UINT8, names=SET_TYPES),
            "start_time": Field(6, UINT32),
            "category": Field(7, UINT16, names=EXERCISES),
            "category_subtype": Field(8, UINT16),
            "message_index": Field(10, UINT16),
            "timestamp": Field(254, UINT32),
        },
    ),
}
