"""A response whose status was expected, and a tolerant reader for its JSON."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from fitglue_registry.errors import ConnectionStopped, Place
from fitglue_registry.payloads import BeyondLimits, TooDeep, decode_leniently, decode_strictly
from fitglue_registry.policy import Policy
from fitglue_registry.transport import server_message

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PERSONAL = Policy.personal()
_SURROGATE = re.compile("[\ud800-\udfff]")
_TITLE = re.compile(rb"(?i)<title[^<>]*>([^<]{1,500})")
_LONGEST_TITLE = 80
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A response, as the protocol ``plugin_api.Answer`` describes it."""

    status: int
    url: str  # without secrets
    headers: Mapping[str, str]
    body: bytes  # decoded
    wire: bytes  # as received
    wire_encoding: Literal["identity", "gzip"]
    redact: Callable[[str], str] = field(default=str, repr=False)  # for quotes in errors
    rules: Policy = field(default=_PERSONAL, repr=False)  # whether errors quote the response
    authenticated: bool = True  # whether the request had the credential

    def quote(self) -> str:
        """Return the error message in the response, for an error; see ``plugin_api.Answer``."""
        # An accepted status has its complete body, which may be millions of bytes longer.
        beginning = self.body[: server_message.LONGEST_BEGINNING]
        message = server_message.quote(beginning, self.redact)
        return server_message.quote_or_log(message, urlsplit(self.url).hostname or "", self.rules)

    def json(self) -> Any:
        """Return the body as plain values.

        NaN is accepted, a number beyond the range of a double becomes infinity, and a lone
        surrogate becomes U+FFFD: one odd value must not make the other rows of a list unusable.

        Raises:
            ConnectionStopped: FG-answer-not-json if the body is a web page, truncated, empty or
                nested too deeply; FG-answer-beyond-limits if it has too many bytes or values.
        """
        value = _decode(self.body)
        # Raised outside the handlers, because the exception of a JSON reader contains the body.
        if isinstance(value, BeyondLimits):
            raise self._beyond_limits(value)
        if isinstance(value, _NotJson):
            raise self._not_json(value.why)
        return value

    def _beyond_limits(self, reason: BeyondLimits) -> ConnectionStopped:
        return ConnectionStopped(
            "FG-answer-beyond-limits",
            "the response is larger than any that a service should send",
            at=Place(url=self.url),
            why=f"{reason}, so it was not decoded",
            fix="check the base URL; if it is correct, report it to the service",
        )

    def _not_json(self, why: str) -> ConnectionStopped:
        kind = self._kind()
        if kind.startswith("a web page"):
            why = "another server, a proxy or a login page responds instead of the service"
        return ConnectionStopped(
            "FG-answer-not-json",
            f"the response is {kind}, but JSON was expected",
            at=Place(url=self.url),
            why=why,
            fix="try again later; if it happens again, check the base URL, or sign in to this "
            "network in a browser",
        )

    def _kind(self) -> str:
        """Return what the body is, for an error; a web page is named by its title."""
        if not self.body or self.body.isspace():
            return "empty"
        # Without a byte-order mark and white space.
        head = self.body[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
        if not head.startswith(b"<"):
            return "broken"
        match = _TITLE.search(head)
        words = match[1].decode("utf-8", "replace").split() if match else []
        if not words or not self.rules.quotes_responses:
            return "a web page"
        title = self.redact(" ".join(words))[:_LONGEST_TITLE]
        return f"a web page titled {title!a}"


@dataclass(frozen=True, slots=True)
class _NotJson:
    """The reason why a body is not JSON."""

    why: str


def _decode(body: bytes) -> Any:
    """Return the value of a body, or what is wrong with it."""
    # Strict decoding is several times as fast.
    try:
        return decode_strictly(body)
    except BeyondLimits as limit:
        return _refusal(limit)
    except ValueError:
        return _decode_leniently(body)


def _decode_leniently(body: bytes) -> Any:
    """Return the value of a body that is not strict JSON, or what is wrong with it."""
    try:
        value = decode_leniently(body)
    except BeyondLimits as limit:
        return _refusal(limit)
    except json.JSONDecodeError as error:
        return _NotJson(_why_broken(body, error))
    except UnicodeDecodeError as error:
        return _NotJson(f"it is not UTF-8 (at byte {error.start})")
    # A lone surrogate can neither be printed nor stored. The exact bytes remain in ``wire``.
    if _ESCAPED_SURROGATE.search(body) or b"\xed" in body:
        return _without_surrogates(value)
    return value


def _refusal(limit: BeyondLimits) -> BeyondLimits | _NotJson:
    # The parsers of most languages refuse such a document, so it counts as broken.
    return _NotJson(str(limit)) if isinstance(limit, TooDeep) else limit


def _why_broken(body: bytes, error: json.JSONDecodeError) -> str:
    if not body or body.isspace():
        return "it has no content"
    if error.pos >= len(error.doc.rstrip()):
        return f"it ends too early (at character {error.pos})"
    return f"{error.msg} (at character {error.pos})"


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value
