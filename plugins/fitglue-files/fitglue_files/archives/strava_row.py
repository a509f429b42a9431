"""Makes a workout of one row of Strava's table."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from fitglue_files.archives.numbers import natural, number, positive
from fitglue_files.archives.strava_words import sport_of
from fitglue_registry.errors import Place, RecordRefused
from fitglue_registry.model import Gear, Provenance, SourceActivity, TrainingLoad, claim
from fitglue_registry.model.sports import ON_FOOT

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE = "activities.csv"
#: The cells of a row by what they mean, with its start and the row itself.
Cells: TypeAlias = "Mapping[str, Any]"
#: Of times the rounded column will do, of distances not: it is in kilometres or miles, and does not
#: say which. A distance of zero is in every row of an hour at the weights: nothing was measured.
_NUMBERS = {
    "moving_s": positive,
    "distance_m": positive,
    "max_speed_mps": positive,
    "average_speed_mps": positive,
    "elevation_gain_m": natural,
    "elevation_loss_m": natural,
    "min_altitude_m": number,
    "max_altitude_m": number,
    "max_cadence_rpm": positive,
    "average_cadence_rpm": positive,
    "max_heartrate_bpm": positive,
    "average_heartrate_bpm": positive,
    "max_watts": positive,
    "average_watts": positive,
    "weighted_average_watts": positive,
    "calories_kcal": positive,
    "max_temperature_c": number,
    "average_temperature_c": number,
    "pool_length_m": positive,
}
#: By Strava's service from the file, as far as the file does not say it.
_COMPUTED = ("moving_s", "elevation_gain_m", "elevation_loss_m", "weighted_average_watts")


def activity_of(external_id: str, cells: Cells) -> SourceActivity:
    """The workout of a row; raises ``RecordRefused`` where it has no start or no number."""
    if not cells.get("start"):
        what = f"its date {cells.get('date')!r} cannot be read"
        raise _refuse(external_id, what, "date")
    if not external_id.isdigit():
        what = f"{cells.get('id')!r} is not the number of an activity"
        raise _refuse(external_id, what, "id")
    sport_raw = cells.get("type")
    sport = sport_of(sport_raw)
    figures = _figures(cells)
    has_cadence = figures["average_cadence_rpm"] is not None
    return SourceActivity(
        title=cells.get("title"),
        description=cells.get("description"),
        notes=cells.get("notes"),
        sport=sport,
        sport_raw=sport_raw,
        start_utc=datetime.fromisoformat(cells["start"]),
        commute=_yes(cells.get("commute")),
        race=_yes(cells.get("race")),
        gear=_gear(cells),
        rpe=_exertion(cells),
        training_loads=_loads(cells),
        cadence_per_leg=True if has_cadence and sport in ON_FOOT else None,
        claims=(claim("strava", external_id),),
        provenance=_provenance(figures),
        **figures,
    )


def _figures(cells: Cells) -> dict[str, Any]:
    figures = {}
    for name, read in _NUMBERS.items():
        figures[name] = read(cells.get(name))
    elapsed_s = positive(cells.get("elapsed_s"))
    if elapsed_s is None:
        elapsed_s = positive(cells.get("shown_elapsed"))
    figures["elapsed_s"] = elapsed_s
    return figures


def _provenance(figures: Mapping[str, float | None]) -> dict[str, Provenance]:
    provenance = {}
    for name in _COMPUTED:
        if figures[name] is not None:
            provenance[name] = Provenance("computed", by="Strava")
    return provenance


def _loads(cells: Cells) -> tuple[TrainingLoad, ...]:
    """Strava's relative effort, which is a load by heart rate."""
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
    exertion = positive(cells.get("rpe"))
    if exertion is None or exertion > 10:
        return None
    return exertion


def _gear(cells: Cells) -> Gear | None:
    if not cells.get("gear"):
        return None
    return Gear(name=cells["gear"])


def _yes(cell: str | None) -> bool | None:
    """``True`` where a cell says so; no cell says no in a way that could be told from nothing."""
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
    return RecordRefused(
        "FG-strava-row",
        f"row {external_id} of {TABLE} cannot be used: {what}",
        at=Place(field=field),
        fix="tell us what its table looks like; the row is kept",
    )
