"""The messages of a FIT activity file, in the order in which a watch writes them.

Which messages an activity file must have is described at
https://developer.garmin.com/fit/file-types/activity/.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from fitglue_intervals.testing.fit_writer import FitWriter
from fitglue_intervals.testing.places import PLACES
from fitglue_intervals.testing.shapes import Leg, Shape, shape_of
from fitglue_intervals.testing.streams import streams_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_intervals.testing.fit_writer import Value

Message = tuple[str, "dict[str, Value]"]

_FIT_EPOCH = datetime(1989, 12, 31, tzinfo=UTC)
#: FIT stores a position in semicircles: 2^31 of them are 180 degrees.
_SEMICIRCLES = 2**31 / 180
#: The number of the Edge 830 in the FIT profile, type ``garmin_product``.
_PRODUCT = 3122
_SETS = 6
#: Type of a stream → field of the message ``record``.
_RECORD_FIELDS = {
    "heartrate": "heart_rate",
    "watts": "power",
    "cadence": "cadence",
    "distance": "distance",
    "altitude": "enhanced_altitude",
    "velocity_smooth": "enhanced_speed",
    "temp": "temperature",
}


@lru_cache(maxsize=32)
def fit_file(legs: tuple[tuple[datetime, Leg], ...], serial: int) -> bytes:
    """Return the FIT file of a workout.

    Args:
        legs: The local start of each leg, and the leg.
        serial: The serial number of the device.
    """
    writer = FitWriter()
    for name, values in _messages(legs, serial):
        writer.write(name, values)
    return writer.content()


def _messages(legs: tuple[tuple[datetime, Leg], ...], serial: int) -> Iterator[Message]:
    """Yield the name and the values of each message."""
    begin = _fit_time(*legs[0])
    device: dict[str, Value] = {
        "manufacturer": "garmin",
        "product": _PRODUCT,
        "serial_number": serial,
    }
    yield "file_id", {"type": "activity", "time_created": begin, **device}
    yield "event", _timer("start", begin)
    info = {"timestamp": begin, "device_index": 0, "software_version": 14.2}
    yield "device_info", {**info, **device}
    end = begin
    for number, (start, leg) in enumerate(legs):
        first = _fit_time(start, leg)
        end = first + shape_of(leg).elapsed_s
        yield from _leg(number, leg, first)
    yield "event", _timer("stop_all", end)
    yield "activity", _activity(legs, end)


def _timer(event_type: str, moment: int) -> dict[str, Value]:
    """Return the values of the event that the timer was started or stopped."""
    return {
        "timestamp": moment,
        "event": "timer",
        "event_type": event_type,
    }


def _leg(number: int, leg: Leg, first: int) -> Iterator[Message]:
    """Yield the records of a leg that starts at ``first`` (FIT time), and then its totals.

    A watch writes the totals last, because it knows them only at the end.
    """
    shape = shape_of(leg)
    yield from _records(shape, first)
    if leg.sport == "strength":
        yield from _sets(first)
    totals = _totals(shape, first) | {"message_index": number}
    yield "lap", totals
    yield "session", totals | {"first_lap_index": number, "num_laps": 1}


def _records(shape: Shape, first: int) -> Iterator[Message]:
    """Yield one ``record`` per sample; a gap is a field that the message does not have."""
    streams = {stream["type"]: stream for stream in streams_of(shape.leg)}
    columns = [
        (name, streams[kind]["data"]) for kind, name in _RECORD_FIELDS.items() if kind in streams
    ]
    track = streams.get("latlng")
    for index, second in enumerate(streams["time"]["data"]):
        values: dict[str, Value] = {"timestamp": first + second}
        for name, column in columns:
            if column[index] is not None:
                values[name] = column[index]
        if track is not None and track["data"][index] is not None:
            values["position_lat"] = round(track["data"][index] * _SEMICIRCLES)
            values["position_long"] = round(track["data2"][index] * _SEMICIRCLES)
        yield "record", values


def strength_sets() -> Iterator[tuple[int, int, int]]:
    """Yield the repetitions, the weight in kg and the duration in seconds of each set of squats."""
    for number in range(_SETS):
        yield 12 - number, 40 + 5 * number, 45


def _sets(first: int) -> Iterator[Message]:
    """Yield the sets of a strength session, which only the file has and the API does not."""
    for number, (reps, weight_kg, elapsed_s) in enumerate(strength_sets()):
        start = first + number * 180
        yield (
            "set",
            {
                "timestamp": start + elapsed_s,
                "start_time": start,
                "duration": float(elapsed_s),
                "set_type": "active",
                "message_index": number,
                "repetitions": reps,
                "weight": float(weight_kg),
                "category": "squat",
                "category_subtype": 6,
            },
        )


def _totals(shape: Shape, first: int) -> dict[str, Value]:
    """Return the fields that ``lap`` and ``session`` share, in the units of the FIT profile."""
    sport, sub_sport = shape.sport.fit
    totals: dict[str, Value] = {
        "timestamp": first + shape.elapsed_s,
        "start_time": first,
        "sport": sport,
        "sub_sport": sub_sport,
        "total_elapsed_time": shape.elapsed_s,
        "total_timer_time": shape.recording_s,
        "avg_heart_rate": shape.hr,
        "max_heart_rate": shape.hr_max,
    }
    measured = {
        "total_distance": shape.distance_m,
        "total_ascent": round(shape.gain_m),
        "avg_power": shape.watts,
    }
    return totals | {name: value for name, value in measured.items() if value}


def _activity(legs: tuple[tuple[datetime, Leg], ...], end: int) -> dict[str, Value]:
    """Return the values of the closing message ``activity``."""
    # The difference of its two timestamps is the only trace of the time zone in a FIT file.
    start, leg = legs[0]
    offset = int(PLACES[leg.zone].offset(start).total_seconds())
    return {
        "timestamp": end,
        "local_timestamp": end + offset,
        "num_sessions": len(legs),
        "type": "auto_multi_sport" if len(legs) > 1 else "manual",
        "event": "activity",
    }


def _fit_time(start: datetime, leg: Leg) -> int:
    """Return the local start of a leg as seconds since the epoch of FIT, in UTC."""
    moment = (start - PLACES[leg.zone].offset(start)).replace(tzinfo=UTC)
    return int((moment - _FIT_EPOCH).total_seconds())
