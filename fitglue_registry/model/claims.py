"""Claims: the identities that a source activity asserts, each a text of the form ``service:id``."""

from __future__ import annotations

import hashlib
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


#: FIT, type ``uint32z``: 0 means that there is no serial number. The largest number means "invalid"
#: for fields of similar types.
_SERIALS = 2**32 - 2


def delivery_claim(external_id: str) -> str:
    """Return the claim of a record that states with which delivery FitGlue has sent it.

    Args:
        external_id: ``Delivery.external_id``.
    """
    return claim("fitglue", external_id)


def delivery_serial(external_id: str) -> int:
    """Return the serial number that a file states which is made for a delivery.

    A service that writes the recording to another file usually keeps it, so that the copy is
    recognized when a source lists it.

    Args:
        external_id: ``Delivery.external_id``.
    """
    digest = hashlib.sha256(external_id.encode()).digest()
    return int.from_bytes(digest[:8]) % _SERIALS + 1
