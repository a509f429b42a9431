"""The deliveries of an athlete: list them, decide about uncertain ones, try one again."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import Busy, UserMistake
from fitglue_registry.model.stored import DeliveryAction, DeliveryState
from fitglue_registry.services.argument_types import checks_arguments
from fitglue_registry.store.deliveries import (
    change_state,
    deliveries_of_activity,
    delivery_by_id,
    list_deliveries,
    log_of,
)
from fitglue_registry.store.delivery_list import name_deliveries
from fitglue_registry.store.json_text import json_text
from fitglue_registry.store.offers import offer
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.deliveries import DeliveryRow
    from fitglue_registry.workspace import Workspace

    Views = list["DeliveryView"]

#: The states of deliveries for which somebody has to do something.
NEEDS_ATTENTION = (DeliveryState.REFUSED, DeliveryState.FAILED)
#: What is set when a delivery begins anew.
_ANEW: dict[str, Any] = {"tries": 0, "next_try_at": None, "error": None}


@dataclass(frozen=True, slots=True)
class DeliveryEvent:
    """One line of the log of a delivery."""

    at: str
    state: DeliveryState
    what: str


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One delivery, for people.

    Attributes:
        id: Its number.
        pipeline: The name of its pipeline, also if that was deleted.
        destination: The name of the destination.
        entry: The id of the destination's entry.
        connection: The name of the connection that it goes to, if it goes to an account.
        activity: The short number of the workout; ``None`` if it no longer exists.
        day: Its local day.
        title: Its title.
        action: What is done there.
        state: Its state.
        needs_you: Whether only the athlete can say whether it arrived.
        tries: How often it was tried.
        next_try_at: When it is looked after again; ``None`` for the next run, or never.
        external_id: The id that the destination was given.
        remote_id: Its id there, if it is known.
        url: Its address there, if it is known.
        error: Code, what and fix of the last failure.
        planned_at: When it was decided first.
        updated_at: When its state changed last.
        sent_at: When it arrived.
        log: What happened to it, oldest first; only of a single delivery.
    """

    id: int
    pipeline: str
    destination: str
    entry: str
    connection: str | None
    activity: int | None
    day: str | None
    title: str | None
    action: DeliveryAction
    state: DeliveryState
    needs_you: bool
    tries: int
    next_try_at: str | None
    external_id: str
    remote_id: str | None
    url: str | None
    error: Mapping[str, Any] | None
    planned_at: str
    updated_at: str
    sent_at: str | None
    log: Sequence[DeliveryEvent] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, without those that are not known."""
        values = asdict(self)
        if not self.log:
            del values["log"]
        return {name: value for name, value in values.items() if value is not None}


@checks_arguments
class Deliveries:
    """What the pipelines of athletes have sent, or are about to send."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def list(
        self,
        athlete: str = ME,
        states: Iterable[DeliveryState] = (),
        limit: int | None = None,
    ) -> Views:
        """Return the deliveries of an athlete, those that were changed last first.

        Args:
            athlete: The athlete.
            states: Only these states; empty for all of them.
            limit: How many to return at most; ``None`` for all of them.
        """
        with self._workspace.database.read() as db:
            return views_of(db, list_deliveries(db, athlete, states, most=limit))

    def needing_attention(self, athlete: str = ME) -> Views:
        """Return the deliveries that were refused or given up, or that only a person can decide."""
        states = (*NEEDS_ATTENTION, DeliveryState.UNCERTAIN)
        with self._workspace.database.read() as db:
            rows = list_deliveries(db, athlete, states)
            chosen = [row for row in rows if row.is_parked or row.state in NEEDS_ATTENTION]
            return views_of(db, chosen)

    def of_activity(self, activity_id: str) -> Views:
        """Return the deliveries of one activity with their logs, oldest first.

        Args:
            activity_id: The permanent id of the activity.
        """
        with self._workspace.database.read() as db:
            return views_of(db, deliveries_of_activity(db, activity_id), with_log=True)

    def get(self, number: int, athlete: str = ME) -> DeliveryView:
        """Return one delivery with its log.

        Raises:
            UserMistake: FG-delivery-unknown.
        """
        with self._workspace.database.read() as db:
            [view] = views_of(db, [_known(db, number, athlete)], with_log=True)
        return view

    def resolve(
        self,
        number: int,
        arrived: bool,
        athlete: str = ME,
    ) -> DeliveryView:
        """Decide about a delivery of which nobody knows whether it arrived.

        One that arrived is sent no more, but later changes of the workout are. One that did not
        arrive is sent by the next run.

        Args:
            number: The delivery.
            arrived: Whether the athlete has found it at the destination.
            athlete: The athlete.

        Raises:
            UserMistake: FG-delivery-unknown or FG-delivery-settled.
            Busy: FG-delivery-changing if a run is taking care of it now.
        """
        with self._workspace.database.write() as db:
            row = _known(db, number, athlete)
            if row.state != DeliveryState.UNCERTAIN:
                raise UserMistake(
                    "FG-delivery-settled",
                    f"nothing has to be decided about delivery {number}",
                    why=f"its state is {row.state}",
                    fix=f"see: fitglue deliveries show {number}",
                )
            if arrived:
                self._arrived(db, row)
            else:
                what = "you said that it did not arrive"
                self._change(db, row, DeliveryState.PLANNED, what, _ANEW)
        return self.get(number, athlete)

    def retry(self, number: int, athlete: str = ME) -> DeliveryView:
        """Let the next run try a delivery again, whatever it waits for, or if it was given up.

        Raises:
            UserMistake: FG-delivery-unknown, FG-delivery-sent or FG-delivery-uncertain.
            Busy: FG-delivery-changing if a run is taking care of it now.
        """
        with self._workspace.database.write() as db:
            row = _known(db, number, athlete)
            _check_retry(row)
            what = "you asked for it again"
            if row.state == DeliveryState.ACCEPTED:
                values = {"next_try_at": self._workspace.now}
                self._change(db, row, row.state, what, values)
            else:
                self._change(db, row, DeliveryState.PLANNED, what, _ANEW)
        return self.get(number, athlete)

    def withdraw(self, number: int, athlete: str = ME) -> DeliveryView:
        """Let a delivery not be sent that is planned, unless the workout changes.

        Raises:
            UserMistake: FG-delivery-unknown or FG-delivery-settled.
            Busy: FG-delivery-changing if a run is taking care of it now.
        """
        with self._workspace.database.write() as db:
            row = _known(db, number, athlete)
            if row.state != DeliveryState.PLANNED:
                raise UserMistake(
                    "FG-delivery-settled",
                    f"delivery {number} cannot be withdrawn",
                    why=f"its state is {row.state}, and only planned ones can be",
                    fix=f"see: fitglue deliveries show {number}",
                )
            what = "you withdrew it"
            error = {"code": "FG-delivery-withdrawn", "what": what}
            values = {"next_try_at": None, "error": json_text(error)}
            self._change(db, row, DeliveryState.REFUSED, what, values)
        return self.get(number, athlete)

    def _arrived(self, db: Db, row: DeliveryRow) -> None:
        now = self._workspace.now
        is_removed = row.action == DeliveryAction.DELETE
        # What is there is what was sent then.
        sent = {} if is_removed else dict(row.intent.get("hashes", {}))
        values = {
            "sent": json_text(sent),
            "sent_at": None if is_removed else now,
            "next_try_at": None,
            "error": None,
        }
        self._change(db, row, DeliveryState.SENT, "you said that it arrived", values)
        # The workout may have changed in the meantime.
        offer(db, row.athlete_id, row.pipeline_id, [row.activity_id], now)

    def _change(
        self,
        db: Db,
        row: DeliveryRow,
        state: DeliveryState,
        what: str,
        values: Mapping[str, Any],
    ) -> None:
        if not change_state(db, row, state, what, self._workspace.now, values):
            raise Busy(
                "FG-delivery-changing",
                f"a run is taking care of delivery {row.id} at this moment",
                fix=f"see what became of it: fitglue deliveries show {row.id}",
            )


