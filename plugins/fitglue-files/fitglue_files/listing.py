"""Listings of files: of those whose bytes were read, and of those that cannot be read."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from fitglue_files.refusals import row_missing
from fitglue_files.wording import short_path
from fitglue_formats import kind_of, title_of
from fitglue_registry.plugin_api import Listing, Unavailable

if TYPE_CHECKING:
    from fitglue_files.members import Refusal
    from fitglue_files.reading import FileRead
    from fitglue_registry.errors import RecordRefused


def canonical(values: dict[str, Any]) -> bytes:
    """Return a summary as JSON; equal values give equal bytes, because the host hashes them."""
    text = json.dumps(
        values,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    # A name with half of a surrogate pair cannot be encoded, and must not cost the record.
    return text.encode("utf-8", "replace")


def listing_of(file: FileRead) -> Listing:
    """Return the listing of one content.

    The summary contains only what belongs to the content, so a file that was moved is not a new
    revision.
    """
    summary = {
        "name": short_path(title_of(file.member.name)),
        "size": len(file.unpacked),
        "kind": kind_of(file.unpacked) or "unknown",
    }
    return Listing(
        file.content_id,
        canonical(summary),
        at_source=file.member.modified_at,
    )


def listing_of_refusal(refusal: Refusal) -> Listing:
    """Return the listing of a file that cannot be read, so that it does not end the whole listing.

    It is listed under the hash of its path, with the reason, and read again by the next sync.
    """
    # The content is unknown, so the path has to be the id until the file can be read.
    where = "\0".join(refusal.location).encode("utf-8", "surrogateescape")
    digest = hashlib.sha256(where).hexdigest()
    external_id = f"path-{digest[:16]}"
    summary = canonical({"name": refusal.where})
    unavailable = unreadable_now(external_id, "file", refusal.error)
    return Listing(external_id, summary, unavailable=unavailable)


def listing_of_missing_row(external_id: str) -> Listing:
    """Return the listing of a row that is no longer in its table when it is read.

    The host stores nothing of it, so what an earlier sync read stays.

    Args:
        external_id: The id of its record.
    """
    error = row_missing(external_id)
    unavailable = unreadable_now(external_id, "summary", error)
    return Listing(external_id, b"{}", unavailable=unavailable)


def unreadable_now(
    external_id: str,
    part: str,
    error: RecordRefused,
) -> Unavailable:
    """Return the answer for a part of a record that cannot be read now.

    Args:
        external_id: The id of the record.
        part: The name of the part.
        error: Why it cannot be read.
    """
    # Never "gone": the disk may not be mounted, which is not a deletion.
    return Unavailable(
        external_id,
        part,
        "later",
        error.code,
        error.what,
        error.fix,
    )


def without_file(external_id: str) -> Unavailable:
    """Return the reason why the record of a row has no file."""
    return Unavailable(
        external_id,
        "file",
        "none",
        "FG-no-file",
        "nothing was recorded, or the archive has no file for it",
    )
