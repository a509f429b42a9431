"""Session RPE: load by what the athlete felt.

Source: Carl Foster and others, *A new approach to monitoring exercise training*, Journal of
Strength and Conditioning Research 15 (2001), pages 109–115.
"""

from __future__ import annotations


def session_load(duration_s: float, rpe: float) -> float:
    """Return the load of a session.

    Formula: ``minutes · rating``, where the rating is from 0 to 10 (CR-10).

    Example: 45 minutes with a rating of 4: 180.

    Args:
        duration_s: The duration, in seconds.
        rpe: The rating of perceived exertion.
    """
    return duration_s / 60.0 * rpe
