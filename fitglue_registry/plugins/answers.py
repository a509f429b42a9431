"""Checks the answers of addressed hooks: exact types, ids that are text, and sizes that fit into
memory.

Types must be exact, because a subclass contains code of the plugin, and ``isinstance`` trusts the
``__class__`` that a value claims. All checks run on the plugin's own thread, so that code of the
plugin runs nowhere else. A complaint is the end of a sentence that begins with "plugin … answered".
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import CODE
from fitglue_registry.model import SourceActivity
from fitglue_registry.model.stored import PartName, Wire
from fitglue_registry.payloads import LARGEST_PART, LARGEST_ROW
from fitglue_registry.plugin_api import (
    Account,
    Enrichment,
    Listing,
    Location,
    Part,
    Split,
    Unavailable,
    UnavailableState,
    Window,
)
from fitglue_registry.plugins.delivery_answers import CHECKS as DELIVERY_CHECKS
from fitglue_registry.plugins.delivery_answers import DELIVERY_RESULTS, FOUND_RESULTS
from fitglue_registry.plugins.texts import (
    LONGEST_ID,
    describe_type,
    is_sequence,
    is_short_text,
    is_text,
    is_text_or_none,
    quoted,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Check = Callable[[Any], str | None]

#: The bytes of all rows of one window, which the host holds in memory until it stores them.
LARGEST_WINDOW = 512_000_000
_MOST_WINDOWS = 5000
_MOST_NOTES = 100
_STATES = frozenset(UnavailableState)
_ENCODINGS = frozenset(Wire)

#: Addressed hook → the types that it may return, or that its iterator may yield.
RESULT_TYPES: dict[str, tuple[type, ...]] = {
    "fitglue_connect": (Account,),
    "fitglue_list": (Listing, Split, Location),
    "fitglue_fetch": (Part, Unavailable),
    "fitglue_read": (Listing, Part, Unavailable, SourceActivity),
    "fitglue_normalize": (list,),
    "fitglue_enrich": (Enrichment,),
    "fitglue_deliver": DELIVERY_RESULTS,
    "fitglue_find_delivery": FOUND_RESULTS,
}


def complaint(
    value: Any,
    kinds: tuple[type, ...],
) -> str | None:
    """Return what is wrong with an answer, or ``None`` if it is correct.

    Args:
        value: The returned value, or one yielded item.
        kinds: The types that are allowed.
    """
    kind = type(value)
    if kind not in kinds:
        expected = " or ".join(allowed.__name__ for allowed in kinds)
        return f"with {kind.__name__}, expected {expected}"
    check = _CHECKS.get(kind)
    if check is None:
        return None
    return check(value)


def weight(value: Any) -> int:
    """Return the size of an item's content in bytes; 0 for items that are always small."""
    if type(value) is Part:
        return len(value.content)
    if type(value) is Listing:
        return len(value.summary)
    if type(value) is Location:
        return len(value.hint)
    return 0


def _id_complaint(value: Any) -> str | None:
    """Return what is wrong with an external id.

    An id is part of a permanent key, so it must be text that every database returns unchanged.
    """
    if type(value) is not str:
        return f"with an external id that is {describe_type(value)}, expected str"
    if not value or len(value) > LONGEST_ID or not value.isprintable():
        return (
            f"with the external id {quoted(value)}, which is not printable text of 1 to "
            f"{LONGEST_ID} characters"
        )
    return None


def _about(
    answer: Any,
    complaint: str | None,
) -> str | None:
    """Return a complaint that begins with the id of the record that the answer belongs to."""
    if complaint is None:
        return None
    return f"for {quoted(answer.external_id)} {complaint}"


# -- fitglue_list ----------------------------------------------------------------------------------


def _listing(row: Listing) -> str | None:
    problem = _id_complaint(row.external_id) or _about(row, _values_of_listing(row))
    if problem or row.unavailable is None:
        return problem
    return _unavailable(row.unavailable)


def _values_of_listing(row: Listing) -> str | None:
    if type(row.summary) is not bytes or len(row.summary) > LARGEST_ROW:
        expected = f"expected bytes, {LARGEST_ROW:,} at most"
        return f"with a summary that is {describe_type(row.summary)}, {expected}"
    if row.start_local is not None and not _is_local(row.start_local):
        return "with a start_local that is not a datetime without a zone"
    if row.revision is not None and not is_short_text(row.revision):
        expected = f"expected text of 1 to {LONGEST_ID} characters"
        return f"with a revision that is {describe_type(row.revision)}, {expected}"
    if row.at_source is not None and not _is_moment(row.at_source):
        return "with an at_source that is not a datetime with a zone"
    if not _are_reasons(row.without):
        return "with a without that is not a dict of parts and texts"
    if type(row.unavailable) not in (Unavailable, type(None)):
        return f"with unavailable as {describe_type(row.unavailable)}, expected Unavailable"
    return None


