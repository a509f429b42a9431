"""Listings of files: of those whose bytes were read, and of those that cannot be read."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from fitglue_formats import kind_of, title_of
from fitglue_registry.plugin_api import Listing, Unavailable

if TYPE_CHECKING:
    from fitglue_files.members import Refusal
    from fitglue_files.reading import FileRead


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
        "name": title_of(file.member.name),
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
    error = refusal.error
    unavailable = Unavailable(
        external_id,
        "file",
        "later",
        error.code,
        error.what,
        error.fix,
    )
    summary = canonical({"name": refusal.where})
    return Listing(external_id, summary, unavailable=unavailable)


def without_file(external_id: str) -> Unavailable:
    """Return the reason why the record of a row has no file."""
    return Unavailable(
        external_id,
        "file",
        "none",
        "FG-no-file",
        "nothing was recorded, or the archive has no file for it",
    )
