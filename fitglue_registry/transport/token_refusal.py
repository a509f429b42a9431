"""Reads why a service issues no token, and quotes of its response only what cannot be a token.

What issues tokens may have issued one even if it responds with an error, and nobody knows it yet:
it cannot be removed from a quote like the secrets that are known. So only the error codes of OAuth
2 are quoted, and of a refusal also its description, without what may be a token.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from fitglue_registry.errors import Place, Retryable
from fitglue_registry.payloads import decode_leniently
from fitglue_registry.redaction.redactor import MARK
from fitglue_registry.transport.limits import RUN_LATER
from fitglue_registry.transport.origin import origin_of
from fitglue_registry.transport.server_message import quote, quote_or_log

if TYPE_CHECKING:
    from fitglue_registry.transport.answer import HttpAnswer

PERMISSION_ENDED = "invalid_grant"
"""The only code that says that a permission, or the code for it, is not valid any more."""
APP_REFUSED = ("invalid_client", "unauthorized_client")
"""What services say about an app whose id or secret they do not accept."""
OUTAGES = ("server_error", "temporarily_unavailable", "slow_down")
"""What services say if they do not work at the moment."""

#: The codes of RFC 6749 (4.1.2.1 and 5.2), RFC 7009 and RFC 8628.
_CODES = frozenset(
    (
        PERMISSION_ENDED,
        *APP_REFUSED,
        *OUTAGES,
        "access_denied",
        "invalid_request",
        "invalid_scope",
        "unsupported_grant_type",
        "unsupported_response_type",
        "unsupported_token_type",
    )
)
#: Codes of services that have their own: GitHub.
_OWN_CODES = {
    "bad_refresh_token": PERMISSION_ENDED,
    "bad_verification_code": PERMISSION_ENDED,
    "incorrect_client_credentials": "invalid_client",
}
#: Strava names what is invalid instead: ``{"resource": "RefreshToken", "code": "invalid", …}``.
_NOT_VALID = ("invalid", "expired")
_RESOURCES = {
    "RefreshToken": PERMISSION_ENDED,
    "AuthorizationCode": PERMISSION_ENDED,
    "Application": "invalid_client",
}
#: Where a code can be in a part of a response: Fitbit and Google have it one level deeper.
_NAMES_OF_CODES = ("error", "errorType", "type", "code", "status")
_NAMES_OF_DESCRIPTIONS = ("error_description", "message", "detail", "error", "title")
#: A text without a space that can be a token: a long one, or one with a digit. A code of a service,
#: such as FITGLUE-17, is shorter.
_MAYBE_TOKEN = re.compile(r"[^\s\"'<>(),;]{12,}")
_LONGEST_WORD = 30


def response_object(answer: HttpAnswer) -> dict[str, Any] | None:
    """Return the object in a response: JSON, or the fields of a form; ``None`` if it has none."""
    try:
        value = decode_leniently(answer.body)
    except ValueError:
        return _form(answer)
    return value if isinstance(value, dict) else None


def _form(answer: HttpAnswer) -> dict[str, Any] | None:
    """Return the fields of a response that is encoded like a form, as a few services send it."""
    text = answer.body.decode("utf-8", "replace").strip()
    # The broken JSON object of another response also has an equals sign now and then.
    if not text or text[0] in '{["<' or any(character.isspace() for character in text):
        return None
    try:
        return dict(parse_qsl(text, strict_parsing=True, max_num_fields=100))
    except ValueError:
        return None


def error_code(answer: HttpAnswer) -> str:
    """Return the code of RFC 6749 that a response has, also at other places; empty if none."""
    document = response_object(answer) or {}
    for part in _parts(document):
        resource = part.get("resource")
        if isinstance(resource, str) and part.get("code") in _NOT_VALID and resource in _RESOURCES:
            return _RESOURCES[resource]
        for name in _NAMES_OF_CODES:
            code = part.get(name)
            if isinstance(code, str) and (code in _CODES or code in _OWN_CODES):
                return _OWN_CODES.get(code, code)
    return ""


def _parts(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the object of a response, and those that describe its error in detail."""
    inner = [document.get("error"), document.get("errors")]
    parts = [document]
    for value in inner:
        parts += [part for part in _list_of(value)[:10] if isinstance(part, dict)]
    return parts


def _list_of(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def quoted_refusal(answer: HttpAnswer) -> str:
    """Return what may be quoted of the response of a service that has issued no token."""
    code = error_code(answer)
    if not 400 <= answer.status < 500:
        return code
    description = _description(answer)
    if not description or description == code:
        return code
    host = urlsplit(answer.url).hostname or ""
    described = quote_or_log(description, host, answer.rules)
    return f"{code}: {described}" if code else described


def _description(answer: HttpAnswer) -> str:
    document = response_object(answer)
    if document is None:
        return ""

    def without_tokens(text: str) -> str:
        return _MAYBE_TOKEN.sub(_hidden, answer.redact(text))

    for part in _parts(document):
        for name in _NAMES_OF_DESCRIPTIONS:
            text = part.get(name)
            if isinstance(text, str) and text.strip():
                return quote(text.encode("utf-8", "replace"), without_tokens)
    return ""


def _hidden(found: re.Match[str]) -> str:
    word = found.group()
    has_digit = any(character.isdigit() for character in word)
    return MARK if has_digit or len(word) > _LONGEST_WORD else word


def is_page(answer: HttpAnswer) -> bool:
    """Return whether a response is a web page, as a proxy or the login of a network sends it."""
    return answer.body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def status_and_quote(answer: HttpAnswer) -> str:
    """Return the status of a response, and what may be quoted of it, as a reason."""
    said = quoted_refusal(answer)
    why = f"it responded with status {answer.status}"
    return f"{why}: {said}" if said else why


def not_working(url: str, why: str) -> Retryable:
    """Return the error for a service that issues no tokens at the moment.

    Args:
        url: The address that issues tokens.
        why: What it has responded.
    """
    origin = origin_of(url)
    return Retryable(
        "FG-source-down",
        f"{origin.host if origin else 'the service'} is not working",
        at=Place(url=url),
        why=why,
        fix=RUN_LATER,
    )
