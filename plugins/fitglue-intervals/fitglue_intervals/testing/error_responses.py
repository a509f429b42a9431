"""The error responses of the API.

The texts for 401, 403, a Strava activity, an unknown path and both kinds of 500 follow captured
responses; the other texts are ours.
"""

from __future__ import annotations

from fitglue_registry.testing import Response, json_response
from fitglue_registry.testing.messages import error_response

_MOMENT = "2026-11-20T14:46:12.535+00:00"
#: Seen: the service answers a value of the wrong type with a Java exception and 500, although the
#: caller made the mistake. So a client must not take each 500 for an outage.
_EXCEPTION = (
    "org.springframework.web.method.annotation.MethodArgumentTypeMismatchException: "
    "Failed to convert value of type 'java.lang.String' to required type '{wanted}'; "
    'nested exception is java.lang.NumberFormatException: For input string: "{text}"'
)

AUTH_FAILED = error_response(401, "Auth failed")
ACCESS_DENIED = error_response(403, "Access denied")
STRAVA_REFUSED = error_response(422, "Cannot read Strava activities via the API")
NOT_FOUND = error_response(404, "Not found")
STRAVA_NOT_UPDATED = error_response(422, "Strava activities cannot be updated")
NO_FILE = error_response(422, "Required request part 'file' is not present")
MALFORMED_JSON = error_response(400, "JSON parse error")
BAD_BASE64 = error_response(500, "java.lang.IllegalArgumentException: Illegal base64 character")
NO_OLDEST = error_response(
    422, "Required request parameter 'oldest' for method parameter type String is not present"
)
BAD_DATE = error_response(422, "Invalid date, expected an ISO-8601 local date or date-time")


def spring_error(status: int, text: str, path: str) -> Response:
    """Return the error that Spring, the framework of the API, answers with.

    A path that does not exist never reaches the application, so its error has another shape:
    ``{timestamp, status, error, path}`` instead of ``{status, error}``. Both were seen.
    """
    body = {
        "timestamp": _MOMENT,
        "status": status,
        "error": text,
        "path": path,
    }
    return json_response(body, status)


def type_mismatch(wanted: str, text: str) -> Response:
    """Return the response to a parameter whose text is not of the type ``wanted``."""
    return error_response(500, _EXCEPTION.format(wanted=wanted, text=text))


def unprocessable(text: str) -> Response:
    """Return the error for content that the service understands and does not accept."""
    return error_response(422, text)
