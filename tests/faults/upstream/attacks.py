"""Responses that are made to take time or memory: where each is sent, and what becomes of the sync.

Each is made from a scale: 1 for the quick tests, 10 for the size at which it did harm.
"""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.testing import Fault, Response
from tests.faults.upstream.matrix import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Callable

#: Where a response is sent: one kind of request, or each request that is answered with rows.
PLACES = {**ENDPOINTS, "rows": re.compile(r"/activities(/|\?(?!.*fields=))")}
JSON = "application/json"
HUGE = "FG-answer-too-large"
BEYOND = "FG-answer-beyond-limits"
NOT_JSON = "FG-answer-not-json"


@dataclass(frozen=True)
class Attack:
    """One response.

    Attributes:
        endpoint: The requests that it answers, a key of ``PLACES``.
        fault: Makes the fault from the scale.
        code: The error that stops the sync at full size; ``None`` if the sync goes on.
        small_code: The same at a tenth of the size, where the limit may not be reached.
    """

    endpoint: str
    fault: Callable[[int], Fault]
    code: str | None = None
    small_code: str | None = None


def repeated(item: bytes, count: int) -> bytes:
    """Return a JSON list that has an item many times."""
    return b"[" + (item + b",") * (count - 1) + item + b"]"


def packed(body: bytes, coding: str) -> Fault:
    """Return a fault that sends a body in a content coding."""
    response = Response(200, body, JSON).with_header("Content-Encoding", coding)
    return Fault("packed", lambda _: response)


def beside_good_rows(row: bytes) -> Fault:
    """Return a fault that adds a row to the list that is correct."""
    return Fault(
        "row", lambda response: response.with_body(b"[" + row + b"," + response.plain()[1:])
    )


def with_values(values: bytes) -> Fault:
    """Return a fault that adds a row with an id and these values to the list that is correct."""
    return beside_good_rows(
        b'{"id":"i99","start_date_local":"2026-11-01T07:00:00","type":"Ride",%b}' % values
    )


def stream(values: bytes) -> bytes:
    """Return a response with one stream, the times."""
    return b'[{"type":"time","data":%b}]' % values


def rows_of_one_moment(scale: int) -> Fault:
    """Return a fault that sends many rows that begin at the same time."""
    row = b'{"id":"j%d","start_date_local":"2026-11-01T07:00:00","type":"Ride"}'
    return Fault.raw_body(b"[%b]" % b",".join(row % number for number in range(900 * scale)))


