"""A stream as one line of blocks: each stands for the mean of its stretch, a gap stays blank."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.-=+*#@"


def sparkline(
    samples: Sequence[float | None],
    width: int,
    blocks: str = BLOCKS,
) -> str:
    """The samples in ``width`` characters, from the lowest to the highest of the means."""
    means = list(_means(samples, min(width, len(samples))))
    known = [mean for mean in means if mean is not None]
    if not known:
        return ""
    low = min(known)
    step = (max(known) - low) or 1.0
    line = ""
    for mean in means:
        if mean is None:
            line += " "
        else:
            level = int((mean - low) / step * len(blocks))
            line += blocks[min(level, len(blocks) - 1)]
    return line


def _means(samples: Sequence[float | None], buckets: int) -> Iterator[float | None]:
    for bucket in range(buckets):
        start = bucket * len(samples) // buckets
        end = (bucket + 1) * len(samples) // buckets
        known = [sample for sample in samples[start:end] if sample is not None]
        if known:
            yield sum(known) / len(known)
        else:
            yield None
