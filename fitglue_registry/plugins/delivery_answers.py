"""Checks the answers of boosters and destinations: exact types, and texts that can be stored."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import CODE
from fitglue_registry.plugin_api import (
    Accepted,
    CannotTell,
    Enrichment,
    NotThere,
    Receipt,
    Rejected,
    Sent,
    Uncertain,
)
from fitglue_registry.plugins.texts import (
    LONGEST_ID,
    are_texts,
    describe_type,
    is_sequence,
    is_short_text,
    is_text,
    is_text_or_none,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_VALUES = 200
_MOST_TEXTS = 100
_LONGEST_DESCRIPTION = 100_000
_HOW = ("computed", "estimated")

#: What ``fitglue_deliver`` may return.
DELIVERY_RESULTS = (Sent, Accepted, Rejected, Uncertain)
#: What ``fitglue_find_delivery`` may return.
FOUND_RESULTS = (Sent, Accepted, Rejected, NotThere, CannotTell)


# -- fitglue_enrich --------------------------------------------------------------------------------


def _enrichment(answer: Enrichment) -> str | None:
    values = answer.values
    if not _is_dict(values, _MOST_VALUES):
        return f"with values that are {describe_type(values)}, expected dict"
    for name, value in values.items():
        if not is_short_text(name) or not _is_plain(value):
            return f"with the value {name!r}, which is not a name with a number, a text or a flag"
    if not _is_one_of(answer.how, _HOW):
        return "with a how that is neither computed nor estimated"
    if not are_texts(answer.notes, _MOST_TEXTS):
        return f"with notes that are not a tuple of at most {_MOST_TEXTS} texts"
    if answer.tags is not None and not are_texts(answer.tags, _MOST_TEXTS):
        return f"with tags that are not a tuple of at most {_MOST_TEXTS} texts"
    if not is_text_or_none(answer.description, _LONGEST_DESCRIPTION):
        return "with a description that is not text of at most 100,000 characters"
    for text in (answer.method, answer.title, answer.sport, answer.stop):
        if not is_text_or_none(text):
            return f"with a method, title, sport or stop that is {describe_type(text)}"
    return None


def _is_one_of(value: Any, allowed: tuple[Any, ...]) -> bool:
    return type(value) is type(allowed[0]) and value in allowed


def _is_dict(value: Any, most: int) -> bool:
    return type(value) is dict and len(value) <= most


def _is_duration(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < math.inf


def _is_plain(value: Any) -> bool:
    if type(value) is float:
        return math.isfinite(value)
    return type(value) in (int, bool) or is_text(value)


# -- fitglue_deliver and fitglue_find_delivery -----------------------------------------------------


def _sent(answer: Sent) -> str | None:
    if not _is_one_of(answer.existed, (False, True)):
        return f"with existed as {describe_type(answer.existed)}, expected bool"
    identities = answer.identities
    if not is_sequence(identities, _MOST_TEXTS) or not all(map(is_short_text, identities)):
        expected = f"a tuple of texts of 1 to {LONGEST_ID} characters"
        return f"with identities that are not {expected}"
    return _receipt(answer.receipt) or _texts_by_name("left_out", answer.left_out)


def _accepted(answer: Accepted) -> str | None:
    if not _is_duration(answer.ask_after_s):
        return "with an ask_after_s that is not a number of seconds"
    return _receipt(answer.receipt)


def _receipt(receipt: Any) -> str | None:
    if type(receipt) is not Receipt:
        return f"with a receipt that is {describe_type(receipt)}, expected Receipt"
    for text in (receipt.remote_id, receipt.url):
        if text is not None and not is_short_text(text):
            return f"with a remote_id or url that is not text of 1 to {LONGEST_ID} characters"
    return _texts_by_name("receipt", receipt.data)


def _texts_by_name(field: str, values: Any) -> str | None:
    if not _is_dict(values, _MOST_TEXTS):
        return f"with a {field} that is {describe_type(values)}, expected dict"
    if not all(is_short_text(name) and is_text(text) for name, text in values.items()):
        return f"with a {field} that has something other than texts"
    return None


def _rejected(answer: Rejected) -> str | None:
    if type(answer.code) is not str or not CODE.fullmatch(answer.code):
        return "with a Rejected whose code is not FG- and a kebab-case name"
    if not is_text(answer.reason) or not is_text_or_none(answer.fix):
        return "with a Rejected whose reason or fix is not text"
    return None


def _reason(answer: Uncertain | CannotTell) -> str | None:
    if not is_text(answer.reason):
        return f"with a reason that is {describe_type(answer.reason)}, expected str"
    return None


#: Type of an answer → the function that returns what is wrong with it.
CHECKS: dict[type, Callable[[Any], str | None]] = {
    Enrichment: _enrichment,
    Sent: _sent,
    Accepted: _accepted,
    Rejected: _rejected,
    Uncertain: _reason,
    CannotTell: _reason,
}
