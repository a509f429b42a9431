"""Conversion of the samples of one session into streams of the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fitglue_registry.model import STREAM_UNITS, Column, Stream

if TYPE_CHECKING:
    from fitglue_formats.fit.arrays import Numbers
    from fitglue_formats.fit.channels import Maker
    from fitglue_formats.fit.samples import Samples


def streams(samples: Samples, start: float) -> tuple[Stream, ...]:
    """Return the samples as streams, with ``time`` in seconds after ``start``."""
    if not len(samples):
        return ()
    session_streams = [_stream("time", samples.time - start)]
    if samples.latlng is not None:
        # A column of pairs is stored flat: latitude, longitude, latitude, longitude, …
        pairs = np.column_stack(samples.latlng)
        column = _column(pairs.reshape(-1), width=2)
        session_streams.append(Stream("latlng", column, STREAM_UNITS["latlng"]))
    for name, values in samples.channels.items():
        maker = samples.makers.get(name)
        session_streams.append(_stream(name, values, maker))
    if samples.beats is not None:
        column = Column.lists(samples.beats)
        session_streams.append(Stream("hrv", column, STREAM_UNITS["hrv"]))
    return tuple(session_streams)


def _stream(
    name: str,
    values: Numbers,
    maker: Maker | None = None,
) -> Stream:
    """Return one stream.

    A channel that is not in the model keeps the unit and the name that the manufacturer gave it.
    """
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
    """Return an array as a column of the model, without copying its values."""
    doubles = np.ascontiguousarray(values, dtype=np.float64)
    # A memoryview can only be cast to or from bytes, so the cast to doubles takes two steps.
    raw = memoryview(doubles.data).cast("B")
    return Column(raw.cast("d"), width)
