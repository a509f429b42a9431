"""The responses of the API where something is wrong."""

from __future__ import annotations

from fitglue_registry.testing import Response, json_response
from fitglue_registry.testing.messages import error_response

_MOMENT = "2026-11-20T14:46:12.535+00:00"
_EXCEPTION = (
    "org.springframework.web.method.annotation.MethodArgumentTypeMismatchException: "
    "Failed to convert value of type 'java.lang.String' to required type '{wanted}'; "
    'nested exception is java.lang.NumberFormatException: For input string: "{text}"'
)

AUTH_FAILED = error_response(401, "Auth failed")
ACCESS_DENIED = error_response(403, "Access denied")
STRAVA_REFUSED = error_response(422, "Cannot read Strava activities via the API")
NOT_FOUND = error_response(404, "Not found")
BAD_BASE64 = error_response(500, "java.lang.IllegalArgumentException: Illegal base64 character")
NO_OLDEST = error_response(
    422, "Required request parameter 'oldest' for method parameter type String is not present"
)
BAD_DATE = error_response(422, "Invalid date, expected an ISO-8601 local date or date-time")


def spring_error(status: int, text: str, path: str) -> Response:
    """The response of the framework, before the application is asked."""
    body = {
        "timestamp": _MOMENT,
        "status": status,
        "error": text,
        "path": path,
    }
    return json_response(body, status)


def mismatch(wanted: str, text: str) -> Response:
    """The response to a value of the wrong type: the framework's exception, with 500."""
    return error_response(500, _EXCEPTION.format(wanted=wanted, text=text))
