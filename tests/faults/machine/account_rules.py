"""The rules of the machine for what an athlete, a watch and the service do with workouts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.faults.machine.expected import OVERLAP
from tests.faults.machine.state import State
from tests.faults.machine.workouts import HOME, Workout

ZONES = (HOME, "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Apia")
#: A night in which an hour came twice (both of its occurrences), one in which an hour was skipped,
#: and a repeated hour in another part of the world.
NIGHTS = (
    ("2026-10-25T02:30:00", HOME, 0),
    ("2026-10-25T02:30:00", HOME, 1),
    ("2026-03-29T02:30:00", HOME, 0),
    ("2026-11-01T01:30:00", "America/Los_Angeles", 1),
)
#: The ages of workouts in days: inside the window, on both sides of its edge, long ago, and in the
#: future because the clock of a watch runs ahead.
DAYS_AGO = (0, 1, 2, 5, 20, 60, 89, 90, 91, 120, 400, 2000, -30, -26_000)

which = st.integers(0, 30)
days_ago = st.sampled_from(DAYS_AGO)


class AccountRules(State):
    """What happens to the account, and to the clock."""

    def unique(self, start: datetime) -> datetime:
        """Return the start at a unique minute and second, because two workouts that overlap by
        accident would be matched as one.
        """
        serial = self.world.serial()
        return start.replace(minute=serial % 60, second=serial // 60 * 7 % 60)

    def day(self, ago: int) -> datetime:
        """Return seven o'clock of the day ``ago`` days before the clock's date."""
        return datetime.combine(
            self.clock.moment.date() - timedelta(days=ago), datetime.min.time()
        ).replace(hour=7)

    def pick(self, which: int, **wanted: Any) -> str | None:
        """Return one of the workouts that have these attributes, or ``None`` if no workout does."""
        matching = [
            external_id
            for external_id, workout in sorted(self.world.workouts.items())
            if all(getattr(workout, name) == value for name, value in wanted.items())
        ]
        return matching[which % len(matching)] if matching else None

    def add(self, workout: Workout, external_id: str | None = None) -> str:
        """Add a workout to the account and return its external id."""
        serial = self.world.serial()
        external_id = external_id or (str(9_000_000 + serial) if workout.stub else f"i{serial}")
        self.world.put(external_id, workout)
        return external_id

    @rule(ago=days_ago, with_file=st.booleans())
    def record(self, ago: int, with_file: bool) -> None:
        """Add a workout, which arrives late if it was long ago."""
        self.count("workouts arrive, some of them late")
        serial = self.world.serial()
        file = unreadable_file(serial) if with_file else None
        self.add(
            Workout(
                self.unique(self.day(ago)),
                self.zone,
                title=f"workout {serial}",
                heartrate=100 + serial,
                file=file,
            )
        )

    @rule(night=st.sampled_from(NIGHTS))
    def record_in_a_night_of_the_clock_change(self, night: tuple[str, str, int]) -> None:
        """Add a workout in a night with a daylight saving change."""
        self.count("a workout in the night of a daylight saving change")
        start, zone, fold = night
        self.add(
            Workout(
                self.unique(datetime.fromisoformat(start)), zone, fold, title="night", heartrate=90
            )
        )

    @rule(ago=days_ago)
    def strava_feeds(self, ago: int) -> None:
        """Add a stub, as a feed from Strava does."""
        self.count("a stub arrives")
        self.add(Workout(self.unique(self.day(ago)), stub=True))

    @precondition(lambda self: self.world.workouts)
    @rule(which=which, action=st.sampled_from(["title", "laps", "heartrate", "file"]))
    def edit(self, which: int, action: str) -> None:
        """Change the title, laps, heart rate or file of a workout."""
        external_id = self.pick(which, stub=False)
        if external_id is None:
            return
        workout, serial = self.world.workouts[external_id], self.world.serial()
        known = self.model.records.get(external_id)
        inside = (
            known is not None
            and known.day is not None
            and known.day >= self.clock.moment.date() - OVERLAP
        )
        self.count(f"an edit {'inside' if inside else 'outside'} the window")
        changes: dict[str, Any] = {"title": f"renamed {serial}"}
        if action == "laps":
            changes = {"laps": workout.laps % 3 + 1, "analyzed": serial}
        elif action == "heartrate":
            changes = {"heartrate": 100 + serial, "analyzed": serial}
        elif action == "file":
            changes = {"file": unreadable_file(serial), "uploaded": serial}
        self.world.change(external_id, **changes)

    @precondition(lambda self: self.world.workouts)
    @rule(which=which, ago=days_ago)
    def change_the_start(self, which: int, ago: int) -> None:
        """Change the start of a workout."""
        external_id = self.pick(which, stub=False)
        if external_id is not None:
            self.count("a changed start date")
            self.world.change(external_id, start=self.unique(self.day(ago)), zone=self.zone, fold=0)

    @precondition(lambda self: self.world.workouts)
    @rule(which=which)
    def delete(self, which: int) -> None:
        """Delete a workout."""
        self.count("a deletion")
        external_id = self.pick(which)
        assert external_id is not None
        self.deleted[external_id] = self.world.delete(external_id)

    @precondition(lambda self: len(self.world.workouts) > 5)
    @rule(kept=st.integers(0, 5))
    def delete_many(self, kept: int) -> None:
        """Delete all workouts but a few, which are more deletions than a sync believes at once."""
        self.count("many deletions at once")
        for external_id in sorted(self.world.workouts)[kept:]:
            self.deleted[external_id] = self.world.delete(external_id)

    @precondition(lambda self: self.deleted)
    @rule(which=which)
    def add_again(self, which: int) -> None:
        """Add a deleted workout again under its old id."""
        self.count("a deleted workout reappears under its id")
        external_id = sorted(self.deleted)[which % len(self.deleted)]
        self.add(self.deleted.pop(external_id), external_id)

    @rule(which=which, beside=st.booleans())
    def native_copy_arrives(self, which: int, beside: bool) -> None:
        """Add a native copy of a stub, and delete the stub unless ``beside`` is true."""
        stub = self.pick(which, stub=True)
        if stub is None or any(
            workout.strava_id == stub
            for workout in (*self.world.workouts.values(), *self.deleted.values())
        ):
            return
        self.count("a native copy arrives beside or in place of its stub")
        serial = self.world.serial()
        start = self.world.workouts[stub].start
        self.add(Workout(start, title=f"native {serial}", heartrate=100 + serial, strava_id=stub))
        if not beside:
            self.deleted[stub] = self.world.delete(stub)

    @rule(which=which)
    def stub_becomes_native(self, which: int) -> None:
        """Replace a stub by a native workout under the same id."""
        stub = self.pick(which, stub=True)
        if stub is not None and not any(
            workout.strava_id == stub
            for workout in (*self.world.workouts.values(), *self.deleted.values())
        ):
            self.count("a stub becomes native under its id")
            serial = self.world.serial()
            self.world.change(
                stub, stub=False, title=f"native {serial}", heartrate=100 + serial, analyzed=serial
            )

    @rule(which=which)
    def become_odd(self, which: int) -> None:
        """Make a row malformed."""
        external_id = self.pick(which, stub=False, odd=False)
        if external_id is not None:
            self.count("a row becomes malformed")
            self.world.change(external_id, odd=True)

    @rule(which=which)
    def repair(self, which: int) -> None:
        """Make a malformed row valid again."""
        external_id = self.pick(which, odd=True)
        if external_id is not None:
            self.count("a malformed row becomes valid again")
            self.world.change(external_id, odd=False)

    @rule(action=st.sampled_from(["key", "days", *ZONES]))
    def around_the_workouts(self, action: str) -> None:
        """Add a key to every row, change the athlete's time zone, or change the fitness value on
        every row; no workout changes.
        """
        if action == "key" and len(self.world.keys) < 3:
            self.count("a new key on every row")
            self.world.add_key(f"new_{len(self.world.keys)}_zones")
        elif action in ZONES:
            self.count("the athlete changes the time zone")
            self.zone = action
            self.world.account.set_timezone(action)
        else:
            self.count("the fitness value changes on every row")
            self.world.account.drift(2)

    @rule(hours=st.sampled_from([1, 24, 8 * 24, 40 * 24, 400 * 24, -1, -24, -10 * 24, -400 * 24]))
    def clock_moves(self, hours: int) -> None:
        """Set the clock forward or back."""
        self.count("the clock is set forward" if hours > 0 else "the clock is set back")
        self.clock.move(hours=hours)


def unreadable_file(serial: int) -> bytes:
    """Return an original file that nobody can read; a text would be refused as an error page."""
    return b"\xff\x00%d" % serial
