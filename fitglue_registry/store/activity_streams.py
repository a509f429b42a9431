"""Loads the streams of an activity, all of which come from one of its source activities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from fitglue_registry.model import crop_in_force, cut_streams, is_cropped, moved_streams
from fitglue_registry.model.stored import OTHER_FIELDS
from fitglue_registry.store.stored_streams import load_streams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.model import SourceActivity, Stream
    from fitglue_registry.store.activity_details import ActivityDetails, MemberRow


def streams_of(
    db: Db,
    details: ActivityDetails,
    types: Sequence[str] | None = None,
) -> tuple[Stream, ...]:
    """Return the streams of an activity, without what the athlete cut off.

    Args:
        db: A transaction.
        details: The activity.
        types: The types to load, such as ``heartrate``; ``None`` loads all of them.

    Returns:
        The streams, or an empty tuple if no source activity has any.
    """
    chosen = _with_streams(details)
    if chosen is None:
        return ()
    crop = crop_in_force(details.activity, chosen.activity)
    if crop is None:
        return load_streams(db, chosen.id, types)
    # Without the time of each sample, nobody knows which samples are left.
    needed = None if types is None else (*types, "time")
    rest = cut_streams(load_streams(db, chosen.id, needed), crop.extent)
    return tuple(stream for stream in rest if types is None or stream.type in types)


def with_streams(db: Db, details: ActivityDetails) -> SourceActivity:
    """Return the merged values of an activity together with its streams.

    The times of the samples count from the start of the activity, which another source than that of
    the streams may have stated.

    Args:
        db: A transaction.
        details: The activity.
    """
    activity = details.activity
    streams = streams_of(db, details)
    chosen = _with_streams(details)
    if chosen is not None and crop_in_force(activity, chosen.activity) is None:
        streams = moved_streams(streams, _seconds_between(activity, chosen.activity))
    return replace(activity, streams=streams)


def _seconds_between(activity: SourceActivity, other: SourceActivity) -> float:
    """Return how much later the other activity begins; 0 if one of the starts is unknown."""
    if activity.start_utc is None or other.start_utc is None:
        return 0.0
    return (other.start_utc - activity.start_utc).total_seconds()


def _with_streams(details: ActivityDetails) -> MemberRow | None:
    """Return the source activity that the rules choose for streams, or the one with the most."""
    supplier = details.origins.get("streams", details.origins.get(OTHER_FIELDS))
    must_be_cropped = is_cropped(details.activity)
    richest = None
    for member in details.members:
        # The streams of a record that is gone are not used.
        if not member.stream_types or member.gone:
            continue
        if member.id == supplier:
            return member
        # What the athlete cut off at one service must not come back from another one.
        if must_be_cropped and not is_cropped(member.activity):
            continue
        if richest is None or len(member.stream_types) > len(richest.stream_types):
            richest = member
    return richest
