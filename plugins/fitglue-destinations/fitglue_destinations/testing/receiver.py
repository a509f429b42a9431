"""A receiver of webhooks on loopback that verifies signatures, and drops what it has already."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from standardwebhooks import Webhook, WebhookVerificationError

from fitglue_registry.testing import LoopbackService, Response, json_response

if TYPE_CHECKING:
    from fitglue_registry.testing import Request

_PING = "ping"


@dataclass(frozen=True, slots=True)
class Received:
    """A message that a receiver has accepted.

    Attributes:
        id: The id of the message.
        type: Its type, such as ``activity.created``.
        data: What it says.
    """

    id: str
    type: str
    data: dict[str, Any]


class Receiver(LoopbackService):
    """A receiver of webhooks; use it as a context manager.

    Its faults are those of every ``LoopbackService``: ``fault("/hook", Fault.status(503))``.

    Args:
        secret: The secret with which it verifies signatures; ``None``: it accepts any, as it must
            before it knows one.
        path: The path of its address, which only the sender knows.
        port: The port to listen on; 0 picks a free one.
        latency_s: How long to wait before each response, in seconds.
    """

    name = "receiver"

    def __init__(
        self,
        secret: str | None = None,
        *,
        path: str = "/hook",
        port: int = 0,
        latency_s: float = 0.0,
    ) -> None:
        super().__init__(port=port, latency_s=latency_s)
        self.secret = secret
        #: The messages in the order of their arrival, each once.
        self.messages: list[Received] = []
        #: The number of copies that were dropped.
        self.copies = 0
        self._path = path
        self.route(path, self._receive, method="POST")

    @property
    def address(self) -> str:
        """The complete address to connect."""
        return f"{self.url}{self._path}"

    @property
    def activities(self) -> dict[str, dict[str, Any]]:
        """What the receiver has: id of the delivery → the newest activity."""
        kept: dict[str, dict[str, Any]] = {}
        for message in self.messages:
            if message.type == "activity.deleted":
                kept.pop(message.data["id"], None)
            else:
                kept[message.data["id"]] = message.data["activity"]
        return kept

    def _receive(self, request: Request) -> Response:
        """Verify a message, and keep it unless it is a copy."""
        headers = {
            name: request.header(name)
            for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
        }
        if self.secret is not None:
            try:
                Webhook(self.secret).verify(request.body, headers)
            except WebhookVerificationError as error:
                return json_response({"error": str(error)}, 401)
        content = json.loads(request.body)
        if content["type"] != _PING:
            message = Received(headers["webhook-id"], content["type"], content["data"])
            self._keep(message)
        return Response(204, b"")

    def _keep(self, message: Received) -> None:
        if any(message.id == known.id for known in self.messages):
            self.copies += 1
            return
        self.messages.append(message)
