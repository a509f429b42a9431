"""The errors for requests of which nobody knows whether the service has carried them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import Retryable
from fitglue_registry.transport.retries import TryAgain

if TYPE_CHECKING:
    from fitglue_registry.errors import FitglueError


def outcome_unknown(
    host: str,
    request: str,
    failure: FitglueError | TryAgain,
) -> Retryable:
    """Return the error for a request that may have been carried out, and must not be sent again.

    Args:
        host: The host that it was sent to.
        request: The method and the path of the request, as they may be shown.
        failure: What happened instead of an expected response.
    """
    cause, reason = _cause_of(failure)
    unknown = Retryable(
        "FG-outcome-unknown",
        f"it is unknown whether {host} has carried out {request}",
        at=cause.at,
        why=f"{reason}; it may have been carried out, so it was not sent again",
        fix=f"check at {host} whether it was carried out, before it is sent again",
    )
    unknown.retry_after_s = getattr(cause, "retry_after_s", None)
    return unknown


def tokens_unknown(host: str, failure: FitglueError | TryAgain) -> Retryable:
    """Return the error for a code whose tokens may have been issued, but have not arrived.

    Args:
        host: The host that it was sent to.
        failure: What happened instead of an expected response.
    """
    cause, reason = _cause_of(failure)
    return Retryable(
        "FG-outcome-unknown",
        f"it is unknown whether {host} has issued the tokens of the permission",
        at=cause.at,
        why=f"{reason}; a service takes the permission back if it gets the same code again, so it "
        "was not sent again",
        fix="connect again",
    )


def _cause_of(failure: FitglueError | TryAgain) -> tuple[FitglueError, str]:
    """Return what has happened, and a sentence about it."""
    cause = failure.failure if isinstance(failure, TryAgain) else failure
    return cause, f"{cause.what}: {cause.why}" if cause.why else cause.what
