"""Claims: the identities that a source activity asserts, each a text of the form ``service:id``."""

from __future__ import annotations

import re

# All white space is listed, because ``\s`` matches other characters in Python than in JSON Schema,
# whose regular expressions are those of ECMA 262.
_BLANKS = r"\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"
CLAIM_PATTERN = rf"^[a-z][a-z0-9_-]*:[^{_BLANKS}]+$"
_CLAIM = re.compile(CLAIM_PATTERN)


def claim(service: str, identity: object) -> str:
    """Return a claim, for example ``strava:987`` for ``claim("strava", 987)``.

    Args:
        service: Lower-case name of the service, such as ``strava``.
        identity: Id of the workout at the service; it is converted to text.

    Raises:
        ValueError: If one of the two is empty or contains white space, or if the service is not a
            lower-case name.
    """
    text = f"{service}:{identity}"
    if not _CLAIM.fullmatch(text):
        raise ValueError(f"a claim has the form service:id without white space, not {text!r}")
    return text


def split_claim(text: str) -> tuple[str, str]:
    """Return the service and the id of a claim."""
    service, _, identity = text.partition(":")
    return service, identity
