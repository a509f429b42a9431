"""Makes the messages of a webhook: JSON whose id is the same for the same content.

Equal content has equal bytes and an equal id. A receiver that has an id already can therefore drop
the message, however often it is sent.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.model import to_builtins

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.plugin_api import Delivery

LARGEST = 8_000_000
"""The largest message in bytes. Receivers accept 1 MB at least, and seldom more than 10 MB."""

#: Action of a delivery → the type of its message.
_TYPES = {
    "create": "activity.created",
    "update": "activity.updated",
    "delete": "activity.deleted",
}
_STREAMS = "streams"
_ID_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a webhook.

    Attributes:
        id: The id by which a receiver recognizes a copy.
        body: The bytes, which are signed as they are.
        left_out: Fields of the activity that it does not have, each with the reason.
    """

    id: str
    body: bytes
    left_out: Mapping[str, str]

    @property
    def is_too_large(self) -> bool:
        """Whether no receiver has to accept it."""
        return len(self.body) > LARGEST


def message_of(delivery: Delivery) -> Message:
    """Return the message of a delivery.

    Args:
        delivery: The delivery, whose setting ``streams`` says whether samples are sent.
    """
    # Only a new workout has samples; a change comes without them.
    wants_streams = delivery.settings.get(_STREAMS) == "yes" and bool(delivery.activity.streams)
    if not wants_streams:
        return _message(delivery, streams=False)
    message = _message(delivery, streams=True)
    if not message.is_too_large:
        return message
    reason = f"a message has at most {LARGEST // 1_000_000} MB"
    return _message(delivery, streams=False, left_out={_STREAMS: reason})


def ping() -> Message:
    """Return the message that proves an address; it says nothing about anybody."""
    body = _encoded({"type": "ping", "data": {}})
    return Message("msg_ping", body, {})


def _message(
    delivery: Delivery,
    *,
    streams: bool,
    left_out: Mapping[str, str] | None = None,
) -> Message:
    data: dict[str, Any] = {"id": delivery.external_id, "number": delivery.number}
    # What was deleted is nobody's business any more, so only its id is sent.
    if delivery.action != "delete":
        activity = delivery.activity
        if not streams:
            activity = msgspec.structs.replace(activity, streams=())
        data["activity"] = to_builtins(activity)
    if delivery.changed:
        data["changed"] = sorted(delivery.changed)
    if left_out:
        data["left_out"] = dict(left_out)
    body = _encoded({"type": _TYPES[delivery.action], "data": data})
    # The version is that of the content: what has changed is another message, and never a copy.
    version = hashlib.sha256(body).hexdigest()[:_ID_DIGITS]
    return Message(f"msg_{delivery.external_id}.{version}", body, left_out or {})


def _encoded(content: Mapping[str, Any]) -> bytes:
    text = json.dumps(
        content,
        ensure_ascii=False,
        allow_nan=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    # A lone surrogate, which no receiver could read, becomes a question mark.
    return text.encode(errors="replace")
