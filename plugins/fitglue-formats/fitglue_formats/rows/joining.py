"""Joins the row that a service has about a workout with the file that the device recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_formats.rows.cropping import cropped, cropped_to, without_measured
from fitglue_formats.rows.fitting import SAME_START_S, apart_s, is_as_long
from fitglue_formats.rows.shown import shown
from fitglue_registry.model import (
    ABSENT,
    AVERAGE_SPEED,
    BY_THE_ATHLETE,
    COMPUTED_SPEED,
    Completeness,
    Provenance,
    SourceActivity,
    computed_speed,
    family,
    gives_way,
    names_unlisted_sport,
    speed_for,
    with_crop,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fitglue_registry.model import Extent

#: Fields that people edit at the service: the value of the row wins over that of the file.
_EDITED_BY_ATHLETE = (
    "title",
    "description",
    "notes",
    "tags",
    "gear",
    "commute",
    "race",
    "rpe",
    "feel",
    "sub_type",
    "trainer",
)
#: Fields of a row for several workouts that hold for each of them.
_SHARED_BY_LEGS = ("title", "description", "notes", "tags", "gear")
#: Fields that are combined in the code below, or that only the file knows.
_NEVER_FROM_ROW = (
    "start_utc",
    "start_local",
    "timezone",
    "utc_offset_s",
    "start_precision",
    "claims",
    "completeness",
    "provenance",
    "leg_no",
    "model",
    "streams",
    "extensions",
    "metrics",
    "sport",
    "sport_raw",
)
#: Athletes correct the distance of a treadmill at the service. A smaller difference, as a share of
#: the file's distance, comes from another rule for pauses or from rounding.
_CORRECTED = 0.01
#: Averages and extremes of what sensors measure. The cadence is left to the file, which also says
#: whether it counts one leg.
_SUMMARIZED = (
    "average_heartrate_bpm",
    "max_heartrate_bpm",
    "min_heartrate_bpm",
    "average_watts",
    "max_watts",
    "max_speed_mps",
    "average_altitude_m",
    "min_altitude_m",
    "max_altitude_m",
    "average_temperature_c",
    "min_temperature_c",
    "max_temperature_c",
    "elevation_gain_m",
    "elevation_loss_m",
)
#: The notes of values that a reader computed because its file does not state them.
_FROM_SAMPLES = ("from the samples", "from the laps", "from the points")
#: Services and devices round a duration to seconds.
_ROUNDING_S = 1.0
#: The origin of a number of a row that does not state it, if it was not reported.
_UNSTATED = {
    AVERAGE_SPEED: Provenance("computed"),
    "calories_kcal": Provenance("estimated"),
}
#: The sport of a file that states none, or one whose name is not known to us.
_NO_NAME = "Other"
#: Sports that do not say what was done, from the emptiest on.
_NO_SPORT = (None, _NO_NAME, "Workout")
#: What was cut off may have been faster than the average by this factor.
_FASTER = 2.0
#: Only if the times differ by fewer seconds are the two distances those of the same recording.
_SAME_RECORDING_S = 60.0


def combine(
    row: SourceActivity,
    legs: Sequence[SourceActivity],
) -> list[SourceActivity]:
    """Return the workout of a row joined with the workouts of its file.

    Measurements of the file win over those of the row, and what people edited wins over the file. A
    row for one leg of a file takes that leg. A row for the complete file gives its text to each leg
    and its claims to the first.
    """
    if len(legs) == 1:
        return [_with_only_leg(row, legs[0])]
    leg = _leg(row, legs)
    if leg is not None:
        return [_joined(row, leg, leg_no=0)]

    shared = SourceActivity(**{name: getattr(row, name) for name in _SHARED_BY_LEGS})
    # Only the first leg gets the claims, because equal claims would join the legs into one.
    with_claims = msgspec.structs.replace(shared, claims=row.claims)
    first, *others = legs
    joined = [_joined(with_claims, first, leg_no=first.leg_no)]
    for other in others:
        joined.append(_joined(shared, other, leg_no=other.leg_no))
    return joined


def _with_only_leg(row: SourceActivity, leg: SourceActivity) -> SourceActivity:
    """Return the workout of a row joined with the only workout of its file."""
    extent = cropped_to(row, leg)
    if extent is not None:
        return _cropped(row, leg, extent)
    return _joined(row, leg, leg_no=0)


def _cropped(
    row: SourceActivity,
    leg: SourceActivity,
    extent: Extent,
) -> SourceActivity:
    """Return the workout of a file that the athlete cropped at the service.

    It has the values of the complete file, and the mark of the crop, which can be undone. What the
    row says about the recording holds only for the rest.
    """
    rest = _joined(row, cropped(leg, extent), leg_no=0)
    provenance = dict(rest.provenance)
    for field in ("elapsed_s", "distance_m"):
        recorded = getattr(leg, field)
        note = f"cropped at the service; the file has {shown(field, recorded)}"
        provenance[field] = Provenance("reported", note=note)
    rest = msgspec.structs.replace(rest, provenance=provenance)
    whole = _joined(without_measured(row), leg, leg_no=0)
    return with_crop(whole, rest, extent)


def _leg(
    row: SourceActivity,
    legs: Sequence[SourceActivity],
) -> SourceActivity | None:
    """Return the leg whose start is nearest to that of the row, or ``None`` if it is not the same
    workout.
    """
    nearest = min(legs, key=lambda leg: apart_s(row, leg))
    if apart_s(row, nearest) > SAME_START_S or not is_as_long(row, nearest):
        return None
    return nearest


def _joined(
    row: SourceActivity,
    leg: SourceActivity,
    *,
    leg_no: int,
) -> SourceActivity:
    """Return one leg of the file with the values of the row."""
    values = _from_row(row, leg)
    values["leg_no"] = leg_no
    values["claims"] = tuple(dict.fromkeys(row.claims + leg.claims))
    values["extensions"] = {**leg.extensions, **row.extensions}
    values["metrics"] = {**row.metrics, **leg.metrics}
    values["provenance"] = _provenance(row, leg, values)
    missing = {**row.completeness.missing, **leg.completeness.missing}
    for field, _ in _notes(row, leg):
        del missing[field]
    if values.get("max_speed_mps", 1.0) is None:
        highest = shown("max_speed_mps", leg.max_speed_mps or 0.0)
        missing["max_speed_mps"] = (
            f"it is below the average speed of the corrected distance: the file has {highest}"
        )
    values["completeness"] = Completeness(("summary", "file"), missing)
    return msgspec.structs.replace(leg, **values)


def _provenance(
    row: SourceActivity,
    leg: SourceActivity,
    from_row: Mapping[str, Any],
) -> dict[str, Provenance]:
    """Return the provenance of the joined values: of some fields from the row, of the others from
    the leg.
    """
    provenance = {}
    for field, origin in leg.provenance.items():
        if field not in from_row:
            provenance[field] = origin
    for field, origin in row.provenance.items():
        if field in from_row:
            provenance[field] = origin
    if from_row.get(AVERAGE_SPEED, row.average_speed_mps) != row.average_speed_mps:
        provenance[AVERAGE_SPEED] = COMPUTED_SPEED
    notes = dict(_notes(row, leg))
    for field in _replaced(leg, from_row):
        notes[field] = f"the file has {shown(field, getattr(leg, field))}"
    for field, note in notes.items():
        default = _UNSTATED.get(field, Provenance("reported"))
        provenance[field] = msgspec.structs.replace(provenance.get(field, default), note=note)
    for field in _corrections(row, leg, from_row):
        provenance[field] = Provenance("reported", BY_THE_ATHLETE, note=notes.get(field))
    return provenance


def _corrections(
    row: SourceActivity,
    leg: SourceActivity,
    from_row: Mapping[str, Any],
) -> Iterator[str]:
    """Yield the fields that the athlete corrected at the service.

    The uncorrected values of the same recording, such as those of the file in a folder, must not
    win over them.
    """
    if from_row.get("distance_m") == row.distance_m and _is_corrected(row, leg):
        yield "distance_m"
    # A service that has fewer names for sports than the file says the same with a general name.
    sport = from_row.get("sport")
    recorded = leg.sport
    if not sport or not recorded or recorded in _NO_SPORT:
        return
    if family(sport) != family(recorded):
        yield "sport"


def _notes(row: SourceActivity, leg: SourceActivity) -> Iterator[tuple[str, str]]:
    """Yield each field that only the file has, with the reason why the row does not have it."""
    for field, why in row.completeness.missing.items():
        if getattr(leg, field, None) not in ABSENT:
            yield field, f"from the file, because {why}"


def _replaced(leg: SourceActivity, from_row: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields in which the row has another number or text than the file."""
    for field, value in from_row.items():
        recorded = getattr(leg, field)
        # The number of a leg counts the legs of a record, and not those of its file.
        if field == "leg_no" or value is None or value == recorded:
            continue
        if isinstance(recorded, bool) or not isinstance(recorded, int | float | str):
            continue
        if not _is_empty_word(leg, field):
            yield field


