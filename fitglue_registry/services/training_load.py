"""Shows the training load of athletes by day, with what follows from it: fitness, fatigue, form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import UserMistake
from fitglue_registry.model.fitness import fitness_by_day
from fitglue_registry.services.argument_types import checks_arguments
from fitglue_registry.services.boosting import run_booster
from fitglue_registry.store.daily_loads import daily_loads, without_load
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    from datetime import date

    from fitglue_registry.services.connecting.connections import Connections
    from fitglue_registry.workspace import Workspace

    Rows = list[dict[str, Any]]

#: Decimals of the figures; more would suggest a precision that a load does not have.
_DIGITS = 2
_BOOSTER = "training-load"


@checks_arguments
class TrainingLoad:
    """The training load of athletes."""

    def __init__(self, workspace: Workspace, connections: Connections) -> None:
        self._workspace = workspace
        self._connections = connections

    def update(self, athlete: str = ME) -> int:
        """Run the booster training-load on each activity for which it may have another result.

        From then on, every sync of this athlete and every change of a threshold does the same.

        Args:
            athlete: The athlete.

        Returns:
            The number of activities whose result has changed.

        Raises:
            UserMistake: FG-unknown-entry if the registry has no such booster.
            PluginFailed: The plugin is missing or broken.
        """
        return run_booster(self._workspace, _BOOSTER, athlete)

    def missing(
        self,
        since: date,
        until: date,
        athlete: str = ME,
    ) -> Rows:
        """Return the workouts of these days that have no training load, newest first.

        Args:
            since: The first day.
            until: The last day.
            athlete: The athlete.

        Returns:
            Rows with ``number``, ``day``, ``title`` and ``notes``: what was missing, in sentences
            that name the command that sets it.
        """
        with self._workspace.database.read() as db:
            return without_load(db, athlete, since, until)

    def days(
        self,
        since: date | None = None,
        until: date | None = None,
        athlete: str = ME,
    ) -> Rows:
        """Return the training load, the fitness, the fatigue and the form of each day.

        The figures of a day follow from all workouts before it, also from those before ``since``;
        see ``fitglue_registry.model.fitness`` for the formulas.

        Args:
            since: The first day; ``None`` is the day of the first workout.
            until: The last day; ``None`` is today in the athlete's home zone.
            athlete: The athlete.

        Returns:
            A row for each day, oldest first: ``day``, ``activities`` and ``without_load`` (how many
            workouts there are, and how many of them have no training load), ``load``, ``fitness``
            (CTL), ``fatigue`` (ATL), ``form`` (TSB) and ``ramp`` (the change of the fitness within
            a week, ``None`` during the first one).

        Raises:
            UserMistake: FG-days-reversed if ``until`` is before ``since``.
        """
        if since and until and until < since:
            raise UserMistake(
                "FG-days-reversed",
                f"{until} is before {since}",
                fix="name the earlier day first",
            )
        last = until or self._connections.local_time(athlete).date()
        with self._workspace.database.read() as db:
            by_day = {daily.day: daily for daily in daily_loads(db, athlete)}
        loads = {day: daily.load for day, daily in by_day.items()}
        rows: Rows = []
        for state in fitness_by_day(loads, last):
            if since and state.day < since:
                continue
            daily = by_day.get(state.day)
            row = {
                "day": state.day.isoformat(),
                "activities": daily.activities if daily else 0,
                "without_load": daily.without_load if daily else 0,
                "load": round(state.load, _DIGITS),
                "fitness": round(state.fitness, _DIGITS),
                "fatigue": round(state.fatigue, _DIGITS),
                "form": round(state.form, _DIGITS),
                "ramp": None if state.ramp is None else round(state.ramp, _DIGITS),
            }
            rows.append(row)
        return rows
