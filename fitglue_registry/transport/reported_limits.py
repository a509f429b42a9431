"""Reads the headers in which services state how many further requests they answer.

No standard exists yet. Most services send ``X-RateLimit-Limit``, ``-Remaining`` and ``-Reset``, or
the same without ``X-``, as early drafts of the IETF had them; newer drafts have one structured
header ``RateLimit`` (draft-ietf-httpapi-ratelimit-headers). Strava states two limits in each header
and the requests that were used instead of those that remain.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from fitglue_registry.transport.caps import Report
from fitglue_registry.transport.limits import retry_after

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from fitglue_registry.registry import Budget

#: The beginnings of the headers, in lower case.
_PREFIXES = ("ratelimit", "x-ratelimit", "x-rate-limit", "x-readratelimit")
_STRUCTURED = "ratelimit"
#: A number at the beginning of an item of a list; its parameters follow (``100;w=60``).
_NUMBER = re.compile(r"\s{0,9}(-?\d{1,15})(\.\d{0,9})?\s{0,9}(;.{0,200})?")
#: A parameter of the structured header: ``remaining=5`` or ``;r=5``.
_PARAMETER = re.compile(r"([a-z]{1,9})=(\d{1,15})")
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
    reports = list(_structured(headers.get(_STRUCTURED, "")))
    for prefix in _PREFIXES:
        left = _remaining(headers, prefix)
        resets = _resets(headers.get(f"{prefix}-reset", ""), now)
        # A refusal that states only when to come back.
        if resets and not left and answer.status == _TOO_MANY:
            left = [0]
        resets = resets or _clock_resets(limits, now)
        for number, (count, seconds) in enumerate(zip(left, resets, strict=False)):
            report = Report(
                f"{prefix} {number}",
                count,
                min(seconds, _LONGEST_S),
            )
            reports.append(report)
    return reports


def _remaining(headers: Mapping[str, str], prefix: str) -> list[int]:
    remaining = _numbers(headers.get(f"{prefix}-remaining", ""))
    if remaining:
        return remaining
    limits = _numbers(headers.get(f"{prefix}-limit", ""))
    used = _numbers(headers.get(f"{prefix}-usage", ""))
    return [limit - count for limit, count in zip(limits, used, strict=False)]


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


def _structured(value: str) -> Iterator[Report]:
    """Yield the reports of the structured header.

    Its drafts have ``limit=100, remaining=5, reset=30`` for one limit, or ``"hour";r=5;t=30`` for
    each.
    """
    if "remaining=" in value:
        value = value.replace(",", ";")
    for number, item in enumerate(value.split(",")[:_MOST]):
        fields: dict[str, str] = dict(_PARAMETER.findall(item[:500]))
        left = fields.get("r") or fields.get("remaining")
        seconds = float(fields.get("t") or fields.get("reset") or 0)
        if left is not None and seconds > 0:
            yield Report(f"{_STRUCTURED} item {number}", int(left), min(seconds, _LONGEST_S))