def _is_empty_word(leg: SourceActivity, field: str) -> bool:
    """Return whether the file does not state its text for a field, so nothing was corrected."""
    if field == "title":
        origin = leg.provenance.get(field)
        return origin is not None and origin.how == "estimated"  # from the name of the file
    # The name of a sport at the service differs even if the sport is the same.
    return field == "sport_raw" or (field == "sport" and leg.sport == _NO_NAME)


def _from_row(
    row: SourceActivity,
    leg: SourceActivity,
) -> dict[str, Any]:
    """Return the fields in which the row replaces the leg: those that people edit, and those that
    the leg does not have or in which it has a zero that means "not measured".
    """
    values: dict[str, Any] = {}
    for field in SourceActivity.__struct_fields__:
        value = getattr(row, field)
        if field in _NEVER_FROM_ROW or value in ABSENT:
            continue
        if field in _EDITED_BY_ATHLETE or gives_way(field, getattr(leg, field), value):
            values[field] = value
    # The sport can be corrected at the service. A sport that says nothing corrects nothing.
    if _corrects_sport(row, leg):
        values["sport"] = row.sport
        values["sport_raw"] = row.sport_raw
        # The variant that the file names is one of its own sport.
        if family(row.sport or _NO_NAME) != family(leg.sport or _NO_NAME):
            values["sub_type"] = row.sub_type
    values |= _better_summaries(row, leg)
    if _is_without_stops(row, leg):
        values["moving_s"] = row.moving_s
    if _is_corrected(row, leg):
        values["distance_m"] = row.distance_m
    values |= _speed(row, leg, values)
    if _is_stale_maximum(leg, values):
        values["max_speed_mps"] = None
    return values


