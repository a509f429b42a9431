"""Reads the headers in which services state how many further requests they answer.

No standard exists yet. Most services send ``X-RateLimit-Limit``, ``-Remaining`` and ``-Reset``, or
the same without ``X-``, as early drafts of the IETF had them; newer drafts have structured headers.
Strava states two limits in each header and the requests that were used instead of those that
remain. Gateways name the window in each header.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from fitglue_registry.transport.caps import Report
from fitglue_registry.transport.limits import retry_after
from fitglue_registry.transport.limits_by_unit import reports_by_unit
from fitglue_registry.transport.structured_limits import (
    StatedLimit,
    policies_of,
    policy_reports,
    structured_reports,
    window_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from fitglue_registry.registry import Budget

#: The beginnings of the headers, in lower case.
_PREFIXES = ("ratelimit", "x-ratelimit", "x-rate-limit", "x-readratelimit")
_STRUCTURED = "ratelimit"
#: A number at the beginning of an item of a list; its parameters follow (``100;w=60``).
_NUMBER = re.compile(r"\s{0,9}(-?\d{1,15})(\.\d{0,9})?\s{0,9}(;.{0,200})?")
#: A reset above it is a moment and not a duration: a second of the year 2001 and later.
_MOMENT_S = 1_000_000_000
_MOMENT_MS = 1_000_000_000_000
_LONGEST_S = 86_400.0
_TOO_MANY = 429
#: A service has a few limits; further items cost time and mean nothing.
_MOST = 8


class Stated(Protocol):
    """The parts of a response that state limits."""

    @property
    def status(self) -> int:
        """Its status code."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Its headers, looked up in any case."""


def reports_of(
    answer: Stated,
    limits: Sequence[Budget],
    now: datetime,
) -> list[Report]:
    """Return what a response states about limits.

    Args:
        answer: The response.
        limits: The limits of the entry. Where the headers do not say when a limit is reset, those
            that follow the clock say it, the shortest window for the first number in a header.
        now: The current time.
    """
    headers = answer.headers
    policies = policies_of(headers.get(f"{_STRUCTURED}-policy", ""))
    reports = list(structured_reports(headers.get(_STRUCTURED, ""), policies, _STRUCTURED))
    reports += reports_by_unit(headers, now, lambda value: _resets(value, now))
    for prefix in _PREFIXES:
        left = _remaining(headers, prefix)
        resets = _resets(headers.get(f"{prefix}-reset", ""), now)
        # A refusal that states only when to come back.
        if resets and not left and answer.status == _TOO_MANY:
            left = [0]
        resets = resets or _stated_window(headers, prefix, policies) or _clock_resets(limits, now)
        for number, (count, seconds) in enumerate(zip(left, resets, strict=False)):
            reports.append(Report(f"{prefix} {number}", count, seconds))
    # Nothing says what is left, so that this program has to count.
    if not reports:
        reports = list(policy_reports(policies, _STRUCTURED))
    return [replace(report, seconds=min(report.seconds, _LONGEST_S)) for report in reports]


def _remaining(headers: Mapping[str, str], prefix: str) -> list[int]:
    remaining = _numbers(headers.get(f"{prefix}-remaining", ""))
    if remaining:
        return remaining
    limits = _numbers(headers.get(f"{prefix}-limit", ""))
    used = _numbers(headers.get(f"{prefix}-usage", headers.get(f"{prefix}-used", "")))
    return [limit - count for limit, count in zip(limits, used, strict=False)]


def _stated_window(
    headers: Mapping[str, str],
    prefix: str,
    policies: list[StatedLimit],
) -> list[float]:
    """Return the length of the window that a header states: the limit is reset within it."""
    limit = headers.get(f"{prefix}-limit", "")
    quota = next(iter(_numbers(limit)), None)
    seconds = window_of(policies_of(limit), None) or window_of(policies, quota)
    return [seconds] if seconds else []


def _resets(value: str, now: datetime) -> list[float]:
    """Return the seconds until each reset that a header states; none if it states no future one."""
    numbers = _numbers(value)
    if not numbers:
        seconds = retry_after(value, now)
        return [seconds] if seconds else []
    resets = [_seconds_until(number, now) for number in numbers]
    return resets if min(resets) > 0 else []


def _seconds_until(reset: float, now: datetime) -> float:
    if reset >= _MOMENT_MS:
        reset /= 1000
    return reset - now.timestamp() if reset >= _MOMENT_S else reset


def _clock_resets(limits: Sequence[Budget], now: datetime) -> list[float]:
    """Return the seconds until the windows of the entry that follow the clock end."""
    lengths = sorted({limit.per_s for limit in limits if limit.window == "clock"})
    return [length - now.timestamp() % length for length in lengths]


def _numbers(value: str) -> list[int]:
    """Return the numbers of a header; none if it is malformed."""
    numbers: list[int] = []
    for item in value.split(",")[:_MOST]:
        match = _NUMBER.fullmatch(item)
        if match is None:
            return []
        numbers.append(int(match[1]))
        # ``100, 100;w=60`` is one limit and its policy.
        if "w=" in value:
            break
    return numbers
