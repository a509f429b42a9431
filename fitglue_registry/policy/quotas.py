"""The amounts that one athlete may use."""

from __future__ import annotations

from dataclasses import dataclass

_MB = 1_000_000
_MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """The amounts that one athlete, or one piece of work for an athlete, may use.

    Attributes:
        connections: How many connections an athlete may have; ``None`` for any number.
        upload_bytes: The size of one upload in bytes, as it was received; ``None`` for any size.
        upload_files: How many files one upload may contain, those inside of archives included;
            ``None`` for any number.
        stored_bytes: How many bytes the records of an athlete may keep in the store: the bytes of
            all parts and streams as they are stored, the original files, and 10 kB for the rows of
            each record, which limits their number as well; ``None`` for any number. An athlete with
            ten years of workouts from three sources keeps about 2 GB.
        normalize_cpu_s: Seconds of CPU time for reading and normalizing one foreign file, enforced
            on Linux.
        normalize_memory: Bytes of address space of a process that reads foreign files, enforced on
            Linux. Less than 512 MiB is not enough for Python and its libraries.
    """

    connections: int | None = 20
    upload_bytes: int | None = 500 * _MB
    upload_files: int | None = 20_000
    stored_bytes: int | None = 10_000 * _MB
    normalize_cpu_s: float = 20.0
    normalize_memory: int = 1536 * _MIB

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ValueError(f"the quota {name} must be greater than zero, not {value!r}")
