"""The file that a workout was uploaded as: real FIT bytes with all its legs, or a GPX track."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fitglue_intervals.testing.places import PLACES
from fitglue_intervals.testing.shapes import Leg, Shape, shape_of
from fitglue_intervals.testing.streams import streams_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_intervals.testing.plan import Plan
    from fitglue_intervals.testing.values import Row

_FIRST_SERIAL = 3_400_000_000
_FIT_EPOCH = datetime(1989, 12, 31, tzinfo=UTC)
_SEMICIRCLES = 2**31 / 180
_RECORD_FIELDS = {
    "heartrate": "heart_rate", "watts": "power", "cadence": "cadence", "distance": "distance", "altitude": "enhanced_altitude",
    "velocity_smooth": "enhanced_speed", "temp": "temperature",
}  # fmt: skip


def file_of(plan: Plan) -> bytes | None:
    """The original upload of a workout, every third one compressed; None for one that was typed in.

    Legs share their file.
    """
    content = plain_file_of(plan)
    if (
        content is None
        or plan.shape.sport.origins[0].file_type == "gpx"
        or serial_of(plan) % 3 != _FIRST_SERIAL % 3
    ):
        return content
    # Stored, not deflated: what deflate makes of it differs from one machine's zlib to the next.
    return gzip.compress(content, 0, mtime=0)


def plain_file_of(plan: Plan) -> bytes | None:
    """The same, never compressed: as the device wrote it."""
    sport = plan.shape.sport
    if not sport.channels:
        return None
    if sport.origins[0].file_type == "gpx":
        return _gpx(*plan.legs[0])
    return _fit(plan.legs, serial_of(plan))


def serial_of(plan: Plan) -> int:
    """The serial number of the device; legs share it with their file."""
    return _FIRST_SERIAL + plan.number + plan.leg_no


def track_of(
    plan: Plan, *, from_s: int = 0, until_s: int | None = None, clock: timedelta = timedelta()
) -> bytes:
    """The track as another program saves it, as GPX; cut to some seconds since the start, or by a
    clock that is wrong.
    """
    start, leg = plan.legs[plan.leg_no]
    return _gpx(start + clock, leg, from_s, until_s)


@lru_cache(maxsize=32)
def _fit(legs: tuple[tuple[datetime, Leg], ...], serial: int) -> bytes:
    # The SDK belongs to the extra ``testing`` and is needed for nothing else.
    try:
        from garmin_fit_sdk import Encoder, Profile
    except ImportError as error:
        raise RuntimeError(
            "it writes FIT files with garmin-fit-sdk: pip install 'fitglue-intervals[testing]'"
        ) from error

    numbers = Profile["mesg_num"]
    encoder = Encoder()
    for kind, fields in _messages(legs, serial):
        encoder.write_mesg({"mesg_num": numbers[kind], **fields})
    content: bytes = encoder.close()
    return content


def _messages(legs: tuple[tuple[datetime, Leg], ...], serial: int) -> Iterator[tuple[str, Row]]:
    """The messages of an activity file in the order in which a watch writes them."""
    begin = _fit_time(*legs[0])
    device: Row = {"manufacturer": "garmin", "product": 3122, "serial_number": serial}
    yield "FILE_ID", {"type": "activity", "time_created": begin, **device}
    yield "EVENT", {"timestamp": begin, "event": "timer", "event_type": "start"}
    yield "DEVICE_INFO", {"timestamp": begin, "device_index": 0, "software_version": 14.2, **device}
    end = begin
    for number, (start, leg) in enumerate(legs):
        shape, first = shape_of(leg), _fit_time(start, leg)
        end = first + shape.elapsed_s
        yield from _records(shape, first)
        if leg.sport == "strength":
            yield from _sets(first)
        yield "LAP", _totals(shape, first) | {"message_index": number}
        yield (
            "SESSION",
            _totals(shape, first)
            | {"message_index": number, "first_lap_index": number, "num_laps": 1},
        )
    yield "EVENT", {"timestamp": end, "event": "timer", "event_type": "stop_all"}
    offset = int(PLACES[legs[0][1].zone].offset(legs[0][0]).total_seconds())
    kind = "auto_multi_sport" if len(legs) > 1 else "manual"
    times: Row = {"timestamp": end, "local_timestamp": end + offset}
    yield "ACTIVITY", times | {"num_sessions": len(legs), "type": kind, "event": "activity"}


def _records(shape: Shape, first: int) -> Iterator[tuple[str, Row]]:
    columns = {entry["type"]: entry for entry in streams_of(shape.leg)}
    plain = [
        (name, columns[kind]["data"]) for kind, name in _RECORD_FIELDS.items() if kind in columns
    ]
    track = columns.get("latlng")
    for index, second in enumerate(columns["time"]["data"]):
        fields: Row = {"timestamp": first + second}
        fields |= {name: values[index] for name, values in plain if values[index] is not None}
        if track is not None and track["data"][index] is not None:
            fields["position_lat"] = round(track["data"][index] * _SEMICIRCLES)
            fields["position_long"] = round(track["data2"][index] * _SEMICIRCLES)
        yield "RECORD", fields


def _sets(first: int) -> Iterator[tuple[str, Row]]:
    for number in range(6):
        at = first + number * 180
        fields: Row = {
            "timestamp": at + 45,
            "start_time": at,
            "duration": 45.0,
            "set_type": "active",
            "message_index": number,
        }
        fields |= {
            "repetitions": 12 - number,
            "weight": 40.0 + 5 * number,
            "category": ["squat"],
            "category_subtype": [6],
        }
        yield "SET", fields


def _totals(shape: Shape, first: int) -> Row:
    """What a lap and a session both say of a leg."""
    sport, sub_sport = shape.sport.fit
    fields: Row = {
        "timestamp": first + shape.elapsed_s, "start_time": first, "sport": sport, "sub_sport": sub_sport,
        "total_elapsed_time": float(shape.elapsed_s), "total_timer_time": float(shape.recording_s),
        "avg_heart_rate": shape.hr, "max_heart_rate": shape.hr_max,
    }  # fmt: skip
    measured: dict[str, Any] = {
        "total_distance": shape.distance_m,
        "total_ascent": round(shape.gain_m),
        "avg_power": shape.watts,
    }
    return fields | {name: value for name, value in measured.items() if value}


def _fit_time(start: datetime, leg: Leg) -> int:
    moment = (start - PLACES[leg.zone].offset(start)).replace(tzinfo=UTC)
    return int((moment - _FIT_EPOCH).total_seconds())


def _gpx(start: datetime, leg: Leg, from_s: int = 0, until_s: int | None = None) -> bytes:
    columns = {entry["type"]: entry for entry in streams_of(leg)}
    begin, place = start - PLACES[leg.zone].offset(start), columns["latlng"]
    kinds = ("time", "altitude", "heartrate", "cadence")
    points = []
    for lat, lng, *values in zip(
        place["data"], place["data2"], *(columns[kind]["data"] for kind in kinds), strict=True
    ):
        if lat is not None and from_s <= values[0] and (until_s is None or values[0] <= until_s):
            points.append(_point(lat, lng, begin + timedelta(seconds=values[0]), *values[1:]))
    sport = shape_of(leg).sport
    return "\n".join(
        [
            _GPX_HEAD.format(name=sport.names[0], kind=sport.fit[0]),
            *points,
            "</trkseg></trk></gpx>\n",
        ]
    ).encode()


def _point(
    lat: float, lng: float, moment: datetime, height: float, beat: int | None, turn: int
) -> str:
    heart = "" if beat is None else f"<gpxtpx:hr>{beat}</gpxtpx:hr>"
    extra = f"<gpxtpx:TrackPointExtension>{heart}<gpxtpx:cad>{turn}</gpxtpx:cad></gpxtpx:TrackPointExtension>"
    where = f'lat="{lat}" lon="{lng}"><ele>{height}</ele><time>{moment.isoformat()}Z</time>'
    return f"<trkpt {where}<extensions>{extra}</extensions></trkpt>"


_GPX_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<gpx creator="StravaGPX" version="1.1" xmlns="http://www.topografix.com/GPX/1/1"'
    ' xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">\n'
    "<trk><name>{name}</name><type>{kind}</type><trkseg>"
)
