"""Writers for JSON and CSV: the document of an activity, and the table of its samples."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING

from fitglue_formats.writing.moments import iso
from fitglue_formats.writing.numbers import decimal
from fitglue_formats.writing.samples import samples_of
from fitglue_registry.model import encode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_formats.writing.samples import Samples
    from fitglue_registry.model import SourceActivity

#: A degree has 111 km, so this is a millimeter.
_DEGREE_DIGITS = 8


def write_json(activity: SourceActivity) -> bytes:
    """Return an activity as the JSON document of the model, with its streams; nothing is lost.

    Args:
        activity: The activity with its streams.
    """
    return encode(activity) + b"\n"


def write_csv(activity: SourceActivity) -> bytes:
    """Return the samples of an activity as a table: a header, and one line for each sample.

    The columns are the seconds after the start, the time in UTC if the start is known, latitude and
    longitude, and one column for each stream, with the name of the model. A gap is empty; a list is
    separated by blanks.

    Args:
        activity: The activity with its streams.
    """
    samples = samples_of(activity)
    columns = dict(_columns(activity, samples))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue().encode()


def _columns(
    activity: SourceActivity,
    samples: Samples,
) -> Iterator[tuple[str, list[str]]]:
    """Yield the columns of the table."""
    seconds = samples.time.tolist()
    yield "time_s", [decimal(second) for second in seconds]
    if activity.start_utc is not None:
        start = activity.start_utc
        yield "time_utc", [iso(start + timedelta(seconds=second)) for second in seconds]
    if samples.latitudes is not None and samples.longitudes is not None:
        yield "latitude", _texts(samples.latitudes.tolist(), _DEGREE_DIGITS)
        yield "longitude", _texts(samples.longitudes.tolist(), _DEGREE_DIGITS)
    for name in sorted({*samples.channels, *samples.lists}):
        if name in samples.channels:
            yield _safe(name), _texts(samples.channels[name].tolist())
        else:
            yield _safe(name), [" ".join(_texts(values or ())) for values in samples.lists[name]]


def _texts(
    values: list[float] | tuple[float, ...],
    digits: int = 6,
) -> list[str]:
    # NaN is a gap, and the only number that differs from itself.
    return ["" if value != value else decimal(value, digits) for value in values]


def _safe(name: str) -> str:
    """Return the name of a column so that no spreadsheet takes it for a formula."""
    return f"'{name}" if name[:1] in "=+-@\t\r" else name
