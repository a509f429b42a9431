"""Completion of an activity from its original file, which has values that the API lacks: sets,
running dynamics, developer fields, device laps.

The readers of fitglue-formats read the file. Values of the API stay, because the athlete may have
corrected them on the site; the file fills in only missing values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_formats import activities
from fitglue_formats.rows import apart_s, distance_correction, why_other_workout
from fitglue_intervals.alignment import aligned_laps, aligned_streams
from fitglue_intervals.claims import file_claim
from fitglue_intervals.reading import UNREADABLE, unpack
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import (
    AVERAGE_SPEED,
    NOT_MEASURED,
    Completeness,
    Device,
    Provenance,
    SourceActivity,
    gives_way,
    speed_for,
)
from fitglue_registry.payloads import (
    GZIP,
    LARGEST_BODY,
    BeyondLimits,
    DamagedPayload,
    unpack_gzip,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_intervals.values import Values
    from fitglue_registry.plugin_api import Body

#: Fields that never come from the file: the athlete, the source or the record decides them, or
#: ``_filled`` merges them itself.
_NOT_FROM_FILE = NOT_MEASURED | {
    "start_local",
    "start_precision",
    "training_load",
    "training_loads",
    "intensity_pct",
    "laps",
    "streams",
    "cadence_per_leg",
}
_BY = "original file"


def complete_from_file(
    activity: SourceActivity,
    body: Body,
    values: Values,
) -> SourceActivity:
    """Return the activity with the claims of its file and the values that only the file has.

    If the file cannot be read, or is of another workout, the activity stays the same and its
    completeness says why.

    Args:
        activity: The activity that was made from the API's payloads.
        body: The original file, possibly a gzip.
        values: The payload, which says which session of the file the activity is.
    """
    try:
        content = _unpacked(unpack(body))
    except UNREADABLE as error:
        return _missing(activity, str(error))
    file_leg_no = values.count("file_sport_index") or 0
    try:
        leg = _leg(activities(content), activity, file_leg_no)
    except RecordRefused as refused:
        # The content can be claimed without being read: a folder may hold a copy of this file.
        claimed = _with_claims(activity, (file_claim(content, file_leg_no),))
        return _missing(claimed, refused.what)
    if leg is None:
        return _missing(activity, "no session of the file took place at the time of this activity")
    # The claims are those of the reader and not `file_leg_no`: a copy of the file in a folder or an
    # archive is read by the same reader, and its claims must be equal.
    return _filled(_with_claims(activity, leg.claims), leg)


def _unpacked(content: bytes) -> bytes:
    """Return the content without gzip; raise ``ValueError`` if it is broken or too large."""
    if not content.startswith(GZIP):
        return content
    try:
        return unpack_gzip(content)
    except DamagedPayload as error:
        raise ValueError("the file is a broken gzip") from error
    except BeyondLimits as error:
        raise ValueError(f"the file unpacks to more than {LARGEST_BODY / 1e6:g} MB") from error


def _missing(activity: SourceActivity, why: str) -> SourceActivity:
    """Return the activity with the reason why its file adds nothing."""
    before = activity.completeness
    completeness = Completeness(before.parts, {**before.missing, "file": why})
    return msgspec.structs.replace(activity, completeness=completeness)


def _with_claims(activity: SourceActivity, claims: Sequence[str]) -> SourceActivity:
    """Return the activity with these claims in addition, each claim once."""
    joined = tuple(dict.fromkeys((*activity.claims, *claims)))
    return msgspec.structs.replace(activity, claims=joined)


def _leg(
    legs: Sequence[SourceActivity], activity: SourceActivity, file_leg_no: int
) -> SourceActivity | None:
    """Return the session of the file that is this activity, or None.

    It is the session with the nearest start, and its time must be that of the activity. The number
    in the file is used only if the activity has no UTC start, because the source may count sessions
    in its own way: it may leave transitions out.
    """
    if activity.start_utc is None:
        candidates = list(legs[file_leg_no : file_leg_no + 1])
    else:
        candidates = sorted(legs, key=lambda leg: (apart_s(activity, leg), leg.leg_no))
        candidates = [leg for leg in candidates if leg.start_utc is not None]
    for leg in candidates:
        if why_other_workout(activity, [leg]) is None:
            return leg
    return None


def _filled(activity: SourceActivity, leg: SourceActivity) -> SourceActivity:
    """Return the activity with the values of the file that it lacks itself."""
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
    # Only fields that changed get the file's provenance; the others keep that of the API.
    provenance = {name: _provenance(activity, leg, name) for name in [*changes, *samples]}
    # The same file in a folder must not win over what the athlete corrected.
    provenance |= distance_correction(activity, leg)
    missing = dict(leg.completeness.missing)
    for name, why in activity.completeness.missing.items():
        if name not in changes:  # the provenance says why the file supplies it
            missing[name] = why
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
    """Return the fields that the file has and the activity lacks.

    Zero is a value, except a total of zero for which the file has another value.
    """
    fields = {}
    for name in activity.__struct_fields__:
        value = getattr(leg, name)
        if name not in _NOT_FROM_FILE and gives_way(name, getattr(activity, name), value):
            fields[name] = value
    # A speed of the file does not belong to a distance that the athlete corrected on the site.
    filled = msgspec.structs.replace(activity, **fields)
    if AVERAGE_SPEED in fields and speed_for(filled, [leg]) is None:
        del fields[AVERAGE_SPEED]
    return fields


def _provenance(
    activity: SourceActivity,
    leg: SourceActivity,
    name: str,
) -> Provenance:
    """Return the reader's provenance of a field, with the original file as its origin."""
    provenance = leg.provenance.get(name, Provenance("reported"))
    note = provenance.note
    # A lacking value needs no remark, but a zero that was replaced does.
    if getattr(activity, name, None) == 0:
        note = "Intervals.icu has 0"
    elif name in activity.completeness.missing:
        note = activity.completeness.missing[name]
    return msgspec.structs.replace(provenance, by=_BY, note=note)


def _device(named: Device | None, recorded: Device | None) -> Device | None:
    """Return the device with the API's name, and with serial number and software of the file."""
    if named is None or recorded is None:
        return named or recorded
    return msgspec.structs.replace(recorded, name=named.name or recorded.name)
