"""One activity on its way into a FIT file: a session with its samples and its place in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from fitglue_formats.fit.clock import EPOCH, UNSET_BEFORE
from fitglue_formats.writing.cadence import cadence_factor
from fitglue_formats.writing.fit.sports import FitSport, fit_sport
from fitglue_formats.writing.moments import offset_of, start_of
from fitglue_formats.writing.refusals import unwritable
from fitglue_formats.writing.samples import Samples, in_whole_seconds, samples_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.model import Lap, SourceActivity

#: The highest number of seconds after the FIT epoch that is a time; the year is 2126.
_LATEST = 0xFFFF_FFFE
_FORMAT = "FIT"


@dataclass(frozen=True, slots=True)
class Leg:
    """One activity with what several messages need.

    Attributes:
        activity: The activity.
        start: Its start in whole seconds after the FIT epoch.
        samples: Its samples, at most one for each second; their times count from the start.
        sport: Its sport in the words of FIT.
        cadence_factor: What turns its cadences into those of FIT, which counts one leg on foot.
    """

    activity: SourceActivity
    start: int
    samples: Samples
    sport: FitSport
    cadence_factor: float

    @property
    def end(self) -> int:
        """The end in whole seconds after the FIT epoch, by the duration and the last sample."""
        lasts_s = self.elapsed_s or 0.0
        if len(self.samples):
            lasts_s = max(lasts_s, float(self.samples.time[-1]))
        return self.start + int(np.ceil(lasts_s))

    @property
    def elapsed_s(self) -> float | None:
        """The time from start to end, or what the samples cover if the activity does not say."""
        stated = self.activity.elapsed_s
        if stated is not None:
            return stated
        known = (self.activity.recording_s, self.activity.moving_s)
        times = [seconds for seconds in known if seconds is not None]
        if len(self.samples):
            times.append(float(self.samples.time[-1]))
        return max(times, default=None)

    @property
    def timer_s(self) -> float | None:
        """The time on the timer of the device, as near as the activity knows it."""
        activity = self.activity
        for seconds in (activity.moving_s, activity.recording_s):
            if seconds is not None:
                return seconds
        return self.elapsed_s

    @property
    def offset_s(self) -> int | None:
        """The seconds by which the local clock is ahead of UTC, or ``None``."""
        return offset_of(self.activity)

    def at(self, lap: Lap) -> int | None:
        """Return the start of a lap in whole seconds after the FIT epoch, or ``None``.

        The seconds of a lap count from the start that its own source states.
        """
        if lap.start_utc is not None:
            return seconds_of(lap.start_utc)
        if lap.start_s is not None:
            return self.start + int(np.floor(lap.start_s + 0.5))
        return None


def seconds_of(moment: datetime) -> int:
    """Return a moment in whole seconds after the FIT epoch; a fraction is dropped."""
    passed = moment.astimezone(UTC) - EPOCH
    return passed.days * 86_400 + passed.seconds


def leg_of(activity: SourceActivity) -> Leg:
    """Return an activity as a leg of a file.

    Raises:
        RecordRefused: FG-start-unknown, or FG-fit-date if FIT cannot state the start.
    """
    start = seconds_of(start_of(activity, _FORMAT))
    if not UNSET_BEFORE <= start <= _LATEST:
        raise unwritable(
            "FG-fit-date",
            _FORMAT,
            "FIT states times from July 1998 to the year 2126, and the activity began in "
            f"{activity.start_utc:%Y}",
            "write it in another format",
        )
    return Leg(
        activity,
        start,
        _within_time(in_whole_seconds(samples_of(activity)), start),
        fit_sport(activity),
        cadence_factor(activity),
    )


def _within_time(samples: Samples, start: int) -> Samples:
    """Return the samples whose times FIT can state."""
    moments = samples.time + start
    fits = (moments >= UNSET_BEFORE) & (moments <= _LATEST)
    return samples if fits.all() else samples.only(fits)


def without_overlaps(legs: Sequence[Leg]) -> list[Leg]:
    """Return the legs of one file without the samples that belong to the time of the next leg.

    FIT assigns a sample to a session by its time.
    """
    trimmed = []
    for number, leg in enumerate(legs):
        rest = legs[number + 1 :]
        if rest:
            before = leg.samples.time + leg.start <= rest[0].start
            leg = Leg(
                leg.activity,
                leg.start,
                leg.samples.only(before),
                leg.sport,
                leg.cadence_factor,
            )
        trimmed.append(leg)
    return trimmed
