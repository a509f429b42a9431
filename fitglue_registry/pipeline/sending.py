"""Takes care of deliveries: sends them, looks up those that are uncertain, asks about the others.

A delivery is written as ``sending`` and committed before anything is sent. If the process ends
before the answer is stored, the next run finds it so, and asks the destination before it sends
anything again. Nothing is ever sent twice because nobody knew.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from fitglue_registry.errors import AthleteNeeded, FitglueError, Retryable
from fitglue_registry.model.moments import clock_text
from fitglue_registry.model.stored import DeliveryAction, DeliveryState, OfferedBy
from fitglue_registry.pipeline.backoff import MOST_TRIES, is_over, next_try
from fitglue_registry.pipeline.isolation import stops_the_run
from fitglue_registry.pipeline.passing import WITHHELD
from fitglue_registry.plugin_api import (
    Accepted,
    CannotTell,
    NotThere,
    Receipt,
    Rejected,
    Sent,
    Uncertain,
)
from fitglue_registry.store.deliveries import (
    begin_sending,
    change_state,
    delivery_by_id,
    write_log,
)
from fitglue_registry.store.delivery_moves import come_forward
from fitglue_registry.store.json_text import json_text
from fitglue_registry.store.offers import offer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.plugin_api import Clock, Delivery
    from fitglue_registry.registry.entry import DeliveryTerms
    from fitglue_registry.store.database import Database
    from fitglue_registry.store.deliveries import DeliveryRow

    #: What a destination says when it is asked about a delivery.
    Found = Sent | Accepted | Rejected | NotThere | CannotTell

_OUTCOME_UNKNOWN = "FG-outcome-unknown"
#: What happens to every delivery alike: each of them would cost its whole time limit.
_BLOCKING = frozenset({_OUTCOME_UNKNOWN, "FG-plugin-blocked"})
#: How long the service may still be working on a request whose answer was lost.
_SETTLING = timedelta(seconds=60)
_CHANGED = "it was changed meanwhile"
_PARKED = "decide with `fitglue deliveries resolve {id} --arrived` or `--not-arrived`"


@dataclass(frozen=True, slots=True)
class Ready:
    """A delivery that can be sent, and what the destination will then have of the activity."""

    delivery: Delivery
    hashes: Mapping[str, str]
    version: int | None = None  # of the pipeline that made it; it is not sent by another version


@dataclass(frozen=True, slots=True)
class Withheld:
    """The statement that an activity is not sent after all."""

    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery in this run.

    Attributes:
        delivery: The delivery as it is stored now.
        what: What happened, in one sentence.
        error: The failure, if there was one.
        blocks: Whether its destination cannot be used any more in this run.
    """

    delivery: DeliveryRow
    what: str
    error: FitglueError | None = None
    blocks: bool = False


class Destination(Protocol):
    """A destination with the account that a delivery goes to."""

    terms: DeliveryTerms
    can_find: bool  # whether its plugin can look up deliveries

    def deliver(self, delivery: Delivery) -> Sent | Accepted | Rejected | Uncertain:
        """Send a delivery."""

    def find(self, delivery: Delivery) -> Found:
        """Look up a delivery."""


class Builder(Protocol):
    """Builds from the store what a delivery consists of."""

    def build(self, row: DeliveryRow) -> Ready | Withheld:
        """Return what is sent; it is built anew each time, because the activity may change."""


