"""Reads the structured headers in which newer services state their limits.

The drafts of the IETF (draft-ietf-httpapi-ratelimit-headers) have ``RateLimit-Policy`` for the
limits themselves and ``RateLimit`` for what is left of each. Older drafts write both differently.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.transport.caps import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The name of a limit, as a quoted text or a token, or its number in older drafts.
_NAME = re.compile(r'\s{0,9}"?([^";,=]{1,100})"?\s{0,9}(?:;|\Z)')
#: A parameter with a number: ``remaining=5`` or ``;r=5``.
_NUMBER = re.compile(r"([a-z]{1,9})=(\d{1,15})")
#: What a limit counts, if these are not requests: ``;qu="content-bytes"``.
_UNIT = re.compile(r'qu="?([a-z-]{1,50})')
_REQUESTS = "requests"
#: A service has a few limits; further items cost time and mean nothing.
_MOST = 8
_LONGEST_ITEM = 500


@dataclass(frozen=True, slots=True)
class StatedLimit:
    """A limit of ``RateLimit-Policy``: ``quota`` units in ``seconds``; 0 if it does not say so."""

    name: str
    quota: int
    seconds: int
    counts_requests: bool = True


def policies_of(value: str) -> list[StatedLimit]:
    """Return the limits of the header ``RateLimit-Policy``.

    Args:
        value: Its value, such as ``"day";q=1000;w=86400`` or, in older drafts, ``1000;w=86400``.
    """
    limits: list[StatedLimit] = []
    for item in _items(value):
        name = _name_of(item)
        fields = _numbers_of(item)
        quota = fields.get("q") or (int(name) if name.isdecimal() and name.isascii() else 0)
        unit = _UNIT.search(item)
        limit = StatedLimit(
            name,
            quota,
            fields.get("w", 0),
            counts_requests=unit is None or unit[1] == _REQUESTS,
        )
        limits.append(limit)
    return limits


def structured_reports(
    value: str,
    policies: list[StatedLimit],
    name: str,
) -> Iterator[Report]:
    """Yield the reports of the header ``RateLimit``.

    Its drafts have ``limit=100, remaining=5, reset=30`` for one limit, or ``"hour";r=5;t=30`` for
    each. An item without a reset ends when the window of its policy does, at the latest.

    Args:
        value: The value of the header.
        policies: The limits of ``RateLimit-Policy``.
        name: The beginning of the names of the reports.
    """
    if "remaining=" in value:
        value = value.replace(",", ";")
    for number, item in enumerate(_items(value)):
        fields = _numbers_of(item)
        left = fields.get("r", fields.get("remaining"))
        policy = _policy_of(_name_of(item), policies)
        seconds = fields.get("t") or fields.get("reset")
        if policy is not None:
            # Bytes, or requests at the same time, are not what a budget counts.
            if not policy.counts_requests:
                continue
            seconds = seconds or policy.seconds
        if left is not None and seconds:
            yield Report(f"{name} item {number}", left, float(seconds))


def policy_reports(policies: list[StatedLimit], name: str) -> Iterator[Report]:
    """Yield a report for each limit of which a response does not say how much is left.

    The request that was answered is the first of its window.

    Args:
        policies: The limits of ``RateLimit-Policy``.
        name: The beginning of the names of the reports.
    """
    for number, policy in enumerate(policies):
        if policy.counts_requests and policy.quota and policy.seconds:
            yield Report(
                f"{name} policy {number}",
                policy.quota - 1,
                float(policy.seconds),
                begins=True,
            )


def window_of(policies: list[StatedLimit], quota: int | None) -> float | None:
    """Return the seconds of the window in which ``quota`` requests are allowed.

    Without a policy of this quota, it is the longest of all windows.

    Args:
        policies: The limits.
        quota: The number of requests, if it is known.
    """
    same = [policy for policy in policies if policy.quota == quota]
    seconds = [policy.seconds for policy in same or policies if policy.seconds]
    return float(max(seconds)) if seconds else None


def _policy_of(name: str, policies: list[StatedLimit]) -> StatedLimit | None:
    for policy in policies:
        if policy.name == name:
            return policy
    return policies[0] if len(policies) == 1 else None


def _items(value: str) -> list[str]:
    if not value:
        return []
    return [item[:_LONGEST_ITEM] for item in value.split(",")[:_MOST]]


def _name_of(item: str) -> str:
    match = _NAME.match(item)
    return match[1].strip() if match else ""


def _numbers_of(item: str) -> dict[str, int]:
    return {name: int(number) for name, number in _NUMBER.findall(item)}
