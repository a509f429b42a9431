"""Conversion of the parts of one record into source activities: one, or one for each leg."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_formats.rows import (
    combine,
    is_indoors,
    legs_of_rows,
    readable_title,
    sport_of_type,
    sport_provenance,
    why_other_workout,
)
from fitglue_garmin.extras import extensions
from fitglue_garmin.measurements import measurements, metrics, ratings
from fitglue_garmin.payload import event_of, refuse
from fitglue_garmin.reading import id_of, text_of
from fitglue_garmin.starts import start_fields
from fitglue_garmin.strength import with_exercises
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import (
    Completeness,
    Device,
    Link,
    Location,
    SourceActivity,
    claim,
    with_average_speed,
    without_invalid,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_garmin.payload import Event, Payload
    from fitglue_registry.plugin_api import Record

PAGE = "https://connect.garmin.com/modern/activity/"
_RACE = "race"


def normalize(record: Record) -> list[SourceActivity]:
    """Return the workout of a record, or one source activity for each leg of a multisport event.

    The event itself is a group and no workout, except while its legs are unknown.

    Args:
        record: The parts of one activity, and why other parts are not available.

    Raises:
        RecordRefused: If the payload is not a valid activity.
    """
    event = event_of(record)
    recorded, why = _recorded(record)
    if event.legs:
        workouts = _legs(event, recorded)
    else:
        workouts = _whole(event, recorded)
    return [
        _complete(
            workout,
            record,
            why,
        )
        for workout in workouts
    ]


def _whole(
    event: Event,
    recorded: Sequence[SourceActivity],
) -> list[SourceActivity]:
    """Return the workout of a row, joined with its file; several if the file has several legs."""
    row = _activity(event.whole)
    if not recorded:
        return [row]
    why_other = why_other_workout(row, recorded)
    if why_other is not None:
        return [_without_file(row, why_other)]
    return [_completed_by(row, workout) for workout in combine(row, recorded)]


def _without_file(row: SourceActivity, why: str) -> SourceActivity:
    """Return the workout of a row with the reason why its file gives it nothing."""
    before = row.completeness
    completeness = Completeness(before.parts, {**before.missing, "file": why})
    return msgspec.structs.replace(row, completeness=completeness)


def _recorded(record: Record) -> tuple[list[SourceActivity], dict[str, str]]:
    """Return the workouts of the original file, or the reason why it cannot be used."""
    if "file" not in record.parts:
        return [], {}
    # Imported late: the readers of formats take 100 ms, and a record without a file needs none.
    from fitglue_garmin.original import workouts_of

    try:
        return workouts_of(record.parts["file"].read()), {}
    except RecordRefused as refused:
        return [], {"file": f"{refused.code}: {refused.what}"}


def _complete(
    workout: SourceActivity,
    record: Record,
    why: dict[str, str],
) -> SourceActivity:
    """Return a workout with the parts that its record has, and why it does not have others."""
    missing = {**record.unavailable, **workout.completeness.missing, **why}
    completeness = Completeness(tuple(record.parts), missing)
    completed = msgspec.structs.replace(workout, completeness=completeness)
    return with_average_speed(completed)


# -- multisport events -----------------------------------------------------------------------------


def _legs(
    event: Event,
    recorded: Sequence[SourceActivity],
) -> list[SourceActivity]:
    """Return the legs of an event, each joined with its leg of the one file that the event has."""
    parent_id = event.whole.external_id
    rows = _rows_of_legs(event)
    # Garmin lists legs in order of time, so the order decides if both have the same number of legs.
    sessions = legs_of_rows(
        rows,
        recorded,
        by_order=len(recorded) == len(event.legs),
    )
    legs = []
    for leg_no, row in rows.items():
        session = sessions.get(leg_no)
        leg = row
        if session is None and recorded:
            leg = _without_file(row, "no session of the file took place at the time of this leg")
        elif session is not None:
            [joined] = combine(row, [session])
            leg = _completed_by(row, joined)
        legs.append(
            msgspec.structs.replace(
                leg,
                leg_no=leg_no,
                parent=parent_id,
            )
        )
    # Intervals.icu knows the first leg by the id of the event, and the archive by that of the leg.
    if parent_id is not None:
        first = legs[0]
        claims = tuple(dict.fromkeys((*first.claims, claim("garmin", parent_id))))
        legs[0] = msgspec.structs.replace(first, claims=claims)
    return legs


def _rows_of_legs(event: Event) -> dict[int, SourceActivity]:
    """Return the legs of an event by their numbers, without their file.

    A leg that makes no sense costs only itself, and the first of the others says so.

    Raises:
        RecordRefused: If no leg makes sense.
    """
    rows: dict[int, SourceActivity] = {}
    refused: dict[int, RecordRefused] = {}
    for leg_no, leg in enumerate(event.legs):
        try:
            rows[leg_no] = _activity(leg)
        except RecordRefused as error:
            refused[leg_no] = error
    if not rows:
        raise next(iter(refused.values()))
    first = min(rows)
    missing = dict(rows[first].completeness.missing)
    for leg_no, refusal in refused.items():
        missing[f"leg {leg_no + 1}"] = refusal.what
    rows[first] = msgspec.structs.replace(rows[first], completeness=Completeness((), missing))
    return rows


# -- one workout -----------------------------------------------------------------------------------


def _activity(payload: Payload) -> SourceActivity:
    """Return the workout of a row and its detail, without its file."""
    external_id = payload.external_id
    if external_id is None:
        raise refuse("the activity has no id that can be used", field="$.activityId")
    raw_sport, sport = _sport(payload)
    missing: dict[str, str] = {}
    extra = extensions(payload)
    activity = SourceActivity(
        title=readable_title(text_of(payload.value("activityName")), raw_sport),
        description=text_of(payload.value("description")),
        sport=sport,
        sport_raw=raw_sport,
        trainer=is_indoors(raw_sport),
        race=extra.get("event_type") == _RACE or None,
        **start_fields(payload, missing),
        **measurements(payload, sport),
        **ratings(payload, missing),
        parent=extra.get("parent_id"),
        device=_device(payload),
        location=_location(payload, missing),
        links=(Link("self", PAGE + external_id),),
        claims=(claim("garmin", external_id),),
        metrics=metrics(payload),
        extensions=extra,
        completeness=Completeness((), missing),
        provenance=sport_provenance(raw_sport, sport),
    )
    return with_average_speed(without_invalid(activity))


def _sport(payload: Payload) -> tuple[str | None, str]:
    """Return Garmin's name of the type, and our sport."""
    kind = payload.value("activityType", "activityTypeDTO")
    if not isinstance(kind, dict):
        return None, sport_of_type(None)
    raw_sport = text_of(kind.get("typeKey"))
    group = id_of(kind.get("parentTypeId"))
    return raw_sport, sport_of_type(raw_sport, int(group or 0))


