"""A workout as the steps of the training load see it, with samples that are loaded when needed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from fitglue_boosters.samples import samples_of, without_zeros

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fitglue_boosters.samples import Samples
    from fitglue_boosters.thresholds import Thresholds
    from fitglue_registry.model import SourceActivity, Stream

    #: Returns the streams of a workout.
    Loader = Callable[[], Iterable[Stream]]


class Workout:
    """A workout and what it is compared with.

    Args:
        activity: The merged values.
        load_streams: Returns its streams; it is called only if a step needs samples.
        thresholds: What it is compared with.
    """

    def __init__(
        self,
        activity: SourceActivity,
        load_streams: Loader,
        thresholds: Thresholds,
    ) -> None:
        self.activity = activity
        self.thresholds = thresholds
        self._load_streams = load_streams

    @cached_property
    def power(self) -> Samples | None:
        """The samples of power; 0 W is a value."""
        return samples_of(self._streams, "watts")

    @cached_property
    def heart_rate(self) -> Samples | None:
        """The samples of the heart rate; 0 bpm means that nothing was measured."""
        samples = samples_of(self._streams, "heartrate")
        if samples is None:
            return None
        return without_zeros(samples)

    @cached_property
    def duration_s(self) -> float | None:
        """The duration that counts, in seconds: the moving time, else what is known of the time."""
        # Samples are asked for only if no source states a time in motion.
        activity = self.activity
        return (
            activity.moving_s
            or activity.recording_s
            or self._recorded_s
            or activity.elapsed_s
            or None
        )

    @property
    def ignored(self) -> Sequence[str]:
        """The channels of which the athlete said at a source that they are wrong."""
        ignored: Sequence[str] = self.activity.extensions.get("ignored", ())
        return ignored

    @property
    def _recorded_s(self) -> float | None:
        """The time that samples cover."""
        for samples in (self.power, self.heart_rate):
            if samples is not None:
                return samples.recorded_s
        return None

    @cached_property
    def _streams(self) -> tuple[Stream, ...]:
        return tuple(self._load_streams())
