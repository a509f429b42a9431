"""Readers for the bytes that a service sends, each of which takes time in proportion to their
number and refuses what exceeds a limit before it makes anything of them.

The transport, the store and plugins read responses and stored parts through this package. The
limits are in ``limits``.
"""

from fitglue_registry.payloads.documents import (
    check_document,
    check_row,
    count_containers,
    decode_leniently,
    decode_strictly,
)
from fitglue_registry.payloads.limits import (
    DEEPEST,
    LARGEST_BODY,
    LARGEST_DOCUMENT,
    LARGEST_PART,
    LARGEST_ROW,
    MOST_LIST_VALUES,
    MOST_MEMBERS,
    MOST_NUMBERS,
    MOST_ROWS,
    MOST_VALUES,
    BeyondLimits,
    TooDeep,
    TooManyMembers,
)
from fitglue_registry.payloads.members import value_at
from fitglue_registry.payloads.rows import iter_rows, split_rows
from fitglue_registry.payloads.signatures import GZIP, ZIP, ZIP_END, ZIP_FILE, ZIP_STARTS
from fitglue_registry.payloads.texts import clean_text
from fitglue_registry.payloads.unpacking import DamagedPayload, unpack_deflate, unpack_gzip

__all__ = [
    "DEEPEST",
    "GZIP",
    "LARGEST_BODY",
    "LARGEST_DOCUMENT",
    "LARGEST_PART",
    "LARGEST_ROW",
    "MOST_LIST_VALUES",
    "MOST_MEMBERS",
    "MOST_NUMBERS",
    "MOST_ROWS",
    "MOST_VALUES",
    "ZIP",
    "ZIP_END",
    "ZIP_FILE",
    "ZIP_STARTS",
    "BeyondLimits",
    "DamagedPayload",
    "TooDeep",
    "TooManyMembers",
    "check_document",
    "check_row",
    "clean_text",
    "count_containers",
    "decode_leniently",
    "decode_strictly",
    "iter_rows",
    "split_rows",
    "unpack_deflate",
    "unpack_gzip",
    "value_at",
]
