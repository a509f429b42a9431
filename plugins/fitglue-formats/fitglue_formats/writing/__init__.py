"""Writing of activities as FIT, GPX, TCX, Parquet, JSON and CSV.

A writer and its libraries are imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_registry.model import SourceActivity


def write_fit(*activities: SourceActivity, serial: int) -> bytes:
    """Return a FIT file of an activity; further activities are the next legs of a multisport event.

    The same arguments always give the same bytes. The file states the manufacturer 255
    (development).

    Args:
        *activities: The activities with their streams, in the order of time.
        serial: The serial number that the file states, from 1 to 4,294,967,295. A copy of the file
            is recognized by it and by the start, as ``device_claim(serial, start)``, even if a
            service encodes the file again.

    Raises:
        RecordRefused: FG-start-unknown or FG-fit-date if FIT cannot state the start.
        UserMistake: FG-extra-missing if Garmin's SDK is not installed.
        ValueError: If there is no activity, or the serial number is out of range.
    """
    return _written("fit.file", "write_fit", *activities, serial=serial)


def write_gpx(*activities: SourceActivity) -> bytes:
    """Return a GPX file of an activity; further activities become further tracks.

    Args:
        *activities: The activities with their streams, in the order of time.

    Raises:
        RecordRefused: FG-start-unknown, or FG-gpx-without-positions if an activity has none.
        ValueError: If there is no activity.
    """
    return _written("gpx", "write_gpx", *activities)


def write_tcx(*activities: SourceActivity) -> bytes:
    """Return a TCX file of an activity; several activities become a multisport session.

    Args:
        *activities: The activities with their streams, in the order of time.

    Raises:
        RecordRefused: FG-start-unknown if the start is not known in UTC.
        ValueError: If there is no activity.
    """
    return _written("tcx", "write_tcx", *activities)


def write_parquet(activities: Iterable[SourceActivity]) -> bytes:
    """Return a Parquet file with the samples of activities, one row for each.

    Args:
        activities: The activities with their streams.

    Raises:
        UserMistake: FG-extra-missing if pyarrow is not installed.
    """
    return _written("parquet", "write_parquet", activities)


def write_json(activity: SourceActivity) -> bytes:
    """Return an activity as the JSON document of the model, with its streams; nothing is lost.

    Args:
        activity: The activity with its streams.
    """
    return _written("documents", "write_json", activity)


def write_csv(activity: SourceActivity) -> bytes:
    """Return the samples of an activity as a table: a header, and one line for each sample.

    Args:
        activity: The activity with its streams.
    """
    return _written("documents", "write_csv", activity)


def _written(
    module: str,
    name: str,
    *arguments: Any,
    **options: Any,
) -> bytes:
    """Return what a function of a module of this package returns."""
    write = getattr(import_module(f"{__name__}.{module}"), name)
    content: bytes = write(*arguments, **options)
    return content
