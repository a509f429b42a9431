"""Makes the header that authenticates a request, from the entry's scheme and the connection's
secret.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from fitglue_registry.errors import AthleteNeeded, Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.registry import Auth

#: The name of a token among the secrets of a request. No credential has it, because of the hyphen.
TOKEN = "access-token"  # noqa: S105 - a name
EARLIER = "earlier-secret"
"""The name of the secret of a webhook that was replaced last, which no credential has either."""
EARLIER_UNTIL = "earlier-secret-until"
"""The name of the moment (ISO 8601) until which that secret signs as well."""
_COPY_AGAIN = "copy the key again from the settings of that account"
_ALLOW_AGAIN = "connect again, and give the permission again"


def connect_again(auth: Auth) -> str:
    """Return what an athlete does about credentials that the service does not accept."""
    if auth.scheme == "oauth2":
        return _ALLOW_AGAIN
    return f"{auth.key_help or _COPY_AGAIN}, and connect again"


def auth_header(auth: Auth, secrets: Mapping[str, str]) -> dict[str, str]:
    """Return the authentication header, or none for the schemes ``none`` and ``webhook``.

    Args:
        auth: The ``auth`` block of the entry.
        secrets: The secrets of the connection by the name of their credential, and a token under
            the name ``TOKEN``.

    Raises:
        AthleteNeeded: FG-key-missing if no secret is stored, FG-key-rejected if the secret contains
            characters that a header cannot contain.
    """
    if auth.scheme == "none" or auth.is_webhook:  # a webhook signs each request by itself
        return {}
    has_token = auth.scheme in ("exchange", "oauth2")
    name = TOKEN if has_token else auth.secret or ""
    secret = secrets.get(name, "")
    if not secret:
        raise AthleteNeeded(
            "FG-key-missing",
            f"no {name or 'key'} is stored for this connection",
            at=Place(field=name or None),
            fix=connect_again(auth),
        )
    if auth.scheme == "basic":
        pair = f"{auth.username}:{secret}".encode()
        encoded = base64.b64encode(pair).decode("ascii")
        return {"Authorization": f"Basic {encoded}"}
    # ``requests`` would also refuse such a value, and quote the secret in its error.
    if not fits_into_a_header(secret):
        raise unusable_key(auth, name)
    if auth.scheme == "bearer" or (has_token and not auth.header):
        return {"Authorization": f"Bearer {secret}"}
    return {auth.header or "X-API-Key": secret}


def unusable_key(auth: Auth, name: str) -> AthleteNeeded:
    """Return the error for a key that no header can have.

    Args:
        auth: The ``auth`` block of the entry.
        name: The name of the credential.
    """
    return AthleteNeeded(
        "FG-key-rejected",
        f"the stored {name} cannot be a key",
        at=Place(field=name),
        why="it contains a space, a line break or a character that a key cannot contain",
        fix=connect_again(auth),
    )


def fits_into_a_header(secret: str) -> bool:
    """Return whether a header can have this value."""
    return secret.isascii() and secret.isprintable() and secret == secret.strip()
