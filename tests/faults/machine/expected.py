"""The model: what a store must hold after a sync, derived from the promises of the design and the
contents of the account, not from the code.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from tests.faults.machine.workouts import Workout, World

#: From the entry: how many past days an ordinary sync lists, and after how many days it lists the
#: whole history.
OVERLAP, WALK_EVERY = timedelta(days=90), timedelta(days=7)
#: The clock of a watch may run ahead, but no window lists a start later than this.
AHEAD = timedelta(days=3660)


@dataclass(frozen=True)
class Listing:
    """The local days that a sync lists; ``newest`` is included."""

    how: str  # first, walk, resumed, overlap, window
    oldest: date | None
    newest: date | None
    today: date
    horizon: date | None = None
    # For a walk that is resumed: when it began, as a count of changes of the account.
    walk_began: int | None = None

    @property
    def ends_walk(self) -> bool:
        """Whether a walk through the complete history ends with this sync."""
        return self.how in ("first", "walk", "resumed")

    def expects(self, day: date | None) -> bool:
        """Return whether a record of that day must be in the list."""
        return (
            day is not None
            and (self.oldest is None or self.oldest <= day)
            and (self.newest is None or day <= self.newest)
        )

    def shows(self, day: date) -> bool:
        """Return whether a workout of that day is in the list."""
        return self.expects(day) and day <= self.today + AHEAD

    def covered_by_walk(self, day: date | None) -> bool:
        """Return whether an earlier or later window of a resumed walk covers that day."""
        return (
            self.walk_began is not None
            and day is not None
            and (self.horizon or day) <= day <= self.today + AHEAD
        )


@dataclass(frozen=True)
class Expected:
    """What the store must hold about one record."""

    state: str  # listed, unlisted, stub, gone
    day: date | None  # the day that decides in which windows the store expects it
    held: Workout | None  # the last valid state
    fetched: Workout | None  # the state when the streams were fetched
    quarantined: bool = False
    file: str | None = None  # None: never requested; have, none, or "?" after an interrupted sync
    content: bytes | None = None  # of the file
    uncertain: bool = False  # after an interrupted sync, until a listing shows the record
    # Deleted while it was uncertain: its values may be those before or after the interrupted sync.
    may_differ: bool = False


@dataclass
class Model:
    """What the store of one connection must hold."""

    world: World
    records: dict[str, Expected] = field(default_factory=dict)
    maybe: set[str] = field(default_factory=set)  # may have been stored by an interrupted sync

    def complete(self, listing: Listing, files: Listing | None) -> dict[str, int] | None:
        """Apply a sync that finished: every record that it covers is as the account has it, with
        its file if ``files`` covers it.

        Return how many records are new and how many were deleted, or ``None`` if an interrupted
        sync makes that uncertain.
        """
        before = dict(self.records)
        certain = not self.maybe and not any(record.uncertain for record in before.values())
        for external_id in self._ids():
            after = self._settled(external_id, listing)
            if after is not None:
                self.records[external_id] = self._with_file(
                    external_id, before.get(external_id), after, files, listing
                )
                self.maybe.discard(external_id)
        new = [record for external_id, record in self.records.items() if external_id not in before]
        deleted = [
            record
            for external_id, record in self.records.items()
            if record.state == "gone" and before[external_id].state != "gone"
        ]
        return (
            {"new": sum(record.state == "listed" for record in new), "gone": len(deleted)}
            if certain
            else None
        )

    def interrupt(self, listing: Listing, *, files: bool) -> None:
        """Apply a sync that was interrupted: each record that it would have changed may be as
        before, as after, or in between.
        """
        for external_id in self._ids():
            known, after = self.records.get(external_id), self._settled(external_id, listing)
            if known is None and after is not None:
                self.maybe.add(external_id)
            elif known is not None:
                file = "?" if files and known.file is None else known.file
                self.records[external_id] = replace(
                    known, uncertain=known.uncertain or after != known, file=file
                )

    def _ids(self) -> list[str]:
        return sorted(self.world.workouts.keys() | self.records.keys())

    def _settled(self, external_id: str, listing: Listing) -> Expected | None:
        """Return what a record becomes, or ``None`` if the store does not know it or need not know
        it.
        """
        known, workout = self.records.get(external_id), self.world.workouts.get(external_id)
        still = listing.walk_began is None or self.world.changed[external_id] <= listing.walk_began
        if workout is not None and (
            listing.shows(workout.day) or (still and listing.covered_by_walk(workout.day))
        ):
            return self._as_listed(external_id, known, workout)
        if known is None:
            if workout is not None and listing.covered_by_walk(workout.day):
                self.maybe.add(external_id)
            return None
        if known.uncertain:
            deleted = workout is None and listing.ends_walk and listing.horizon is None and still
            if not deleted:
                return known
            return replace(known, state="gone", uncertain=False, may_differ=True)
        if not still and not listing.expects(known.day):
            return replace(known, uncertain=True)
        looked_for = known.state in ("listed", "stub") and (
            listing.expects(known.day) or listing.covered_by_walk(known.day)
        )
        if not looked_for and not (listing.ends_walk and known.state == "unlisted"):
            return known
        return self._asked_by_id(known, workout)

    def _as_listed(self, external_id: str, known: Expected | None, workout: Workout) -> Expected:
        """Return the record after a listing that shows it."""
        before = known or Expected(
            "", None, None, None, file="?" if external_id in self.maybe else None
        )
        if workout.odd:  # the last valid state stays
            return replace(
                before,
                state="listed",
                day=workout.day,
                quarantined=True,
                uncertain=before.uncertain or external_id in self.maybe,
            )
        return replace(
            before,
            state="stub" if workout.stub else "listed",
            day=workout.day,
            held=workout,
            fetched=workout,
            quarantined=False,
            uncertain=False,
            may_differ=False,
        )

    def _asked_by_id(self, known: Expected, workout: Workout | None) -> Expected:
        """Return the record after it was missing in the list and requested by id."""
        if workout is None:
            return replace(known, state="gone")
        if workout.stub:
            return replace(known, state="stub")
        if workout.odd:
            return replace(known, state="unlisted", quarantined=True)
        return replace(known, state="unlisted", day=workout.day, held=workout, quarantined=False)

    def _with_file(
        self,
        external_id: str,
        before: Expected | None,
        after: Expected,
        requested: Listing | None,
        listing: Listing,
    ) -> Expected:
        """Return the record with its file: a file that was requested once is fetched again when its
        workout changes in the list, and others only when requested.
        """
        workout = self.world.workouts.get(external_id)
        wanted = requested is not None and requested.expects(after.day)
        # If a row is malformed, it is unknown whether its file changed.
        odd = workout is not None and workout.odd
        if (after.uncertain and requested is not None and after.file is None) or (
            odd and (after.file or wanted)
        ):
            return replace(after, file="?")
        if workout is None or workout.stub or after.state not in ("listed", "unlisted"):
            return after
        follows = after.file in ("have", "none") and after.state == "listed" and after != before
        asks = wanted and (after.file is None or (after.file == "?" and listing.shows(workout.day)))
        if not follows and not asks:
            return after
        return replace(after, file="have" if workout.file else "none", content=workout.file)
