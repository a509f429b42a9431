"""The record of one file without a connection, for ``fitglue dev normalize files FILE…``."""

from __future__ import annotations

import hashlib

from fitglue_files.listing import canonical
from fitglue_files.plain_files import SOURCE
from fitglue_files.unpacking import unpack
from fitglue_formats import title_of
from fitglue_registry.plugin_api import Body, Record


def records(content: bytes, name: str) -> list[Record]:
    """Return the record of one file, which may be a gzip; raise ``RecordRefused`` if it cannot be
    read.
    """
    unpacked = unpack(content, name)
    summary = {"name": title_of(name), "size": len(unpacked)}
    parts = {
        "summary": Body(canonical(summary)),
        "file": Body(unpacked),
    }
    content_id = hashlib.sha256(unpacked).hexdigest()
    return [Record(content_id, SOURCE.id, parts)]
