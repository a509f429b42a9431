"""Removes the folder of an upload from what was read in it, before anything is stored or shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fitglue_registry.redaction.exceptions import redact_exception

if TYPE_CHECKING:
    from fitglue_registry.errors import FitglueError
    from fitglue_registry.plugin_api import Unavailable
    from fitglue_registry.sync.reading.in_worker import ReadRecord
    from fitglue_registry.sync.upload import Upload


def record_without_folder(upload: Upload | None, record: ReadRecord) -> ReadRecord:
    """Return a record that was read; without the folder if it is from an upload."""
    if upload is None:
        return record
    for error in (record.derived.refused, record.broke):
        if error is not None:
            redact_exception(error, upload.unnamed)
    listing = record.listing
    summary = upload.unnamed(listing.summary.decode("utf-8", "surrogateescape"))
    unavailable = listing.unavailable
    listing = replace(
        listing,
        summary=summary.encode("utf-8", "surrogateescape"),
        unavailable=None if unavailable is None else _unavailable(upload, unavailable),
    )
    others = tuple(_unavailable(upload, other) for other in record.unavailable)
    return replace(record, listing=listing, unavailable=others)


def error_without_folder(upload: Upload | None, error: FitglueError) -> FitglueError:
    """Return an error; without the folder if it is about an upload."""
    if upload is not None:
        redact_exception(error, upload.unnamed)
    return error


def _unavailable(upload: Upload, unavailable: Unavailable) -> Unavailable:
    fix = unavailable.fix
    return replace(
        unavailable,
        reason=upload.unnamed(unavailable.reason),
        fix=None if fix is None else upload.unnamed(fix),
    )