def _better_summaries(row: SourceActivity, leg: SourceActivity) -> dict[str, Any]:
    """Return the averages and extremes in which the row replaces the leg."""
    return {
        field: getattr(row, field) for field in _SUMMARIZED if _is_better_summary(row, leg, field)
    }


def _is_better_summary(row: SourceActivity, leg: SourceActivity, field: str) -> bool:
    """Return whether the row reports a value that the reader of the file computed from samples.

    A device summarizes every measurement, and its file may keep only some of them.
    """
    origin = leg.provenance.get(field)
    stated = row.provenance.get(field)
    if getattr(row, field) in ABSENT or origin is None or origin.note not in _FROM_SAMPLES:
        return False
    return stated is None or stated.how == "reported"


def _is_without_stops(row: SourceActivity, leg: SourceActivity) -> bool:
    """Return whether the row states the time in motion, and the file only that of its timer.

    The timer runs on when the athlete stands still, unless the device pauses by itself.
    """
    if not row.moving_s or not leg.moving_s or not leg.elapsed_s:
        return False
    if not row.elapsed_s or abs(row.elapsed_s - leg.elapsed_s) >= _SAME_RECORDING_S:
        return False
    return row.moving_s < leg.moving_s - _ROUNDING_S


def _is_stale_maximum(leg: SourceActivity, values: Mapping[str, Any]) -> bool:
    """Return whether the average speed of a corrected distance exceeds the highest speed."""
    if "distance_m" not in values:
        return False
    average = values.get(AVERAGE_SPEED, leg.average_speed_mps)
    highest = values.get("max_speed_mps", leg.max_speed_mps)
    return bool(average and highest and average > highest)


def _corrects_sport(row: SourceActivity, leg: SourceActivity) -> bool:
    """Return whether the sport of the row replaces that of the file: it is as specific, or it is
    one that the model does not have.
    """
    if names_unlisted_sport(row):
        return True
    return _specific(row.sport) > min(_specific(leg.sport), len(_NO_SPORT) - 1)


def _specific(sport: str | None) -> int:
    """Return how much a sport says: the more, the higher the number."""
    if sport in _NO_SPORT:
        return _NO_SPORT.index(sport)
    return len(_NO_SPORT)


def _speed(
    row: SourceActivity,
    leg: SourceActivity,
    from_row: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the average speed that belongs to the joined distance and time, unless it is that of
    the leg.
    """
    joined = msgspec.structs.replace(leg, **from_row)
    source = speed_for(joined, (leg, row))
    if source is leg:
        return {}
    if source is row:
        return {AVERAGE_SPEED: row.average_speed_mps}
    speed = computed_speed(joined)
    if speed is None:
        return {}
    return {AVERAGE_SPEED: speed}


def distance_correction(row: SourceActivity, leg: SourceActivity) -> dict[str, Provenance]:
    """Return the provenance of a distance that the athlete corrected at the service, or nothing.

    Args:
        row: The workout as the service has it.
        leg: The workout of its file.
    """
    if not _is_corrected(row, leg):
        return {}
    recorded = shown("distance_m", leg.distance_m or 0.0)
    note = f"the file has {recorded}"
    return {"distance_m": Provenance("reported", BY_THE_ATHLETE, note=note)}


def _is_corrected(row: SourceActivity, leg: SourceActivity) -> bool:
    """Return whether the athlete corrected the distance of this recording at the service."""
    if not (row.distance_m and leg.distance_m):
        return False
    # A table without elapsed times, such as that of TrainingPeaks, has moving times.
    field = "moving_s" if row.elapsed_s is None else "elapsed_s"
    row_s = getattr(row, field)
    leg_s = getattr(leg, field)
    if not (row_s and leg_s) or abs(row_s - leg_s) >= _SAME_RECORDING_S:
        return False
    if _is_cut_a_little(row.distance_m, leg.distance_m, row_s, leg_s):
        return False
    return abs(row.distance_m - leg.distance_m) > _CORRECTED * leg.distance_m


def _is_cut_a_little(
    row_m: float,
    leg_m: float,
    row_s: float,
    leg_s: float,
) -> bool:
    """Return whether a row is shorter only because it ends earlier or begins later than its file.

    Its distance belongs to its own time, and the time is that of the file.
    """
    cut_off_s = leg_s - row_s
    return 0 < leg_m - row_m <= _FASTER * cut_off_s * leg_m / leg_s
