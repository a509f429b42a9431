"""What the original file of an activity holds and the API does not say: sets, running dynamics,
developer fields, device laps.

The file is read by the one reader of formats, that of fitglue-formats. What the API says stays; the
file fills in what is absent.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import msgspec
from isal import igzip

from fitglue_intervals.claims import file_claim
from fitglue_intervals.reading import BROKEN_GZIP, UNREADABLE, unpack
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import Completeness, Device, Lap, Provenance, SourceActivity, Stream

if TYPE_CHECKING:
    from fitglue_intervals.values import Values
    from fitglue_registry.plugin_api import Body

_GZIP = b"\x1f\x8b"
#: A file that unpacks to more is a bomb and no workout.
_LARGEST = 1 << 29
#: A workout that was trimmed at the source begins later than its file; what is further apart is
#: another workout.
_SAME_WORKOUT_S = 86_400
#: What the athlete, the source's own sums, or the record itself says.
_OWN = frozenset(
    {
        "model",
        "leg_no",
        "parent",
        "stub",
        "title",
        "description",
        "notes",
        "tags",
        "sport",
        "sport_raw",
        "sub_type",
        "trainer",
        "commute",
        "race",
        "start_local",
        "start_precision",
        "training_load",
        "training_loads",
        "intensity_pct",
        "gear",
        "device",
        "laps",
        "streams",
        "claims",
        "links",
        "metrics",
        "extensions",
        "completeness",
        "provenance",
        "cadence_per_leg",
    }
)
_BY = "original file"
#: Of fewer samples than this with a partner in the file, the two do not belong together.
_ALIGNED = 0.5
_SAME_MOMENT_S = 0.5


def with_file(activity: SourceActivity, body: Body, values: Values) -> SourceActivity:
    """The activity with its file's claims, and with what only the file holds; where it cannot be
    read, completeness says why.
    """
    try:
        content = _unpacked(unpack(body))
    except UNREADABLE as error:
        return _missing(activity, str(error))
    from fitglue_formats import activities

    try:
        leg = _leg(activities(content), activity, values)
    except RecordRefused as refused:
        activity = _missing(activity, refused.what)
        return msgspec.structs.replace(
            activity,
            claims=(*activity.claims, file_claim(content, values.whole("file_sport_index") or 0)),
        )
    if leg is None:
        return _missing(activity, "no session of the file is of the time of this activity")
    # The position in the file is the reader's own: the same one that the file has in a folder or an
    # archive.
    claimed = msgspec.structs.replace(
        activity, claims=tuple(dict.fromkeys((*activity.claims, *leg.claims)))
    )
    return _filled(claimed, leg)


def _unpacked(content: bytes) -> bytes:
    if not content.startswith(_GZIP):
        return content
    try:
        with igzip.GzipFile(fileobj=io.BytesIO(content)) as packed:  # type: ignore[no-untyped-call]
            unpacked: bytes = packed.read(_LARGEST + 1)
    except BROKEN_GZIP as error:
        raise ValueError("the file is a broken gzip") from error
    if len(unpacked) > _LARGEST:
        raise ValueError(f"the file unpacks to more than {_LARGEST >> 20} MiB")
    return unpacked


def _missing(activity: SourceActivity, why: str) -> SourceActivity:
    known = activity.completeness
    return msgspec.structs.replace(
        activity, completeness=Completeness(known.parts, {**known.missing, "file": why})
    )


def _leg(
    legs: list[SourceActivity], activity: SourceActivity, values: Values
) -> SourceActivity | None:
    """The session of the file that this activity is: the one that began with it; the number in the
    file where it says no UTC.
    """
    if activity.start_utc is None:
        number = values.whole("file_sport_index") or 0
        return legs[number] if number < len(legs) else None
    begun = [
        (abs((leg.start_utc - activity.start_utc).total_seconds()), leg.leg_no, leg)
        for leg in legs
        if leg.start_utc is not None
    ]
    apart, _, leg = min(begun, default=(_SAME_WORKOUT_S, 0, None))
    return leg if apart < _SAME_WORKOUT_S else None


def _filled(activity: SourceActivity, leg: SourceActivity) -> SourceActivity:
    absent = [
        name
        for name in activity.__struct_fields__
        if name not in _OWN and getattr(activity, name) in (None, ())
    ]
    changes: dict[str, Any] = {
        name: value for name in absent if (value := getattr(leg, name)) not in (None, ())
    }
    streams, samples = _streams(activity, leg)
    if samples:
        changes["streams"] = (*activity.streams, *streams)
        if activity.cadence_per_leg is None:
            changes["cadence_per_leg"] = leg.cadence_per_leg
    laps = _laps(activity, leg)
    if laps:
        changes["laps"] = (*activity.laps, *laps)
    provenance = {name: _said(leg, name) for name in [*changes, *samples]}
    return msgspec.structs.replace(
        activity,
        **changes,
        device=_device(activity.device, leg.device),
        metrics={**leg.metrics, **activity.metrics},
        extensions={**leg.extensions, **activity.extensions},
        provenance={**activity.provenance, **provenance},
        completeness=Completeness(
            activity.completeness.parts,
            {**leg.completeness.missing, **activity.completeness.missing},
        ),
    )


def _said(leg: SourceActivity, name: str) -> Provenance:
    found = leg.provenance.get(name, Provenance("reported"))
    return msgspec.structs.replace(found, by=_BY)


def _device(known: Device | None, found: Device | None) -> Device | None:
    """Serial and software come from the file, the name is the one that the source shows."""
    if known is None or found is None:
        return known or found
    return msgspec.structs.replace(found, name=known.name or found.name)


# -- one time base ---------------------------------------------------------------------------------


def _streams(activity: SourceActivity, leg: SourceActivity) -> tuple[list[Stream], list[str]]:
    """The channels that only the file has, on the clock of those that are there; all of them where
    there is none.
    """
    if not activity.streams:
        return list(leg.streams), [f"streams.{stream.type}" for stream in leg.streams]
    present = {stream.type for stream in activity.streams}
    others = [
        stream for stream in leg.streams if stream.type not in present and stream.type != "time"
    ]
    rows = _rows(activity, leg) if others else None
    if rows is None:
        return [], []
    found = [stream for stream in (_moved(stream, rows) for stream in others) if stream is not None]
    return found, [f"streams.{stream.type}" for stream in found]


def _time(activity: SourceActivity) -> Any:
    import numpy as np

    values = next((stream.values for stream in activity.streams if stream.type == "time"), None)
    return (
        None
        if values is None or not len(values)
        else np.frombuffer(values.doubles, dtype=np.float64)
    )


def _shift_s(activity: SourceActivity, leg: SourceActivity) -> float:
    """How much later the activity begins than its file."""
    if activity.start_utc is None or leg.start_utc is None:
        return 0.0
    return (activity.start_utc - leg.start_utc).total_seconds()


def _rows(activity: SourceActivity, leg: SourceActivity) -> Any:
    """For each sample of the activity the row of the file that was taken in its moment, or -1;
    ``None`` where most have none.
    """
    import numpy as np

    ours, theirs = _time(activity), _time(leg)
    if ours is None or theirs is None:
        return None
    wanted = ours + _shift_s(activity, leg)
    after = np.clip(np.searchsorted(theirs, wanted - _SAME_MOMENT_S), 0, len(theirs) - 1)
    rows = np.where(np.abs(theirs[after] - wanted) <= _SAME_MOMENT_S, after, -1)
    return rows if (rows >= 0).mean() >= _ALIGNED else None


def _moved(stream: Stream, rows: Any) -> Stream | None:
    """A channel of the file on the clock of the activity; ``None`` where nothing of it is left."""
    import numpy as np

    from fitglue_registry.model import Column

    column = stream.values
    if column.width == 0:
        listed = list(column)
        samples: list[Any] = [listed[row] if row >= 0 else None for row in rows]
        return (
            None
            if all(sample is None for sample in samples)
            else msgspec.structs.replace(stream, values=Column.lists(samples))
        )
    doubles = np.frombuffer(column.doubles, dtype=np.float64).reshape(-1, column.width)
    moved = np.where((rows >= 0)[:, None], doubles[rows], np.nan)
    if np.isnan(moved).all():
        return None
    flat = memoryview(np.ascontiguousarray(moved).reshape(-1).data).cast("B").cast("d")
    return msgspec.structs.replace(stream, values=Column(flat, column.width))


def _laps(activity: SourceActivity, leg: SourceActivity) -> list[Lap]:
    """The laps and lengths of the device, which are no intervals that the source detected; their
    place is in the activity's samples.
    """
    import numpy as np

    if any(lap.kind != "interval" for lap in activity.laps):
        return []
    ours = _time(activity) if activity.streams else _time(leg)
    shift = _shift_s(activity, leg) if activity.streams else 0.0
    found = []
    for lap in leg.laps:
        start = None if lap.start_s is None else lap.start_s - shift
        first = last = None
        if ours is not None and start is not None and lap.elapsed_s is not None:
            low, high = np.searchsorted(ours, [start, start + max(lap.elapsed_s, 1.0)])
            first, last = (int(low), int(high)) if high > low else (None, None)
        found.append(msgspec.structs.replace(lap, start_s=start, start_index=first, end_index=last))
    return found
