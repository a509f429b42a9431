"""References to secrets: what the database holds in their place.

A reference says which store it belongs to (``file:…``, ``keyring:…``), and every ``put`` makes a
new one: write the new secret, commit the reference, then delete the old secret, and a crash between
any two of these steps loses nothing.
"""

from __future__ import annotations

import json
import re
import secrets

from fitglue_registry.errors import AthleteNeeded, Place

ENVIRONMENT = "FITGLUE_SECRETS"

CONNECT_AGAIN = (
    "connect it again: `fitglue connect` and the name of its service, as `fitglue connections` "
    "shows it"
)

_REFERENCE = re.compile(
    r"(?P<scheme>[a-z]+):(?P<owner>[\w.-]{1,80})/(?P<token>[0-9a-f]{32})\Z", re.ASCII
)


def new_reference(scheme: str, owner: str) -> str:
    """A reference that was never used before."""
    plain = re.sub(r"[^\w.-]+", "-", owner, flags=re.ASCII)[:80] or "connection"
    return f"{scheme}:{plain}/{secrets.token_hex(16)}"


def split_reference(ref: str) -> tuple[str, str, str]:
    """Scheme, owner and token; raises ``AthleteNeeded`` (FG-secret-unreadable) for what is no
    reference: it may become a path.
    """
    match = _REFERENCE.match(ref)
    if match is None:
        raise unreadable(ref, why="that is no reference to a secret")
    return match["scheme"], match["owner"], match["token"]


def missing(ref: str) -> AthleteNeeded:
    """The error for a reference whose values are gone."""
    return AthleteNeeded(
        "FG-secret-missing",
        "the key of this connection is no longer stored",
        at=Place(field=ref),
        fix=CONNECT_AGAIN,
    )


def unreadable(ref: str, why: str = "it does not open as what it was sealed as") -> AthleteNeeded:
    """The error for values that are there and make no sense."""
    return AthleteNeeded(
        "FG-secret-unreadable",
        "the stored secret of this connection is damaged or was moved",
        at=Place(field=ref[:120]),
        why=why,
        fix=CONNECT_AGAIN,
    )


def parse(ref: str, content: str | bytes) -> dict[str, str]:
    """The values as they were written; raises ``AthleteNeeded`` (FG-secret-unreadable) for anything
    else.
    """
    try:
        values = json.loads(content)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise unreadable(ref, why="it was written by something else")
    return {str(name): str(value) for name, value in values.items()}
