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

from fitglue_formats import activities
from fitglue_intervals.alignment import aligned_laps, aligned_streams
from fitglue_intervals.claims import file_claim
from fitglue_intervals.reading import BROKEN_GZIP, UNREADABLE, unpack
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import (
    Completeness,
    Device,
    Provenance,
    SourceActivity,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

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
_ABSENT = (None, ())
_BY = "original file"


def with_file(
    activity: SourceActivity,
    body: Body,
    values: Values,
) -> SourceActivity:
    """The activity with its file's claims, and with what only the file holds; where it cannot be
    read, completeness says why.
    """
    try:
        content = _unpacked(unpack(body))
    except UNREADABLE as error:
        return _missing(activity, str(error))
    file_leg_no = values.whole("file_sport_index") or 0
    try:
        leg = _leg(activities(content), activity, file_leg_no)
    except RecordRefused as refused:
        claimed = _with_claims(activity, (file_claim(content, file_leg_no),))
        return _missing(claimed, refused.what)
    if leg is None:
        return _missing(activity, "no session of the file is of the time of this activity")
    # The position in the file is the reader's own: the same one that the file has in a folder or an
    # archive.
    return _filled(_with_claims(activity, leg.claims), leg)


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
    completeness = Completeness(known.parts, {**known.missing, "file": why})
    return msgspec.structs.replace(activity, completeness=completeness)


def _with_claims(activity: SourceActivity, claims: Sequence[str]) -> SourceActivity:
    """The activity with these claims as well, each of them once."""
    joined = tuple(dict.fromkeys((*activity.claims, *claims)))
    return msgspec.structs.replace(activity, claims=joined)


def _leg(
    legs: Sequence[SourceActivity], activity: SourceActivity, file_leg_no: int
) -> SourceActivity | None:
    """The session of the file that this activity is: the one that began with it; the number in the
    file where it says no UTC.
    """
    if activity.start_utc is None:
        return legs[file_leg_no] if file_leg_no < len(legs) else None
    nearest = None
    least_s: float = _SAME_WORKOUT_S
    for leg in sorted(legs, key=lambda leg: leg.leg_no):
        if leg.start_utc is None:
            continue
        apart_s = abs((leg.start_utc - activity.start_utc).total_seconds())
        if apart_s < least_s:
            nearest = leg
            least_s = apart_s
    return nearest


def _filled(activity: SourceActivity, leg: SourceActivity) -> SourceActivity:
    """The activity with what is absent in it and present in the file."""
    changes = _absent_fields(activity, leg)
    streams = aligned_streams(activity, leg)
    samples = [f"streams.{stream.type}" for stream in streams]
    if streams:
        changes["streams"] = (*activity.streams, *streams)
        if activity.cadence_per_leg is None:
            changes["cadence_per_leg"] = leg.cadence_per_leg
    laps = aligned_laps(activity, leg)
    if laps:
        changes["laps"] = (*activity.laps, *laps)
    provenance = {name: _provenance(leg, name) for name in [*changes, *samples]}
    missing = {**leg.completeness.missing, **activity.completeness.missing}
    return msgspec.structs.replace(
        activity,
        **changes,
        device=_device(activity.device, leg.device),
        metrics={**leg.metrics, **activity.metrics},
        extensions={**leg.extensions, **activity.extensions},
        provenance={**activity.provenance, **provenance},
        completeness=Completeness(activity.completeness.parts, missing),
    )


def _absent_fields(activity: SourceActivity, leg: SourceActivity) -> dict[str, Any]:
    """The fields that the activity lacks and the file has."""
    fields = {}
    for name in activity.__struct_fields__:
        if name in _OWN or getattr(activity, name) not in _ABSENT:
            continue
        value = getattr(leg, name)
        if value not in _ABSENT:
            fields[name] = value
    return fields


def _provenance(leg: SourceActivity, name: str) -> Provenance:
    provenance = leg.provenance.get(name, Provenance("reported"))
    return msgspec.structs.replace(provenance, by=_BY)


def _device(known: Device | None, recorded: Device | None) -> Device | None:
    """Serial and software are those of the file, the name is the one that the source shows."""
    if known is None or recorded is None:
        return known or recorded
    return msgspec.structs.replace(recorded, name=known.name or recorded.name)
