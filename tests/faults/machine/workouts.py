"""The workouts of an account as plain values: the truth that the store is compared with, and how
they are put into the stand-in.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from fitglue_intervals.testing import Account

HOME = "Europe/Vienna"


@dataclass(frozen=True)
class Workout:
    """One workout as the account has it; a stub is listed only with its start."""

    start: datetime  # local time
    zone: str = HOME
    fold: int = 0  # 1: the second of an hour that comes twice
    title: str = ""
    laps: int = 1
    heartrate: int = 100  # the first of three samples
    file: bytes | None = None
    stub: bool = False
    odd: bool = False
    strava_id: str | None = None
    analyzed: int = 0  # counts how often it was analyzed again
    uploaded: int = 0  # counts the uploads

    @property
    def day(self) -> date:
        """The local day, which decides in which window the workout is listed."""
        return self.start.date()

    @property
    def utc(self) -> str:
        """The start in UTC as the service writes it, even for an hour that daylight saving
        skips.
        """
        moment = self.start.replace(tzinfo=ZoneInfo(self.zone), fold=self.fold).astimezone(UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def local(self) -> datetime:
        """The local start, which differs from what the service states in an hour that daylight
        saving skips.
        """
        moment = self.start.replace(tzinfo=ZoneInfo(self.zone), fold=self.fold).astimezone(UTC)
        return moment.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None, fold=0)

    def row(self, external_id: str, keys: dict[str, object]) -> dict[str, object]:
        """Return the row of the list."""
        local = self.start.strftime("%Y-%m-%dT%H:%M:%S")
        if self.stub:
            return {
                "id": external_id,
                "start_date_local": local,
                "source": "STRAVA",
                "_count_change": "STRAVA activities are not available",
            }
        return {
            "id": external_id,
            "start_date_local": local,
            "start_date": self.utc,
            "timezone": self.zone,
            "type": "Run",
            "name": self.title,
            "source": "UPLOAD",
            "file_type": "fit" if self.file else None,
            "elapsed_time": 3,
            "stream_types": ["time"],
            "moving_time": {"odd": True} if self.odd else 3,
            "strava_id": self.strava_id,
            "icu_atl": 50.0,
            "icu_ctl": 40.0,
            "analyzed": f"2026-01-01T00:00:{self.analyzed % 60:02}.{self.analyzed // 60:03}+00:00",
            "created": f"2025-01-01T00:00:{self.uploaded % 60:02}.{self.uploaded // 60:03}+00:00",
            "icu_intervals": [
                {"start_time": lap, "end_time": lap + 1, "type": "WORK"} for lap in range(self.laps)
            ],
            **keys,
        }

    def streams(self) -> list[dict[str, object]]:
        """Return the samples."""
        beats = [self.heartrate, self.heartrate + 1, self.heartrate + 2]
        return [{"type": "time", "data": [0, 1, 2]}, {"type": "heartrate", "data": beats}]

    def claims(self, external_id: str, file: bytes | None) -> set[str]:
        """Return the claims that a store derives from the workout and from the file that it
        fetched.
        """
        claims = {f"intervals:{external_id}"}
        strava = external_id if self.stub else self.strava_id
        claims |= {f"strava:{strava}"} if strava else set()
        return claims | ({f"file:sha256:{hashlib.sha256(file).hexdigest()}#0"} if file else set())


class World:
    """An account in plain values, and the stand-in's account that follows each change of it."""

    def __init__(self) -> None:
        self.account = Account({})
        self.workouts: dict[str, Workout] = {}
        self.keys: dict[str, object] = {}
        self.changed: dict[str, int] = {}  # id → the value of ``moment`` at its last change
        self.moment = 0
        self._serial = 0

    def serial(self) -> int:
        """Return a number that was not returned before."""
        self._serial += 1
        return self._serial

    def put(self, external_id: str, workout: Workout) -> None:
        """Add a workout, or replace its state."""
        self.workouts[external_id] = workout
        self.account.add_row(
            workout.row(external_id, self.keys), streams=workout.streams(), file=workout.file
        )
        self._count_change(external_id)

    def change(self, external_id: str, **changes: object) -> None:
        """Change attributes of a workout."""
        self.put(external_id, replace(self.workouts[external_id], **changes))  # type: ignore[arg-type]

    def delete(self, external_id: str) -> Workout:
        """Delete a workout and return its last state, so that it can be added again."""
        self.account.delete(external_id)
        self._count_change(external_id)
        return self.workouts.pop(external_id)

    def add_key(self, name: str) -> None:
        """Add a key to every row, as a release of the service can do."""
        self.keys[name] = 1
        self.account.add_keys(**{name: 1})

    def _count_change(self, external_id: str) -> None:
        """Count a change of the account."""
        self.moment += 1
        self.changed[external_id] = self.moment
