"""What an account holds, in plain values: the truth that a store is held against, and how it is put
into the stand-in.
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
    """One workout as the account has it; a stub is listed with its start alone."""

    start: datetime  # by the local clock
    zone: str = HOME
    fold: int = 0  # 1: the second of an hour that comes twice
    title: str = ""
    laps: int = 1
    heartrate: int = 100  # the first of three samples
    file: bytes | None = None
    stub: bool = False
    odd: bool = False
    strava_id: str | None = None
    analysed: int = 0  # counts what was analysed anew
    uploaded: int = 0  # counts the uploads

    @property
    def day(self) -> date:
        """The local day, by which the list is cut into windows."""
        return self.start.date()

    @property
    def utc(self) -> str:
        """The start in UTC as the service writes it; it says one even for an hour that a clock
        skips.
        """
        moment = self.start.replace(tzinfo=ZoneInfo(self.zone), fold=self.fold).astimezone(UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def row(self, external_id: str, keys: dict[str, object]) -> dict[str, object]:
        """The row of the list."""
        local = self.start.strftime("%Y-%m-%dT%H:%M:%S")
        if self.stub:
            return {
                "id": external_id,
                "start_date_local": local,
                "source": "STRAVA",
                "_note": "STRAVA activities are not available",
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
            "analyzed": f"2026-01-01T00:00:{self.analysed % 60:02}.{self.analysed // 60:03}+00:00",
            "created": f"2025-01-01T00:00:{self.uploaded % 60:02}.{self.uploaded // 60:03}+00:00",
            "icu_intervals": [
                {"start_time": lap, "end_time": lap + 1, "type": "WORK"} for lap in range(self.laps)
            ],
            **keys,
        }

    def streams(self) -> list[dict[str, object]]:
        """The samples."""
        beats = [self.heartrate, self.heartrate + 1, self.heartrate + 2]
        return [{"type": "time", "data": [0, 1, 2]}, {"type": "heartrate", "data": beats}]

    def claims(self, external_id: str, file: bytes | None) -> set[str]:
        """The identities that a store reads out of it, with those of the file that it fetched."""
        said = {f"intervals:{external_id}"}
        strava = external_id if self.stub else self.strava_id
        said |= {f"strava:{strava}"} if strava else set()
        return said | ({f"file:sha256:{hashlib.sha256(file).hexdigest()}#0"} if file else set())


class World:
    """The account that the machine changes, and the stand-in's account that follows it."""

    def __init__(self) -> None:
        self.account = Account({})
        self.workouts: dict[str, Workout] = {}
        self.keys: dict[str, object] = {}
        self.changed: dict[str, int] = {}  # id → the moment of its last change, counted
        self.moment = 0
        self._serial = 0

    def serial(self) -> int:
        """A number that was never given before."""
        self._serial += 1
        return self._serial

    def put(self, external_id: str, workout: Workout) -> None:
        """Add a workout, or put another state of it in its place."""
        self.workouts[external_id] = workout
        self.account.add_row(
            workout.row(external_id, self.keys), streams=workout.streams(), file=workout.file
        )
        self._note(external_id)

    def change(self, external_id: str, **changes: object) -> None:
        """Edit a workout."""
        self.put(external_id, replace(self.workouts[external_id], **changes))  # type: ignore[arg-type]

    def delete(self, external_id: str) -> Workout:
        """Take a workout away; as it was it comes back."""
        self.account.delete(external_id)
        self._note(external_id)
        return self.workouts.pop(external_id)

    def add_key(self, name: str) -> None:
        """A release of the service: every row gets one more key."""
        self.keys[name] = 1
        self.account.add_keys(**{name: 1})

    def _note(self, external_id: str) -> None:
        self.moment += 1
        self.changed[external_id] = self.moment
