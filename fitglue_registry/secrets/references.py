"""References to secrets, which the database contains in place of the secrets.

A reference names the store to which it belongs (``file:…``, ``keyring:…``). Every ``put`` makes a
new one, so a secret is changed in three steps: write the new secret, commit its reference, delete
the old secret. A crash between two of them loses nothing.
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

#: The format of the text that a store encrypts. The texts of format 1 do not contain their format,
#: and the secrets in them have no origin; both formats are read.
SECRET_FORMAT = 2
_UNBOUND = 1
# No credential can have this name, because it contains a hyphen.
_FORMAT_KEY = "secret-format"

CONNECT_AGAIN = (
    "connect it again: `fitglue connect` and the name of its service, as `fitglue connections` "
    "shows it"
)

# Strict, since the token becomes a file name.
_REFERENCE = re.compile(
    r"(?P<scheme>[a-z]+):(?P<owner>[\w.-]{1,80})/(?P<token>[0-9a-f]{32})\Z", re.ASCII
)
_NOT_IN_A_NAME = re.compile(r"[^\w.-]+", re.ASCII)
_LONGEST_OWNER = 80
#: The stores of this machine, whose references have the form above.
LOCAL = ("file", "keyring")


def new_reference(scheme: str, owner: str) -> str:
    """Return a reference that was never used before.

    Args:
        scheme: The store to which it belongs, such as ``file`` or ``keyring``.
        owner: A text that lets people recognize it; characters other than letters, digits, dots and
            hyphens are replaced.
    """
    token = secrets.token_hex(16)
    return f"{scheme}:{owner_name(owner)}/{token}"


def owner_name(owner: str) -> str:
    """Return the form of an owner that is a part of its references."""
    plain = _NOT_IN_A_NAME.sub("-", owner)
    return plain[:_LONGEST_OWNER] or "connection"


def split_reference(ref: str) -> tuple[str, str, str]:
    """Return scheme, owner and token of a reference.

    Raises:
        AthleteNeeded: FG-secret-unreadable for a text that is not a reference.
    """
    match = _REFERENCE.match(ref)
    if match is None:
        raise unreadable(ref, why="this is not a reference to a secret")
    return match["scheme"], match["owner"], match["token"]


def scheme_of(ref: str) -> str | None:
    """Return the store of a reference if it is one of this machine's, and otherwise ``None``."""
    match = _REFERENCE.match(ref)
    return match["scheme"] if match and match["scheme"] in LOCAL else None


def is_owned_by(ref: str, owner: str) -> bool:
    """Return whether a reference was made for an owner.

    The reference of an embedder's store is always accepted, because its form is not known.
    """
    match = _REFERENCE.match(ref)
    if match is None or match["scheme"] not in LOCAL:
        return True
    return match["owner"] == owner_name(owner)


def encode_values(values: Mapping[str, str]) -> str:
    """Return the values as the text that a store encrypts."""
    return json.dumps({_FORMAT_KEY: SECRET_FORMAT, **values})


def decode_values(ref: str, content: str | bytes) -> dict[str, str]:
    """Return the values of a text that ``encode_values`` of this or an earlier version made.

    Raises:
        AthleteNeeded: FG-secret-unreadable for any other text.
    """
    try:
        values = json.loads(content)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise unreadable(ref, why="another program wrote it")
    if values.pop(_FORMAT_KEY, _UNBOUND) not in (_UNBOUND, SECRET_FORMAT):
        raise unreadable(ref, why="a newer version of FitGlue wrote it")
    return {str(name): str(value) for name, value in values.items()}


def missing(ref: str) -> AthleteNeeded:
    """Return the error for a reference whose values no longer exist."""
    return AthleteNeeded(
        "FG-secret-missing",
        "the key of this connection is no longer stored",
        at=Place(field=ref),
        fix=CONNECT_AGAIN,
    )


def unreadable(ref: str, why: str = "it cannot be decrypted") -> AthleteNeeded:
    """Return the error for values that exist but cannot be read."""
    return AthleteNeeded(
        "FG-secret-unreadable",
        "the stored secret of this connection is damaged or was moved",
        at=Place(field=ref[:120]),
        why=why,
        fix=CONNECT_AGAIN,
    )
