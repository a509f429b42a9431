"""Conversion of one row of Strava's table into a workout."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from fitglue_files.archives.numbers import not_negative, number, positive
from fitglue_files.archives.strava_words import sport_of
from fitglue_files.wording import quoted, short_text, short_title
from fitglue_registry.errors import Place, RecordRefused
from fitglue_registry.model import (
    Gear,
    Provenance,
    SourceActivity,
    TrainingLoad,
    claim,
    gives_way,
    with_average_speed,
    without_invalid,
)
from fitglue_registry.model.cadence import counts_one_leg

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE = "activities.csv"
#: The cells of a row by their meaning, with its start and the row itself.
Cells: TypeAlias = "Mapping[str, Any]"
#: Field of the model → the function that reads its cell. The rounded distance is not used, because
#: it is in kilometers or miles without saying which.
_NUMBERS = {
    "moving_s": not_negative,
    "distance_m": not_negative,
    "max_speed_mps": not_negative,
    "average_speed_mps": not_negative,
    "elevation_gain_m": not_negative,
    "elevation_loss_m": not_negative,
    "min_altitude_m": number,
    "max_altitude_m": number,
    "max_cadence_rpm": not_negative,
    "average_cadence_rpm": not_negative,
    "max_heartrate_bpm": not_negative,
    "average_heartrate_bpm": not_negative,
    "max_watts": not_negative,
    "average_watts": not_negative,
    "weighted_average_watts": not_negative,
    "calories_kcal": not_negative,
    "max_temperature_c": number,
    "average_temperature_c": number,
    "pool_length_m": not_negative,
}
#: Fields that Strava computes if the file does not state them.
_COMPUTED = ("moving_s", "elevation_gain_m", "elevation_loss_m", "weighted_average_watts")


def activity_of(
    external_id: str,
    cells: Cells,
    *,
    has_file: bool = False,
) -> SourceActivity:
    """Return the workout of a row; raise ``RecordRefused`` if it has no number, or if neither the
    row nor its file has a start.
    """
    if not cells.get("start") and not has_file:
        what = f"its date {quoted(cells.get('date'))} cannot be read"
        raise _refuse(external_id, what, "date")
    if not external_id.isdigit():
        what = f"{quoted(cells.get('id'))} is not an activity number"
        raise _refuse(external_id, what, "id")
    sport_raw = cells.get("type")
    sport = sport_of(sport_raw)
    fields = _measurements(cells)
    activity = SourceActivity(
        title=short_title(cells.get("title")),
        description=short_text(cells.get("description")),
        notes=short_text(cells.get("notes")),
        sport=sport,
        sport_raw=sport_raw,
        start_utc=_start(cells),
        commute=_yes(cells.get("commute")),
        race=_yes(cells.get("race")),
        gear=_gear(cells),
        rpe=_exertion(cells),
        training_loads=_loads(cells),
        cadence_per_leg=counts_one_leg(sport, fields["average_cadence_rpm"]),
        claims=(claim("strava", external_id),),
        provenance=_provenance(fields),
        **fields,
    )
    return with_average_speed(without_invalid(activity))


def _start(cells: Cells) -> datetime | None:
    """Return the start of a row in UTC, or ``None`` if it is unknown."""
    start = cells.get("start")
    if not start:
        return None
    return datetime.fromisoformat(start)


def _measurements(cells: Cells) -> dict[str, Any]:
    """Return the measurements of a row; those that it does not have are ``None``."""
    fields = {}
    for name, read in _NUMBERS.items():
        fields[name] = read(cells.get(name))
    exact_s = not_negative(cells.get("elapsed_s"))
    shown_s = not_negative(cells.get("shown_elapsed"))  # in whole seconds
    if gives_way("elapsed_s", exact_s, shown_s):
        exact_s = shown_s
    fields["elapsed_s"] = exact_s
    return fields


def _provenance(fields: Mapping[str, float | None]) -> dict[str, Provenance]:
    """Return the provenance of the fields that Strava computed."""
    provenance = {}
    for name in _COMPUTED:
        if fields[name] is not None:
            provenance[name] = Provenance("computed", by="Strava")
    return provenance


def _loads(cells: Cells) -> tuple[TrainingLoad, ...]:
    """Return Strava's relative effort, which is a training load based on heart rate."""
    effort = positive(cells.get("relative_effort"))
    if effort is None:
        return ()
    load = TrainingLoad(
        effort,
        method="heart_rate",
        variant="relative_effort",
        by="Strava",
    )
    return (load,)


def _exertion(cells: Cells) -> float | None:
    """Return the perceived exertion on the scale from 1 to 10, or ``None``."""
    exertion = positive(cells.get("rpe"))
    if exertion is None or exertion > 10:
        return None
    return exertion


def _gear(cells: Cells) -> Gear | None:
    """Return the gear, which the table has by name only."""
    if not cells.get("gear"):
        return None
    return Gear(name=cells["gear"])


def _yes(cell: str | None) -> bool | None:
    """Return ``True`` if a cell says yes, else ``None``: an empty cell and "no" cannot be
    distinguished.
    """
    if not cell:
        return None
    if cell.casefold() == "true" or positive(cell) is not None:
        return True
    return None


def _refuse(
    external_id: str,
    what: str,
    field: str,
) -> RecordRefused:
    """Return the refusal of a row."""
    return RecordRefused(
        "FG-strava-row",
        f"row {external_id} of {TABLE} cannot be used: {what}",
        at=Place(field=field),
        fix="the row is kept; please report what its table looks like",
    )
