"""Writes activities as a FIT file: the order of its messages, and their numbers."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from fitglue_formats.writing.fit.channels import columns_of
from fitglue_formats.writing.fit.device import creator, file_id, recorder
from fitglue_formats.writing.fit.laps import lap_message, laps_of, length_message, lengths_of
from fitglue_formats.writing.fit.leg import leg_of, without_overlaps
from fitglue_formats.writing.fit.records import (
    DESCRIBES,
    Timed,
    description_of,
    developer_id,
    records_of,
)
from fitglue_formats.writing.fit.sdk import (
    ACTIVITY,
    DEVICE_INFO,
    EXERCISE_TITLE,
    FILE_ID,
    LAP,
    LENGTH,
    SESSION,
    SET,
    sdk,
)
from fitglue_formats.writing.fit.session import session_message
from fitglue_formats.writing.fit.strength import Exercises, set_messages
from fitglue_formats.writing.fit.timer import timer_events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_formats.writing.fit.leg import Leg
    from fitglue_formats.writing.fit.sdk import Message
    from fitglue_registry.model import SourceActivity

#: FIT profile, type ``uint32z``: a serial number is not zero.
_HIGHEST_SERIAL = 0xFFFF_FFFF


def write_fit(*activities: SourceActivity, serial: int) -> bytes:
    """Return a FIT file of an activity; further activities are the next legs of a multisport event.

    The same arguments always give the same bytes.

    Args:
        *activities: The activities with their streams, in the order of time.
        serial: The serial number that the file states, from 1 to 4,294,967,295. A copy of the file
            is recognized by it and by the start, as ``device_claim(serial, start)``, even if a
            service encodes the file again.

    Raises:
        RecordRefused: FG-start-unknown or FG-fit-date if FIT cannot state the start.
        UserMistake: FG-extra-missing if Garmin's SDK is not installed.
        ValueError: If there is no activity, or the serial number is out of range.
    """
    if not activities:
        raise ValueError("a FIT file has at least one activity")
    if not 0 < serial <= _HIGHEST_SERIAL:
        raise ValueError(f"a serial number is between 1 and {_HIGHEST_SERIAL}, not {serial}")
    encoder = sdk().Encoder()
    legs = without_overlaps([leg_of(activity) for activity in activities])
    file = _File(encoder)
    file.open(legs, serial)
    file.write_samples(legs)
    file.write_summaries(legs)
    content: bytes = bytes(encoder.close())
    return content


class _File:
    """A file that is being written, message by message."""

    def __init__(self, encoder: Any) -> None:
        self._encoder = encoder
        self._exercises = Exercises()

    def open(
        self,
        legs: Sequence[Leg],
        serial: int,
    ) -> None:
        """Write what the file is, and which devices it is from."""
        first = legs[0]
        self._write(FILE_ID, file_id(first.activity, first.start, serial))
        self._write(DEVICE_INFO, creator(first.start, serial))
        if first.activity.device is not None:
            self._write(DEVICE_INFO, recorder(first.activity.device, first.start))

    def write_samples(self, legs: Sequence[Leg]) -> None:
        """Write the samples and the events of the timer in the order of time."""
        timed: list[Timed] = []
        described = 0
        for leg in legs:
            columns = columns_of(leg)
            for field in columns.developer:
                number = described + field.number
                self._describe(number, description_of(field, number))
            timed += records_of(leg, columns, described)
            timed += timer_events(leg)
            described += len(columns.developer)
        timed.sort(key=attrgetter("at", "rank"))
        for _, _, number, message in timed:
            self._write(number, message)

    def _describe(
        self,
        number: int,
        description: Message,
    ) -> None:
        """Write the description of a developer field, the first time with who defined it."""
        developer = developer_id()
        if number == 0:
            self._write(DESCRIBES[0], developer)
        self._encoder.add_developer_field(
            number,
            developer,
            description,
        )
        self._write(DESCRIBES[1], description)

    def write_summaries(self, legs: Sequence[Leg]) -> None:
        """Write the lengths, laps, sets and totals."""
        first_lap = 0
        first_length = 0
        sessions = []
        for index, leg in enumerate(legs):
            lengths = list(enumerate(lengths_of(leg), first_length))
            laps = laps_of(leg)
            for number, length in lengths:
                self._write(LENGTH, length_message(length, number))
            for number, lap in enumerate(laps, first_lap):
                self._write(LAP, lap_message(leg, lap, number, lengths))
            for message in set_messages(leg.activity.sets, self._exercises):
                self._write(SET, message)
            sessions.append(session_message(leg, index, first_lap, laps))
            first_lap += len(laps)
            first_length += len(lengths)
        for message in self._exercises.titles():
            self._write(EXERCISE_TITLE, message)
        for session in sessions:
            self._write(SESSION, session)
        self._write(ACTIVITY, _activity_message(legs))

    def _write(self, number: int, message: Message) -> None:
        self._encoder.on_mesg(number, message)


def _activity_message(legs: Sequence[Leg]) -> Message:
    """Return the message ``activity``, which states the local time of the end."""
    last = legs[-1]
    message: Message = {
        "timestamp": last.end,
        "total_timer_time": sum(leg.timer_s or 0.0 for leg in legs),
        "num_sessions": len(legs),
        "type": "manual" if len(legs) == 1 else "auto_multi_sport",
        "event": "activity",
        "event_type": "stop",
    }
    if last.offset_s is not None:
        message["local_timestamp"] = last.end + last.offset_s
    return message
