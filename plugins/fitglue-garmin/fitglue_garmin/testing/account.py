"""An athlete's account at Garmin Connect, changed in the ways in which an athlete, a device or
Garmin would change it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from threading import RLock
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from fitglue_garmin.testing.bodies import detail_of, row_of
from fitglue_garmin.testing.files import file_of
from fitglue_garmin.testing.workout import Leg, Workout, event

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ZONE = "Europe/Oslo"
_NEWEST_ID = 20_999_000_000
#: An event and its legs have ids that follow each other.
_ID_STEP = 10
_TRIATHLON = (
    ("open_water_swimming", 1_500),
    ("swimToBikeTransition_v2", 150),
    ("road_biking", 4_200),
    ("bikeToRunTransition_v2", 90),
    ("running", 2_700),
)
_MIX = (
    "running",
    "road_biking",
    "strength_training",
    "running",
    "indoor_cycling",
    "lap_swimming",
    "trail_running",
    "yoga",
    "treadmill_running",
    "hiking",
)
#: Every so many workouts are a triathlon; the fifth is the first one.
_EVENT_EVERY = 40
_FIRST_EVENT = 4


class Account:
    """The workouts of one athlete, which any thread may read and change.

    Args:
        workouts: The workouts, in any order.
        zone: The time zone of the athlete.
    """

    def __init__(
        self,
        workouts: Iterable[Workout] = (),
        *,
        zone: str = _ZONE,
    ) -> None:
        self.zone = zone
        self._lock = RLock()
        self._workouts = {workout.id: workout for workout in workouts}
        self._added = 0
        #: Keys that were changed: id of an activity or a leg → key of the row → value.
        self._edits: dict[int, dict[str, Any]] = {}
        #: The same for the measurements of a detail.
        self._summary_edits: dict[int, dict[str, Any]] = {}

    @classmethod
    def generate(
        cls,
        count: int = 40,
        seed: int = 1,
        until: date = date(
            2026,
            11,
            20,
        ),
    ) -> Account:
        """Return the account of a generated athlete.

        Args:
            count: How many workouts there are, of which some are events with legs.
            seed: What the generated values depend on; equal arguments give equal accounts.
            until: The day of the newest workout.
        """
        return cls(
            _generated(
                count,
                Random(seed),
                until,
            )
        )

    # Reading
    # ----------------------------------------------------------------------------------------------

    def ids(self) -> list[int]:
        """Return the ids of all workouts, newest first; those of legs are not among them."""
        with self._lock:
            ordered = sorted(
                self._workouts.values(),
                key=_start,
                reverse=True,
            )
            return [workout.id for workout in ordered]

    def workout(self, number: int) -> Workout:
        """Return a workout by its id.

        Raises:
            KeyError: If no workout has this id. The other methods that take an id raise it, too.
        """
        with self._lock:
            return self._workouts[number]

    def row(self, number: int) -> dict[str, Any]:
        """Return the row of an activity or of a leg."""
        with self._lock:
            workout, leg = self._find(number)
            return row_of(workout, leg) | self._edits.get(number, {})

    def detail(self, number: int) -> dict[str, Any]:
        """Return the detail of an activity or of a leg."""
        with self._lock:
            workout, leg = self._find(number)
            detail = detail_of(workout, leg)
            edits = self._edits.get(number, {})
            for key, name in _IN_DETAIL.items():
                if key in edits:
                    detail[name] = edits[key]
            # What an athlete corrects, such as a distance, is in the measurements of the detail.
            in_summary = {key: edits[key] for key in edits if key in detail["summaryDTO"]}
            detail["summaryDTO"] |= in_summary | self._summary_edits.get(number, {})
            return detail

    def file(self, number: int) -> bytes | None:
        """Return the original file; a leg has that of its event."""
        with self._lock:
            workout, _ = self._find(number)
        return file_of(workout)

    def rows(
        self,
        oldest: date,
        newest: date,
        *,
        with_legs: bool,
    ) -> list[dict[str, Any]]:
        """Return the rows whose local start is between two days, oldest first."""
        with self._lock:
            numbers = [number for number, day in self._days(with_legs=with_legs)]
            rows = [self.row(number) for number in numbers]
        listed = [row for row in rows if oldest <= _day(row) <= newest]
        return sorted(listed, key=_order)

    def _days(self, *, with_legs: bool) -> Iterator[tuple[int, date]]:
        for workout in self._workouts.values():
            yield workout.id, workout.start_local.date()
            for leg in workout.legs if with_legs else ():
                yield leg.id, workout.local(leg.start).date()

    def _find(self, number: int) -> tuple[Workout, Leg | None]:
        if number in self._workouts:
            return self._workouts[number], None
        for workout in self._workouts.values():
            for leg in workout.legs:
                if leg.id == number:
                    return workout, leg
        raise KeyError(number)

    # Changing
    # ----------------------------------------------------------------------------------------------

    def edit(self, number: int, **changes: Any) -> None:
        """Change keys of the row of an activity or a leg, as its owner does in the web version."""
        with self._lock:
            self._find(number)
            self._edits.setdefault(number, {}).update(changes)

    def rate(self, number: int, **changes: Any) -> None:
        """Change measurements that only the detail has, such as ``directWorkoutRpe``."""
        with self._lock:
            self._find(number)
            self._summary_edits.setdefault(number, {}).update(changes)

    def add(
        self,
        start_local: str,
        kind: str = "running",
        *,
        elapsed_s: int = 2_500,
        **changes: Any,
    ) -> int:
        """Add a workout that was recorded in the past and arrives now, and return its id.

        Args:
            start_local: The local start, as ISO text without a zone.
            kind: Garmin's word for the type.
            elapsed_s: The length in seconds.
            **changes: Other attributes of the workout.
        """
        local = datetime.fromisoformat(start_local).replace(tzinfo=ZoneInfo(self.zone))
        with self._lock:
            self._added += 1
            number = _NEWEST_ID + self._added * 1_000
            whole = Leg(
                number,
                local.astimezone(UTC),
                kind,
                elapsed_s,
            )
            self.put(
                Workout(
                    whole,
                    zone=self.zone,
                    **changes,
                )
            )
        return number

    def put(self, workout: Workout) -> None:
        """Add a workout, or replace the one with its id."""
        with self._lock:
            self._workouts[workout.id] = workout

    def delete(self, number: int) -> None:
        """Delete a workout: it is no longer listed, and its detail is answered with 404."""
        with self._lock:
            del self._workouts[number]

    def like(self, number: int) -> None:
        """Let somebody like a workout, which changes nothing of it."""
        likes = self.row(number)["numberOfActivityLikes"]
        self.edit(
            number,
            numberOfActivityLikes=likes + 1,
            activityLikeDisplayNames=["bob"],
        )


#: Key of the row → key of the detail, for what an athlete edits.
_IN_DETAIL = {
    "activityName": "activityName",
    "description": "description",
    "activityType": "activityTypeDTO",
    "eventType": "eventTypeDTO",
}


def _start(workout: Workout) -> datetime:
    return workout.whole.start


def _day(row: dict[str, Any]) -> date:
    return date.fromisoformat(row["startTimeLocal"][:10])


def _order(row: dict[str, Any]) -> tuple[str, int]:
    return row["startTimeLocal"], row["activityId"]


def _generated(
    count: int,
    rng: Random,
    until: date,
) -> Iterator[Workout]:
    """Yield the workouts of a generated athlete, newest first."""
    day = until
    for number in range(count):
        start = datetime.combine(
            day,
            _time(rng),
            ZoneInfo(_ZONE),
        ).astimezone(UTC)
        id_ = _NEWEST_ID - number * _ID_STEP
        # An athlete with two watches.
        serial = 3_900_000_001 + number % 2
        if number % _EVENT_EVERY == _FIRST_EVENT:
            yield event(
                id_,
                start,
                _TRIATHLON,
                serial=serial,
            )
        else:
            yield _plain(
                id_,
                start,
                _MIX[number % len(_MIX)],
                rng,
                serial,
            )
        # A workout a day, with a day of rest now and then.
        day -= timedelta(days=1 + int(rng.random() * 2))


def _plain(
    number: int,
    start: datetime,
    kind: str,
    rng: Random,
    serial: int,
) -> Workout:
    whole = Leg(
        number,
        start,
        kind,
        1_800 + int(rng.random() * 3_600),
    )
    title = f"Oslo {kind.replace('_', ' ').title()}"
    # Yoga was typed in: its start has no seconds, and it has no file.
    if kind == "yoga":
        typed = replace(whole, start=start.replace(second=0))
        return Workout(
            typed,
            title=title,
            manual=True,
        )
    return Workout(
        whole,
        title=title,
        serial=serial,
    )


def _time(rng: Random) -> time:
    hour = 6 + int(rng.random() * 12)
    return time(
        hour,
        int(rng.random() * 60),
        int(rng.random() * 60),
    )
