"""Says what a failure of a request concerns: its record only, the key, or every request."""

from __future__ import annotations

from fitglue_registry.errors import (
    AthleteNeeded,
    ConnectionStopped,
    FitglueError,
    PluginFailed,
    Retryable,
)

#: Codes of errors that every further request would meet too.
_CODES_FOR_ALL = frozenset(
    {
        "FG-no-network",
        "FG-rate-limited",
        "FG-plugin-blocked",
        # Each of its calls would send thousands of requests.
        "FG-plugin-endless",
        "FG-session-closed",
    }
)
#: Services answer in this way about a key, and some also about a record that the key must not see.
_REFUSALS = frozenset(("FG-key-rejected", "FG-not-permitted"))


def is_refusal(error: FitglueError | None) -> bool:
    """Return whether a failure says that the key is refused, for everything or for one record."""
    return isinstance(error, AthleteNeeded) and error.code in _REFUSALS


def concerns_all(error: FitglueError) -> bool:
    """Return whether a failure concerns the whole connection, not only the ids of its job."""
    if isinstance(error, AthleteNeeded) or error.code in _CODES_FOR_ALL:
        return True
    # The source asked for a pause with Retry-After, which holds for every request.
    if isinstance(error, Retryable) and error.retry_after_s:
        return True
    return not isinstance(error, Retryable | ConnectionStopped | PluginFailed)


def about_one(error: FitglueError) -> FitglueError:
    """Return the error of a record, which does not blame the key if it opens other records."""
    if not is_refusal(error):
        return error
    return ConnectionStopped(
        error.code,
        "the service refuses it, although it accepts the key for other records",
        at=error.at,
        why=error.why,
        fix="look at this record at the service: it may be private, blocked or still processed",
    )
