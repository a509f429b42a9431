"""Claims: the identities that a source activity asserts, as ``service:id`` texts."""

from __future__ import annotations

import re

CLAIM_PATTERN = r"^[a-z][a-z0-9_-]*:[^\s]+$"
_CLAIM = re.compile(CLAIM_PATTERN)


def claim(service: str, identity: object) -> str:
    """One claim: ``claim("strava", 987)`` is ``strava:987``; raises ``ValueError`` where either half is empty or has blanks."""
    text = f"{service}:{identity}"
    if not _CLAIM.match(text):
        raise ValueError(f"a claim is service:id without blanks, not {text!r}")
    return text


def split_claim(text: str) -> tuple[str, str]:
    """The service and the id of a claim."""
    service, _, identity = text.partition(":")
    return service, identity
