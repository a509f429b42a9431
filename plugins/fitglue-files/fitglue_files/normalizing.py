"""Conversion of the record of one file into workouts, in a sync and from its stored parts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_files.listing import listing_of
from fitglue_files.unpacking import unpack
from fitglue_formats import activities, refusal
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import Completeness
from fitglue_registry.plugin_api import Body, Record

if TYPE_CHECKING:
    from fitglue_files.reading import FileRead
    from fitglue_files.source import Items
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Connection, Listing, Unavailable


def record_of_file(
    connection: Connection,
    file: FileRead,
    *,
    decode: bool,
) -> Items:
    """Yield the record of a file whose content is its id.

    Args:
        connection: The connection.
        file: The file.
        decode: Whether its workouts are wanted as well.
    """
    listing = listing_of(file)
    yield listing
    yield file.part_of(listing.external_id)
    if decode:
        yield from normalize(record_of(connection, listing, file))


def record_of(
    connection: Connection,
    listing: Listing,
    file: FileRead | None,
    missing: Unavailable | None = None,
) -> Record:
    """Return a record as the store will have it, for normalize.

    Args:
        connection: The connection.
        listing: Its listing.
        file: Its file, if it has one.
        missing: Why it has none.
    """
    parts = {"summary": Body(listing.summary)}
    if file is not None:
        parts["file"] = file.body
    unavailable = {} if missing is None else {missing.part: missing.reason}
    return Record(
        listing.external_id,
        connection.entry,
        parts,
        connection.account,
        unavailable=unavailable,
    )


def normalize(record: Record) -> list[SourceActivity]:
    """Return the workouts of a file.

    Raises:
        RecordRefused: If the file contains no usable workout, or its bytes are missing.
    """
    summary = summary_of(record)
    try:
        workouts = activities(file_of(record), summary.get("name"))
    except RecordRefused as error:
        # The external id is a hash, and people know their files by name.
        what = f"{summary.get('name') or 'a file'}: {error.what}"
        raise RecordRefused(
            error.code,
            what,
            at=error.at,
            why=error.why,
            fix=error.fix,
        ) from error
    return [of_record(activity, record) for activity in workouts]


def summary_of(record: Record) -> dict[str, Any]:
    """Return the summary of a record, as the listing wrote it."""
    summary: dict[str, Any] = json.loads(record.read("summary") or b"{}")
    return summary


def file_of(record: Record) -> bytes:
    """Return the file of a record, unpacked; raise ``RecordRefused`` if it cannot be unpacked."""
    if "file" not in record.parts:
        raise refusal("FG-file-missing", "its bytes are not stored")
    try:
        return unpack(record.read("file") or b"", "the file")
    except (OSError, EOFError) as error:
        raise refusal(
            "FG-file-broken",
            f"it cannot be unpacked: {error}",
        ) from error


def of_record(
    activity: SourceActivity,
    record: Record,
) -> SourceActivity:
    """Return the activity with the completeness of its record: the parts that exist and those that
    do not.
    """
    missing = dict(record.unavailable)
    missing |= activity.completeness.missing
    completeness = Completeness(tuple(record.parts), missing)
    return msgspec.structs.replace(activity, completeness=completeness)
