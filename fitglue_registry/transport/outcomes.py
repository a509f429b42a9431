"""The error for a request of which nobody knows whether the service has carried it out."""

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
    cause = failure.failure if isinstance(failure, TryAgain) else failure
    reason = f"{cause.what}: {cause.why}" if cause.why else cause.what
    unknown = Retryable(
        "FG-outcome-unknown",
        f"it is unknown whether {host} has carried out {request}",
        at=cause.at,
        why=f"{reason}; it may have been carried out, so it was not sent again",
        fix=f"check at {host} whether it was carried out, before it is sent again",
    )
    unknown.retry_after_s = getattr(cause, "retry_after_s", None)
    return unknown
