"""Claims: the identities that a source activity asserts, as ``service:id`` texts."""

from __future__ import annotations

import re

# Blanks are spelt out, because what ``\s`` and a final ``$`` take differs between Python and JSON
# Schema.
_BLANKS = r"\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"
CLAIM_PATTERN = rf"^[a-z][a-z0-9_-]*:[^{_BLANKS}]+$"
_CLAIM = re.compile(CLAIM_PATTERN)


def claim(service: str, identity: object) -> str:
    """One claim: ``claim("strava", 987)`` is ``strava:987``; raises ``ValueError`` where either
    half is empty or has blanks.
    """
    text = f"{service}:{identity}"
    if not _CLAIM.fullmatch(text):
        raise ValueError(f"a claim is service:id without blanks, not {text!r}")
    return text


def split_claim(text: str) -> tuple[str, str]:
    """The service and the id of a claim."""
    service, _, identity = text.partition(":")
    return service, identity
