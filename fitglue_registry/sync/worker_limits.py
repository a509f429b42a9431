"""The limits of a worker process, and the exception for one that exceeded them or died."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What a worker process may use for one piece of work.

    Attributes:
        wall_s: Seconds of wall time, which also end work that waits forever. They are more than the
            CPU time, because other programs use the machine as well.
        cpu_s: Seconds of CPU time. Enforced on Linux.
        address_space: Bytes of address space of the process, unless it was started with another
            limit. Enforced on Linux. It is the same for all work, because memory that a process has
            freed is not always returned.
    """

    wall_s: float
    cpu_s: float = 20.0
    address_space: ClassVar[int] = 1536 << 20


#: How many pieces of work per core may be in progress: one is being done, the others keep the core
#: busy.
JOBS_PER_CORE = 3
#: How many bytes the work in progress may be about. Finished results have other limits.
MOST_BYTES_IN_PROGRESS = 64_000_000
#: The limits for finding all places at the paths of a connection, every member of every zip too.
LISTING = WorkerLimits(wall_s=1800.0, cpu_s=600.0)
#: The limits for finding what is in an upload. A complete archive of an account takes some seconds.
LISTING_UPLOAD = WorkerLimits(wall_s=180.0, cpu_s=60.0)
#: The limits for unpacking one file of at most 256 MB.
UNPACKING = WorkerLimits(wall_s=60.0, cpu_s=20.0)

#: The code for files that were not read because others in their zip had used up its time. There may
#: be thousands of them, so only the athlete decides that they are read after all.
ZIP_SHARE = "FG-zip-share"


class WorkerDied(Exception):
    """Raised for work whose process ended before the result arrived, or was ended by its limits.

    Attributes:
        reason: Why, such as "it used more than 20 s of CPU time".
        is_certain: Whether the work itself was the cause. If not, the process may have been killed
            for another reason, for example because the machine ran out of memory.
    """

    def __init__(self, reason: str, *, is_certain: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_certain = is_certain


class NotQuick(WorkerDied):
    """Raised for work that was ended because it was not quick; it may be done again, with time."""
