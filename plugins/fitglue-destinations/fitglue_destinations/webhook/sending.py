"""Sends the messages of a webhook, and says what the answer of the receiver means.

A webhook cannot be asked what it has. It need not be: a message that is sent again has the same id,
and the receiver drops what it has already. So whatever is uncertain is simply sent again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_destinations.webhook.messages import LARGEST, message_of, ping
from fitglue_registry.errors import Retryable
from fitglue_registry.plugin_api import Account, NotThere, Receipt, Rejected, Sent

if TYPE_CHECKING:
    from fitglue_destinations.webhook.messages import Message
    from fitglue_registry.plugin_api import Answer, Connection, Delivery

_GONE = 410
_TOO_LARGE = 413
_REDIRECTS = (301, 302, 303, 307, 308)
#: The statuses that say something about the key, and those that ask to come back later.
_HANDLED_BY_THE_HOST = (401, 403, 429)
#: Request Timeout and Too Early: the same message can be accepted later.
_LATER = (408, 425)
_REFUSALS = tuple(status for status in range(400, 500) if status not in _HANDLED_BY_THE_HOST)


def prove_webhook(connection: Connection) -> Account:
    """Send a ping to the address, and return who receives it.

    Args:
        connection: The connection.

    Raises:
        FitglueError: Nobody is there, or the receiver does not accept the ping.
    """
    message = ping()
    connection.http.post(
        "",
        body=message.body,
        headers=_headers(message),
        idempotent=True,
    )
    origin = connection.settings.get("base_url", "")
    _, _, host = origin.partition("://")
    # The host alone is no identity: an automation service has one address for each receiver.
    endpoint = connection.settings.get("endpoint", "")
    return Account(
        f"{host}#{endpoint}",
        host,
        notes=("Workouts are only sent there; nothing arrives from there.",),
    )


def deliver_message(connection: Connection, delivery: Delivery) -> Sent | Rejected:
    """Send the message of a delivery.

    Args:
        connection: The connection.
        delivery: The delivery.

    Raises:
        Retryable: The receiver is down, too slow or too busy; the same message is sent later.
        AthleteNeeded: The receiver does not accept the signature.
    """
    if delivery.action == "fill":
        return Rejected("FG-webhook-no-fill", "a webhook has no fields that could be empty")
    message = message_of(delivery)
    if message.is_too_large:
        return _too_large(f"it has {len(message.body):,} bytes, and a message at most {LARGEST:,}")
    answer = connection.http.post(
        "",
        body=message.body,
        headers=_headers(message),
        accept=(*_REDIRECTS, *_REFUSALS),
        # A receiver drops what it has already, so an attempt whose answer was lost is repeated.
        idempotent=True,
    )
    if answer.status in _LATER:
        raise Retryable("FG-webhook-later", f"the receiver answered {answer.status}")
    refusal = _refusal(answer)
    if refusal is not None:
        return refusal
    receipt = Receipt(data={"message": message.id})
    return Sent(
        receipt,
        # What the receiver makes of it may return with this id.
        identities=(f"delivery:{delivery.external_id}",),
        left_out=message.left_out,
    )


def find_message() -> NotThere:
    """Return that a message is to be sent again, which is harmless."""
    return NotThere()


def _headers(message: Message) -> dict[str, str]:
    return {"Content-Type": "application/json", "Webhook-Id": message.id}


def _refusal(answer: Answer) -> Rejected | None:
    """Return what an answer means, or ``None`` if the receiver has taken the message."""
    if answer.status in _REDIRECTS:
        return Rejected(
            "FG-webhook-moved",
            f"the receiver answered {answer.status}, and a redirect is not followed",
            "connect the new address: fitglue connect webhook",
        )
    if answer.status == _GONE:
        return Rejected(
            "FG-webhook-gone",
            "the receiver answered 410: it wants no more messages",
            "remove the destination from the pipeline, or connect another address",
        )
    if answer.status == _TOO_LARGE:
        return _too_large("the receiver answered 413: the message is too large for it")
    if answer.status in _REFUSALS:
        said = ": ".join(filter(None, (str(answer.status), answer.quote())))
        return Rejected(
            "FG-webhook-refused",
            f"the receiver answered {said}",
            "correct the receiver, and send it again: fitglue deliveries",
        )
    return None


def _too_large(reason: str) -> Rejected:
    return Rejected("FG-webhook-too-large", reason, "set streams to no in the pipeline")
