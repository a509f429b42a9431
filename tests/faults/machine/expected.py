"""What a store must hold after a sync, worked out from what the design promises and what the
account held, not from the code.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from tests.faults.machine.workouts import Workout, World

#: Of the entry: an ordinary sync lists so many days of the past, and after so many days the whole
#: history.
OVERLAP, WALK_EVERY = timedelta(days=90), timedelta(days=7)
#: A watch may run ahead; what starts later than this is in no window.
AHEAD = timedelta(days=3660)


@dataclass(frozen=True)
class Listing:
    """Which local days a sync lists, the last named included."""

    how: str  # first, walk, resumed, overlap, window
    oldest: date | None
    newest: date | None
    today: date
    horizon: date | None = None
    # Of a walk that goes on: when it began, counted in changes of the account.
    walk_began: int | None = None

    @property
    def whole(self) -> bool:
        """Whether a walk through the whole history is at its end."""
        return self.how in ("first", "walk", "resumed")

    def expects(self, day: date | None) -> bool:
        """Whether a record of that day has to be in the list."""
        return (
            day is not None
            and (self.oldest is None or self.oldest <= day)
            and (self.newest is None or day <= self.newest)
        )

    def shows(self, day: date) -> bool:
        """Whether a workout of that day is in the list."""
        return self.expects(day) and day <= self.today + AHEAD

    def walked(self, day: date | None) -> bool:
        """Whether an earlier or a later window of a walk that goes on had that day."""
        return (
            self.walk_began is not None
            and day is not None
            and (self.horizon or day) <= day <= self.today + AHEAD
        )


@dataclass(frozen=True)
class Expected:
    """What the store must say of one record."""

    state: str  # listed, unlisted, stub, gone
    day: date | None  # by which the store looks for it in a window
    held: Workout | None  # the last state that could be understood
    fetched: Workout | None  # the state that the streams are of
    quarantined: bool = False
    file: str | None = None  # None: never asked for; have, none, or "?" where a sync was cut short
    content: bytes | None = None  # of the file
    uncertain: bool = False  # a sync was cut short: only a listing that shows it tells


@dataclass
class Model:
    """What the store of one connection must hold."""

    world: World
    records: dict[str, Expected] = field(default_factory=dict)
    maybe: set[str] = field(default_factory=set)  # may have come with a sync that was cut short

    def complete(self, listing: Listing, files: Listing | None) -> dict[str, int] | None:
        """A sync came to its end: every record that it looked at is as the account has it, and has
        its file where ``files`` are asked for.

        The counts of what is new and what is gone come back, unless a sync that was cut short left
        that open.
        """
        before = dict(self.records)
        certain = not self.maybe and not any(one.uncertain for one in before.values())
        for external_id in self._ids():
            after = self._settled(external_id, listing)
            if after is not None:
                self.records[external_id] = self._with_file(
                    external_id, before.get(external_id), after, files, listing
                )
                self.maybe.discard(external_id)
        fresh = [one for external_id, one in self.records.items() if external_id not in before]
        buried = [
            one
            for external_id, one in self.records.items()
            if one.state == "gone" and before[external_id].state != "gone"
        ]
        return (
            {"new": sum(one.state == "listed" for one in fresh), "gone": len(buried)}
            if certain
            else None
        )

    def cut_short(self, listing: Listing, *, files: bool) -> None:
        """A sync was cut short somewhere: what it would have changed may be as it was, as it is, or
        on the way.
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
        """What becomes of a record; ``None`` for what the store does not know, or need not know."""
        known, workout = self.records.get(external_id), self.world.workouts.get(external_id)
        still = listing.walk_began is None or self.world.changed[external_id] <= listing.walk_began
        if workout is not None and (
            listing.shows(workout.day) or (still and listing.walked(workout.day))
        ):
            return self._listed(external_id, known, workout)
        if known is None:
            if workout is not None and listing.walked(workout.day):
                self.maybe.add(external_id)
            return None
        if known.uncertain:
            buried = workout is None and listing.whole and listing.horizon is None and still
            return replace(known, state="gone", uncertain=False) if buried else known
        if not still and not listing.expects(known.day):
            return replace(known, uncertain=True)
        looked_for = known.state in ("listed", "stub") and (
            listing.expects(known.day) or listing.walked(known.day)
        )
        if not looked_for and not (listing.whole and known.state == "unlisted"):
            return known
        return self._asked_by_id(known, workout)

    def _listed(self, external_id: str, known: Expected | None, workout: Workout) -> Expected:
        before = known or Expected(
            "", None, None, None, file="?" if external_id in self.maybe else None
        )
        if workout.odd:  # what was understood before stays
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
        )

    def _asked_by_id(self, known: Expected, workout: Workout | None) -> Expected:
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
        asked: Listing | None,
        listing: Listing,
    ) -> Expected:
        """A file that was asked for once follows its workout, as far as the list shows it; others
        come when they are asked for.
        """
        workout = self.world.workouts.get(external_id)
        wanted = asked is not None and asked.expects(after.day)
        # Of a row that is not understood, what changed in it is not known either.
        odd = workout is not None and workout.odd
        if (after.uncertain and asked is not None and after.file is None) or (
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
