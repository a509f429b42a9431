"""Figures that follow from the samples of a GPX or TCX file: plain means, in which zeros count and
gaps do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.model import Stream

#: Stream → the fields of its mean and of its highest value.
_MEANS = {
    "heartrate": ("average_heartrate_bpm", "max_heartrate_bpm"),
    "watts": ("average_watts", "max_watts"),
}


def averages(streams: Mapping[str, Stream]) -> dict[str, float]:
    """Mean and highest value of the streams that have them."""
    figures: dict[str, float] = {}
    for kind, (average, highest) in _MEANS.items():
        values = samples_of(streams, kind)
        if values:
            figures[average] = sum(values) / len(values)
            figures[highest] = max(values)
    return figures


def samples_of(streams: Mapping[str, Stream], kind: str) -> list[float]:
    """The samples of a stream without its gaps; none where there is no such stream."""
    if kind not in streams:
        return []
    return [value for value in streams[kind].values if isinstance(value, float)]