class Sender:
    """Takes care of one delivery at a time.

    Args:
        database: The store.
        clock: The clock of the host.
        builder: Builds what is sent.
        remember: Stores, in the transaction that stores that a delivery arrived, the identities by
            which it is recognized when a source lists it.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        builder: Builder,
        remember: Callable[[Db, DeliveryRow, Sequence[str]], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._builder = builder
        self._remember = remember

    def take_care(self, row: DeliveryRow, destination: Destination) -> Outcome:
        """Do what is due for a delivery, and return what became of it.

        Args:
            row: The delivery as it was read.
            destination: Its destination.

        Raises:
            StoreFailed: The store cannot be read or written.
        """
        if row.state == DeliveryState.SENDING:
            row = self._interrupted(row)
        is_in_doubt = row.state in (DeliveryState.UNCERTAIN, DeliveryState.ACCEPTED)
        if row.is_parked or not (is_in_doubt or row.state == DeliveryState.PLANNED):
            return Outcome(row, _CHANGED)
        try:
            built = self._builder.build(row)
        except FitglueError as error:
            if stops_the_run(error):
                raise
            return self._not_built(row, error)
        if is_in_doubt:
            return self._look_up(row, destination, built)
        return self._send(row, destination, built)

    # -- sending -----------------------------------------------------------------------------------

    def _send(
        self,
        row: DeliveryRow,
        destination: Destination,
        built: Ready | Withheld,
    ) -> Outcome:
        if isinstance(built, Withheld):
            return self._withheld(row, built.reason)
        if row.follows_id is not None:
            return self._withheld(row, "another delivery of the same workout is sent")
        with self._database.write() as db:
            may_send = begin_sending(db, row, built.hashes, self._now(), built.version)
        if not may_send:
            return Outcome(self._read(row), "its pipeline is paused or has changed, so it waits")
        # The request must not be carried out if a power cut could still undo the row.
        self._database.flush_commits()
        row = self._read(row)
        try:
            answer = destination.deliver(built.delivery)
        except FitglueError as error:
            return self._failed(row, destination, error)
        return self._answered(row, destination, answer, built.hashes)

    def _withheld(self, row: DeliveryRow, reason: str) -> Outcome:
        """Store that a delivery is not sent after all."""
        if row.action == DeliveryAction.DELETE and row.tries:
            # It may have been removed by an attempt whose answer was lost.
            settled = clock_text(self._clock.now() + _SETTLING)
            values = {
                "action": DeliveryAction.CREATE,
                "sent_at": None,
                "sent": "{}",
                "next_try_at": settled,
            }
            return self._store(row, DeliveryState.UNCERTAIN, reason, values)
        if row.is_there:
            what = f"it stays there as it is: {reason}"
            return self._store(row, DeliveryState.SENT, what, {"error": None})
        error = {"code": WITHHELD, "what": reason}
        return self._store(row, DeliveryState.REFUSED, reason, {"error": error})

    def _answered(
        self,
        row: DeliveryRow,
        destination: Destination,
        answer: Sent | Accepted | Rejected | Uncertain,
        hashes: Mapping[str, str],
    ) -> Outcome:
        if isinstance(answer, Sent):
            return self._arrived(row, answer, hashes)
        if isinstance(answer, Accepted):
            return self._accepted(row, answer)
        if isinstance(answer, Rejected):
            return self._rejected(row, answer)
        return self._unknown(row, destination, answer.reason)

    def _failed(
        self,
        row: DeliveryRow,
        destination: Destination,
        error: FitglueError,
    ) -> Outcome:
        """Store that an attempt failed, and when the next one is due."""
        now = self._clock.now()
        if error.code == _OUTCOME_UNKNOWN or not isinstance(error, Retryable | AthleteNeeded):
            # A plugin that fails, or an answer that cannot be read, says nothing about the request.
            return self._unknown(row, destination, error.what, error)
        if isinstance(error, Retryable) and is_over(row, now, destination.terms.retry_days):
            what = f"given up after {destination.terms.retry_days} days: {error.what}"
            values: dict[str, Any] = {"error": error.as_dict()}
            return self._store(row, DeliveryState.FAILED, what, values, error)
        retry_after_s = error.retry_after_s if isinstance(error, Retryable) else None
        values = {
            "error": error.as_dict(),
            "next_try_at": next_try(now, row.tries, retry_after_s),
        }
        return self._store(row, DeliveryState.PLANNED, error.what, values, error, blocks=True)

    # -- looking up --------------------------------------------------------------------------------

    def _interrupted(self, row: DeliveryRow) -> DeliveryRow:
        """Store what follows from a delivery that a run was sending when it ended."""
        what = "the program ended while it was being sent"
        if row.action != DeliveryAction.CREATE:
            # To change, to fill or to remove something once more does no harm.
            return self._store(row, DeliveryState.PLANNED, what).delivery
        # It is looked up at once, but not before this moment can it be known that it is not there.
        began = min(row.updated_at, self._now())
        settled = datetime.fromisoformat(began) + _SETTLING
        values = {"next_try_at": clock_text(settled)}
        return self._store(row, DeliveryState.UNCERTAIN, what, values).delivery

    def _not_built(self, row: DeliveryRow, error: FitglueError) -> Outcome:
        """Store that a delivery cannot be made from the store, and when it is tried again."""
        values = {
            "error": error.as_dict(),
            "next_try_at": next_try(self._clock.now(), row.tries),
        }
        return self._store(row, row.state, error.what, values, error)

    def _unknown(
        self,
        row: DeliveryRow,
        destination: Destination,
        reason: str,
        error: FitglueError | None = None,
    ) -> Outcome:
        """Store that nobody knows whether a delivery arrived, and when it is looked up."""
        now = self._clock.now()
        values: dict[str, Any] = {"error": error.as_dict() if error else _uncertain(reason)}
        blocks = error is not None and error.code in _BLOCKING
        if row.action != DeliveryAction.CREATE:
            return replace(self._repeat(row, reason, values, error), blocks=blocks)
        what = reason
        values["next_try_at"] = clock_text(now + _SETTLING)
        if not destination.can_find:
            values["next_try_at"] = None
            what = f"{reason}; {_PARKED.format(id=row.id)}"
        return self._store(row, DeliveryState.UNCERTAIN, what, values, error, blocks=blocks)

    def _repeat(
        self,
        row: DeliveryRow,
        reason: str,
        values: dict[str, Any],
        error: FitglueError | None = None,
    ) -> Outcome:
        """Have a delivery sent again that certainly may be, unless it was tried too often."""
        if row.follows_id is not None:
            return self._withheld(row, "another delivery of the same workout is sent")
        if row.tries >= MOST_TRIES:
            what = f"given up after {row.tries} tries: {reason}"
            return self._store(row, DeliveryState.FAILED, what, values, error)
        values["next_try_at"] = next_try(self._clock.now(), row.tries)
        return self._store(row, DeliveryState.PLANNED, reason, values, error)

    def _look_up(
        self,
        row: DeliveryRow,
        destination: Destination,
        built: Ready | Withheld,
    ) -> Outcome:
        """Ask the destination about a delivery that may have arrived, or that it has accepted."""
        if isinstance(built, Withheld) or not destination.can_find:
            reason = built.reason if isinstance(built, Withheld) else "it cannot be looked up"
            return self._park(row, reason)
        try:
            answer = destination.find(built.delivery)
        except FitglueError as error:
            return self._not_found_out(row, error)
        if row.action == DeliveryAction.DELETE:
            return self._removal_found(row, answer)
        return self._found(row, answer)

    def _removal_found(self, row: DeliveryRow, answer: Found) -> Outcome:
        """Store what a destination says about a delivery that it was to remove."""
        if isinstance(answer, NotThere):
            return self._arrived(row, Sent(Receipt()), {})
        if isinstance(answer, Sent):
            return self._repeat(row, "it is still there, so it is removed again", {})
        return self._found(row, answer)

    def _found(self, row: DeliveryRow, answer: Found) -> Outcome:
        """Store what a destination says about a delivery that may have arrived."""
        if isinstance(answer, Sent):
            # What is there is what was sent then, and not what would be sent now.
            return self._arrived(row, answer, row.intent.get("hashes", {}), is_late=True)
        if isinstance(answer, Accepted):
            return self._accepted(row, answer)
        if isinstance(answer, Rejected):
            return self._rejected(row, answer)
        if isinstance(answer, CannotTell):
            return self._park(row, answer.reason)
        if row.next_try_at and row.next_try_at > self._now():
            return self._not_there_yet(row)
        values: dict[str, Any] = {"error": row.error and json_text(dict(row.error))}
        return self._repeat(row, "it is not there, so it is sent again", values)

    def _not_there_yet(self, row: DeliveryRow) -> Outcome:
        """Store that the service may still be working on a request, and is asked once more."""
        settled = clock_text(self._clock.now() + _SETTLING)
        values = {"next_try_at": min(str(row.next_try_at), settled)}
        what = "it is not there yet, and is looked up once more before it is sent again"
        return self._store(row, row.state, what, values)

    def _not_found_out(self, row: DeliveryRow, error: FitglueError) -> Outcome:
        """Store that the destination could not be asked."""
        if not isinstance(error, Retryable | AthleteNeeded) and row.tries >= MOST_TRIES:
            return self._park(row, error.what)
        values = {
            "error": error.as_dict(),
            "tries": row.tries + 1,
            "next_try_at": next_try(self._clock.now(), row.tries + 1),
        }
        return self._store(row, row.state, error.what, values, error, blocks=True)

    def _park(self, row: DeliveryRow, reason: str) -> Outcome:
        """Store that only the athlete can say whether a delivery arrived."""
        values = {"error": _uncertain(reason), "next_try_at": None}
        what = f"{reason}; {_PARKED.format(id=row.id)}"
        return self._store(row, DeliveryState.UNCERTAIN, what, values)

    # -- final states ------------------------------------------------------------------------------

    def _arrived(
        self,
        row: DeliveryRow,
        answer: Sent,
        hashes: Mapping[str, str],
        *,
        is_late: bool = False,
    ) -> Outcome:
        """Store that a delivery arrived, with everything by which it can be recognized."""
        now = self._now()
        is_removed = row.action == DeliveryAction.DELETE
        values = {
            "receipt": _receipt(answer.receipt),
            "sent": json_text({} if is_removed else dict(hashes)),
            "sent_at": None if is_removed else now,
            "error": None,
            "next_try_at": None,
        }
        what = _arrival(row, answer)
        with self._database.write() as db:
            if not change_state(db, row, DeliveryState.SENT, what, now, values):
                return Outcome(self._read_in(db, row), _CHANGED)
            self._remember(db, row, answer.identities)
            first = come_forward(db, row, now)
            if first is not None:
                what = f"{what}; another copy of the workout is there as {first.external_id}"
                write_log(db, row.id, DeliveryState.SENT, what, now)
            if is_late:
                # The activity may have changed in the meantime, which was not planned then.
                offer(
                    db,
                    row.athlete_id,
                    row.pipeline_id,
                    [row.activity_id],
                    now,
                    asked_by=OfferedBy.CHANGE,
                )
            return Outcome(self._read_in(db, row), what)

    def _accepted(self, row: DeliveryRow, answer: Accepted) -> Outcome:
        asked_at = self._clock.now() + timedelta(seconds=answer.ask_after_s)
        values = {
            "receipt": _receipt(answer.receipt),
            "next_try_at": clock_text(asked_at),
            "error": None,
        }
        what = "the destination has taken it, and is asked later whether it is there"
        return self._store(row, DeliveryState.ACCEPTED, what, values)

    def _rejected(self, row: DeliveryRow, answer: Rejected) -> Outcome:
        error = {"code": answer.code, "what": answer.reason}
        if answer.fix:
            error["fix"] = answer.fix
        values = {"error": error, "next_try_at": None}
        return self._store(row, DeliveryState.REFUSED, answer.reason, values)

    # -- the store ---------------------------------------------------------------------------------

    def _store(
        self,
        row: DeliveryRow,
        state: DeliveryState,
        what: str,
        values: Mapping[str, Any] | None = None,
        error: FitglueError | None = None,
        *,
        blocks: bool = False,
    ) -> Outcome:
        """Move a delivery to a state, and return what became of it."""
        columns = dict(values or {})
        if isinstance(columns.get("error"), dict):
            columns["error"] = json_text(columns["error"])
        with self._database.write() as db:
            change_state(db, row, state, what, self._now(), columns)
            return Outcome(self._read_in(db, row), what, error, blocks=blocks)

    def _read(self, row: DeliveryRow) -> DeliveryRow:
        with self._database.read() as db:
            return self._read_in(db, row)

    def _read_in(self, db: Db, row: DeliveryRow) -> DeliveryRow:
        found = delivery_by_id(db, row.id)
        return row if found is None else found

    def _now(self) -> str:
        return clock_text(self._clock.now())


def _uncertain(reason: str) -> dict[str, Any]:
    return {"code": "FG-delivery-uncertain", "what": reason}


def _receipt(receipt: Receipt) -> str:
    return json_text(asdict(receipt))


def _arrival(row: DeliveryRow, answer: Sent) -> str:
    """Return the sentence that says how a delivery arrived."""
    named = f" as {answer.receipt.remote_id}" if answer.receipt.remote_id else ""
    left_out = [f"{name} was left out: {reason}" for name, reason in answer.left_out.items()]
    return "; ".join([f"{_arrived_how(row, answer)}{named}", *left_out])


def _arrived_how(row: DeliveryRow, answer: Sent) -> str:
    if row.action == DeliveryAction.DELETE:
        return "it was removed there"
    if answer.existed:
        return "it is there already"
    if row.action == DeliveryAction.CREATE:
        return "it arrived"
    return "what has changed was sent"
