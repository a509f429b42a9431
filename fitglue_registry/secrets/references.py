"""References to secrets: what the database holds in their place.

A reference says which store it belongs to (``file:…``, ``keyring:…``), and every ``put`` makes a
new one: write the new secret, commit the reference, then delete the old secret, and a crash between
any two of these steps loses nothing.
"""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING

from fitglue_registry.errors import AthleteNeeded, Place

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRONMENT = "FITGLUE_SECRETS"

CONNECT_AGAIN = (
    "connect it again: `fitglue connect` and the name of its service, as `fitglue connections` "
    "shows it"
)

_REFERENCE = re.compile(
    r"(?P<scheme>[a-z]+):(?P<owner>[\w.-]{1,80})/(?P<token>[0-9a-f]{32})\Z", re.ASCII
)
_NOT_IN_A_NAME = re.compile(r"[^\w.-]+", re.ASCII)
_LONGEST_OWNER = 80


def new_reference(scheme: str, owner: str) -> str:
    """Return a reference that was never used before."""
    plain = _NOT_IN_A_NAME.sub("-", owner)
    name = plain[:_LONGEST_OWNER] or "connection"
    token = secrets.token_hex(16)
    return f"{scheme}:{name}/{token}"


def split_reference(ref: str) -> tuple[str, str, str]:
    """Return scheme, owner and token of a reference.

    Raises ``AthleteNeeded`` (FG-secret-unreadable) for what is no reference: it may become a path.
    """
    match = _REFERENCE.match(ref)
    if match is None:
        raise unreadable(ref, why="that is no reference to a secret")
    return match["scheme"], match["owner"], match["token"]


def encode_values(values: Mapping[str, str]) -> str:
    """Return the text that a store keeps."""
    return json.dumps(dict(values))


def decode_values(ref: str, content: str | bytes) -> dict[str, str]:
    """Return the values as they were kept; raises ``AthleteNeeded`` (FG-secret-unreadable) for
    anything else.
    """
    try:
        values = json.loads(content)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise unreadable(ref, why="it was written by something else")
    return {str(name): str(value) for name, value in values.items()}


def missing(ref: str) -> AthleteNeeded:
    """Return the error for a reference whose values are gone."""
    return AthleteNeeded(
        "FG-secret-missing",
        "the key of this connection is no longer stored",
        at=Place(field=ref),
        fix=CONNECT_AGAIN,
    )


def unreadable(ref: str, why: str = "it does not open as what it was sealed as") -> AthleteNeeded:
    """Return the error for values that are there and make no sense."""
    return AthleteNeeded(
        "FG-secret-unreadable",
        "the stored secret of this connection is damaged or was moved",
        at=Place(field=ref[:120]),
        why=why,
        fix=CONNECT_AGAIN,
    )
