"""Reading of a row of an archive together with its file, as the record of one workout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_files.listing import listing_of_refusal, unreadable_now, without_file
from fitglue_files.members import Refusal
from fitglue_files.normalizing import record_of, record_of_file
from fitglue_files.reading import file_or_refusal
from fitglue_registry.plugin_api import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_files.members import MemberOrRefusal
    from fitglue_files.reading import FileRead
    from fitglue_files.source import Items
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Connection, Listing, Record

    Normalize = Callable[[Record], list[SourceActivity]]

_BROKE_A_WORKER = "reading it took more time or memory than any workout needs"


def row_with_file(
    connection: Connection,
    listing: Listing,
    member: MemberOrRefusal | None,
    normalize: Normalize,
    *,
    decode: bool,
) -> Items:
    """Yield the record of a row, with the bytes of its file and the workouts of both.

    Args:
        connection: The connection.
        listing: The listing of the row.
        member: Its file, or why the file cannot be read; ``None`` if it has none.
        normalize: Makes the workouts of the record.
        decode: Whether the file may be decoded. Otherwise the row alone makes the workout.
    """
    yield listing
    file, missing = _file_of(listing.external_id, member)
    if file is not None:
        yield file.part_of(listing.external_id)
    if missing is not None:
        yield missing
    if file is not None and not decode:
        missing = Unavailable(
            listing.external_id,
            "file",
            "none",
            "FG-plugin-died",
            _BROKE_A_WORKER,
        )
        file = None
    yield from normalize(record_of(connection, listing, file, missing))


def file_without_row(
    connection: Connection,
    member: MemberOrRefusal,
    *,
    decode: bool,
) -> Items:
    """Yield the record of a file that no row names, or the reason why it cannot be read.

    Args:
        connection: The connection.
        member: The file, or why it cannot be read.
        decode: Whether its workouts are wanted as well.
    """
    file = file_or_refusal(member)
    if isinstance(file, Refusal):
        yield listing_of_refusal(file)
        return
    yield from record_of_file(connection, file, decode=decode)


def _file_of(
    external_id: str,
    member: MemberOrRefusal | None,
) -> tuple[FileRead | None, Unavailable | None]:
    """Return the file of a row, or the reason why it has none."""
    if member is None:
        return None, without_file(external_id)
    file = file_or_refusal(member)
    if isinstance(file, Refusal):
        return None, unreadable_now(external_id, "file", file.error)
    return file, None
