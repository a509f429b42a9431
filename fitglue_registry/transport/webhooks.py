"""Signs the requests of a webhook as the specification Standard Webhooks says, and addresses them.

The address that the athlete has typed is a secret itself, because many receivers accept whatever
arrives at it. The plugin gets neither the address nor the secret of the signatures.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from math import floor
from typing import TYPE_CHECKING, NamedTuple

from standardwebhooks import Webhook

from fitglue_registry.errors import AthleteNeeded, Place, PluginFailed
from fitglue_registry.transport.auth import EARLIER, EARLIER_UNTIL, connect_again
from fitglue_registry.transport.origin import origin_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import requests

    from fitglue_registry.transport.outgoing import Outgoing
    from fitglue_registry.transport.policy import HttpPolicy

ID = "Webhook-Id"
"""The header that the plugin sets: the same in each attempt, so that a receiver drops copies."""

_TIMESTAMP = "Webhook-Timestamp"
_SIGNATURE = "Webhook-Signature"


class Signing(NamedTuple):
    """What a request is signed with.

    Attributes:
        secrets: The secrets of the connection.
        now: The current time in UTC.
    """

    secrets: Mapping[str, str]
    now: datetime


def sign(
    policy: HttpPolicy,
    request: requests.PreparedRequest,
    wanted: Outgoing,
    signing: Signing,
) -> str:
    """Add the headers of a signature to a request, and return the address that it goes to.

    Each attempt has a new time and a new signature. While a secret is being replaced, there is one
    signature with the old and one with the new secret, and a receiver accepts either.

    Args:
        policy: The policy of the session.
        request: The request, with the header ``Webhook-Id``.
        wanted: The request as the plugin described it, with its body.
        signing: What it is signed with.

    Raises:
        AthleteNeeded: FG-key-missing if the address or the secret is not stored, or does not belong
            to the address of the connection.
        PluginFailed: FG-webhook-unsigned if the plugin has set no id, or the body is no text.
    """
    address = signing.secrets.get(policy.auth.address or "", "")
    if origin_of(address) != policy.origin:
        raise _missing(policy, policy.auth.address)
    # The library would write any other time zone's clock as if it were UTC.
    now = signing.now.astimezone(UTC)
    message = _Message(request.headers.get(ID, ""), now, _content(wanted))
    signatures = []
    for secret in _secrets(policy, signing):
        signatures.append(_signature(secret, message))
    if not signatures:
        raise _missing(policy, policy.auth.secret)
    request.headers[_TIMESTAMP] = str(floor(now.timestamp()))
    request.headers[_SIGNATURE] = " ".join(signatures)
    return address


class _Message(NamedTuple):
    """What is signed."""

    id: str
    at: datetime
    content: str


def _content(wanted: Outgoing) -> str:
    """Return the body of a request, which is signed as a whole."""
    if wanted.body is None:
        return ""
    with ExitStack() as files:
        readable, _ = wanted.body.open(files)
        content = readable.read()
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise _unsigned("its body is not text in UTF-8") from None


def _secrets(policy: HttpPolicy, signing: Signing) -> Iterator[str]:
    """Yield the secrets that sign now, the newest first."""
    secret = signing.secrets.get(policy.auth.secret or "")
    if not secret:
        return
    yield secret
    earlier = signing.secrets.get(EARLIER)
    until = signing.secrets.get(EARLIER_UNTIL)
    if earlier and until and signing.now < datetime.fromisoformat(until):
        yield earlier


def _signature(secret: str, message: _Message) -> str:
    if not message.id:
        raise _unsigned(f"it has no {ID}")
    return Webhook(secret).sign(message.id, message.at, message.content)


def _missing(policy: HttpPolicy, name: str | None) -> AthleteNeeded:
    return AthleteNeeded(
        "FG-key-missing",
        f"no {name} is stored for this connection",
        at=Place(field=name),
        fix=connect_again(policy.auth),
    )


def _unsigned(why: str) -> PluginFailed:
    return PluginFailed(
        "FG-webhook-unsigned",
        "a plugin sent a request to a webhook that cannot be signed",
        why=why,
        fix="report it to the plugin's author; the other plugins keep working",
    )
