"""Draws a stream as one line of blocks, each for the mean of a range of samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
#: The same levels for an encoding without block characters.
ASCII = "_.-=+*#@"


def sparkline(
    samples: Sequence[float | None],
    width: int,
    blocks: str = BLOCKS,
) -> str:
    """Return the samples as a line of at most ``width`` characters.

    Args:
        samples: The samples in order; ``None`` is a gap.
        width: The largest number of characters.
        blocks: The characters from the lowest level to the highest.

    Returns:
        One character for the mean of each range, with a space for a range that has no sample. The
        lowest mean has the first level, the highest the last.
    """
    means = list(_means(samples, min(width, len(samples))))
    known = [mean for mean in means if mean is not None]
    if not known:
        return ""
    low = min(known)
    # A constant stream has no range; any divisor would do, since it only divides zero.
    step = (max(known) - low) or 1.0
    line = ""
    for mean in means:
        if mean is None:
            line += " "
        else:
            # The highest mean would get the index after the last block.
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
