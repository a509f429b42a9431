"""The matrix of endpoints and faults: what the plugin requests, what the source may return, and
which outcome is expected.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fitglue_registry.testing import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Each request that the plugin makes, by a pattern that distinguishes it from the others.
ENDPOINTS: Mapping[str, re.Pattern[str]] = {
    "profile": re.compile(r"/athlete/0/profile"),
    "notes": re.compile(r"/activities\?.*fields=id,start_date_local,source"),
    "sizing": re.compile(r"/activities\?.*fields=id,start_date_local(&|$)"),
    "window": re.compile(r"/activities\?(?!.*fields=)"),
    "bulk": re.compile(r"/activities/"),
    "detail": re.compile(r"/activity/[^/?]+(\?|$)"),
    "streams": re.compile(r"/streams\.json"),
    "file": re.compile(r"/file"),
}
#: The endpoints that are requested before a connection exists.
OF_CONNECT = ("profile", "notes")

#: Odd values from the source itself. They are stored unchanged and believed until the source
#: returns other values.
ODD: Mapping[str, Fault] = {
    name: Fault.values(values, rows=2)
    for name, values in {
        "NaN": {"average_heartrate": "NaN", "data.0": "NaN", "average_temp": "NaN"},
        "1e400": {"distance": "1e400", "icu_average_watts": "-1e400", "data.0": "1e400"},
        "a lone surrogate": {"name": r'"half \ud83d a face"', "type": r'"Ri\ud800de"'},
        "a title that is not UTF-8": {"name": '"\udce2\udc82 cut"'},
        "NUL in a title": {
            "name": r'"a\u0000b"',
            "timezone": r'"Europe/\u0000Berlin"',
            "athlete.name": r'"a\u0000b"',
        },
        "dates of year 1": {
            "start_date": '"0001-01-01T00:00:00Z"',
            "start_date_local": '"0001-01-01T00:00:00"',
            "timezone": '"Asia/Tokyo"',
            "created": '"0001-01-01T00:00:00+14:00"',
        },
        "dates of year 9999": {
            "start_date": '"9999-12-31T23:59:59Z"',
            "start_date_local": '"9999-12-31T23:59:59"',
            "timezone": '"America/Los_Angeles"',
            "created": '"9999-12-31T23:59:59-12:00"',
        },
        "only a local date of year 1": {
            "start_date": "null",
            "start_date_local": '"0001-01-01T00:00:00"',
            "timezone": '"Asia/Tokyo"',
        },
        "a date of year 9999 with a zone": {
            "start_date": '"9999-12-31T23:59:59-12:00"',
            "timezone": '"Asia/Tokyo"',
        },
        "negative numbers": {
            "distance": "-5",
            "moving_time": "-1",
            "elapsed_time": "-2147483648",
            "calories": "-10",
            "data.0": "-1",
        },
        "absurd numbers": {
            "distance": "1e300",
            "elapsed_time": "123456789012345678901234567890",
            "icu_joules": "9" * 400,
            "average_heartrate": "1e308",
            "data.1": "9" * 400,
        },
        "text where a number belongs": {
            "distance": '"far"',
            "elapsed_time": '"an hour"',
            "data": '"none"',
        },
        "a number where text belongs": {
            "name": "7",
            "type": "[1]",
            "start_date_local": "20261120",
            "description": "{}",
        },
        "a value nested 100,000 deep": {"deep": "[" * 100_000 + "]" * 100_000},
    }.items()
}

FAULTS: Mapping[str, Fault] = {
    "401": Fault.status(401),
    "403": Fault.status(403),
    "404": Fault.status(404),
    "422": Fault.status(422, body='{"status":422,"error":"something is missing"}'),
    "422 for a Strava activity": Fault.status(
        422, body='{"status":422,"error":"Cannot read Strava activities via the API"}'
    ),
    "429": Fault.status(429),
    "429, retry after 5 s": Fault.status(429, retry_after=5),
    "429, retry after an hour": Fault.status(429, retry_after=3600),
    "500": Fault.status(500),
    "502 with HTML": Fault.status(502),
    "503, retry after an hour": Fault.status(503, retry_after=3600),
    "redirect to another host": Fault.redirect("https://example.org/login"),
    "redirect to another port": Fault.redirect("http://127.0.0.1:9/elsewhere"),
    "redirect to another path of the same host": Fault.redirect("/api/v1/athletes"),
    "endless redirect": Fault.redirect(""),
    "a web page with status 200": Fault.html_page(),
    "empty body": Fault.empty_body(),
    "truncated": Fault.truncated(),
    "JSON of an unexpected shape": Fault.shape({"rows": [1, 2]}),
    "a list of numbers": Fault.shape([1, 2, 3]),
    "an empty list": Fault.raw_body(b"[]"),
    "null": Fault.raw_body(b"null"),
    "wrong content type": Fault.content_type("text/html"),
    "broken gzip": Fault.broken_gzip(),
    "reset before the headers": Fault.reset(),
    "reset after the headers": Fault.reset(after_headers=True),
    "connection closed within the body": Fault.cut(),
    "status 200 with an error in the body": Fault.error_object(status=500),
    "duplicate rows": Fault.duplicate_rows(),
    "nested 100,000 deep": Fault.nested(),
    "binary data in place of JSON": Fault.raw_body(b"\x00\xff\xfe nonsense"),
    "a body of 500 MB": Fault.flood(),
    "a body of 500 MB without a stated length": Fault.flood(announced=False),
    "a gzip of 500 MB": Fault.bomb(),
    "one byte at a time": Fault.drip(interval_s=0.02),
    "headers sent byte by byte": Fault.drip(interval_s=0.02, with_headers=True),
    "no response": Fault.hold(),
    **ODD,
}
#: The faults that end by a time-out.
SLOW = ("one byte at a time", "headers sent byte by byte", "no response")

_DOWN = {
    "401": "FG-key-rejected",
    "403": "FG-not-permitted",
    "429": "FG-rate-limited",
    "429, retry after 5 s": "FG-rate-limited",
    "429, retry after an hour": "FG-rate-limited",
    "503, retry after an hour": "FG-source-down",
}
_BROKEN = {
    "404": "FG-unexpected-status",
    "422": "FG-unexpected-status",
    "422 for a Strava activity": "FG-unexpected-status",
    "500": "FG-source-down",
    "502 with HTML": "FG-source-down",
    "redirect to another host": "FG-redirect-refused",
    "redirect to another port": "FG-redirect-refused",
    "redirect to another path of the same host": "FG-unexpected-answer",
    "endless redirect": "FG-redirect-refused",
    "a web page with status 200": "FG-answer-not-json",
    "empty body": "FG-answer-not-json",
    "truncated": "FG-answer-not-json",
    "JSON of an unexpected shape": "FG-unexpected-answer",
    "a list of numbers": "FG-unexpected-answer",
    "null": "FG-unexpected-answer",
    "broken gzip": "FG-answer-broken",
    "reset before the headers": "FG-answer-broken",
    "reset after the headers": "FG-answer-broken",
    "connection closed within the body": "FG-answer-broken",
    "status 200 with an error in the body": "FG-unexpected-answer",
    "nested 100,000 deep": "FG-answer-not-json",
    "binary data in place of JSON": "FG-answer-not-json",
    "a body of 500 MB": "FG-answer-too-large",
    "a body of 500 MB without a stated length": "FG-answer-too-large",
    "a gzip of 500 MB": "FG-answer-too-large",
    **dict.fromkeys(SLOW, "FG-timeout"),
}
_ALL = _DOWN | _BROKEN
#: Endpoint → fault → the code of the error that stops the sync. With any fault not listed the sync
#: continues.
STOPS: Mapping[str, Mapping[str, str]] = {
    "profile": {
        **_ALL,
        "an empty list": "FG-unexpected-answer",
        "a title that is not UTF-8": "FG-answer-not-json",
        "a value nested 100,000 deep": "FG-answer-not-json",
    },
    "notes": _ALL,
    "sizing": _ALL,
    "window": _ALL,
    "bulk": _DOWN,
    "detail": {
        **_ALL,
        "404": "FG-listed-but-gone",
        "an empty list": "FG-unexpected-answer",
        "a value nested 100,000 deep": "FG-answer-not-json",
    },
    "streams": _ALL,
    "file": {
        **_ALL,
        **dict.fromkeys(
            ("a web page with status 200", "empty body", "an empty list", "nested 100,000 deep"),
            "FG-unexpected-answer",
        ),
    },
}
GOES_ON = {
    # If a server has no profiles, the plugin requests the athlete instead.
    ("profile", "404"),
    # Rows that are not activities are quarantined, and they are ignored when the plugin decides how
    # to split the account into windows.
    *((endpoint, "nested 100,000 deep") for endpoint in ("notes", "sizing", "window")),
    *((endpoint, "a list of numbers") for endpoint in ("notes", "sizing", "window")),
    *(
        (endpoint, "redirect to another path of the same host")
        for endpoint in ("notes", "sizing", "window")
    ),
    # The source states that one activity has no such part.
    *(
        (endpoint, status)
        for endpoint in ("detail", "streams", "file")
        for status in ("404", "422", "422 for a Strava activity")
        if (endpoint, status) != ("detail", "404")
    ),
    # Where several records are refused together, each of them is requested on its own.
    ("bulk", "401"),
    ("bulk", "403"),
    # The plugin does not interpret the bytes of a file.
    ("file", "truncated"),
    ("file", "binary data in place of JSON"),
}


def stops_with(endpoint: str, fault: str) -> str | None:
    """Return the code of the error that ends the command or the sync, or ``None`` if it
    continues.
    """
    return None if (endpoint, fault) in GOES_ON else STOPS[endpoint].get(fault)


def healed_by(endpoint: str, fault: str) -> str:
    """Return what restores the store of an undisturbed run: the ``next sync``, a full ``walk``, or
    a report of the source that the activity has ``changed``.
    """
    if endpoint in ("detail", "streams", "file") and fault in (
        "404",
        "422",
        "422 for a Strava activity",
    ):
        return "walk"
    if endpoint == "window" and fault in (
        "a list of numbers",
        "nested 100,000 deep",
        "a value nested 100,000 deep",
    ):
        return "walk"  # a malformed row stays in quarantine until a full walk misses it
    parts = endpoint in ("bulk", "detail", "streams", "file")
    return (
        "changed"
        if parts
        and stops_with(endpoint, fault) is None
        and fault
        in ODD
        | {
            "an empty list": None,
            "duplicate rows": None,
            "truncated": None,
            "binary data in place of JSON": None,
        }
        else "next sync"
    )