def _are_reasons(value: Any) -> bool:
    if type(value) is not dict or len(value) > len(PartName):
        return False
    return all(is_short_text(name) and is_text(reason) for name, reason in value.items())


def _location(place: Location) -> str | None:
    if not is_short_text(place.key) or not is_text(place.mark):
        return f"with a location whose key is not text of 1 to {LONGEST_ID} characters"
    if type(place.hint) is not bytes or len(place.hint) > LARGEST_ROW:
        expected = f"expected bytes, {LARGEST_ROW:,} at most"
        return f"with a location whose hint is {describe_type(place.hint)}, {expected}"
    if type(place.size) is not int:
        return f"with a location whose size is {describe_type(place.size)}, expected int"
    return None if place.external_id is None else _id_complaint(place.external_id)


def _is_local(value: Any) -> bool:
    return type(value) is datetime and value.tzinfo is None


def _is_moment(value: Any) -> bool:
    return type(value) is datetime and value.utcoffset() is not None


def _split(answer: Split) -> str | None:
    windows = answer.windows
    if not is_sequence(windows, _MOST_WINDOWS) or not windows:
        return f"with a Split that is not a tuple of 1 to {_MOST_WINDOWS:,} windows"
    if not all(map(_is_window, windows)):
        return "with a Split whose windows are not ranges of days with the older day first"
    return None


def _is_window(value: Any) -> bool:
    if type(value) is not Window:
        return False
    days = [day for day in (value.oldest, value.newest) if day is not None]
    # A datetime is a subclass of date, and comparing the two raises.
    if any(type(day) is not date for day in days):
        return False
    if value.changed_since is not None and not _is_moment(value.changed_since):
        return False
    return days == sorted(days)


# -- fitglue_fetch ---------------------------------------------------------------------------------


def _part(part: Part) -> str | None:
    return _id_complaint(part.external_id) or _about(part, _values_of_part(part))


def _values_of_part(part: Part) -> str | None:
    if type(part.part) is not str or not _is_encoding(part.encoding):
        return "with a part or an encoding that does not exist"
    if type(part.content) is not bytes or len(part.content) > LARGEST_PART:
        expected = f"expected bytes, {LARGEST_PART:,} at most"
        return f"with a content that is {describe_type(part.content)}, {expected}"
    if type(part.decoded) not in (bytes, type(None)):
        return f"with decoded bytes that are {describe_type(part.decoded)}, expected bytes"
    if part.encoding == "gzip" and _unpacked_size(part.content) > LARGEST_PART:
        return f"with a gzip body of more than {LARGEST_PART:,} bytes"
    if part.at_source is not None and not _is_moment(part.at_source):
        return "with an at_source that is not a datetime with a zone"
    return None


def _is_encoding(value: Any) -> bool:
    return type(value) is str and value in _ENCODINGS


def _unpacked_size(body: bytes) -> int:
    """Return the size that the last four bytes of a gzip body state (RFC 1952, ISIZE).

    A body of a few kilobytes can unpack to gigabytes, so this is checked before it is unpacked.
    """
    return int.from_bytes(body[-4:], "little")


def _unavailable(answer: Unavailable) -> str | None:
    return _id_complaint(answer.external_id) or _about(answer, _values_of_unavailable(answer))


def _values_of_unavailable(answer: Unavailable) -> str | None:
    if type(answer.part) is not str or not _is_state(answer.state):
        return "with an Unavailable whose part or state does not exist"
    is_code = is_text(answer.code) and CODE.fullmatch(answer.code)
    if not is_code:
        return "with an Unavailable whose code is not FG- and a kebab-case name"
    has_reason = is_text(answer.reason) and bool(answer.reason)
    if not has_reason or not is_text_or_none(answer.fix):
        return "with an Unavailable whose reason or fix is not text"
    return None


def _is_state(value: Any) -> bool:
    return type(value) in (str, UnavailableState) and value in _STATES


# -- fitglue_connect -------------------------------------------------------------------------------


def _account(account: Account) -> str | None:
    problem = _id_complaint(account.id)
    if problem:
        return problem.replace("external id", "id", 1)
    for text in (account.name, account.timezone):
        if not is_text_or_none(text, LONGEST_ID):
            expected = f"text of at most {LONGEST_ID} characters"
            return f"with an account whose name or timezone is not {expected}"
    for notes in (account.notes, account.first_notes):
        if not _are_texts(notes, _MOST_NOTES):
            return f"with an account whose notes are not a tuple of at most {_MOST_NOTES} texts"
    if not _are_texts(account.earlier_ids, _MOST_NOTES):
        return f"with an account whose earlier ids are not a tuple of at most {_MOST_NOTES} texts"
    return None


def _are_texts(value: Any, most: int) -> bool:
    return is_sequence(value, most) and all(map(is_text, value))


_CHECKS: dict[type, Check] = {
    Listing: _listing,
    Location: _location,
    Part: _part,
    Unavailable: _unavailable,
    Split: _split,
    Account: _account,
    **DELIVERY_CHECKS,
}
