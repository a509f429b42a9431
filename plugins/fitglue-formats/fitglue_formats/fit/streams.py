"""Makes streams of the model of the samples of one session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fitglue_registry.model import STREAM_UNITS, Column, Stream

if TYPE_CHECKING:
    from fitglue_formats.fit.arrays import Numbers
    from fitglue_formats.fit.channels import Maker
    from fitglue_formats.fit.samples import Samples


def streams(samples: Samples, start: float) -> tuple[Stream, ...]:
    """The samples as streams of the model, seconds counted from ``start``."""
    if not len(samples):
        return ()
    made = [_stream("time", samples.time - start)]
    if samples.latlng is not None:
        pairs = np.column_stack(samples.latlng)
        column = _column(pairs.reshape(-1), width=2)
        made.append(Stream("latlng", column, STREAM_UNITS["latlng"]))
    for name, values in samples.channels.items():
        maker = samples.makers.get(name)
        made.append(_stream(name, values, maker))
    if samples.beats is not None:
        column = Column.lists(samples.beats)
        made.append(Stream("hrv", column, STREAM_UNITS["hrv"]))
    return tuple(made)


def _stream(
    name: str,
    values: Numbers,
    maker: Maker | None = None,
) -> Stream:
    column = _column(values)
    if maker is None:
        return Stream(name, column, STREAM_UNITS.get(name))
    return Stream(
        name,
        column,
        maker.unit,
        raw_type=maker.name if maker.name != name else None,
        custom=maker.developer,
    )


def _column(values: Numbers, width: int = 1) -> Column:
    doubles = np.ascontiguousarray(values, dtype=np.float64)
    raw = memoryview(doubles.data).cast("B")
    return Column(raw.cast("d"), width)
