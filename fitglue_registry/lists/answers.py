"""Reading of the rows, and of single values, of an answer, with errors that say what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from fitglue_registry.errors import ConnectionStopped, Place
from fitglue_registry.payloads import BeyondLimits, iter_rows, value_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class ListAnswer(Protocol):
    """What the helpers read of a ``plugin_api.Answer``."""

    url: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as plain values."""


def rows(answer: ListAnswer, at: str = "") -> Iterator[bytes]:
    """Return an iterator of the exact bytes of each row of an answer, for ``Listing.summary``.

    Each row is as the service sent it, so one row that is not valid JSON costs no other row.

    Args:
        answer: The answer, whose body is JSON.
        at: Where the list is: keys separated by dots, such as ``data`` or ``result.items``; empty
            if the body is the list. Null there is an empty list.

    Raises:
        ConnectionStopped: FG-answer-not-json if the body is a web page, truncated or empty;
            FG-unexpected-answer if it has no list there; FG-answer-beyond-limits if the list is
            longer than any real one.
    """
    try:
        content = value_at(answer.body, at)
        if at and content == b"null":
            return iter(())
        if content is not None:
            return iter_rows(content)
    except BeyondLimits as limit:
        raise _too_long(answer, limit) from limit
    except ValueError as error:
        raise _unexpected(answer, "a list", at) from error
    raise _unexpected(answer, "a list", at)


def scalar_at(answer: ListAnswer, at: str) -> Any:
    """Return a number, a text, a Boolean or ``None`` of an answer.

    Args:
        answer: The answer.
        at: Where the value is, as in ``rows``.

    Returns:
        The value, or ``None`` if the answer has no such key.

    Raises:
        ConnectionStopped: FG-unexpected-answer if something else is there.
    """
    try:
        content = value_at(answer.body, at)
        value = None if content is None else msgspec.json.decode(content)
    except (ValueError, msgspec.DecodeError) as error:
        raise _unexpected(answer, "a number or a text", at) from error
    if isinstance(value, dict | list):
        raise _unexpected(answer, "a number or a text", at)
    return value


def number_at(answer: ListAnswer, at: str) -> int:
    """Return a number of an answer, which some services write as a text.

    Raises:
        ConnectionStopped: FG-unexpected-answer if there is no whole number.
    """
    value = scalar_at(answer, at)
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise _unexpected(answer, "a whole number", at) from error


def has(answer: ListAnswer, at: str) -> bool:
    """Return whether an answer has a key, even if its value is null.

    Args:
        answer: The answer, whose body is JSON.
        at: Where the key is, as in ``rows``.
    """
    try:
        return value_at(answer.body, at) is not None
    except ValueError:  # a value on the way is no object
        return False


def _unexpected(
    answer: ListAnswer,
    expected: str,
    at: str,
) -> ConnectionStopped:
    # A web page or an incomplete body is not JSON. ``json`` raises an error that says so.
    document = answer.json()
    return ConnectionStopped(
        "FG-unexpected-answer",
        f"the service answered with {_instead(document, expected, at)}",
        at=Place(url=answer.url),
        why="the plugin looks in the wrong place, the API has changed, or another server answered",
        fix="check the address of the connection; if it is right, upgrade the plugin",
    )


def _instead(
    document: Any,
    expected: str,
    at: str,
) -> str:
    """Return what a document has, and what was expected, for a sentence."""
    where = ""
    steps = at.split(".") if at else []
    for number, key in enumerate(steps, 1):
        if not isinstance(document, dict):
            return f"{_shape(document)}{where} instead of an object with {key}"
        where = f" at {'.'.join(steps[:number])}"
        if key not in document:
            there = "" if number == len(steps) else f" at {at}"
            return f"nothing{where} instead of {expected}{there}"
        document = document[key]
    return f"{_shape(document)}{where} instead of {expected}"


def _too_long(answer: ListAnswer, limit: BeyondLimits) -> ConnectionStopped:
    return ConnectionStopped(
        "FG-answer-beyond-limits",
        "the service answered with a list that is longer than any real one",
        at=Place(url=answer.url),
        why=f"{limit}, so none of its rows were read",
        fix="report it to the plugin's author, who can list shorter windows",
    )


def _shape(document: Any) -> str:
    """Return what kind of value a document is, without quoting it: it may be private."""
    if isinstance(document, dict):
        return "an object"
    if isinstance(document, list):
        return "a list"
    if isinstance(document, bool):
        return "a Boolean"
    if isinstance(document, str):
        return "a text"
    return "null" if document is None else "a number"
