"""Reads a token, and the time until which it is valid, from the response that issues it."""

from __future__ import annotations

import base64
import binascii
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import ConnectionStopped, Place
from fitglue_registry.payloads import decode_leniently
from fitglue_registry.transport.auth import fits_into_a_header
from fitglue_registry.transport.token_refusal import response_object

if TYPE_CHECKING:
    from fitglue_registry.transport.answer import HttpAnswer
    from fitglue_registry.transport.token_sender import TokenSender

#: A longer text is no token. Servers seldom accept more than 8 or 16 kB of headers.
_LONGEST_TOKEN = 16_000
#: Values of programming languages that mean that there is no token, in lower case.
_NO_TOKENS = frozenset(("null", "none", "nil", "undefined", "true", "false", "nan"))
#: A shorter text of letters only is a word of a message, such as ``OK`` or ``Unauthorized``.
_LONGEST_WORD = 20
#: A token is renewed this long before it ends, so that it does not end while it is being used.
_MARGIN = timedelta(minutes=5)
#: For a token that is valid for a short time, the margin is this part of the time.
_PART_OF_LIFETIME = 10
#: A token that seems to have ended already is used for this long. If the clock of this machine is
#: wrong, every token may seem so, and a new one would otherwise be requested for each request.
_SHORTEST_USE = timedelta(minutes=1)
#: Unix times after this one, which is in the year 5138, are in milliseconds.
_LATEST_SECONDS = 100_000_000_000


