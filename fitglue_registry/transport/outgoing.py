"""A request of a plugin before it is sent: its address, headers and body, and whether it may be
sent again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fitglue_registry.errors import Place, PluginFailed
from fitglue_registry.registry.headers import is_header_value, why_header_refused
from fitglue_registry.transport.request_body import BodyStream, body_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import requests

    from fitglue_registry.plugin_api import Sending
    from fitglue_registry.transport.policy import HttpPolicy
    from fitglue_registry.transport.request_body import RequestBody

#: Methods whose repetition has the same effect as one request (RFC 9110, 9.2.2).
_IDEMPOTENT = frozenset(("GET", "PUT", "DELETE"))
_KEYWORDS = frozenset(
    ("json", "form", "files", "body", "headers", "accept", "idempotent", "idempotency_key")
)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request that was checked, and can be sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: RequestBody | None
    accept: Sequence[int]
    repeatable: bool  # whether it may be sent again although it may have been carried out

    def on(self, template: requests.PreparedRequest, longest_s: float) -> requests.PreparedRequest:
        """Return the request with the headers of a template. Its body, if it has one, is open.

        Args:
            template: A request with the headers of the connection.
            longest_s: Seconds after which sending the body is given up.
        """
        request = template.copy()
        request.method = self.method
        request.headers.update(self.headers)
        if self.body is not None:
            stream = BodyStream(self.body, longest_s)
            # The HTTP library only reads it, although its types ask for bytes or a text.
            request.body = stream  # type: ignore[assignment]
            request.headers["Content-Length"] = str(stream.length)
        return request

    def __str__(self) -> str:
        """Return method and path, for errors."""
        return f"{self.method} {urlsplit(self.url).path or '/'}"


def outgoing(
    policy: HttpPolicy,
    method: str,
    url: str,
    sending: Sending,
) -> Outgoing:
    """Return the request that the keywords of a plugin describe.

    Args:
        policy: The policy of the session.
        method: The HTTP method.
        url: The address, which was checked.
        sending: The keywords.

    Raises:
        TypeError: A keyword is unknown, or its value is not of the documented type.
        PluginFailed: FG-header-refused.
    """
    unknown = sorted(sending.keys() - _KEYWORDS)
    if unknown:
        raise TypeError(f"{method.lower()}() got an unexpected keyword argument {unknown[0]!r}")
    body = body_of(sending)
    headers: dict[str, Any] = {}
    if body is not None:
        headers["Content-Type"] = body.content_type
    for name, value in sending.get("headers", {}).items():
        _check(policy, name, value, body)
        if name.lower() == "content-type":
            name = "Content-Type"
        headers[name] = value
    key = sending.get("idempotency_key")
    if key is not None:
        if not key or not is_header_value(key):
            raise _refused(policy, "Idempotency-Key", "a key is one line of visible ASCII")
        headers["Idempotency-Key"] = key
    is_repeatable = method in _IDEMPOTENT or key is not None
    return Outgoing(
        method,
        url,
        headers,
        body,
        tuple(sending.get("accept", ())),
        sending.get("idempotent", is_repeatable),
    )


def _check(
    policy: HttpPolicy,
    name: str,
    value: str,
    body: RequestBody | None,
) -> None:
    """Raise FG-header-refused if a plugin may not set a header."""
    why = why_header_refused(name, value, policy.auth)
    if why is None and body is not None and body.is_multipart and name.lower() == "content-type":
        why = "only the transport knows the boundary between the parts of the form"
    if why is not None:
        raise _refused(policy, name, why)


def _refused(policy: HttpPolicy, name: str, why: str) -> PluginFailed:
    return PluginFailed(
        "FG-header-refused",
        f"a plugin set the header {name[:80]!a} of a request to {policy.host}",
        at=Place(field="headers"),
        why=why,
        fix="report it to the plugin's author; the other plugins keep working",
    )
