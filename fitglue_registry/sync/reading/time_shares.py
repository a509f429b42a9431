"""Divides CPU time and bytes among the places in one file on the disk, such as the files in a zip.

A zip of ten years of workouts takes minutes, because it has thousands of files, and so does a zip
of forty files that were made to take just less than the limit. What tells them apart is the time in
proportion to the size. A recording takes about half a second for each megabyte of the zip, and
twice as much is free. What the files of a zip take beyond it comes from one share of the zip, which
is half of what a single file may take. The files that are not read are hashed, so that they can be
kept, which has a smaller share. When it is spent as well, or when the files have unpacked to
hundreds of times the size of the zip, nothing more of the zip is unpacked.
"""

from __future__ import annotations

import signal
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from fitglue_registry.errors import RecordRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.plugin_api import Location
    from fitglue_registry.sync.worker_limits import WorkerLimits

#: The free CPU time of a place: seconds for each place, for each byte that it takes on the disk,
#: and at most for these bytes. A recording of a whole day takes about 0.7 seconds.
_FREE_S = 0.02
_FREE_S_PER_BYTE = 1e-6
_MOST_FREE_S = 1.0
#: A place is quick if it takes at most this much more than its free time.
_QUICK_S = 0.4
#: What another worker takes to start in place of one that was ended.
_START_S = 0.3
#: The share of a zip, compared with the CPU time of a file outside a zip.
_SHARE = 0.5
#: What a zip may take in addition to identify the files that are not read, compared with the same.
_IDENTIFYING = 0.15
#: The bytes to which the files of a zip may unpack together: always, and for each byte of the zip.
_MOST_UNPACKED, _MOST_RATIO = 256 << 20, 200
#: A place that unpacks to more than this many times its size has no free time for its size: a
#: recording has less than 20.
_DENSE_RATIO = 50
#: Once a zip has spent this part of its share, its other places are read after all other files.
_SLOW = 0.2
#: Bytes that a recording of one or two hours takes at most.
_SMALL = 100_000
#: How much slower this machine is than the one on which these numbers were measured. That one needs
#: the first number of seconds to start a worker, up to the import of this module.
_STARTED_S, _SLOWEST = 0.2, 10.0
_SLOWNESS = min(max(time.process_time() / _STARTED_S, 1.0), _SLOWEST)


class Taken(NamedTuple):
    """What reading a place took: seconds of CPU time, and the bytes that it has unpacked to."""

    cpu_s: float
    unpacked: int = 0


@dataclass(slots=True)
class _Zip:
    """What the places in one zip take.

    Attributes:
        on_disk: The bytes that they take on the disk.
        unpacked: The bytes that they have unpacked to.
        spent_s: The seconds of their share that they have spent.
        identified_s: The seconds that hashing those took which were not read.
    """

    on_disk: int = 0
    unpacked: int = 0
    spent_s: float = 0.0
    identified_s: float = 0.0