def _device(payload: Payload) -> Device | None:
    """Return the maker of the device, which is all that the API knows of it."""
    manufacturer = text_of(payload.row.get("manufacturer")) or text_of(
        payload.metadata.get("manufacturer")
    )
    if manufacturer is None:
        return None
    return Device(manufacturer=manufacturer)


def _location(
    payload: Payload,
    missing: dict[str, str],
) -> Location | None:
    """Return where the workout began, by its position or its name."""
    name = text_of(payload.value("locationName"))
    latitude = payload.other("latitude_deg")
    longitude = payload.other("longitude_deg")
    has_position = _is_degrees(latitude, 90) and _is_degrees(longitude, 180)
    # In China, maps and coordinates are shifted by some hundred meters.
    if has_position and payload.metadata.get("gcj02") is True:
        missing["location"] = "its position is in the coordinate system GCJ-02"
        has_position = False
    if not has_position:
        latitude = longitude = None
        if name is None:
            return None
    return Location(
        name=name,
        latitude_deg=latitude,
        longitude_deg=longitude,
    )


def _is_degrees(
    value: float | None,
    most: float,
) -> bool:
    return value is not None and abs(value) <= most


def _completed_by(
    row: SourceActivity,
    workout: SourceActivity,
) -> SourceActivity:
    """Return a joined workout with what its row knows more exactly than its file."""
    return with_exercises(_with_clock(workout, row), row)


def _with_clock(
    workout: SourceActivity,
    row: SourceActivity,
) -> SourceActivity:
    """Return a workout with the zone and the local start of its row, if its file has none.

    A file without positions does not show the zone, and a file of some devices no local time.
    """
    changes: dict[str, Any] = {}
    if workout.start_local is None and workout.start_utc == row.start_utc:
        changes = {"start_local": row.start_local, "utc_offset_s": row.utc_offset_s}
    offsets = {workout.utc_offset_s, changes.get("utc_offset_s")} - {None}
    if workout.timezone is None and offsets <= {row.utc_offset_s}:
        changes["timezone"] = row.timezone
    return msgspec.structs.replace(workout, **changes)
