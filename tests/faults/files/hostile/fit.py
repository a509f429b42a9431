"""FIT files that are made to do harm, most of them packed to a few kilobytes."""

from __future__ import annotations

import gzip
import struct

from fitglue_formats.fit.frames import file_header
from fitglue_formats.testing import FitFile
from tests.faults.files.hostile.attack import Attack, file, repeated

_BEYOND = "FG-file-beyond-limits"
#: Bytes that are unpacked; the limit of a FIT file is 128 MiB.
_FULL = 120e6
#: Message numbers of the FIT profile.
_SESSION, _LAP, _UNKNOWN = 18, 19, 99


def _fit(more: bytes) -> bytes:
    """Return a good ride with more messages after it."""
    body = bytes(FitFile().file_id().record(0).record(10).session().body) + more
    return file_header(len(body)) + body + b"\0\0"


def _definition(number: int, fields: int) -> bytes:
    """Return the definition of a message with fields of one byte each."""
    head = struct.pack("<BBBHB", 0x41, 0, 0, number, fields)
    return head + b"".join(bytes((field, 1, 2)) for field in range(fields))


def _wide(number: int, size: float) -> bytes:
    """Return a FIT with many messages of 255 fields."""
    return _fit(_definition(number, 255) + repeated(b"\1" + bytes(range(255)), size))


def _packed(content: bytes) -> bytes:
    return gzip.compress(content, 1)


def _definitions(share: float) -> bytes:
    return _packed(_fit(repeated(_definition(_UNKNOWN, 0), _FULL * share)))


def _wide_definitions(share: float) -> bytes:
    return _packed(_fit(repeated(_definition(_UNKNOWN, 255), _FULL * share)))


def _different_definitions(share: float) -> bytes:
    same = _definition(_UNKNOWN, 255)[:-6]
    made = []
    for index in range(int(_FULL * share) // (len(same) + 6)):
        made.append(same + bytes((index & 0xFF, 1, 2, index >> 8 & 0xFF, 1, 2)))
    return _packed(_fit(b"".join(made)))


DEFINITIONS = [
    Attack("a flood of definitions", file("x.fit.gz", _definitions), _BEYOND),
    Attack("a flood of wide definitions", file("x.fit.gz", _wide_definitions)),
    Attack("a flood of different definitions", file("x.fit.gz", _different_definitions), _BEYOND),
]


def _sessions(share: float) -> bytes:
    return _packed(_wide(_SESSION, _FULL * share))


def _laps(share: float) -> bytes:
    return _packed(_wide(_LAP, _FULL * share))


def _empty_sessions(share: float) -> bytes:
    return _packed(_fit(_definition(_SESSION, 0) + repeated(b"\1", _FULL * share)))


SESSIONS = [
    Attack("a flood of sessions", file("x.fit.gz", _sessions), _BEYOND),
    Attack("a flood of laps", file("x.fit.gz", _laps), _BEYOND),
    Attack("a flood of sessions without fields", file("x.fit.gz", _empty_sessions), _BEYOND),
]


def _chained(share: float) -> bytes:
    return _packed(repeated(_fit(b""), _FULL * share))


def _chained_floods(share: float) -> bytes:
    part = _fit(_definition(_UNKNOWN, 0) + bytes([1]) * 900_000)
    return _packed(repeated(part, _FULL * share))


def _chained_sessions(share: float) -> bytes:
    part = _wide(_SESSION, 200_000)
    return _packed(repeated(part, _FULL * share))


CHAINS = [
    Attack("a chain of a hundred thousand files", file("x.fit.gz", _chained), _BEYOND),
    Attack("a chain of files with just less than the limit", file("x.fit.gz", _chained_floods)),
    Attack("a chain of files full of sessions", file("x.fit.gz", _chained_sessions), _BEYOND),
]