class TimeShares:
    """The CPU time that zips have spent of their shares.

    Args:
        limits: The limits of a file outside a zip.
    """

    def __init__(self, limits: WorkerLimits) -> None:
        self._limits = limits
        self._share_s = _SHARE * limits.cpu_s
        self._identifying_s = _IDENTIFYING * limits.cpu_s
        #: ``Location.inside`` → what is known of that zip. Files outside a zip share nothing.
        self._zips: defaultdict[str, _Zip] = defaultdict(_Zip)

    def add(self, location: Location) -> None:
        """Add a place to the size of its zip."""
        self._zips[location.inside].on_disk += _size(location)

    def is_slow(self, location: Location) -> bool:
        """Return whether a place is in a zip whose places have turned out to be slow."""
        return self._zips[location.inside].spent_s > _SLOW * self._share_s

    def is_small(self, location: Location) -> bool:
        """Return whether a place is so small that it is probably quick, also in a slow zip."""
        return _size(location) <= _SMALL

    def is_spent(self, location: Location) -> bool:
        """Return whether a place is in a zip that has no time left to read it."""
        return self._left_s(location) <= 0 or self._is_bomb(location)

    def is_closed(self, location: Location) -> bool:
        """Return whether a place is in a zip of which nothing more is unpacked."""
        is_spent = self._zips[location.inside].identified_s >= self._identifying_s
        return is_spent or self._is_bomb(location)

    def quick_s(self, location: Location) -> float | None:
        """Return in what time a place is quick, in seconds; ``None`` if it is in no zip."""
        return _free_s(location) + _QUICK_S if location.inside else None

    def rest(self, location: Location) -> WorkerLimits:
        """Return the limits for a place that is not quick: what its zip has left."""
        left_s = max(self._left_s(location), 1.0)
        return replace(self._limits, cpu_s=min(self._limits.cpu_s, left_s))

    def identifying(self, location: Location) -> WorkerLimits:
        """Return the limits for hashing a place that is not read."""
        if not location.inside:
            return self._limits
        left_s = max(self._identifying_s - self._zips[location.inside].identified_s, 1.0)
        return replace(self._limits, cpu_s=min(self._limits.cpu_s, left_s))

    def note_quick(self, location: Location, taken: Taken) -> None:
        """Note what a place took that was quick."""
        is_dense = taken.unpacked > _DENSE_RATIO * _size(location)
        free_s = _FREE_S if is_dense else _free_s(location)
        self.note_slow(location, taken._replace(cpu_s=max(taken.cpu_s - free_s, 0.0)))

    def note_ended(self, location: Location) -> None:
        """Note that a worker was ended because a place was not quick."""
        self.note_slow(location, Taken(_free_s(location) + _QUICK_S + _START_S))

    def note_slow(self, location: Location, taken: Taken) -> None:
        """Note what a place took that was not quick."""
        if location.inside:
            self._zips[location.inside].spent_s += taken.cpu_s
            self._zips[location.inside].unpacked += taken.unpacked

    def note_identified(self, location: Location, taken: Taken) -> None:
        """Note what a place took that was only hashed."""
        if location.inside:
            self._zips[location.inside].identified_s += taken.cpu_s
            self._zips[location.inside].unpacked += taken.unpacked

    def spent(self) -> RecordRefused:
        """Return the error for a record whose zip has no time left."""
        return RecordRefused(
            "FG-zip-share",
            "the file was not read, because slow files in the same zip had used up the "
            f"{self._share_s:.0f} s of CPU time that they have together",
            why="files that take many times as long as real workouts of their size were usually "
            "made to do harm",
            fix="the file is kept; if you trust the zip, run fitglue quarantine retry, which gives "
            f"each file {self._limits.cpu_s:.0f} s of its own",
        )

    def closed(self, location: Location) -> RecordRefused:
        """Return the error for a place in a zip of which nothing more is unpacked."""
        if self._is_bomb(location):
            reason = "the files in the same zip unpack to hundreds of times its size"
        else:
            reason = (
                f"the slow files in the same zip had used up the CPU time that they have "
                f"together, which is {self._share_s:.0f} s to read them and "
                f"{self._identifying_s:.0f} s to identify those that are not read"
            )
        return RecordRefused(
            "FG-zip-share",
            f"the file was not unpacked, because {reason}",
            why="such zips were usually made to do harm",
            fix="if you trust the zip, unpack it with another program, and import the folder",
        )

    def _is_bomb(self, location: Location) -> bool:
        """Return whether what is in a zip has unpacked to far more than its size."""
        packed = self._zips[location.inside]
        return packed.unpacked > max(_MOST_UNPACKED, _MOST_RATIO * packed.on_disk)

    def _left_s(self, location: Location) -> float:
        return self._share_s - self._zips[location.inside].spent_s


def _size(location: Location) -> int:
    """Return how many bytes a place takes on the disk."""
    return location.size if location.packed_size is None else location.packed_size


def _free_s(location: Location) -> float:
    return _FREE_S + min(_FREE_S_PER_BYTE * _size(location), _MOST_FREE_S)


# -- in a worker process ---------------------------------------------------------------------------


def comparable_s(cpu_s: float) -> float:
    """Return CPU time as if this machine were the one on which the numbers were measured."""
    return cpu_s / _SLOWNESS


@contextmanager
def ended_unless_quick(quick_s: float | None) -> Iterator[None]:
    """End this worker process if the block is not quick; its parent gets ``NotQuick``.

    The limit of the process itself counts whole seconds. Windows has no timers of this kind.

    Args:
        quick_s: The CPU time within which it is quick; ``None`` if it may take its time.
    """
    if quick_s is None or not hasattr(signal, "setitimer"):
        yield
        return
    signal.setitimer(signal.ITIMER_PROF, quick_s * _SLOWNESS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