def large_rows(
    count: int, before: bytes, unit: bytes, after: bytes = b""
) -> Callable[[int], Fault]:
    """Return a function that makes a fault from the scale: large rows that begin at the same time.

    At full size they have 58 MB together.

    Args:
        count: How many rows there are.
        before: The beginning of their values.
        unit: What is repeated after it, up to their size.
        after: The end of their values.
    """
    row = (
        b'{"id":"j%d","start_date_local":"2026-11-01T07:00:00","type":"Run","moving_time":100,'
        b'"distance":5000,%b}'
    )

    def fault(scale: int) -> Fault:
        values = before + unit * (5_800_000 * scale // count // len(unit)) + after
        rows = [row % (number, values) for number in range(count)]
        return Fault.raw_body(b"[%b]" % b",".join(rows))

    return fault


def empty_members(scale: int) -> Fault:
    """Return a fault that sends a gzip of many members without content."""
    return packed(gzip.compress(b"", mtime=0) * (30_000 * scale), "gzip")


EMOJI = "\N{GRINNING FACE}".encode()
ATTACKS: dict[str, Attack] = {
    # -- lists
    "6,000 brackets before a text without an end": Attack(
        "window",
        lambda scale: Fault.raw_body(b"[" * 6_000 + b'"' + b'\\"' * (3_700 * scale)),
        NOT_JSON,
        NOT_JSON,
    ),
    "a list of ones": Attack(
        "window", lambda scale: Fault.raw_body(repeated(b"1", 1_000_000 * scale)), BEYOND, BEYOND
    ),
    "a list of ones in place of days": Attack(
        "sizing", lambda scale: Fault.raw_body(repeated(b"1", 1_000_000 * scale)), BEYOND, BEYOND
    ),
    "a list of empty objects": Attack(
        "window", lambda scale: Fault.raw_body(repeated(b"{}", 500_000 * scale)), BEYOND, BEYOND
    ),
    "a list of ones and a NaN": Attack(
        "window",
        lambda scale: Fault.raw_body(b"[NaN," + repeated(b"1", 1_000_000 * scale)[1:]),
        BEYOND,
        BEYOND,
    ),
    "lists in lists": Attack(
        "window", lambda scale: Fault.raw_body(b"[" * 3_000_000 * scale), BEYOND, BEYOND
    ),
    "white space": Attack(
        "window", lambda scale: Fault.raw_body(b" " * 6_000_000 * scale), BEYOND, NOT_JSON
    ),
    "a document of empty objects where details belong": Attack(
        "bulk", lambda scale: Fault.raw_body(b'{"a":%b}' % repeated(b"{}", 2_000_000 * scale))
    ),
    "a list of ones where details belong": Attack(
        "bulk", lambda scale: Fault.raw_body(repeated(b"1", 1_000_000 * scale))
    ),
    # -- rows
    "a row of objects in objects": Attack(
        "window",
        lambda scale: with_values(
            b'"a":' + b'{"a":' * 100_000 * scale + b"1" + b"}" * 100_000 * scale
        ),
    ),
    "a row of many megabytes": Attack(
        "window", lambda scale: with_values(b'"name":"%b"' % (b"a" * 6_000_000 * scale))
    ),
    "a row with a title of many megabytes": Attack(
        "window",
        lambda scale: with_values(b'"name":"%b%b"' % (EMOJI, b"a" * 6_000_000 * scale)),
    ),
    "a row with hundreds of thousands of objects": Attack(
        "window", lambda scale: with_values(b'"a":%b' % repeated(b"{}", 120_000 * scale))
    ),
    "a row with a number of many digits": Attack(
        "window", lambda scale: with_values(b'"distance":%b' % (b"9" * 100_000 * scale))
    ),
    "a row with escapes": Attack(
        "window", lambda scale: with_values(b'"name":"%b"' % (b"\\u0041" * 60_000 * scale))
    ),
    "a row with lone surrogates": Attack(
        "window", lambda scale: with_values(b'"name":"%b"' % (b"\\ud800" * 60_000 * scale))
    ),
    "a row that repeats a key": Attack(
        "window", lambda scale: with_values(b",".join([b'"name":"a"'] * 30_000 * scale))
    ),
    "a row with hundreds of thousands of keys": Attack(
        "window",
        lambda scale: with_values(
            b",".join(b'"key %d":1' % number for number in range(25_000 * scale))
        ),
    ),
    "a row with a key that looks volatile again and again": Attack(
        "window",
        lambda scale: with_values(b'"%b\\n":1' % (b"_weather_temp." * 20_000 * scale)),
    ),
    "a row with a very long key above many levels": Attack(
        "window",
        lambda scale: with_values(
            b'"%b":%b1%b' % (b"k" * 200_000 * scale, b'{"a":' * 90, b"}" * 90)
        ),
    ),
    # The service finds none of these rows under its id, as after the address of a part has moved.
    "thousands of rows of one moment": Attack("window", rows_of_one_moment, "FG-listed-but-gone"),
    # -- large rows of one moment
    "large titles": Attack("window", large_rows(15, b'"name":"', b"a", b'"'), "FG-listed-but-gone"),
    "large titles in details": Attack("rows", large_rows(15, b'"name":"', b"a", b'"')),
    "large titles of control characters": Attack(
        "rows", large_rows(15, b'"name":"', b"\\u202e", b'"')
    ),
    "large titles of the beginning of the key": Attack(
        "rows", large_rows(15, b'"name":"', b"stand-in-ke", b'"')
    ),
    "sixty rows of many custom objects": Attack(
        "rows", large_rows(60, b'"mine":[{}', b",{}" + b" " * 32, b"]")
    ),
    "sixty rows of many laps": Attack(
        "rows", large_rows(60, b'"icu_intervals":[{}', b",{}" + b" " * 32, b"]")
    ),
    "sixty large titles": Attack("rows", large_rows(60, b'"name":"', b"a", b'"')),
    "sixty large descriptions": Attack("rows", large_rows(60, b'"description":"', b"a ", b'"')),
    "large rows that claim one workout": Attack(
        "rows", large_rows(60, b'"source":"STRAVA","external_id":"987","name":"', b"a", b'"')
    ),
    # -- streams
    "a stream of millions of numbers": Attack(
        "streams", lambda scale: Fault.raw_body(stream(repeated(b"1", 3_000_000 * scale)))
    ),
    "a stream of millions of nulls": Attack(
        "streams", lambda scale: Fault.raw_body(stream(repeated(b"null", 1_200_000 * scale)))
    ),
    "a stream of millions of NaN": Attack(
        "streams", lambda scale: Fault.raw_body(stream(repeated(b"NaN", 1_200_000 * scale)))
    ),
    "a stream of millions of lists": Attack(
        "streams", lambda scale: Fault.raw_body(stream(repeated(b"[1]", 1_200_000 * scale)))
    ),
    "a stream of millions of texts": Attack(
        "streams", lambda scale: Fault.raw_body(stream(repeated(b'"ab"', 1_200_000 * scale)))
    ),
    "a stream with hundreds of thousands of keys": Attack(
        "streams",
        lambda scale: Fault.raw_body(
            b'[{"type":"time",%b}]' % b",".join(b'"k%d":1' % n for n in range(50_000 * scale))
        ),
    ),
    "millions of streams": Attack(
        "streams", lambda scale: Fault.raw_body(repeated(b'{"type":"time"}', 350_000 * scale))
    ),
    "a stream with a name of many megabytes": Attack(
        "streams",
        lambda scale: Fault.raw_body(
            b'[{"type":"time","data":[1],"name":"%b%b"}]' % (EMOJI, b"a" * 6_000_000 * scale)
        ),
    ),
    "eight streams at the limit": Attack(
        "streams",
        lambda scale: Fault.raw_body(
            b"[" + b",".join([stream(repeated(b"1", 60_000 * scale))[1:-1]] * 8) + b"]"
        ),
    ),
    "a refusal of many megabytes": Attack(
        "streams",
        lambda scale: Fault.raw_body(b'{"error":"%b"}' % (b"a" * 6_000_000 * scale), status=422),
    ),
    # -- files
    "a file of white space": Attack(
        "file",
        lambda scale: Fault.raw_body(b" " * 6_000_000 * scale),
        "FG-unexpected-answer",
        "FG-unexpected-answer",
    ),
    # -- content codings
    "a gzip of empty members": Attack("window", empty_members, BEYOND, BEYOND),
    "a gzip that unpacks to gigabytes": Attack(
        "window",
        lambda scale: packed(gzip.compress(bytes(1 << 20)) * (100 * scale), "gzip"),
        HUGE,
        HUGE,
    ),
    "a deflate body that unpacks to hundreds of megabytes": Attack(
        "window",
        lambda scale: packed(zlib.compress(bytes(65_000_000 + 30_000_000 * scale)), "deflate"),
        HUGE,
        HUGE,
    ),
    "streams in a gzip of 100 million numbers": Attack(
        "streams",
        lambda scale: packed(
            gzip.compress(b'[{"type":"time","data":[')
            + gzip.compress(b"1," * 1_000_000) * (10 * scale)
            + gzip.compress(b"1]}]"),
            "gzip",
        ),
        HUGE,
    ),
}
