"""Writer for Parquet, by pyarrow: one row for each sample, with the same columns in every file."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from fitglue_formats.writing.refusals import library
from fitglue_formats.writing.samples import samples_of
from fitglue_registry.model import STREAM_UNITS, encode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_formats.writing.samples import Floats, Samples
    from fitglue_registry.model import SourceActivity

#: The key of the metadata with the documents of the activities.
METADATA = b"fitglue.activities"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: The streams that are lists; ``time`` and ``latlng`` have columns of their own.
_LISTS = frozenset({"hrv"})
_OWN_COLUMNS = frozenset({"time", "latlng"})


def write_parquet(activities: Iterable[SourceActivity]) -> bytes:
    """Return a Parquet file with the samples of activities, one row for each.

    Every file has a column for each stream of the model, so that many files can be queried
    together; streams that the model does not know follow. Everything else about the activities is
    in the metadata ``fitglue.activities``: a JSON list of their documents without streams.

    Args:
        activities: The activities with their streams.

    Raises:
        UserMistake: FG-extra-missing if pyarrow is not installed.
    """
    arrow = library(
        "pyarrow",
        "Parquet",
        "parquet",
    )
    parquet = library(
        "pyarrow.parquet",
        "Parquet",
        "parquet",
    )
    documents = []
    tables = []
    for number, activity in enumerate(activities):
        documents.append(encode(_without_streams(activity)))
        tables.append(_table(arrow, activity, number))
    if tables:
        table = arrow.concat_tables(tables, promote_options="default")
    else:
        table = arrow.table({})
    metadata = {METADATA: b"[" + b",".join(documents) + b"]"}
    file = io.BytesIO()
    parquet.write_table(
        table.replace_schema_metadata(metadata),
        file,
        compression="zstd",
    )
    return file.getvalue()


def _without_streams(activity: SourceActivity) -> SourceActivity:
    return msgspec.structs.replace(activity, streams=())


def _table(
    arrow: Any,
    activity: SourceActivity,
    number: int,
) -> Any:
    """Return the samples of one activity as a table of pyarrow."""
    samples = samples_of(activity)
    count = len(samples)
    names = ["activity", "sport", "start_utc", "time_utc", "time_s"]
    columns = [
        arrow.array(np.full(count, number), arrow.int32()),
        arrow.array([activity.sport] * count, arrow.string()),
        _moments(arrow, activity, np.zeros(count)),
        _moments(arrow, activity, samples.time),
        arrow.array(samples.time, arrow.float64()),
    ]
    for name, values in _positions(samples).items():
        names.append(name)
        columns.append(_numbers(arrow, values, count))
    for name in _stream_names(samples):
        names.append(name)
        columns.append(_stream(arrow, samples, name))
    return arrow.table(columns, names=names)


def _moments(
    arrow: Any,
    activity: SourceActivity,
    seconds: Floats,
) -> Any:
    """Return moments in UTC, in microseconds; all are null without a start in UTC."""
    kind = arrow.timestamp("us", tz="UTC")
    if activity.start_utc is None:
        return arrow.nulls(len(seconds), kind)
    passed = activity.start_utc - _EPOCH
    start_us = (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds
    moments = start_us + np.rint(seconds * 1_000_000).astype(np.int64)
    return arrow.array(moments, arrow.int64()).cast(kind)


def _positions(samples: Samples) -> dict[str, Floats | None]:
    return {"latitude": samples.latitudes, "longitude": samples.longitudes}


def _numbers(
    arrow: Any,
    values: Floats | None,
    count: int,
) -> Any:
    """Return numbers; a gap is null and not NaN."""
    if values is None:
        return arrow.nulls(count, arrow.float64())
    return arrow.array(values, arrow.float64(), from_pandas=True)


def _stream_names(samples: Samples) -> list[str]:
    """Return the streams of the model in its order, and then those that it does not know."""
    known = [name for name in STREAM_UNITS if name not in _OWN_COLUMNS]
    others = {*samples.channels, *samples.lists} - set(known)
    return known + sorted(others)


def _stream(
    arrow: Any,
    samples: Samples,
    name: str,
) -> Any:
    lists = arrow.list_(arrow.float64())
    if name in samples.lists:
        return arrow.array(samples.lists[name], lists)
    if name in _LISTS:
        return arrow.nulls(len(samples), lists)
    return _numbers(arrow, samples.channels.get(name), len(samples))
