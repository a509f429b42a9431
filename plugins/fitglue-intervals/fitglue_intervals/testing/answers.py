"""An answer before it is written, and the bodies that the service gives for what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fitglue_intervals.testing.values import compact

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and headers; ``packed`` is the body gzip-compressed, where it is at hand (then
    ``body`` may be None).
    """

    status: int
    body: bytes | None
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    packed: bytes | None = None


def ok(value: Any) -> Answer:
    """A value as JSON."""
    return Answer(200, compact(value))


def error(status: int, text: str) -> Answer:
    """The body of an error that the application answers itself."""
    return Answer(status, compact({"status": status, "error": text}))


def spring_error(status: int, text: str, path: str) -> Answer:
    """The body of an error that the framework answers before the application is asked."""
    return Answer(
        status,
        compact(
            {
                "timestamp": "2026-11-20T14:46:12.535+00:00",
                "status": status,
                "error": text,
                "path": path,
            }
        ),
    )


def mismatch(wanted: str, found: str) -> Answer:
    """What a value of the wrong type brings: the framework's exception, with 500."""
    name = "org.springframework.web.method.annotation.MethodArgumentTypeMismatchException"
    nested = f'nested exception is java.lang.NumberFormatException: For input string: "{found}"'
    return error(
        500,
        f"{name}: Failed to convert value of type 'java.lang.String' to required type "
        f"'{wanted}'; {nested}",
    )


AUTH_FAILED = error(401, "Auth failed")
ACCESS_DENIED = error(403, "Access denied")
STRAVA_REFUSED = error(422, "Cannot read Strava activities via the API")
NOT_FOUND = error(404, "Not found")
EMPTY_LIST = b"[]"