@dataclass(frozen=True, slots=True)
class TokenPaths:
    """Where a response has a token and its end; the paths are dotted.

    Attributes:
        token: Path of the token.
        expires_in: Path of the seconds for which it is valid.
        expires_at: Path of the time until which it is valid.
        lifetime_s: The seconds for which it is valid if nothing says so.
    """

    token: str = "access_token"  # noqa: S105 - the name of a key
    expires_in: str = "expires_in"
    expires_at: str = "expires_at"
    lifetime_s: int | None = None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token that a service has issued.

    Attributes:
        value: The token.
        expires_at: When it ends, if that is known.
        renew_at: When to request the next one.
        document: The response if it is a JSON object, which may contain further values.
    """

    value: str = field(repr=False)
    expires_at: datetime | None = None
    renew_at: datetime | None = None
    document: dict[str, Any] = field(default_factory=dict, repr=False)


def read_token(
    answer: HttpAnswer,
    paths: TokenPaths,
    sender: TokenSender,
) -> IssuedToken:
    """Return the token that was issued for a key.

    The response is a JSON object, or only a token: as text, or as a JSON string.

    Args:
        answer: The response.
        paths: Where a JSON object has the token and its end.
        sender: The sender of the request, which hides the token in errors and logs from now on.

    Raises:
        ConnectionStopped: FG-token-unusable if it contains no token that a header can contain.
    """
    content = _content(answer)
    if isinstance(content, dict):
        return _issued(answer, content, paths, sender)
    if not isinstance(content, str) or not _is_bare_token(content):
        raise unusable_token(answer, "the response is neither a JSON object nor a token")
    return _with_end(content, {}, paths, sender)


def read_token_object(answer: HttpAnswer, sender: TokenSender) -> IssuedToken:
    """Return the token of a permission (RFC 6749, 5.1).

    The response is a JSON object. Some services encode it like a form.

    Args:
        answer: The response.
        sender: The sender of the request, which hides the token in errors and logs from now on.

    Raises:
        ConnectionStopped: FG-token-unusable if it contains no token that a header can contain.
    """
    document = response_object(answer)
    if document is None:
        raise unusable_token(answer, "the response is not a JSON object")
    return _issued(answer, document, TokenPaths(), sender)


def _issued(
    answer: HttpAnswer,
    document: dict[str, Any],
    paths: TokenPaths,
    sender: TokenSender,
) -> IssuedToken:
    """Return the token of a JSON object."""
    value = _at(document, paths.token)
    if not isinstance(value, str) or not _is_token(value):
        raise unusable_token(answer, f"the response has no token at {paths.token}")
    return _with_end(value, document, paths, sender)


def _with_end(
    value: str,
    document: dict[str, Any],
    paths: TokenPaths,
    sender: TokenSender,
) -> IssuedToken:
    """Return a token with its end, after hiding it in errors and logs."""
    sender.keep_secret(value)
    now = sender.now()
    expires_at = _end(document, value, paths, now)
    renew_at = renewal_time(expires_at, now)
    return IssuedToken(value, expires_at, renew_at, document)


def renewal_time(expires_at: datetime | None, now: datetime) -> datetime | None:
    """Return when to renew a token: some time before it ends."""
    if expires_at is None:
        return None
    left = expires_at - now
    if left <= timedelta(0):
        return now + _SHORTEST_USE
    return expires_at - min(_MARGIN, left / _PART_OF_LIFETIME)


def _content(answer: HttpAnswer) -> Any:
    """Return the value of a response that is JSON, and else its text."""
    text = answer.body.decode("utf-8", "replace").strip()
    try:
        value = decode_leniently(answer.body)
    except ValueError:
        return text
    # A token that consists of digits looks like a number.
    return text if text.isdigit() else value


def _is_token(value: str) -> bool:
    if not 0 < len(value) <= _LONGEST_TOKEN or value.lower() in _NO_TOKENS:
        return False
    # A web page is not a token, and no token contains white space.
    return fits_into_a_header(value) and not value.startswith("<") and len(value.split()) == 1


def _is_bare_token(value: str) -> bool:
    """Return whether a text, of which nothing says that it is a token, can be one."""
    # The beginning of JSON that is cut off or broken, and which may contain a token somewhere.
    if not _is_token(value) or value[0] in '{["':
        return False
    word = value.strip(".!")
    return len(word) > _LONGEST_WORD or not word.isalpha()


def _at(document: Any, path: str) -> Any:
    """Return the value at a dotted path, or ``None``."""
    value = document
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _end(
    document: dict[str, Any],
    token: str,
    paths: TokenPaths,
    now: datetime,
) -> datetime | None:
    """Return when a token ends: as the response says, else as the token says, else as the entry."""
    # The seconds come first, because they do not depend on the clock of this machine.
    end = end_after(now, _at(document, paths.expires_in)) or moment_of(
        _at(document, paths.expires_at)
    )
    if end is None:
        end = moment_of(claims_of(token).get("exp"))
    if end is None:
        end = end_after(now, paths.lifetime_s)
    return end


def end_after(now: datetime, seconds: Any) -> datetime | None:
    """Return the time after some seconds, which are a number or a text, or ``None``."""
    number = _number(seconds)
    if number is None or number <= 0:
        return None
    try:
        return now + timedelta(seconds=number)
    except OverflowError:
        return None


def moment_of(value: Any) -> datetime | None:
    """Return a time that is given in Unix seconds, in Unix milliseconds, or as ISO 8601."""
    number = _number(value)
    try:
        if number is not None:
            seconds = number / 1000 if number > _LATEST_SECONDS else number
            return datetime.fromtimestamp(seconds, UTC)
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a JSON Web Token (RFC 7519), or nothing for any other token.

    The signature is not checked: the claims are only used to renew the token in time.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    padded = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        claims = decode_leniently(base64.urlsafe_b64decode(padded))
    except (ValueError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}


def unusable_token(answer: HttpAnswer, why: str) -> ConnectionStopped:
    """Return the error for a response that has no token, although it refuses none.

    Args:
        answer: The response. It is not quoted: it may contain a token at a place where nobody looks
            for it.
        why: What is wrong with it.
    """
    return ConnectionStopped(
        "FG-token-unusable",
        "the service has issued no token that can be used",
        at=Place(url=answer.url),
        why=why,
        fix="sign in to this network in a browser if it asks for that; otherwise report this to "
        "the author of the entry",
    )