def _known(db: Db, number: int, athlete: str) -> DeliveryRow:
    row = delivery_by_id(db, number)
    # The delivery of another athlete does not exist for this one.
    if row is None or row.athlete_id != athlete:
        raise UserMistake(
            "FG-delivery-unknown",
            f"there is no delivery {number}",
            fix="see: fitglue deliveries list",
        )
    return row


def _check_retry(row: DeliveryRow) -> None:
    if row.state == DeliveryState.SENT:
        raise UserMistake(
            "FG-delivery-sent",
            f"delivery {row.id} has arrived",
            fix="to send a workout again: fitglue pipeline run NAME --activity NUMBER --again",
        )
    if row.state in (DeliveryState.UNCERTAIN, DeliveryState.SENDING):
        raise UserMistake(
            "FG-delivery-uncertain",
            f"delivery {row.id} may have arrived, and would be there twice if it was sent again",
            fix=f"look there, and then: fitglue deliveries resolve {row.id} --arrived, or "
            "--not-arrived",
        )


def views_of(
    db: Db,
    rows: Sequence[DeliveryRow],
    *,
    with_log: bool = False,
) -> Views:
    """Return deliveries for people.

    Args:
        db: A transaction.
        rows: The deliveries.
        with_log: Whether to read what happened to each of them.
    """
    named = name_deliveries(db, rows)
    logs: dict[int, list[DeliveryEvent]] = {}
    for line in log_of(db, [row.id for row in rows]) if with_log else ():
        event = DeliveryEvent(line.at, line.state, line.what)
        logs.setdefault(line.delivery_id, []).append(event)
    views = []
    for row in rows:
        workout = named.workouts.get(row.activity_id)
        receipt = row.receipt or {}
        views.append(
            DeliveryView(
                row.id,
                named.pipelines[row.pipeline_id],
                row.destination,
                row.entry,
                named.connections.get(row.connection_id or ""),
                workout.number if workout else None,
                workout.day if workout else None,
                workout.title if workout else None,
                row.action,
                row.state,
                row.is_parked,
                row.tries,
                row.next_try_at,
                row.external_id,
                receipt.get("remote_id"),
                receipt.get("url"),
                row.error,
                row.planned_at,
                row.updated_at,
                row.sent_at,
                logs.get(row.id, ()),
            )
        )
    return views
