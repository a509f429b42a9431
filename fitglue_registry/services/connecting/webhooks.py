"""Connects webhooks: derives what may be shown of an address, makes secrets, and replaces them.

The address is kept with the secrets. Of it, the settings have the origin, to which the secrets are
bound, and a hash, by which two addresses at one origin are two connections.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from fitglue_registry.errors import AthleteNeeded
from fitglue_registry.policy.policy import BASE_URL
from fitglue_registry.secrets.binding import read_bound
from fitglue_registry.transport.auth import EARLIER, EARLIER_UNTIL
from fitglue_registry.transport.origin import origin_of
from fitglue_registry.transport.policy import HttpPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.registry import Auth
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.workspace import Workspace

ENDPOINT = "endpoint"
"""The setting with the hash of the address."""

#: How long the secret that was replaced signs as well, so that receivers can change theirs.
OVERLAP = timedelta(hours=24)
_PREFIX = "whsec_"
#: Bytes; the specification Standard Webhooks asks for 24 to 64.
_LENGTH = 32
_HASH_DIGITS = 16


class Addressed(NamedTuple):
    """What an athlete connects a webhook with.

    Attributes:
        secret: The address, and the secret of the signatures.
        settings: The settings, with what may be shown of the address.
        made: The secret of the signatures, if it was made here and the athlete has to see it.
    """

    secret: dict[str, str]
    settings: dict[str, str]
    made: str | None


def addressed(
    auth: Auth,
    secret: Mapping[str, str],
    settings: Mapping[str, str],
) -> Addressed:
    """Return what a webhook is connected with.

    Args:
        auth: The ``auth`` block of the entry.
        secret: The credentials that were typed.
        settings: The settings that were typed.

    Raises:
        UserMistake: FG-base-url-refused if nothing may be sent to the address.
    """
    address = secret.get(auth.address or "", "")
    origin = origin_of(address)
    # The rules for every base URL: https, or http on this machine, and a host that can exist.
    HttpPolicy(str(origin or ""))
    digest = hashlib.sha256(address.encode()).hexdigest()
    settings = {**settings, BASE_URL: str(origin), ENDPOINT: digest[:_HASH_DIGITS]}
    name = auth.secret or ""
    if secret.get(name):
        return Addressed(dict(secret), settings, None)
    made = new_secret()
    return Addressed({**secret, name: made}, settings, made)


def new_secret() -> str:
    """Return a new secret of signatures, in the form of Standard Webhooks."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_LENGTH)).decode()


def with_earlier(
    workspace: Workspace,
    auth: Auth,
    existing: ConnectionRow,
    secret: Mapping[str, str],
) -> dict[str, str]:
    """Return the new secret of a connection, and the one that signs beside it for a day.

    Args:
        workspace: What the host has opened.
        auth: The ``auth`` block of the entry.
        existing: The connection whose secret is replaced.
        secret: The new values, with their origin.
    """
    name = auth.secret or ""
    ref = existing.secret_ref or ""
    try:
        before = read_bound(ref, workspace.secrets.get(ref)).values.get(name)
    except AthleteNeeded:  # it cannot be opened, so nothing was signed with it either
        before = None
    if not before or before == secret.get(name):
        return dict(secret)
    until = workspace.clock.now() + OVERLAP
    return {**secret, EARLIER: before, EARLIER_UNTIL: until.isoformat()}
